"""Ignore files with git's own meaning (gitignore(5), wildmatch.c), without starting git.

``pathspec`` does this too, but its import costs 36 ms (it brings asyncio), a fifth of a small scan. The tests compare
this matcher with ``git check-ignore`` on generated patterns.

Everything works on bytes, as git does: ``?`` is one byte of a name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from iacguard.record import record

_SPECIAL = re.compile(rb"[*?\[\\]")
_POSIX_CLASSES = {
    b"alnum": rb"0-9A-Za-z",
    b"alpha": rb"A-Za-z",
    b"blank": rb" \t",
    b"cntrl": rb"\x00-\x1f\x7f",
    b"digit": rb"0-9",
    b"graph": rb"\x21-\x7e",
    b"lower": rb"a-z",
    b"print": rb"\x20-\x7e",
    b"punct": rb"!-/:-@\[-`{-~",
    b"space": rb"\t-\r ",
    b"upper": rb"A-Z",
    b"xdigit": rb"0-9A-Fa-f",
}


class _MalformedError(Exception):
    """The pattern is malformed (an open bracket, a trailing backslash); git lets it match nothing."""


@record
class _Rule:
    """One line: ``literal`` for plain names and paths, ``suffix`` for ``*.ext``, else ``regex``."""

    negated: bool
    folders_only: bool
    whole_path: bool
    literal: bytes | None
    suffix: bytes | None
    regex: re.Pattern[bytes] | None

    def matches(self, path: bytes, name: bytes) -> bool:
        subject = path if self.whole_path else name
        if self.literal is not None:
            return subject == self.literal
        if self.suffix is not None:
            return subject.endswith(self.suffix)
        return self.regex is not None and self.regex.fullmatch(subject) is not None


@record
class IgnoreRules:
    """The rules of one ignore file. ``folder`` is where it stands, relative to the base, "" for the base itself."""

    folder: str
    file_name: str
    rules: tuple[_Rule, ...]

    @staticmethod
    def parse(folder: str, file_name: str, data: bytes) -> IgnoreRules:
        """Read an ignore file's text; lines that git would not understand match nothing."""
        lines = data.removeprefix(b"\xef\xbb\xbf").split(b"\n")
        rules = (_parse_line(line.removesuffix(b"\r")) for line in lines)
        return IgnoreRules(folder, file_name, tuple(rule for rule in rules if rule is not None))

    def verdict(self, path: str, is_folder: bool) -> bool | None:
        """True: ignored; False: taken back by a ``!`` line; None: not mentioned. ``path`` is relative to the base."""
        raw = path.encode("utf-8", "surrogateescape")
        if self.folder:
            raw = raw[len(self.folder.encode("utf-8", "surrogateescape")) + 1 :]
        name = raw[raw.rfind(b"/") + 1 :]
        for rule in reversed(self.rules):
            if (is_folder or not rule.folders_only) and rule.matches(raw, name):
                return not rule.negated
        return None


def ignored_by(layers: Sequence[IgnoreRules], path: str, is_folder: bool) -> str:
    """The name of the ignore file that excludes ``path``, or "". Later layers outrank earlier ones."""
    for layer in reversed(layers):
        verdict = layer.verdict(path, is_folder)
        if verdict is not None:
            return layer.file_name if verdict else ""
    return ""


def _parse_line(line: bytes) -> _Rule | None:
    if line.startswith(b"#"):
        return None
    pattern = _trim(line)
    negated = pattern.startswith(b"!")
    pattern = pattern[1:] if negated else pattern
    folders_only = pattern.endswith(b"/")
    pattern = pattern[:-1] if folders_only else pattern
    if not pattern:
        return None
    whole_path = b"/" in pattern
    pattern = pattern.removeprefix(b"/")
    if not _SPECIAL.search(pattern):
        return _Rule(negated, folders_only, whole_path, pattern, None, None)
    if not whole_path and pattern.startswith(b"*") and not _SPECIAL.search(pattern[1:]):
        return _Rule(negated, folders_only, False, None, pattern[1:], None)
    try:
        regex = re.compile(_translate(pattern), re.DOTALL)
    except _MalformedError:
        return None
    return _Rule(negated, folders_only, whole_path, None, None, regex)


