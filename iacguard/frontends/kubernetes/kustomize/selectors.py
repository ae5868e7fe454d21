"""Which objects a patch or a replacement is for: patterns over names and kinds, label selectors as text."""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Mapping as AnyMapping
from functools import lru_cache

from iacguard.frontends.kubernetes.kustomize.ids import Item
from iacguard.frontends.kubernetes.kustomize.nodes import KustomizeError, Tree, text_at
from iacguard.late import regex

_PLAIN = regex(r"[A-Za-z0-9_-]*")
# A repeated group that itself repeats or branches can take exponential time in Python's engine (Go's is linear).
_NESTED = regex(r"[*+?}|][^()]*\)[*+{]")
#: Longer names than this are matched by no pattern; Kubernetes allows 253 characters.
LONGEST = 500
_QUANTIFIERS = regex(r"[*+{]")
_REQUIREMENT = regex(
    r"\s*(?:(?P<absent>!)\s*(?P<none>[^\s,=!<>()]+)"
    r"|(?P<key>[^\s,=!<>()]+)(?:\s*(?P<op>==|=|!=|>|<)\s*(?P<value>[^\s,=!<>()]*)"
    r"|\s+(?P<set>in|notin)\s*\((?P<values>[^()]*)\))?)\s*(?:,|\Z)"
)

Labels = AnyMapping[str, str]


@lru_cache(maxsize=1000)
def pattern(text: str, end: str = "") -> re.Pattern[str] | None:
    """The pattern ``text`` with ``end`` behind it; None where it is none, or may take too long."""
    if not _PLAIN.fullmatch(text) and (_NESTED.search(text) or len(_QUANTIFIERS.findall(text)) > 3 or len(text) > 500):
        return None
    try:
        return re.compile(f"(?:{text}){end}")
    except re.error:
        return None


def selected(items: list[Item], target: Tree) -> list[Item]:
    """The items that a patch's ``target`` selects. Raises KustomizeError for a pattern or selector that is none."""
    wanted = {
        name: _matcher(text_at(target, name), target) for name in ("group", "version", "kind", "name", "namespace")
    }
    labels = label_selector(text_at(target, "labelSelector"), target)
    annotations = label_selector(text_at(target, "annotationSelector"), target)
    found = []
    for item in items:
        own, original = item.id, item.original
        if (
            (wanted["namespace"](original.namespace) or wanted["namespace"](own.namespace))
            and (wanted["name"](original.name) or wanted["name"](own.name))
            and all(wanted[part](getattr(own.gvk, part)) for part in ("group", "version", "kind"))
            and labels(item.labels())
            and annotations(item.labels("annotations"))
        ):
            found.append(item)
    return found


def _matcher(text: str, target: Tree) -> Callable[[str], bool]:
    if not text:
        return lambda _: True
    compiled = pattern(text)
    if compiled is None:
        raise KustomizeError(f"the pattern {text!r} cannot be used", target.place, "not-evaluated")
    return lambda own: len(own) < LONGEST and compiled.fullmatch(own) is not None


def label_selector(text: str, target: Tree) -> Callable[[Labels], bool]:
    """The test that a label selector in Kubernetes' text form stands for (``app=web,tier in (front, back),!old``)."""
    tests: list[Callable[[Labels], bool]] = []
    at = 0
    while at < len(text):
        match = _REQUIREMENT.match(text, at)
        if match is None:
            raise KustomizeError(f"{text!r} is no label selector", target.place)
        tests.append(_requirement(match))
        at = match.end()
    return lambda labels: all(test(labels) for test in tests)


def _requirement(match: re.Match[str]) -> Callable[[Labels], bool]:
    if match["absent"]:
        return lambda labels: match["none"] not in labels
    key, value = match["key"], match["value"] or ""
    if match["set"]:
        values = {part.strip() for part in match["values"].split(",")}
        if match["set"] == "in":
            return lambda labels: key in labels and labels[key] in values
        return lambda labels: labels.get(key) not in values
    operator = match["op"]
    if operator in ("=", "=="):
        return lambda labels: labels.get(key) == value
    if operator == "!=":
        return lambda labels: labels.get(key) != value
    if operator in (">", "<"):
        return lambda labels: _compare(labels.get(key, ""), value, operator)
    return lambda labels: key in labels


def _compare(own: str, other: str, operator: str) -> bool:
    if not all(re.fullmatch(r"-?\d{1,18}", text, re.ASCII) for text in (own, other)):
        return False
    return int(own) > int(other) if operator == ">" else int(own) < int(other)
