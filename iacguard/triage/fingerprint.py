"""Fingerprints: what lets the next scan recognise a finding.

:func:`line_hashes` is GitHub's own value. The algorithm is that of ``src/fingerprints.ts`` in github/codeql-action
(MIT): a polynomial hash, base 37 modulo 2**64, over the 100 UTF-16 units that follow a line's start once blanks and
tabs are left out and every line end is one line feed; the file ends with the unit 65535, then zeros; to equal
hashes a running number is added. GitHub warns on every result whose value differs from what it computes itself.
"""

from __future__ import annotations

import struct
from collections.abc import Collection
from functools import cache
from hashlib import sha256
from itertools import accumulate, compress, count
from operator import add, mul

_WINDOW = 100
_BASE = 37
_MASK = (1 << 64) - 1
#: So many units are hashed in one go: one large number each.
_BLOCK = 8192
_END_OF_FILE = b"\xff\xff"


def line_hashes(text: str, lines: Collection[int]) -> dict[int, str]:
    """GitHub's ``primaryLocationLineHash`` of the given lines (from 1) of a file's text.

    ``text`` is the file's whole text with its own line ends and with U+FEFF if it has a byte-order mark. A lone
    carriage return ends a line, as it does for GitHub. Lines past the end are not in the answer.
    """
    if not lines:
        return {}
    kept = _stripped(text)
    units = kept.encode("utf-16-le", errors="surrogatepass")
    starts = _line_starts(kept, max(lines), wide=len(units) > 2 * len(kept))
    units += _END_OF_FILE + bytes(2 * _WINDOW)
    ends = bytes(map(_last_bytes(units, starts[-1] + 1).__getitem__, starts))
    wanted = {ends[line - 1] for line in lines if 0 < line <= len(ends)}
    values: dict[bytes, int] = {}
    seen: dict[int, int] = {}
    found: dict[int, str] = {}
    # Of lines that end in another byte than all that are asked for, the hash is another one, and not needed.
    for number, start in compress(enumerate(starts, 1), map(wanted.__contains__, ends)):
        window = units[2 * start : 2 * (start + _WINDOW)]
        value = values.get(window)
        if value is None:
            value = values[window] = _hash(window)
        times = seen[value] = seen.get(value, 0) + 1
        if number in lines:
            found[number] = f"{value:x}:{times}"
    return found


def _stripped(text: str) -> str:
    """What is hashed: the text without blanks, its line ends line feeds."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    # Many times faster than to replace them in the text; no other character has these bytes in UTF-8.
    bare = text.encode("utf-8", errors="surrogatepass").translate(None, b" \t")
    return bare.decode("utf-8", errors="surrogatepass")


def _line_starts(kept: str, last: int, *, wide: bool) -> list[int]:
    """Where the lines 1 to ``last`` start among the units; fewer where the file is shorter.

    ``wide``: some characters are two units.
    """
    before = kept.split("\n", last - 1)[:-1]
    lengths = map(_units_of, before) if wide else map(len, before)
    return list(map(add, accumulate(lengths, initial=0), count()))


def _units_of(line: str) -> int:
    return len(line.encode("utf-16-le", errors="surrogatepass")) // 2


def _last_bytes(units: bytes, size: int) -> bytes:
    """The last byte of the hash of the window at each of the first ``size`` units.

    A large number holds one hash in every 16 bits. The hashes of windows twice as long are those of the windows, times
    a power of the base, plus the same moved down: a few operations in C for all. Comparing the windows themselves would
    be quicker, but unlike windows with equal hashes ("Af", "BA") are numbered together by GitHub.
    """
    mask = int.from_bytes(b"\xff\0" * (_BLOCK + _WINDOW), "little")
    return b"".join(_block(units[2 * at : 2 * (at + _BLOCK + _WINDOW)], mask) for at in range(0, size, _BLOCK))


def _block(units: bytes, mask: int) -> bytes:
    """The last byte of the hash of each window that starts in a block of units, which the last window ends."""
    one = int.from_bytes(units, "little") & mask
    windows, length = one, 1
    for digit in f"{_WINDOW:b}"[1:]:
        windows = (windows * pow(_BASE, length, 256) + (windows >> 16 * length)) & mask
        length *= 2
        if digit == "1":
            windows = (windows * _BASE + (one >> 16 * length)) & mask
            length += 1
    return windows.to_bytes(len(units), "little")[: 2 * _BLOCK : 2]


def _hash(window: bytes) -> int:
    """The hash of one window, whose units are first joined by four."""
    pairs_mask, fours_mask, powers = _joints()
    units = int.from_bytes(window, "little")
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
