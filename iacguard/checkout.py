"""The git checkout around a path, read from its ``.git`` without starting git (gitrepository-layout(5))."""

from __future__ import annotations

import os

from iacguard.findings import Checkout
from iacguard.late import regex

_REVISION = regex(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_URL = regex(
    r"(?P<scheme>https?|ssh|git|git\+ssh)://(?:[^/]*@)?(?P<host>[A-Za-z0-9.-]+)(?P<port>:\d+)?/(?P<path>[^\s?#]+)\S*"
)
#: user@host:path; a host of one letter would be a Windows drive.
_SCP_LIKE = regex(r"(?:[^@/\s]+@)?(?P<host>[A-Za-z0-9.-]{2,}):(?!//)(?P<path>\S+)")
_MAX_BYTES = 4_000_000  # packed-refs of very large repositories; anything bigger is not a file git wrote for us
_MAX_LINKS = 5


def find_root(folder: str) -> str | None:
    """The nearest folder at or above the absolute ``folder`` that holds ``.git``, or None."""
    while True:
        if os.path.lexists(os.path.join(folder, ".git")):
            return folder
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent


def read_checkout(root: str) -> Checkout | None:
    """What ``root`` is a checkout of; None where it is not one or has no commit yet."""
    git_dir = _git_dir(root)
    if git_dir is None:
        return None
    common = _read(os.path.join(git_dir, "commondir")).strip()
    common_dir = os.path.normpath(os.path.join(git_dir, common)) if common else git_dir
    head = _read(os.path.join(git_dir, "HEAD")).strip()
    branch = head.removeprefix("ref: refs/heads/") if head.startswith("ref: refs/heads/") else ""
    revision = _resolve(head, git_dir, common_dir)
    if not revision:
        return None
    return Checkout(_origin(os.path.join(common_dir, "config")), revision, branch)


def _git_dir(root: str) -> str | None:
    path = os.path.join(root, ".git")
    if os.path.isdir(path):
        return path
    text = _read(path)
    if not text.startswith("gitdir:"):
        return None
    return os.path.normpath(os.path.join(root, text.removeprefix("gitdir:").strip()))


def _resolve(head: str, git_dir: str, common_dir: str) -> str:
    for _ in range(_MAX_LINKS):
        if _REVISION.fullmatch(head):
            return head
        name = head.removeprefix("ref:").strip()
        if not head.startswith("ref:") or not name.startswith("refs/") or ".." in name:
            return ""
        head = _read(os.path.join(git_dir, name)).strip() or _read(os.path.join(common_dir, name)).strip()
        head = head or _packed(common_dir, name)
    return ""


def _packed(common_dir: str, name: str) -> str:
    for line in _read(os.path.join(common_dir, "packed-refs")).splitlines():
        revision, _, ref = line.partition(" ")
        if ref == name:
            return revision
    return ""


def _origin(config: str) -> str:
    inside = False
    for line in _read(config).splitlines():
        text = line.strip()
        if text.startswith("["):
            inside = text.startswith('[remote "origin"]')
            continue
        key, equals, value = text.partition("=")
        if inside and equals and key.strip().lower() == "url":
            return web_url(value.strip().strip('"'))
    return ""


def web_url(remote: str) -> str:
    """The https form of a remote's address, without user, password or ``.git``; "" for a local path."""
    found = _URL.fullmatch(remote)
    if found:
        port = found["port"] or ""
        host = found["host"] + (port if found["scheme"].startswith("http") else "")
    else:
        found = _SCP_LIKE.fullmatch(remote)
        host = found["host"] if found else ""
    path = found["path"].strip("/").removesuffix(".git") if found else ""
    return f"https://{host}/{path}" if host and path else ""


def _read(path: str) -> str:
    try:
        if not os.path.isfile(path):
            return ""
        with open(path, "rb") as file:
            return file.read(_MAX_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""
