"""Fingerprints: what lets the next scan recognise a finding.

:func:`line_hashes` is GitHub's own value. The algorithm is that of ``src/fingerprints.ts`` in github/codeql-action
(MIT): a polynomial hash, base 37 modulo 2**64, over the 100 UTF-16 units that follow a line's start once blanks and
tabs are left out and every line end is one line feed; the file ends with the unit 65535, then zeros; to equal
hashes a running number is added. GitHub warns on every result whose value differs from what it computes itself.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterator
from functools import cache
from itertools import accumulate, count
from operator import add, itemgetter, mul

from iacguard.sha import sha256

_WINDOW = 100
_BASE = 37
_MASK = (1 << 64) - 1
_END_OF_FILE = "\uffff"
#: So many of a window's last units are looked at before it is hashed.
_TAIL = 3


def line_hashes(text: str, lines: Collection[int]) -> dict[int, str]:
    """GitHub's ``primaryLocationLineHash`` of the given lines (from 1) of a file's text.

    ``text`` is the file's whole text with its own line ends and with U+FEFF if it has a byte-order mark. A lone
    carriage return ends a line, as it does for GitHub. Lines past the end are not in the answer.
    """
    if not lines:
        return {}
    units = _units(text)
    starts = _line_starts(units, max(lines))
    units += _END_OF_FILE + "\0" * _WINDOW
    tails = _tails(units, starts)
    found: dict[int, str] = {}
    # Of lines with another tail than all that are asked for, the hash is another one, and not needed.
    for tail in {tails[line - 1] for line in lines if 0 < line <= len(starts)}:
        values: dict[str, int] = {}
        seen: dict[int, int] = {}
        for at in _places(tail, tails):
            window = units[starts[at] : starts[at] + _WINDOW]
            value = values.get(window)
            if value is None:
                value = values[window] = _hash(window)
            times = seen[value] = seen.get(value, 0) + 1
            if at + 1 in lines:
                found[at + 1] = f"{value:x}:{times}"
    return found


def _units(text: str) -> str:
    """What is hashed: the text without blanks, its line ends line feeds, a character for each UTF-16 unit."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    # Many times faster than to replace them in the text; no other character has these bytes in UTF-8.
    bare = text.encode("utf-8", errors="surrogatepass").translate(None, b" \t")
    kept = bare.decode("utf-8", errors="surrogatepass")
    if kept.isascii():
        return kept
    units = kept.encode("utf-16-le", errors="surrogatepass")
    size = len(units) // 2
    return kept if size == len(kept) else "".join(map(chr, struct.unpack(f"<{size}H", units)))


def _line_starts(units: str, last: int) -> list[int]:
    """Where the lines 1 to ``last`` start; fewer where the file is shorter."""
    before = units.split("\n", last - 1)[:-1]
    return list(map(add, accumulate(map(len, before), initial=0), count()))


def _tails(units: str, starts: list[int]) -> str:
    """A character for each window that is the same for all with one hash: what it is modulo 37 to the third.

    Windows have one hash where they are one number to the base 37. ("Af" and "BA" are; that others meet modulo 2**64
    is a matter of one in 2**64.) Such numbers have the same last digits, once each unit is made a digit and a carry.
    All windows are reckoned with at once, in the 32-bit places of large numbers.
    """
    carry_mask = int.from_bytes(b"\xff\x07\0\0" * len(starts), "little")
    at_starts = itemgetter(*starts)
    tails = carry = 0
    for power in range(_TAIL):
        column = "".join(at_starts(units[_WINDOW - 1 - power :]))
        total = int.from_bytes(column.encode("utf-32-le", errors="surrogatepass"), "little") + carry
        carry = total * 56_680 >> 21 & carry_mask  # a division by 37, exact up to 262,143
        tails += (total - carry * _BASE) * _BASE**power
    return tails.to_bytes(4 * len(starts), "little").decode("utf-32-le")


def _places(wanted: str, text: str) -> Iterator[int]:
    at = text.find(wanted)
    while at >= 0:
        yield at
        at = text.find(wanted, at + 1)


def _hash(window: str) -> int:
    """The hash of one window, whose units are first joined by four."""
    pairs_mask, fours_mask, powers = _joints()
    units = int.from_bytes(window.encode("utf-16-le", errors="surrogatepass"), "little")
    pairs = (units & pairs_mask) * _BASE + (units >> 16 & pairs_mask)
    fours = (pairs & fours_mask) * _BASE**2 + (pairs >> 32 & fours_mask)
    joined = struct.unpack(f"<{_WINDOW // 4}Q", fours.to_bytes(2 * _WINDOW, "little"))
    value: int = sum(map(mul, joined, powers))
    return value & _MASK


@cache
def _joints() -> tuple[int, int, tuple[int, ...]]:
    """Every second unit of a window, every second pair of units, and what each four of units counts for."""
    pairs = int.from_bytes(b"\xff\xff\0\0" * (_WINDOW // 2), "little")
    fours = int.from_bytes(b"\xff\xff\xff\xff\0\0\0\0" * (_WINDOW // 4), "little")
    return pairs, fours, tuple(pow(_BASE, _WINDOW - 4 - at, 1 << 64) for at in range(0, _WINDOW, 4))


def fingerprint(*parts: str) -> str:
    """Our own fingerprint: SHA-256 over ``parts`` in order, each kept apart from the next; 64 hex digits."""
    return sha256("\0".join(parts).encode("utf-8", errors="surrogatepass")).hexdigest()
