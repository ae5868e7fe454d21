"""The file format of shipped tables: many small JSON values, each found and unpacked alone.

A table is a head line, a packed JSON head ``{"about": {...}, "names": [...], "sizes": [...]}``, a dictionary for the
packer, and one packed JSON value a name. Opening one costs its head, a look-up one value.
"""

from __future__ import annotations

import json
import zlib
from bisect import bisect_left
from collections.abc import Mapping
from itertools import accumulate
from typing import Any

from iacguard.record import record

_MAGIC = b"iacguard table 1\n"
_MAX_DICTIONARY = 32_000


@record
class Table:
    """An opened table. ``about`` says what it was made from; ``names`` are sorted."""

    about: Mapping[str, str]
    names: tuple[str, ...]
    _ends: tuple[int, ...]
    _dictionary: bytes
    _body: bytes

    def get(self, name: str) -> Any:
        """The value of ``name``; None where there is none."""
        at = bisect_left(self.names, name)
        if at == len(self.names) or self.names[at] != name:
            return None
        start = self._ends[at - 1] if at else 0
        machine = zlib.decompressobj(wbits=-15, zdict=self._dictionary)
        return json.loads(machine.decompress(self._body[start : self._ends[at]]) + machine.flush())


def open_table(data: bytes) -> Table:
    """The table in ``data``. Raises ValueError for anything else."""
    if not data.startswith(_MAGIC):
        raise ValueError("not a table of this version")
    start = len(_MAGIC) + 8
    head_size = int.from_bytes(data[start - 8 : start - 4], "big")
    dictionary_size = int.from_bytes(data[start - 4 : start], "big")
    body = start + head_size + dictionary_size
    head = json.loads(zlib.decompress(data[start : start + head_size]))
    dictionary = zlib.decompress(data[start + head_size : body])
    return Table(head["about"], tuple(head["names"]), tuple(accumulate(head["sizes"])), dictionary, data[body:])


def pack_table(about: Mapping[str, str], values: Mapping[str, Any]) -> bytes:
    """The bytes of a table; the same for the same input."""
    texts = {name: json.dumps(values[name], separators=(",", ":"), sort_keys=True).encode() for name in sorted(values)}
    dictionary = _dictionary(list(texts.values()))
    blobs = []
    for text in texts.values():
        machine = zlib.compressobj(9, zlib.DEFLATED, -15, 9, zdict=dictionary)
        blobs.append(machine.compress(text) + machine.flush())
    head = {"about": dict(about), "names": list(texts), "sizes": [len(blob) for blob in blobs]}
    packed_head = zlib.compress(json.dumps(head, separators=(",", ":")).encode(), 9)
    packed_dictionary = zlib.compress(dictionary, 9)
    sizes = len(packed_head).to_bytes(4, "big") + len(packed_dictionary).to_bytes(4, "big")
    return b"".join([_MAGIC, sizes, packed_head, packed_dictionary, *blobs])


def _dictionary(texts: list[bytes]) -> bytes:
    """Members that many values share, the most telling last: near matches cost least there."""
    counts: dict[bytes, int] = {}
    for text in texts:
        for piece in set(text.replace(b"},", b"},\n").replace(b"],", b"],\n").split(b"\n")):
            counts[piece] = counts.get(piece, 0) + 1
    shared = sorted(
        (piece for piece, n in counts.items() if n > 2 and len(piece) > 5), key=lambda p: (counts[p] * len(p), p)
    )
    chosen: list[bytes] = []
    size = 0
    for piece in reversed(shared):
        if size + len(piece) > _MAX_DICTIONARY:
            break
        chosen.append(piece)
        size += len(piece)
    return b"".join(reversed(chosen)) or b"{}"
