"""Findings that the code itself accepts: matched with what the front ends read of comments, metadata, annotations."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase

from iacguard.findings import Finding, Problem, Rule, Suppression
from iacguard.record import replace

#: Whose suppressions are ours to judge: an id that we do not know may be another scanner's rule elsewhere.
OURS = "iacguard"


class Suppressions:
    """Those of one stack. :meth:`accept` marks findings; :meth:`remarks` tells of what marked none."""

    def __init__(self, written: Sequence[Suppression]) -> None:
        self._by_address: dict[str, list[Suppression]] = {}
        for suppression in written:
            self._by_address.setdefault(suppression.address, []).append(suppression)
        self._written = written
        self._used: set[Suppression] = set()

    def accept(self, finding: Finding) -> Finding:
        """``finding`` with the first suppression that covers it, else as it is."""
        if not self._written:
            return finding
        for address in dict.fromkeys((finding.address, finding.parent, "")):
            for suppression in self._by_address.get(address, ()):
                if _covers(suppression, finding):
                    self._used.add(suppression)
                    return replace(finding, suppression=suppression)
        return finding

    def remarks(self, exists: Callable[[str], bool], in_play: Callable[[str], bool]) -> Iterator[Problem]:
        """A notice for each suppression of ours that names no policy, or one that finds nothing there.

        ``exists`` and ``in_play`` say whether a name is that of any policy, and of one that was decided.
        """
        for suppression in self._written:
            if suppression.origin != OURS or suppression in self._used:
                continue
            for rule in suppression.rules:
                if not exists(rule):
                    message = f'the suppression of "{rule}" names no policy'
                    yield Problem("value", suppression.span, message, "`iacguard policy list` shows them all", True)
                elif in_play(rule):
                    message = f'the suppression of "{rule}" is not needed: nothing is found here'
                    yield Problem("value", suppression.span, message, "remove it", True)


def names(rule: Rule, name: str) -> bool:
    """Whether ``name`` is a policy's id, one of its aliases, or a shell pattern of its id."""
    return name == rule.id or name in rule.aliases or fnmatchcase(rule.id, name)


def _covers(suppression: Suppression, finding: Finding) -> bool:
    if not any(names(finding.rule, name) for name in suppression.rules):
        return False
    span = finding.span
    return bool(suppression.address) or (
        span.file == suppression.span.file and suppression.first <= span.line <= suppression.last
    )
