"""Runs ``helm template`` on a chart, because the user asked for it: nothing is fetched, no cluster is asked."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence

from iacguard.frontends.contract import Rendered

_SECONDS = 60
_MAX_BYTES = 20_000_000
_NOWHERE = "http://127.0.0.1:9"


class Helm:
    """The ``program`` (an absolute path) and the files of values that every chart is rendered with."""

    def __init__(self, program: str, values: Sequence[str] = ()) -> None:
        self.program = program
        self.values = tuple(values)

    def render(self, chart: str) -> Rendered:
        """What ``helm template`` prints for the chart in the folder ``chart``, or why it fails. Never raises."""
        command = [self.program, "template", "release", chart, "--skip-tests"]
        for file in self.values:
            command += ["--values", file]
        with tempfile.TemporaryDirectory(prefix="iacguard-helm-") as home:
            return self._run(command, home)

    @staticmethod
    def _run(command: list[str], home: str) -> Rendered:
        # A home of its own: neither plugins nor repositories nor a cluster of the user's are in reach.
        environment = {
            **dict.fromkeys(("HOME", "HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"), home),
            **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), _NOWHERE),
            "HELM_PLUGINS": f"{home}/plugins",
            "KUBECONFIG": f"{home}/none",
            "PATH": "/usr/local/bin:/usr/bin:/bin",
        }
        try:
            done = subprocess.run(
                command,
                cwd=home,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Rendered(error=f"helm did not end within {_SECONDS} seconds")
        except OSError as error:
            return Rendered(error=f"helm could not be started: {error.strerror or error}")
        if done.returncode != 0:
            return Rendered(error=_last_line(done.stderr))
        if len(done.stdout) > _MAX_BYTES:
            return Rendered(error=f"helm printed more than {_MAX_BYTES // 1_000_000} MB")
        return Rendered(output=done.stdout.decode("utf-8", errors="replace"))


def _last_line(text: bytes) -> str:
    lines = [line.strip() for line in text.decode("utf-8", errors="replace").splitlines() if line.strip()]
    said = next((line for line in lines if line.startswith("Error:")), lines[-1] if lines else "helm failed")
    return said.removeprefix("Error:").strip()[:500]