def _trim(line: bytes) -> bytes:
    """Without trailing blanks, unless a backslash keeps them."""
    end = len(line)
    while end and line[end - 1 : end] == b" ":
        end -= 1
    slashes = len(line[:end]) - len(line[:end].rstrip(b"\\"))
    return line[: end + 1] if slashes % 2 and end < len(line) else line[:end]


def _translate(pattern: bytes) -> bytes:
    """wildmatch with WM_PATHNAME as a regular expression that takes linear time. Raises _MalformedError.

    The first place where the text after a star fits is always a right one, as the next star takes what is between; so
    all but the last are atomic groups, and a pattern of many stars cannot make the matcher try every split.
    """
    # git compares the part before the first special character by itself, so stars right behind it count as leading.
    special = _SPECIAL.search(pattern)
    first = special.start() if special else 0
    spans: list[list[bytes]] = [[b""]]  # what stands between the ** of a pattern, cut at each *
    leaders: list[bytes] = [b""]
    at = 0
    while at < len(pattern):
        if pattern[at : at + 1] == b"*":
            crossing, at = _stars(pattern, at, first)
            if not crossing:
                spans[-1].append(b"")
            elif crossing != leaders[-1] or spans[-1] != [b""]:  # **/**/ says no more than **/
                leaders.append(crossing)
                spans.append([b""])
        else:
            text, at = _one(pattern, at)
            spans[-1][-1] += text
    parts = [leader + _within(span) for leader, span in zip(leaders, spans, strict=True)]
    return b"".join(b"(?>" + part + b")" for part in parts[:-1]) + parts[-1]


def _within(span: list[bytes]) -> bytes:
    """Texts with ``*`` between them."""
    if len(span) == 1:
        return span[0]
    return span[0] + b"".join(b"(?>[^/]*?" + text + b")" for text in span[1:-1]) + b"[^/]*?" + span[-1]


def _stars(pattern: bytes, at: int, first: int) -> tuple[bytes, int]:
    """What crosses folders here: ``**/`` or ``**``; nothing for stars that stay within a name."""
    end = at
    while pattern[end : end + 1] == b"*":
        end += 1
    rest = pattern[end:]
    leading = at == first or pattern[at - 1 : at] == b"/"
    if end - at == 1 or not leading or not (rest == b"" or rest.startswith((b"/", b"\\/"))):
        return b"", end
    if rest.startswith(b"/"):
        return b"(?:.*?/)??", end + 1
    return b".*?", end


def _one(pattern: bytes, at: int) -> tuple[bytes, int]:
    """The expression for one character of a name, and where the next one starts."""
    char = pattern[at : at + 1]
    if char == b"?":
        return b"[^/]", at + 1
    if char == b"[":
        return _bracket(pattern, at)
    if char == b"\\":
        if at + 1 >= len(pattern):
            raise _MalformedError
        return re.escape(pattern[at + 1 : at + 2]), at + 2
    return re.escape(char), at + 1


def _bracket(pattern: bytes, at: int) -> tuple[bytes, int]:
    """A bracket expression, from ``[`` on; never matches a slash."""
    at += 1
    negated = pattern[at : at + 1] in (b"!", b"^")
    at += negated
    parts: list[bytes] = []
    start = at
    while pattern[at : at + 1] != b"]" or at == start:
        if pattern[at : at + 2] == b"[:":
            close = pattern.find(b":]", at + 2)
            name = pattern[at + 2 : close] if close >= 0 else b""
            if name in _POSIX_CLASSES:
                parts.append(_POSIX_CLASSES[name])
                at = close + 2
                continue
            if close >= 0:
                raise _MalformedError
        low, at = _bracket_char(pattern, at)
        if pattern[at : at + 1] == b"-" and pattern[at + 1 : at + 2] not in (b"]", b""):
            high, at = _bracket_char(pattern, at + 1)
            if low <= high:
                parts.append(re.escape(low) + b"-" + re.escape(high))
        else:
            parts.append(re.escape(low))
    inner = b"".join(parts)
    if not inner:  # only empty ranges
        return (b"[^/]" if negated else b"(?!)"), at + 1
    return b"(?!/)[" + (b"^" if negated else b"") + inner + b"]", at + 1


def _bracket_char(pattern: bytes, at: int) -> tuple[bytes, int]:
    if pattern[at : at + 1] == b"\\":
        at += 1
    if at >= len(pattern):
        raise _MalformedError
    return pattern[at : at + 1], at + 1
