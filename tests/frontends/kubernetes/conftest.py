"""Manifests in a line or two."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping

import pytest

from iacguard.frontends.contract import Stack

LoadStacks = Callable[[str, Mapping[str, str], Mapping[str, str]], list[Stack]]
Load = Callable[..., Stack]


@pytest.fixture
def load(stacks: LoadStacks) -> Load:
    """The one stack of a file's text, or of several files by path."""

    def loaded(text: str | Mapping[str, str]) -> Stack:
        files = {"m.yaml": text} if isinstance(text, str) else text
        (stack,) = stacks("kubernetes", {path: textwrap.dedent(body) for path, body in files.items()}, {})
        return stack

    return loaded
