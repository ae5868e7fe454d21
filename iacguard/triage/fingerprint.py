"""Fingerprints: what lets the next scan recognise a finding.

:func:`line_hashes` is GitHub's own value. The algorithm is that of ``src/fingerprints.ts`` in github/codeql-action
(MIT): a polynomial hash, base 37 modulo 2**64, over the 100 UTF-16 units that follow a line's start once blanks and
tabs are left out and every line end is one line feed; the file ends with the unit 65535, then zeros; to equal
hashes a running number is added. GitHub warns on every result whose value differs from what it computes itself.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Collection, Iterator
from functools import cache
from hashlib import sha256
from itertools import accumulate
from operator import mul

_WINDOW = 100
_BASE = 37
_MASK = (1 << 64) - 1
#: So many units are summed up in one go, and bits of a hash looked at first: few enough for small numbers.
_BLOCK = 1024
_LOW = (1 << 14) - 1
_END_OF_FILE = 65535
_LINE_FEED = 10


def line_hashes(text: str, lines: Collection[int]) -> dict[int, str]:
    """GitHub's ``primaryLocationLineHash`` of the given lines (from 1) of a file's text.

    ``text`` is the file's whole text with its own line ends and with U+FEFF if it has a byte-order mark. A lone
    carriage return ends a line, as it does for GitHub. Lines past the end are not in the answer.
    """
    if not lines:
        return {}
    last = max(lines)
    units = _units(text)
    starts = _line_starts(units, last)
    window_end = starts[-1] + _WINDOW
    units.extend(bytes(max(0, window_end - len(units))))
    ends = list(_low_bits(units, starts))
    wanted = {ends[line - 1] for line in lines if 0 < line <= len(ends)}
    values: dict[bytes, int] = {}
    seen: dict[int, int] = {}
    found: dict[int, str] = {}
    # Of lines that end in other bits than all that are asked for, the hash is another one, and not needed.
    for number, start in ((n, s) for n, (s, end) in enumerate(zip(starts, ends, strict=True), 1) if end in wanted):
        window = units[start : start + _WINDOW]
        value = values.get(key := window.tobytes())
        if value is None:
            value = values[key] = sum(map(mul, window, _powers())) & _MASK
        count = seen[value] = seen.get(value, 0) + 1
        if number in lines:
            found[number] = f"{value:x}:{count}"
    return found


@cache
def _powers() -> tuple[int, ...]:
    """What each unit of a window counts for."""
    return tuple(pow(_BASE, _WINDOW - 1 - at, 1 << 64) for at in range(_WINDOW))


def _low_bits(units: array[int], starts: list[int]) -> Iterator[int]:
    """The last bits of the hash of the window at each of ``starts``, which rise.

    With weights that fall by the inverse of the base, prefix sums are made in C, and a window's hash is a difference
    times a power. Comparing the windows themselves would be quicker, but unlike windows with equal hashes ("Af", "BA")
    are numbered together by GitHub.
    """
    falling, powers = _weights()
    block, sums = -1, [0]
    for start in starts:
        if start // _BLOCK != block:
            block = start // _BLOCK
            part = units[block * _BLOCK : (block + 1) * _BLOCK + _WINDOW]
            sums = list(accumulate(map(mul, part, falling), initial=0))
        at = start - block * _BLOCK
        yield (sums[at + _WINDOW] - sums[at]) * powers[at] & _LOW


@cache
def _weights() -> tuple[list[int], list[int]]:
    """The last bits of the falling powers of the base for the units of a block, and of what takes them back."""
    inverse = pow(_BASE, -1, _LOW + 1)
    falling = [pow(inverse, at, _LOW + 1) for at in range(_BLOCK + _WINDOW)]
    return falling, [pow(_BASE, at + _WINDOW - 1, _LOW + 1) for at in range(_BLOCK)]


def _units(text: str) -> array[int]:
    """The UTF-16 units that are hashed."""
    stripped = text.replace("\r\n", "\n").replace("\r", "\n").replace(" ", "").replace("\t", "")
    units = array("H", stripped.encode("utf-16-le", errors="surrogatepass"))
    if sys.byteorder == "big":
        units.byteswap()
    units.append(_END_OF_FILE)
    return units


def _line_starts(units: array[int], last: int) -> list[int]:
    """Where the lines 1 to ``last`` start among the units; fewer where the file is shorter."""
    starts = [0]
    while len(starts) < last:
        try:
            starts.append(units.index(_LINE_FEED, starts[-1]) + 1)
        except ValueError:
            break
    return starts


def fingerprint(*parts: str) -> str:
    """Our own fingerprint: SHA-256 over ``parts`` in order, each kept apart from the next; 64 hex digits."""
    return sha256("\0".join(parts).encode("utf-8", errors="surrogatepass")).hexdigest()
