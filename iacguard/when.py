"""Say in words in which of several cases something holds: ``condition "IsProd" is false``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

#: What holds in a case, for people: label -> value.
Features = Mapping[str, str]

_MOST_CASES = 3
_MOST_PARTS = 3
_MOST_VALUES = 6


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
    return together or _one_by_one(labels, inside, outside)


def _alone(label: str, inside: Sequence[Features], outside: Sequence[Features]) -> str | None:
    """Told apart by one label: each case has it, with other values inside than outside."""
    if any(label not in case for case in (*inside, *outside)):
        return None
    values = dict.fromkeys(case[label] for case in inside)
    if any(case[label] in values for case in outside):
        return None
    return f"{label} is {_short(' or '.join(values))}"


def _together(labels: Sequence[str], inside: Sequence[Features], outside: Sequence[Features]) -> str | None:
    """Told apart by several labels that have one value each in all cases inside."""
    parts = _parts(labels, inside, outside)
    return _written(parts) if parts is not None and len(parts) <= _MOST_PARTS else None


def _parts(
    labels: Sequence[str], inside: Sequence[Features], outside: Sequence[Features]
) -> list[tuple[str, str]] | None:
    found: list[tuple[str, str]] = []
    left = list(outside)
    for label in labels:
        value = inside[0].get(label)
        if value is None or any(case.get(label) != value for case in inside):
            continue
        kept = [case for case in left if case.get(label, value) == value]
        if len(kept) < len(left):
            found.append((label, value))
            left = kept
    if left:
        return None
    for part in list(found):  # an earlier one may have become idle
        others = [p for p in found if p != part]
        if all(any(case.get(label, value) != value for label, value in others) for case in outside):
            found = others
    return found


def _written(parts: Sequence[tuple[str, str]]) -> str:
    return " and ".join(f"{label} is {_short(value)}" for label, value in parts)


def _short(values: str) -> str:
    """``"a" or "b"`` with no more than the first few of many values."""
    texts = values.split('" or "')
    if len(texts) <= _MOST_VALUES:
        return values
    return '" or "'.join(texts[: _MOST_VALUES - 1]) + f'" or {len(texts) - _MOST_VALUES + 1} others'


def _one_by_one(labels: Sequence[str], inside: Sequence[Features], outside: Sequence[Features]) -> str:
    """The cases in words of their own; one that the words for another fit is not said again."""
    texts: list[str] = []
    left = list(inside)
    while left:
        parts = _parts(labels, left[:1], outside)
        if parts is None:
            parts = [(label, left[0][label]) for label in labels if label in left[0]]
        texts.append(_written(parts) or "other parameters are given")
        left = [case for case in left[1:] if any(case.get(label) != value for label, value in parts)]
    more = len(texts) - _MOST_CASES
    return ", or ".join(texts[:_MOST_CASES]) + (f", or in {more} other case{'s' * (more > 1)}" if more > 0 else "")
