"""Regular expressions that are compiled when they are first used, for a program whose every start counts.

A pattern takes 0.1 ms to compile, and a scan meets few of the constructs that a module's patterns are for: compiled at
import, those of all modules take a tenth of a small scan. What no scan does without, and uses often, is compiled at
once, as usual.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, AnyStr, cast

_compile = re.compile
#: What a pattern is used by. ``re.sub`` and alike, which want a pattern or a text, do not take a late one.
_PARTS = ("match", "fullmatch", "search", "finditer", "findall", "split", "sub", "subn", "pattern", "flags")


def regex(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """What ``re.compile`` gives, compiled when one of its methods is first used; only then a mistake in it shows."""
    return cast("re.Pattern[AnyStr]", _Late(text, flags))


@contextmanager
def everywhere() -> Iterator[None]:
    """Meanwhile ``re.compile`` is :func:`regex`: for the import of a library whose patterns we have no use for."""
    re.compile = regex  # type: ignore[assignment]
    try:
        yield
    finally:
        re.compile = _compile


class _Late:
    """A pattern to be."""

    def __init__(self, text: Any, flags: int) -> None:
        self._text = text
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        made = _compile(self._text, self._flags)
        self.__dict__ = {part: getattr(made, part) for part in _PARTS}
        self.__class__ = _Made  # type: ignore[assignment]
        return getattr(made, name)


class _Made:
    """A pattern that was made late: a class without ``__getattr__``, which slows every look-up."""
