"""Brings git repositories of Terraform modules into a cache folder. Nothing calls this unless the user asked for it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from iacguard.frontends.contract import Fetched
from iacguard.late import regex

#: Seconds for one git command.
_PATIENCE = 120
#: No program of the repository's or the user's choice runs, no link is made, no transport is taken but these.
_SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.symlinks=false",
    "core.askPass=",
    "credential.interactive=false",
    "filter.lfs.smudge=",
    "filter.lfs.process=",
    "filter.lfs.required=false",
    "advice.detachedHead=false",
    "protocol.allow=never",
    "protocol.file.allow=always",
    "protocol.git.allow=always",
    "protocol.http.allow=always",
    "protocol.https.allow=always",
    "protocol.ssh.allow=always",
)
_PASSWORD = regex(r"(?<=://)[^/@\s]+@")
_SHA = regex(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")


class Downloader:
    """``folder`` is where repositories are kept, ``seen_as`` the path by which the workspace knows it.

    A repository at a ref is brought once and then taken from the folder; delete it there to have it anew.
    """

    def __init__(self, folder: Path, seen_as: str) -> None:
        self._folder = folder
        self._seen_as = seen_as
        self._known: dict[tuple[str, str], Fetched] = {}

    def fetch(self, url: str, ref: str) -> Fetched:
        """The files of the repository at ``url``, at a branch, tag or commit ("" for the main branch)."""
        if (url, ref) not in self._known:
            self._known[url, ref] = self._fetch(url, ref)
        return self._known[url, ref]

    def _fetch(self, url: str, ref: str) -> Fetched:
        if url.startswith("-") or ref.startswith("-") or "\0" in url + ref:
            return Fetched(error="the address is not one that git takes")
        name = re.sub(r"[^\w.-]", "_", url.rstrip("/").rpartition("/")[2].removesuffix(".git")).strip(".") or "module"
        name = f"{name[:60]}-{sha256(f'{url}{chr(0)}{ref}'.encode()).hexdigest()[:16]}"
        seen_as = f"{self._seen_as}/{name}"
        if (self._folder / name).is_dir():
            return Fetched(seen_as)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=self._folder))
        except OSError as error:
            return Fetched(error=f"the cache folder cannot be written: {error.strerror or error}")
        try:
            failure = _clone(url, ref, draft)
            if failure:
                return Fetched(error=failure)
            shutil.rmtree(draft / ".git", ignore_errors=True)
            with suppress(OSError):  # another process was quicker
                draft.rename(self._folder / name)
            return Fetched(seen_as)
        finally:
            shutil.rmtree(draft, ignore_errors=True)


def _clone(url: str, ref: str, folder: Path) -> str:
    """Check out ``url`` at ``ref`` into ``folder``, without its history where that can be; what went wrong, or ""."""
    error = _git(folder, "init", "--quiet")
    if error:
        return error
    error = _git(folder, "fetch", "--quiet", "--no-tags", "--depth=1", "--", url, ref or "HEAD")
    if error and _SHA.match(ref):  # not every server gives out a commit by its name
        error = _git(folder, "fetch", "--quiet", "--", url, "+refs/heads/*:refs/remotes/origin/*")
        return error or _git(folder, "checkout", "--quiet", "--detach", ref)
    return error or _git(folder, "checkout", "--quiet", "--detach", "FETCH_HEAD")


def _git(folder: Path, *arguments: str) -> str:
    """Run git; what it said last where it failed, else ""."""
    settings = [word for setting in _SETTINGS for word in ("-c", setting)]
    try:
        # In a session of its own: git and ssh then have no terminal to ask for a password on.
        running = subprocess.Popen(
            ["git", *settings, "-C", str(folder), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        return f"git cannot be run: {error.strerror or error}"
    try:
        _, said = running.communicate(timeout=_PATIENCE)
    except subprocess.TimeoutExpired:
        _stop(running)
        return f"git took longer than {_PATIENCE} seconds"
    if running.returncode == 0:
        return ""
    lines = [line.strip() for line in said.decode("utf-8", "replace").splitlines() if line.strip()]
    text = next((line for line in lines if line.startswith(("fatal:", "error:"))), lines[-1] if lines else "it failed")
    return "git: " + _PASSWORD.sub("***@", text.removeprefix("fatal:").removeprefix("error:").strip())[:300]


def _stop(running: subprocess.Popen[bytes]) -> None:
    """End git with all that it started."""
    if hasattr(os, "killpg"):
        with suppress(OSError):
            os.killpg(running.pid, signal.SIGKILL)
    else:
        running.kill()
    running.communicate()
