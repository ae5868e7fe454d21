"""A policy file's YAML as nodes with places, and the readers of its fields. All scalars are texts: no `no` is false."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from iacguard.findings import Problem
from iacguard.model import Span


class Reader:
    """Reads one file's nodes and gathers what is wrong with them, instead of stopping at the first."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.text = text
        self.problems: list[Problem] = []

    def compose(self) -> Any:
        """The root node, or None where it is no YAML mapping; then a problem says why."""
        import yaml

        loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
        try:
            root: Any = yaml.compose(self.text, Loader=loader)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
            what = getattr(error, "problem", None) or "this is not YAML"
            return self._stop(Span(self.file, line, column, line, column + 1), f"not valid YAML: {what}")
        except RecursionError:
            return self._stop(Span(self.file, 1, 1, 1, 2), "nested too deeply")
        if root is None or root.id != "mapping":
            return self._stop(Span(self.file, 1, 1, 1, 2), "a policy is a mapping of keys to values")
        return root

    def _stop(self, span: Span, message: str) -> None:
        self.problems.append(Problem("policy", span, message, "see docs/policy-language.md"))

    def wrong(self, node: Any, message: str, hint: str = "") -> None:
        """Note what is wrong at ``node``."""
        self.problems.append(Problem("policy", self.span(node), message, hint))

    def span(self, node: Any) -> Span:
        """The region of a node; of its first line where it has several."""
        start, end = node.start_mark, node.end_mark
        if end.line == start.line:
            return Span(self.file, start.line + 1, start.column + 1, end.line + 1, end.column + 1)
        return Span(self.file, start.line + 1, start.column + 1, start.line + 1, start.column + 2)

    def position(self, node: Any, offset: int) -> Span:
        """Where character ``offset`` of a scalar's text stands in the file.

        Folding and indentation only change white space, so the characters that are none are counted.
        """
        raw = self.text[node.start_mark.index : node.end_mark.index]
        skip = 0
        if node.style in ("|", ">"):
            skip = raw.find("\n") + 1
        elif node.style in ("'", '"'):
            skip = 1
        wanted = sum(not c.isspace() for c in node.value[:offset])
        at = skip
        for at in range(skip, len(raw)):
            if not raw[at].isspace():
                if wanted == 0:
                    break
                wanted -= 1
        line = node.start_mark.line + raw.count("\n", 0, at)
        column = at - raw.rfind("\n", 0, at) - 1 + (node.start_mark.column if "\n" not in raw[:at] else 0)
        return Span(self.file, line + 1, column + 1, line + 1, column + 2)

    def fields(self, node: Any, allowed: tuple[str, ...], what: str) -> dict[str, Any]:
        """The members of a mapping by name; unknown and repeated names are noted."""
        found: dict[str, Any] = {}
        for key, value in self.pairs(node, what):
            if key.value not in allowed:
                self.wrong(key, f"{what} has no key {key.value!r}", _nearest(key.value, allowed))
            elif key.value in found:
                self.wrong(key, f"the key {key.value!r} stands here twice", "remove one of them")
            else:
                found[key.value] = value
        return found

    def pairs(self, node: Any, what: str) -> Iterator[tuple[Any, Any]]:
        """The keys and values of a mapping node."""
        if node.id != "mapping":
            self.wrong(node, f"{what} must be a mapping, not {_kind(node)}")
            return
        for key, value in node.value:
            if key.id != "scalar":
                self.wrong(key, "a key must be a plain text")
            else:
                yield key, value

    def text_of(self, node: Any, what: str) -> str:
        """A scalar's text, without white space at its ends; "" where it is none, which is noted."""
        if node.id != "scalar":
            self.wrong(node, f"{what} must be a text, not {_kind(node)}")
            return ""
        text: str = node.value.strip()
        if not text:
            self.wrong(node, f"{what} is empty", f"write a text, or leave {what} out")
        return text

    def texts_of(self, node: Any, what: str) -> tuple[str, ...]:
        """A text or a list of texts."""
        if node.id == "scalar":
            text = self.text_of(node, what)
            return (text,) if text else ()
        if node.id != "sequence":
            self.wrong(node, f"{what} must be a text or a list of texts, not {_kind(node)}")
            return ()
        return tuple(t for t in (self.text_of(item, f"an item of {what}") for item in node.value) if t)

    def items_of(self, node: Any, what: str) -> list[Any]:
        """The nodes of a list."""
        if node.id != "sequence":
            self.wrong(node, f"{what} must be a list, not {_kind(node)}")
            return []
        return list(node.value)


def _kind(node: Any) -> str:
    return {"mapping": "a mapping", "sequence": "a list", "scalar": "a text"}[node.id]


def _nearest(name: str, allowed: tuple[str, ...]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, allowed, 1)
    return f"did you mean {near[0]!r}?" if near else f"it may have: {', '.join(allowed)}"
