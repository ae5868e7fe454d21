"""``fileset``'s patterns: ``*``, ``**``, ``?``, ``[abc]``, ``[^a-z]`` and ``{x,y}`` (the doublestar library's)."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from iacguard.frontends.contract import Workspace
from iacguard.frontends.terraform.functions.context import FunctionError, NotEvaluatedError
from iacguard.late import regex

MAX_ALTERNATIVES = 64
MAX_FOLDERS = 5_000
MAX_DEPTH = 30


def matching(workspace: Workspace, folder: str, pattern: str, limit: int) -> list[str]:
    """The files below ``folder`` whose relative path matches. Raises NotEvaluatedError where there are too many."""
    found: dict[str, None] = {}
    for alternative in _alternatives(pattern):
        parts = posixpath.normpath(alternative).split("/")
        if ".." in parts:
            raise NotEvaluatedError("a fileset pattern that leads to a parent folder is not evaluated")
        literal: list[str] = []
        while len(parts) > 1 and not set(parts[0]) & set("*?[\\"):
            literal.append(parts.pop(0))
        start = posixpath.join(folder, *literal)
        prefix = "".join(f"{part}/" for part in literal)
        matches = re.compile(_expression(parts)).fullmatch
        for name in _walk(workspace, start, len(parts) if "**" not in parts else MAX_DEPTH):
            if matches(name):
                found[prefix + name] = None
            if len(found) > limit:
                raise NotEvaluatedError("the fileset has too many files")
    return list(found)


def _walk(workspace: Workspace, start: str, depth: int) -> Iterator[str]:
    pending = [("", 1)]
    visited = 0
    while pending:
        inner, level = pending.pop()
        visited += 1
        if visited > MAX_FOLDERS:
            raise NotEvaluatedError("the fileset has too many folders")
        folder = posixpath.join(start, inner) if inner else start
        for name in workspace.listing(folder):
            yield posixpath.join(inner, name)
        if level < depth:
            pending += [(posixpath.join(inner, name), level + 1) for name in workspace.folders(folder)]


def _alternatives(pattern: str) -> list[str]:
    """The pattern once for each way through its braces."""
    done: list[str] = []
    pending = [pattern]
    while pending:
        text = pending.pop()
        opening = text.find("{")
        if opening < 0:
            done.append(text)
            continue
        branches, end = _branches(text, opening)
        pending += [text[:opening] + branch + text[end:] for branch in branches]
        if len(pending) + len(done) > MAX_ALTERNATIVES:
            raise NotEvaluatedError("the fileset pattern has too many alternatives")
    return done


def _branches(text: str, opening: int) -> tuple[list[str], int]:
    depth = 0
    start = opening + 1
    branches: list[str] = []
    for at in range(opening, len(text)):
        if text[at] == "{":
            depth += 1
        elif text[at] == "}":
            depth -= 1
            if depth == 0:
                return [*branches, text[start:at]], at + 1
        elif text[at] == "," and depth == 1:
            branches.append(text[start:at])
            start = at + 1
    raise FunctionError("the pattern has an unclosed brace")


def _expression(parts: list[str]) -> str:
    result = []
    for index, part in enumerate(parts):
        last = index == len(parts) - 1
        if part == "**":
            result.append(".*" if last else "(?:[^/]+/)*")
        else:
            result.append(_part(part) + ("" if last else "/"))
    return "(?s:" + "".join(result) + ")"


_TOKEN = regex(r"\*+|\?|\[([!^]?)((?:\\.|[^\]\\])+)\]|\\(.)|(.)", re.DOTALL)


def _part(part: str) -> str:
    def token(found: re.Match[str]) -> str:
        if found[0][0] == "*":
            return "[^/]*"
        if found[0] == "?":
            return "[^/]"
        if found[2] is not None:
            body = re.sub(r"\\(.)|([\[&~|])", lambda m: "\\" + (m[1] or m[2]), found[2])
            return f"[{'^' if found[1] else ''}{body}]"
        if found[0] == "[":
            raise FunctionError("the pattern has an unclosed bracket")
        return re.escape(found[3] or found[4])

    return _TOKEN.sub(token, part)
