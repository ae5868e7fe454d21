"""Fingerprints: what lets the next scan recognise a finding.

:func:`line_hashes` is GitHub's own value. The algorithm is that of ``src/fingerprints.ts`` in github/codeql-action
(MIT): a polynomial hash, base 37 modulo 2**64, over the 100 UTF-16 units that follow a line's start once blanks and
tabs are left out and every line end is one line feed; the file ends with the unit 65535, then zeros; to equal
hashes a running number is added. GitHub warns on every result whose value differs from what it computes itself.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Collection
from hashlib import sha256
from itertools import accumulate

_WINDOW = 100
_BASE = 37
_MASK = (1 << 64) - 1
_DROP = pow(_BASE, _WINDOW, 1 << 64)
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
    # One pass of prefix values makes the hash of every window a subtraction; comparing the windows themselves
    # would be quicker, but unlike windows with equal hashes ("Af", "BA") are numbered together by GitHub.
    prefix = list(accumulate(units[:window_end], lambda value, unit: (value * _BASE + unit) & _MASK, initial=0))
    seen: dict[int, int] = {}
    found: dict[int, str] = {}
    for number, start in enumerate(starts, 1):
        value = (prefix[start + _WINDOW] - prefix[start] * _DROP) & _MASK
        count = seen[value] = seen.get(value, 0) + 1
        if number in lines:
            found[number] = f"{value:x}:{count}"
    return found


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
