"""Say in words in which of several cases something holds: ``condition "IsProd" is false``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

#: What holds in a case, for people: label -> value.
Features = Mapping[str, str]

_MOST_CASES = 3
_MOST_PARTS = 3


def separating(inside: Sequence[Features], outside: Sequence[Features], hints: Sequence[str]) -> str:
    """The shortest words that fit all cases ``inside`` and none ``outside``; labels in ``hints`` come first.

    A condition that alone tells them apart, else a parameter, else conditions together, else the cases one by one.
    """
    labels = list(dict.fromkeys(label for case in inside for label in case))
    labels.sort(key=lambda label: not any(label in hint for hint in hints))
    conditions = [label for label in labels if label.startswith("condition ")]
    others = [label for label in labels if label not in conditions]
    for label in (*conditions, *others):
        if (text := _alone(label, inside, outside)) is not None:
            return text
    together = _together(conditions, inside, outside) or _together(labels, inside, outside)
    return together or _one_by_one(conditions or labels, inside, outside)


def _alone(label: str, inside: Sequence[Features], outside: Sequence[Features]) -> str | None:
    """Told apart by one label: each case has it, with other values inside than outside."""
    if any(label not in case for case in (*inside, *outside)):
        return None
    values = dict.fromkeys(case[label] for case in inside)
    if any(case[label] in values for case in outside):
        return None
    return f"{label} is {' or '.join(values)}"


def _together(labels: Sequence[str], inside: Sequence[Features], outside: Sequence[Features]) -> str | None:
    """Told apart by several labels that have one value each in all cases inside."""
    parts: list[str] = []
    left = list(outside)
    for label in labels:
        values = {case.get(label) for case in inside}
        value = values.pop()
        if values or value is None:
            continue
        kept = [case for case in left if case.get(label, value) == value]
        if len(kept) < len(left):
            parts.append(f"{label} is {value}")
            left = kept
        if not left:
            break
    return " and ".join(parts) if parts and not left and len(parts) <= _MOST_PARTS else None


def _one_by_one(labels: Sequence[str], inside: Sequence[Features], outside: Sequence[Features]) -> str:
    texts: dict[str, None] = {}
    for case in inside:
        parts = _together([label for label in labels if label in case], [case], outside)
        if parts is None:
            parts = " and ".join(f"{label} is {value}" for label, value in list(case.items())[:_MOST_PARTS])
        texts[parts or "some parameters are given"] = None
    shown = list(texts)[:_MOST_CASES]
    more = len(texts) - len(shown)
    return ", or ".join(shown) + (f", or in {more} other cases" if more else "")
