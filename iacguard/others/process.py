"""Runs another tool as a program of its own: without a home, a way out or our environment, and for a limited time."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from iacguard.model import Language
from iacguard.record import record

#: Of one call, in seconds and bytes.
_SECONDS = 600
_MAX_BYTES = 200_000_000
#: A proxy that nobody listens at.
_NOWHERE = "http://127.0.0.1:9"


@record
class Request:
    """What is to be looked at: see :func:`iacguard.others.consult`."""

    program: str
    base: str
    files: Mapping[Language, Sequence[str]]
    reported: frozenset[str] | None = None

    def shows(self, file: str) -> bool:
        return self.reported is None or file in self.reported


class Output(NamedTuple):
    """What a tool printed; ``failure`` says why there is nothing of use, "" where there is."""

    text: str
    failure: str = ""


def call(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Output:
    """Run ``command`` in an empty folder, so that no configuration of the scanned code or of the user steers it."""
    with tempfile.TemporaryDirectory(prefix="iacguard-") as home:
        proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), _NOWHERE)
        try:
            done = subprocess.run(
                command,
                cwd=home,
                env={**proxies, "HOME": home, "PATH": "/usr/local/bin:/usr/bin:/bin", **(environment or {})},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Output("", f"it did not end within {_SECONDS} seconds")
        except OSError as error:
            return Output("", f"it could not be started: {error.strerror or error}")
    if len(done.stdout) > _MAX_BYTES:
        return Output("", f"it printed more than {_MAX_BYTES // 1_000_000} MB")
    said = done.stdout.decode("utf-8", errors="replace")
    if said.lstrip()[:1] in ("{", "["):
        return Output(said)
    lines = [line.strip() for line in done.stderr.decode("utf-8", errors="replace").splitlines() if line.strip()]
    return Output("", (lines[-1] if lines else "it printed no result")[:500])
