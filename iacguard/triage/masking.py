"""Keeps secrets out of every report: source lines are masked before a finding is built.

A masked line has the length of the original, so that columns still point at the same place.
"""

from __future__ import annotations

import re

from iacguard.late import regex

#: Characters that stay: white space and what gives a line its structure.
_COVERED = regex(r"""[^\s"'`\[\]{}(),]""")
#: ``name = value``, ``"name": value``, ``- name: value``.
_ASSIGNMENT = regex(r"""(?P<head>\s*(?:-\s+)?["']?[\w.$\-]+["']?\s*[:=]\s*)(?P<value>\S.*)$""")
#: A literal given to a name that says it is secret.
_NAMED = regex(
    r"""(?P<head>(?:password|passwd|secret|token|api_?key|private_?key|access_?key|secret_?key)["']?\s*[:=]\s*)"""
    r"""(?P<value>"[^"]+"|'[^']+')""",
    re.IGNORECASE,
)
#: The published forms of access keys that are secret by their shape alone.
_SHAPED = regex(r"\b(?:(?:AKIA|ASIA)[0-9A-Z]{16}|gh[pousr]_[0-9A-Za-z]{36}|xox[abpr]-[0-9A-Za-z-]{10,})\b")
_REFERENCE = regex(r"\$\{|\{\{|\barn:")


def cover(text: str) -> str:
    """``text`` with every character of its words replaced by an asterisk."""
    return _COVERED.sub("*", text)


def mask_secret(line: str, first: bool) -> str:
    """A line of a finding about a secret: all that is assigned is covered.

    ``first``: it is the region's first line; the lines after it hold only the value.
    """
    if not first:
        return cover(line)
    if line.rstrip().endswith("{") and "=" not in line:
        return line  # a block's header holds no value
    match = _ASSIGNMENT.match(line)
    return cover(line) if match is None else match["head"] + cover(match["value"])


def mask_known(line: str) -> str:
    """Any other line: literals given to secret names and keys of known shape are covered; references stay."""
    quoted = '"' in line or "'" in line  # as few lines of a manifest are: to look for names takes longer than all else
    masked = _NAMED.sub(_cover_literal, line) if quoted else line
    return _SHAPED.sub(lambda match: cover(match[0]), masked)


def _cover_literal(match: re.Match[str]) -> str:
    value = match["value"]
    return match[0] if _REFERENCE.search(value) else match["head"] + cover(value)
