"""A policy's fix put into the code of its own violating example.

A snippet is the smallest change, so it does not say where it belongs: it is merged into every place that can take it,
the judged resource first, and the best outcome counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from iacguard.model import Format
from tests.policies import mending_terraform, mending_yaml

FILES: Mapping[Format, str] = {
    "terraform": "main.tf",
    "cloudformation": "template.yaml",
    "kubernetes": "manifests.yaml",
}
#: What holds the places that are found in a workload: taking it out would be no fix.
_HOLDERS = ("containers", "pod", "spec")


def candidates(format_: Format, code: str, snippet: str, address: str, found: tuple[str | int, ...]) -> Iterator[str]:
    """The code with the snippet merged into it, place by place and way by way; then instead of what is there.

    ``found`` is the path of the finding: a reader takes out what it points at where the snippet is another argument.
    """
    names = [name for name in found if isinstance(name, str) and name not in _HOLDERS]
    written = re.findall(r"\b([A-Z]\w+):", code) if format_ == "cloudformation" else []
    for name in dict.fromkeys(("", *names, *(w for w in written if any(_same(n, w) for n in names)))):
        if format_ == "terraform":
            yield from mending_terraform.merge(code, snippet, address, name)
        else:
            yield from mending_yaml.merge(format_, code, snippet, address, name)


def _same(name: str, written: str) -> bool:
    """Whether a property of CloudFormation may be what the common vocabulary calls ``name``."""
    return all(word.rstrip("s") in written.lower() for word in name.lower().split("_"))
