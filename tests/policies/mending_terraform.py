"""Snippets merged into Terraform, by lines: the examples are formatted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_HEREDOC = re.compile(r"<<[-~]?(\w+)\s*\Z")
_HEADER = re.compile(r'([\w-]+)((?:\s+"[^"]*")*)\s*\{(.*)\Z')
_REFERENCE = re.compile(r"\b(data\.|ephemeral\.)?((?:aws|azurerm|azuread|google|kubernetes|random|time)_\w+)\.(\w+)")
_MODES = ("merge", "replace", "append")
_BLOCKS = ("resource", "data", "module", "variable", "locals", "provider", "output", "ephemeral")
_STATEMENT = frozenset(
    ("statement", "condition", "principals", "actions", "resources", "not_actions", "effect", "not_principals")
)


class Entry(NamedTuple):
    """An argument (``body`` is None) or a block: its key (name and labels) and its text."""

    key: str
    text: str
    body: tuple[Entry, ...] | None = None


_ROLE = Entry(
    "principals",
    "",
    (Entry("type", 'type = "AWS"'), Entry("identifiers", 'identifiers = ["arn:aws:iam::123456789012:role/app"]')),
)


def merge(code: str, snippet: str, address: str, without: str) -> Iterator[str]:
    """The code with the snippet in it; ``without`` names what is taken out first, "" for nothing."""
    type_, name = re.sub(r"\[[^]]*\]", "", address).split(".")[-2:]
    judged = f'resource "{type_}" "{name}"'
    body = _less(parse(code.splitlines()), without)
    for text in _aimed(snippet, body, f"{type_}.{name}"):
        change = parse(text.splitlines())
        if change and {e.key for e in change} <= _STATEMENT:
            yield from _with_document(body, change)
        if any(e.key.split(" ")[0] in _BLOCKS and e.body is not None for e in change):
            yield from (_declared(_with_blocks(body, change, mode)) for mode in _MODES)
            for new in change:
                if new.key.startswith(f'resource "{type_}" '):
                    yield _declared(tuple(Entry(e.key, "", new.body) if e.key == judged else e for e in body))
            continue
        paths = sorted(_paths(body, ()), key=lambda p: (body[p[0]].key != judged, len(p)))
        yield from (_declared(_put(body, path, change, mode)) for mode in _MODES for path in paths)


def parse(lines: list[str]) -> tuple[Entry, ...]:
    entries: list[Entry] = []
    at = 0
    while at < len(lines):
        line = lines[at].strip()
        if not line or line.startswith(("#", "//")):
            at += 1
            continue
        end = _end(lines, at)
        header = _HEADER.match(line)
        if header and end - at > 1:
            entries.append(Entry(_key(header), "", parse(lines[at + 1 : end - 1])))
        elif header:
            inner = header[3].rstrip().removesuffix("}").strip()
            entries.append(Entry(_key(header), "", parse([inner] if inner else [])))
        else:
            entries.append(Entry(re.split(r"\s*=", line)[0], "\n".join(lines[at:end])))
        at = end
    return tuple(entries)


def _key(header: re.Match[str]) -> str:
    return " ".join([header[1], *re.findall(r'"[^"]*"', header[2])])


def _end(lines: list[str], at: int) -> int:
    """The line after the entry that begins at ``at``."""
    depth = 0
    while at < len(lines):
        bare = re.sub(r'"(?:[^"\\]|\\.)*"', '""', lines[at].partition(" #")[0])
        heredoc = _HEREDOC.search(lines[at])
        depth += len(re.findall(r"[{[(]", bare)) - len(re.findall(r"[])}]", bare))
        at += 1
        if heredoc:
            while at < len(lines) and lines[at].strip() != heredoc[1]:
                at += 1
            at += 1
        if depth <= 0:
            return at
    return at


def render(entries: tuple[Entry, ...]) -> str:
    return "\n".join(e.text if e.body is None else f"{e.key} {{\n{render(e.body)}\n}}" for e in entries)


def _merged(body: tuple[Entry, ...], change: tuple[Entry, ...], mode: str) -> tuple[Entry, ...]:
    """``body`` with ``change`` in it; ``mode`` says what happens to blocks of the same name."""
    out = list(body)
    for new in change:
        same = [i for i, e in enumerate(out) if e.key in (new.key, f'dynamic "{new.key}"')]
        if new.body is None or not same or mode == "replace":
            out = [e for i, e in enumerate(out) if i not in same] + [new]
        elif mode == "append":
            out.append(new)
        else:
            for i in [i for i in same if _named(out[i]) == _named(new)] or same:
                out[i] = Entry(out[i].key, "", _merged(out[i].body or (), new.body, mode))
    return tuple(out)


def _named(entry: Entry) -> str:
    texts = [e.text for e in entry.body or () if e.key == "name"]
    return re.sub(r"\s+", " ", texts[0]).strip() if texts else ""


def _aimed(snippet: str, body: tuple[Entry, ...], judged: str) -> Iterator[str]:
    """The snippet, then with each resource that it refers to and that is not there being one that is, of its type."""
    yield snippet
    type_ = judged.partition(".")[0]
    if f'"{type_}" "' not in snippet:
        yield re.sub(rf"\b{type_}\.\w+", judged, snippet)
    there = [re.findall(r'"([^"]*)"', e.key) for e in body if e.key.startswith("resource ")]
    for prefix, kind, name in dict.fromkeys(_REFERENCE.findall(snippet)):
        for other in [n for k, n in there if k == kind and n != name and not prefix]:
            yield re.sub(rf"\b{kind}\.{name}\b", f"{kind}.{other}", snippet)


def _less(body: tuple[Entry, ...], name: str) -> tuple[Entry, ...]:
    """Blocks without the arguments and blocks of this name, at any depth."""
    kept = (e for e in body if e.key.removeprefix("dynamic ").split(" ")[0].strip('"') != name)
    return tuple(e if e.body is None else Entry(e.key, "", _less(e.body, name)) for e in kept)


def _with_document(body: tuple[Entry, ...], change: tuple[Entry, ...]) -> Iterator[str]:
    """The statement, or parts of one, as a document for every argument that holds one as JSON."""
    if change[0].key != "statement":
        given = {e.key for e in change}
        rest = (Entry("actions", 'actions = ["s3:GetObject"]'), Entry("resources", 'resources = ["arn:aws:s3:::a/*"]'))
        part = (*change, *(e for e in (*rest, _ROLE) if e.key not in given and f"not_{e.key}" not in given))
        for parts in (part, tuple(e for e in part if e is not _ROLE and e.key != "resources")):
            yield from _with_document(body, (Entry("statement", "", parts),))
        return
    document = Entry('data "aws_iam_policy_document" "fix"', "", change)
    out = []
    for block in body:
        arguments = tuple(
            Entry(e.key, f"{e.key} = data.aws_iam_policy_document.fix.json") if "Statement" in e.text else e
            for e in block.body or ()
        )
        out.append(block if block.body is None else Entry(block.key, "", arguments))
    yield _declared((*out, document))


def _with_blocks(body: tuple[Entry, ...], change: tuple[Entry, ...], mode: str) -> tuple[Entry, ...]:
    """Top-level blocks: each goes to the block of its type, if there is one and it has no other by name."""
    out = list(body)
    for new in change:
        same = [i for i, e in enumerate(out) if e.key == new.key]
        kin = [i for i, e in enumerate(out) if e.key.rsplit(" ", 1)[0] == new.key.rsplit(" ", 1)[0]]
        for i in same or ([] if mode == "append" else kin):
            out[i] = Entry(out[i].key, "", _merged(out[i].body or (), new.body or (), mode))
        if not same and (mode == "append" or not kin):
            out.append(new)
    return tuple(out)


def _paths(body: tuple[Entry, ...], here: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    for i, entry in enumerate(body):
        if entry.body is not None:
            yield (*here, i)
            yield from _paths(entry.body, (*here, i))


def _put(body: tuple[Entry, ...], path: tuple[int, ...], change: tuple[Entry, ...], mode: str) -> tuple[Entry, ...]:
    if not path:
        return _merged(body, change, mode)
    entry = body[path[0]]
    inner = _put(entry.body or (), path[1:], change, mode)
    return (*body[: path[0]], Entry(entry.key, "", inner), *body[path[0] + 1 :])


def _declared(body: tuple[Entry, ...]) -> str:
    """The text, with empty blocks for what the snippet refers to."""
    text = render(body)
    for prefix, type_, name in dict.fromkeys(_REFERENCE.findall(text)):
        block = prefix.rstrip(".") or "resource"
        if f'{block} "{type_}" "{name}"' not in text:
            text += f'\n{block} "{type_}" "{name}" {{}}'
    for name in dict.fromkeys(re.findall(r"\bvar\.(\w+)", text)):
        if f'variable "{name}"' not in text:
            text += f'\nvariable "{name}" {{}}'
    return text
