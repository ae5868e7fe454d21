"""Names the block of code that a finding is about, whatever a scanner calls it, so that findings can be compared.

A block is ``FOLDER: TYPE.NAME`` in Terraform (all instances of a module and a count are one), ``FILE: LOGICAL_ID`` in
CloudFormation and ``FILE: KIND/NAME`` in Kubernetes.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import yaml

_TERRAFORM = re.compile(r"""^\s*(resource|data|module)\s+"([^"]+)"(?:\s+"([^"]+)")?""", re.MULTILINE)
_ADDRESS = re.compile(r"(?:^|\.)((?:data\.)?[a-z][a-z0-9]*_[a-z0-9_]+\.[A-Za-z_][\w-]*)(?:\[[^\]]*\])?$")


class Block(NamedTuple):
    """``where`` is a file, for Terraform its folder; ``name`` is what stands in the code; ``kind`` the native type."""

    where: str
    name: str
    kind: str


class Blocks:
    """The blocks of one corpus; files are read when first asked for."""

    def __init__(self, corpus: Path) -> None:
        self._corpus = corpus
        self._files: dict[str, tuple[list[int], list[Block]]] = {}

    def find(self, file: str, line: int, address: str) -> Block | None:
        """The block of a finding: by Terraform address if that is one, else by its line."""
        if file.endswith(".tf"):
            named = _ADDRESS.search(re.sub(r"\[[^\]]*\]", "", address))
            if named:
                return Block(str(PurePosixPath(file).parent), named[1], named[1].split(".")[-2])
        if file not in self._files:
            found = list(self._read(file))
            self._files[file] = ([at for at, _ in found], [block for _, block in found])
        starts, blocks = self._files[file]
        position = bisect_right(starts, line) - 1
        return blocks[position] if position >= 0 else None

    def _read(self, file: str) -> Iterator[tuple[int, Block]]:
        try:
            text = (self._corpus / file).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return
        if file.endswith(".tf"):
            folder = str(PurePosixPath(file).parent)
            for match in _TERRAFORM.finditer(text):
                line = text.count("\n", 0, match.start()) + 1
                name = f"{match[2]}.{match[3]}" if match[1] == "resource" else f"{match[1]}.{match[2]}"
                yield line, Block(folder, name, match[2])
            return
        try:
            yield from _documents(file, text)
        except yaml.YAMLError:
            return


def _documents(file: str, text: str) -> Iterator[tuple[int, Block]]:
    for node in yaml.compose_all(text, Loader=yaml.CSafeLoader):
        top = _children(node)
        if "Resources" in top and "kind" not in top:
            for key, value in top["Resources"][1].value if isinstance(top["Resources"][1], yaml.MappingNode) else ():
                kind = _children(value).get("Type")
                yield key.start_mark.line + 1, Block(file, key.value, kind[1].value if kind else "")
        elif "kind" in top and isinstance(node, yaml.MappingNode):
            kind_name = str(top["kind"][1].value)
            name = _children(top["metadata"][1]).get("name") if "metadata" in top else None
            label = str(name[1].value) if name else f"line {node.start_mark.line + 1}"
            yield node.start_mark.line + 1, Block(file, f"{kind_name}/{label}", kind_name)


def _children(node: yaml.Node | None) -> dict[str, tuple[yaml.Node, yaml.Node]]:
    if not isinstance(node, yaml.MappingNode):
        return {}
    return {str(key.value): (key, value) for key, value in node.value if isinstance(key, yaml.ScalarNode)}
