"""Sets of characters: ASCII classes, Unicode classes, complements and other cases."""

from __future__ import annotations

from functools import lru_cache
from typing import TypeAlias

from iacguard.frontends.terraform.functions.context import FunctionError, NotEvaluatedError

Ranges: TypeAlias = tuple[tuple[int, int], ...]

#: The last code point.
LAST = 0x10FFFF

POSIX: dict[str, Ranges] = {
    "alnum": ((48, 57), (65, 90), (97, 122)),
    "alpha": ((65, 90), (97, 122)),
    "ascii": ((0, 127),),
    "blank": ((9, 9), (32, 32)),
    "cntrl": ((0, 31), (127, 127)),
    "digit": ((48, 57),),
    "graph": ((33, 126),),
    "lower": ((97, 122),),
    "print": ((32, 126),),
    "punct": ((33, 47), (58, 64), (91, 96), (123, 126)),
    "space": ((9, 13), (32, 32)),
    "upper": ((65, 90),),
    "word": ((48, 57), (65, 90), (95, 95), (97, 122)),
    "xdigit": ((48, 57), (65, 70), (97, 102)),
}
PERL: dict[str, Ranges] = {
    "d": POSIX["digit"],
    "w": POSIX["word"],
    "s": ((9, 10), (12, 13), (32, 32)),
}


def normalised(ranges: list[tuple[int, int]] | Ranges) -> Ranges:
    """The same set, sorted and merged."""
    merged: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return tuple(merged)


def complement(ranges: Ranges) -> Ranges:
    """All other code points."""
    result = []
    start = 0
    for low, high in normalised(ranges):
        if start < low:
            result.append((start, low - 1))
        start = high + 1
    if start <= LAST:
        result.append((start, LAST))
    return tuple(result)


@lru_cache(maxsize=64)
def unicode_class(name: str) -> Ranges:
    """A general category (``L``, ``Lu``) or a script whose letters are named after it (``Greek``)."""
    import unicodedata

    script = name.upper().replace("_", " ") + " "
    result: list[tuple[int, int]] = []
    for code in range(0x20000):
        char = chr(code)
        if len(name) <= 2:
            hit = unicodedata.category(char).startswith(name)
        else:
            hit = unicodedata.name(char, "").startswith(script)
        if hit:
            result.append((code, code))
    if not result:
        raise FunctionError(f"the regular expression has an unknown character class {name!r}")
    if name == "Han":
        raise NotEvaluatedError("the regular expression uses a script that is not evaluated")
    return normalised(result)


def folded(ranges: Ranges) -> Ranges:
    """With the other cases of every letter; of a large range, of its first letters only."""
    extra: list[tuple[int, int]] = list(ranges)
    for low, high in ranges:
        for code in range(low, min(high, low + 2000) + 1):
            char = chr(code)
            extra += [(ord(c), ord(c)) for c in (char.lower(), char.upper(), char.casefold()) if len(c) == 1]
    return normalised(extra)
