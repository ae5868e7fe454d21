"""Module sources that are no paths: what their addresses mean, and where their code lies.

After "Module Sources" of Terraform's documentation. The code is looked for in a folder of vendored modules and, only
where the user asked for it, got from git repositories.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import parse_qs, unquote

from iacguard.frontends.contract import Download, Workspace
from iacguard.frontends.terraform.versions import best
from iacguard.late import regex
from iacguard.record import record

_GETTER = regex(r"([A-Za-z0-9]+)::(.*)\Z", re.DOTALL)
_SCP = regex(r"(?:[\w.-]+@)?([\w.-]+):(?!:|//)(.+)\Z")
_URL = regex(r"([a-z0-9+.-]+)://(?:[^@/]*@)?([^/:]*)(?::\d+)?/?(.*)\Z", re.DOTALL)
_PART = regex(r"[0-9A-Za-z](?:[0-9A-Za-z_-]*[0-9A-Za-z])?\Z")
_ARCHIVES = regex(r"\.(?:zip|tar\.gz|tgz|tar\.bz2|tbz2|tar\.xz|txz|tar)\Z")
#: How the names of files with code end.
CODE = (".tf", ".tofu", ".tf.json", ".tofu.json")
_GIT_HOSTS = ("github.com", "gitlab.com", "bitbucket.org")
_DEFAULT_REGISTRY = "registry.terraform.io"


@record
class Source:
    """Where a module comes from. ``host`` and ``path`` name it, ``inner`` is the folder within it.

    ``url`` is what git takes, "" where it is no git repository. ``registry``: it is a module of a registry.
    """

    host: str
    path: str
    inner: str = ""
    url: str = ""
    ref: str = ""
    registry: bool = False


class Found(NamedTuple):
    """The folder of a module's code, or why there is none."""

    folder: str = ""
    why: str = ""


def parse_source(text: str) -> Source | None:
    """What a module's ``source`` means; None for one of a form that is not known."""
    forced = _GETTER.match(text)
    getter, rest = (forced[1].lower(), forced[2]) if forced else ("", text)
    rest, _, query = rest.partition("?")
    rest, inner = _split_inner(rest)
    ref = next(iter(parse_qs(query).get("ref", ())), "")
    if not getter:
        shorthand = _registry(rest, inner) or _hosted(rest, inner, ref)
        if shorthand is not None:
            return shorthand
    url = _URL.match(rest)
    if url is not None:
        path = unquote(url[3]).strip("/")
        is_git = getter == "git" or (not getter and (url[1] in ("git", "ssh") or path.endswith(".git")))
        return Source(url[2], _plain(path), inner, rest if is_git else "", ref)
    scp = _SCP.match(rest)
    if scp is not None and getter in ("", "git"):
        return Source(scp[1], _plain(scp[2].strip("/")), inner, rest, ref)
    return None


def _split_inner(text: str) -> tuple[str, str]:
    """The package and the folder in it, which stand apart by ``//`` (not that of the scheme)."""
    start = text.find("://")
    at = text.find("//", start + 3 if start >= 0 else 0)
    return (text, "") if at < 0 else (text[:at], text[at + 2 :].strip("/"))


def _plain(path: str) -> str:
    return _ARCHIVES.sub("", path.removesuffix(".git"))


def _registry(text: str, inner: str) -> Source | None:
    parts = text.split("/")
    host = parts.pop(0) if len(parts) == 4 and "." in parts[0] else _DEFAULT_REGISTRY
    if len(parts) != 3 or host in _GIT_HOSTS or not all(_PART.match(part) for part in parts):
        return None
    return Source(host, "/".join(parts), inner, registry=True)


def _hosted(text: str, inner: str, ref: str) -> Source | None:
    """``github.com/owner/name``, with what follows as the folder in it."""
    parts = text.split("/")
    if parts[0] not in _GIT_HOSTS or len(parts) < 3:
        return None
    path = "/".join(parts[1:3]).removesuffix(".git")
    inner = inner or "/".join(parts[3:])
    return Source(parts[0], path, inner, f"https://{parts[0]}/{path}.git", ref)


@record
class Sources:
    """Finds the code of modules that are no paths."""

    workspace: Workspace
    folder: str | None = None
    download: Download | None = None

    def find(self, text: str, version: str) -> Found:
        """The code of the module ``text``, of a version that fits (registry modules only)."""
        source = parse_source(text)
        if source is None:
            return Found(why=f"it comes from {text}")
        why = ""
        if self.folder is not None:
            for package in self._vendored(self.folder, source, version):
                folder = _inside(package, source.inner)
                if folder and self.workspace.exists(folder):
                    return Found(folder)
            why = f" and is not in {self.folder or '.'}"
        if self.download is None:
            return Found(why=f"it comes from {text}{why}")
        if not source.url:
            return Found(why=f"it comes from {text}{why}, and only git repositories are downloaded")
        fetched = self.download(source.url, source.ref)
        folder = _inside(fetched.folder, source.inner) if fetched.folder else ""
        if fetched.error or not folder or not self.workspace.exists(folder):
            return Found(why=f"{text} could not be downloaded: {fetched.error or 'it has no such folder'}")
        return Found(folder)

    def _vendored(self, root: str, source: Source, version: str) -> Iterator[str]:
        """The folders that may hold a package, the most exact first."""
        names = [f"{source.host}/{source.path}"] if source.host else [source.path]
        if source.registry:
            names.append(source.path)
        for name in names:
            package = _inside(root, name)
            if not package:
                continue
            if source.ref:
                yield f"{package}@{source.ref}"
            if source.registry:
                fitting = best(self.workspace.folders(package), version)
                if fitting is not None:
                    yield f"{package}/{fitting}"
                    continue
            has_code = any(n.endswith(CODE) for n in self.workspace.listing(package))
            if has_code or (source.inner and not source.registry):
                yield package


def _inside(root: str, path: str) -> str:
    """``path`` below ``root``, "" where it leads out of it."""
    clean = posixpath.normpath(posixpath.join(root, path)) if path else root
    return clean if clean == root or clean.startswith(f"{root}/") or not root else ""
