"""Filesystem functions: they read inside the base folder only.

Relative paths are relative to the root module's folder, where Terraform runs; ``path.module`` and ``path.root`` are
relative to it, too. A path that leads out of the base is unknown: another machine may have that file.
"""

from __future__ import annotations

import posixpath

from iacguard.frontends.terraform.functions.context import CallContext, FunctionError, NotEvaluatedError
from iacguard.frontends.terraform.functions.hashes import base64_digest, digest
from iacguard.frontends.terraform.functions.unknowns import derived, encoded_text, pieces
from iacguard.model import Encoded, Unknown, Value
from iacguard.record import replace
from iacguard.source import SourceFile

MAX_FILES = 10_000
_MACHINE = "the absolute path depends on the machine"


def _inside(call: CallContext, path: str) -> str:
    """``path`` relative to the base. Raises NotEvaluatedError where it leads out of it."""
    if path.startswith(("/", "~")) or path[1:3] in (":\\", ":/"):
        raise NotEvaluatedError(f"{path} is not read: it lies outside the scanned folder")
    joined = posixpath.normpath(posixpath.join(call.root_folder or ".", path))
    if joined == ".." or joined.startswith("../"):
        raise NotEvaluatedError(f"{path} is not read: it lies outside the scanned folder")
    return "" if joined == "." else joined


def _read(call: CallContext, path: str) -> SourceFile:
    inside = _inside(call, path)
    found = call.workspace.read(inside)
    if found is not None:
        return found
    if posixpath.basename(inside) in call.workspace.listing(posixpath.dirname(inside)):
        raise NotEvaluatedError(f"{path} could not be read")
    raise FunctionError(f"no file exists at {path}")


def file(call: CallContext, path: str) -> str:
    found = _read(call, path)
    try:
        return found.data.decode("utf-8")
    except UnicodeDecodeError:
        raise FunctionError(f"{path} is not UTF-8 text") from None


def filebase64(call: CallContext, path: str) -> str:
    import base64

    return base64.b64encode(_read(call, path).data).decode("ascii")


def fileexists(call: CallContext, path: str) -> bool:
    inside = _inside(call, path)
    if call.workspace.exists(inside):
        raise FunctionError(f"{path} is a folder")
    return posixpath.basename(inside) in call.workspace.listing(posixpath.dirname(inside))


def filemd5(call: CallContext, path: str) -> str:
    return digest("md5", _read(call, path).data).hex()


def filesha1(call: CallContext, path: str) -> str:
    return digest("sha1", _read(call, path).data).hex()


def filesha256(call: CallContext, path: str) -> str:
    return digest("sha256", _read(call, path).data).hex()


def filesha512(call: CallContext, path: str) -> str:
    return digest("sha512", _read(call, path).data).hex()


def filebase64sha256(call: CallContext, path: str) -> str:
    return base64_digest("sha256", _read(call, path).data)


def filebase64sha512(call: CallContext, path: str) -> str:
    return base64_digest("sha512", _read(call, path).data)


def fileset(call: CallContext, path: str, pattern: str) -> Value:
    """Names under ``path`` that match, sorted. A workspace lists files, so only the pattern's folders are walked."""
    from iacguard.frontends.terraform.functions.globs import matching

    folder = _inside(call, path)
    names = matching(call.workspace, folder, pattern, MAX_FILES)
    return sorted(names)


def templatefile(call: CallContext, path: Value, variables: Value) -> Value:
    if isinstance(path, Encoded):
        path = encoded_text(path)
    if isinstance(path, Unknown) or isinstance(variables, Unknown):
        return derived([path, variables])
    if not isinstance(variables, dict):
        raise FunctionError("the variables must be a map")
    return call.render(_read(call, path), variables, call.span)


def templatestring(call: CallContext, template: Value, variables: Value) -> Value:
    text = encoded_text(template) if isinstance(template, Encoded) else template
    if isinstance(text, Unknown) or isinstance(variables, Unknown):
        return derived([text, variables])
    if not isinstance(variables, dict):
        raise FunctionError("the variables must be a map")
    return call.render(SourceFile(call.span.file, text.encode()), variables, call.span)


def abspath(call: CallContext, path: str) -> Value:
    if posixpath.isabs(path):
        return posixpath.normpath(path)
    joined = posixpath.normpath(posixpath.join(call.root_folder, path))
    if joined == ".." or joined.startswith("../"):
        return Unknown(_MACHINE, "function", present=True)
    return absolute("" if joined == "." else joined)


def absolute(folder: str) -> Unknown:
    """The absolute path of what is at ``folder`` (relative to the base): only how it ends is known."""
    start = Unknown(_MACHINE, "function", present=True)
    return replace(start, parts=(start, f"/{folder}")) if folder else start


def relative(path: Value, root_folder: str) -> Value:
    """An absolute path below the base as one that is relative to the root module's folder; any other value as it is."""
    if not isinstance(path, Unknown) or _MACHINE not in path.reason:
        return path
    start, *rest = pieces(path)
    if isinstance(start, str) or start.reason != _MACHINE or not all(isinstance(piece, str) for piece in rest):
        return path
    inside = posixpath.normpath("".join(map(str, rest)).lstrip("/"))
    return path if inside.startswith("..") else posixpath.relpath(inside, root_folder or ".")


def pathexpand(call: CallContext, path: str) -> Value:
    if not path.startswith("~"):
        return path
    return Unknown("the home folder depends on the machine", "function", call.span, present=True)


def basename(path: Value) -> Value:
    if isinstance(path, str):
        return _base(path)
    if isinstance(path, Encoded):
        return derived([path], present=True) if path.text is None else _base(path.text)
    _, slash, tail = path.suffix.rpartition("/")
    return tail if slash and tail else derived([path], present=True)


def _base(path: str) -> str:
    stripped = path.rstrip("/")
    if not stripped:
        return "/" if path else "."
    return stripped.rpartition("/")[2]


def dirname(path: str) -> str:
    head = path.rpartition("/")[0] if "/" in path else ""
    if not head and path.startswith("/"):
        return "/"
    return posixpath.normpath(head) if head else "."
