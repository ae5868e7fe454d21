"""YAML and JSON as composed trees with places: PyYAML nodes, read by libyaml where it is installed.

JSON that is surely the same in YAML goes a shorter way (:mod:`jsontree`) to the same nodes. What is hostile in a text
is found before it can hurt: libyaml composes by recursion in C (about 25,000 levels overflow an 8 MB stack), and an
alias is a shared node that whoever walks the tree would expand (:data:`ALIAS_BUDGET`).
"""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import yaml
from yaml.events import CollectionEndEvent, CollectionStartEvent, StreamEndEvent
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from iacguard.findings import Problem, ProblemKind
from iacguard.frontends.jsontree import read_json
from iacguard.frontends.yamlplaces import Origin, key_text
from iacguard.late import regex
from iacguard.record import record
from iacguard.source import SourceFile

#: Levels of nesting that are evaluated. Real templates and manifests stay below 40.
MAX_DEPTH = 100
#: Nodes that aliases may add to a document. Past it, it is an alias bomb.
ALIAS_BUDGET = 100_000
#: Documents of one file that may fail before the rest of it is given up.
MAX_BROKEN = 20

# Below these no nesting can come near what the C composer survives, however the text is made.
_SAFE_OPENERS = 1000
#: A line's lead, from the line feed before it: that is found several times as fast as ``^``.
_LONG_LEAD = regex(rb"\n[ \t?:-]{400}")
# Not the && of a shell: a name follows. An ampersand is looked for first, for that is looked for in C.
_ANCHOR = regex(rb"&(?<![^\s,\[{:-]&)[0-9A-Za-z_-]")
_SURROGATES = regex(rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")
_BOUNDARY = regex(r"^---(?=\s|\Z)", re.MULTILINE)
_NO_CONTENT = regex(r"(?:\s+|#[^\n]*|%[^\n]*)*")
_TEMPLATE = regex(r"\{\{(?!resolve:)|\{%")


@record
class Tree:
    """The documents of one file that could be read, in order, empty ones left out, and what could not be read.

    ``repeats``: in one of their mappings a key is written twice.
    """

    origin: Origin
    documents: tuple[Node, ...] = ()
    problems: tuple[Problem, ...] = ()
    repeats: bool = False


class _Resolver:
    """Leaves a plain scalar's tag empty: which value it is depends on the dialect, and most are never asked."""

    def resolve(self, kind: object, value: object, implicit: Any) -> str:
        # Of a scalar: whether it is plain, whether it is quoted.
        return "tag:yaml.org,2002:str" if kind is ScalarNode and not implicit[0] else ""

    # Called for every node, to no end: what is written in C and takes the arguments is called the quickest.
    descend_resolver = staticmethod(operator.is_)
    ascend_resolver = staticmethod(bool)


try:
    from yaml._yaml import CParser

    class _Composer(_Resolver, CParser):
        pass

except ImportError:  # PyYAML built without libyaml
    from yaml.composer import Composer
    from yaml.parser import Parser
    from yaml.reader import Reader
    from yaml.scanner import Scanner

    class _Composer(_Resolver, Reader, Scanner, Parser, Composer):  # type: ignore[no-redef]
        def __init__(self, stream: str | bytes) -> None:
            if isinstance(stream, bytes) and stream.lstrip()[:1] in (b"{", b"["):
                stream = stream.replace(b"\t", b" ")  # this scanner takes no tab between tokens, libyaml does
            Reader.__init__(self, stream)
            Scanner.__init__(self)
            Parser.__init__(self)
            Composer.__init__(self)

        def dispose(self) -> None: ...


def read(
    file: SourceFile, plain_key: Callable[[str], str | None], cut: Callable[[bytes], bytes] = lambda data: data
) -> Tree:
    """Compose every document of ``file``. Never raises for bad input.

    ``plain_key`` is the dialect's reading of an unquoted key. ``cut`` may blank out lines that need not be read, for
    speed; where the rest is no valid YAML then, the whole text is read after all.
    """
    origin = Origin(file, plain_key)
    root = read_json(file, MAX_DEPTH)
    if root is not None:
        return Tree(origin, (root,))
    data = file.data
    if b"\\u" in data and _SURROGATES.search(data):  # JSON's way to write what is past U+FFFF, unknown to libyaml
        data = _SURROGATES.sub(lambda m: json.loads(b'"' + m[0] + b'"').encode(), data)
    if _may_overflow(data):
        return Tree(origin, problems=(_too_deep(origin),))
    try:
        return _read(origin, data, cut)
    except RecursionError:  # only the composer without libyaml
        return Tree(origin, problems=(_too_deep(origin),))


def _read(origin: Origin, data: bytes, cut: Callable[[bytes], bytes]) -> Tree:
    lean = data if origin.odd_breaks else cut(data)
    if lean is not data:
        with suppress(yaml.YAMLError):
            return _checked(origin, list(_compose(lean)), [])
    try:
        return _checked(origin, list(_compose(data)), [])
    except yaml.YAMLError:
        return _checked(origin, *_recover(origin, data.decode("utf-8", errors="replace")))


def _compose(text: str | bytes) -> Iterator[Node]:
    composer = _Composer(text)
    try:
        while composer.check_node():
            node = composer.get_node()
            if node is not None and not (isinstance(node, ScalarNode) and not node.value):
                yield node
    finally:
        composer.dispose()


def _may_overflow(data: bytes) -> bool:
    """Whether composing could overflow the C stack. The parser below the composer does not recurse: ask it."""
    if data.count(b"[") + data.count(b"{") <= _SAFE_OPENERS and not _LONG_LEAD.search(b"\n" + data):
        return False
    if data.lstrip()[:1] in (b"{", b"["):
        try:
            json.loads(data)
        except RecursionError:
            return True
        except ValueError:
            pass
        else:
            return False
    depth = 0
    composer = _Composer(data)
    try:
        while not isinstance(event := composer.get_event(), StreamEndEvent | None):
            if isinstance(event, CollectionStartEvent):
                depth += 1
                if depth > _SAFE_OPENERS:
                    return True
            elif isinstance(event, CollectionEndEvent):
                depth -= 1
    except yaml.YAMLError:
        return False  # composing stops there too
    finally:
        composer.dispose()
    return False


def _recover(origin: Origin, text: str) -> tuple[list[Node], list[Problem]]:
    """Read what stands before and after the documents that are broken; one Problem for each of those."""
    documents: list[Node] = []
    problems: list[Problem] = []
    boundaries = [m.start() for m in _BOUNDARY.finditer(text)]
    start = 0
    while start < len(text):
        # Blanked, not cut off: the places of what follows stay the same.
        blanked = re.sub(r"[^\n]", " ", text[:start]) + text[start:]
        good: list[Node] = []
        try:
            for node in _compose(blanked):
                good.append(node)  # noqa: PERF402 -- what came before the error is kept
        except yaml.YAMLError as error:
            broken = _start_of_broken(text, start, good, boundaries)
            # What libyaml took for a document of its own before the error is a part of the broken one.
            documents += [node for node in good if node.start_mark.index < broken]
            start = next((b for b in boundaries if b > broken), len(text))
            problem = _syntax(origin, error, text[broken:start])
            if problem not in problems:
                problems.append(problem)
            if len(problems) == MAX_BROKEN and start < len(text):
                line = text.count("\n", 0, start) + 1
                problems.append(origin.problem_at("syntax", line, 1, "too many broken documents; the rest is not read"))
                break
        else:
            documents += good
            break
    return documents, problems


def _start_of_broken(text: str, start: int, good: list[Node], boundaries: list[int]) -> int:
    """Where the document that could not be read begins: the one that holds the first content after the good ones."""
    match = _NO_CONTENT.match(text, good[-1].end_mark.index if good else start)
    at = match.end() if match else start
    return max((b for b in boundaries if start <= b <= at), default=start)


def _syntax(origin: Origin, error: yaml.YAMLError, text: str) -> Problem:
    language = "JSON" if origin.file.data.lstrip()[:1] in (b"{", b"[") else "YAML"
    if _TEMPLATE.search(text):
        mark = error.problem_mark if isinstance(error, yaml.MarkedYAMLError) else None
        return template_problem(origin, *(origin.position(mark) if mark else (1, 1)))
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return _unreadable_character(origin, error)
    line, column = origin.position(error.problem_mark)
    source_line = origin.file.line(line)
    indent = source_line[: len(source_line) - len(source_line.lstrip())]
    if language == "YAML" and "\t" in indent:
        at = indent.index("\t") + 1
        message = "a tab is used for indentation; YAML allows only spaces"
        return origin.problem_at("syntax", line, at, message, "replace the tabs with spaces")
    if error.problem == "second occurrence":
        first = origin.position(error.context_mark)[0] if error.context_mark else line
        return origin.problem_at("syntax", line, column, f"this anchor is already defined on line {first}")
    context = ""
    if error.context and error.context_mark is not None:
        context = f" ({error.context} that starts on line {origin.position(error.context_mark)[0]})"
    return origin.problem_at("syntax", line, column, f"not valid {language}: {error.problem}{context}")


def _unreadable_character(origin: Origin, error: yaml.YAMLError) -> Problem:
    position = getattr(error, "position", 0)
    character = getattr(error, "character", None)
    code = character if isinstance(character, int) else ord(character[:1] or "\0") if character else 0
    line, column = origin.file.position(position if isinstance(position, int) else 0)
    return origin.problem_at("syntax", line, column, f"the character U+{code:04X} is not allowed in YAML")


def template_problem(origin: Origin, line: int, column: int) -> Problem:
    """The notice for text that becomes YAML only after a template engine has run over it."""
    return origin.problem_at(
        "not-evaluated",
        line,
        column,
        "this is a template (Helm, Jinja or alike) whose values are not known here",
        "render it and scan the result",
        notice=True,
    )


def _too_deep(origin: Origin, node: Node | None = None) -> Problem:
    message = f"nested more than {MAX_DEPTH} levels deep"
    return origin.problem_at("too-large", *(origin.start(node) if node else (1, 1)), message)


def _checked(origin: Origin, documents: list[Node], problems: list[Problem]) -> Tree:
    """Leave out the documents that nobody may walk: too deep, aliases that expand without end, odd keys."""
    data = origin.file.data
    aliased = b"&" in data and b"*" in data and _ANCHOR.search(data) is not None
    kept = []
    repeats = False
    for document in documents:
        found = _expansion(origin, document) if aliased else None
        if found is None:
            found, repeated = _first_fault(origin, document)
            repeats = repeats or repeated
        if found is None:
            kept.append(document)
        else:
            problems.append(found)
    return Tree(origin, tuple(kept), tuple(problems), repeats)


def _first_fault(origin: Origin, root: Node) -> tuple[Problem | None, bool]:
    """What keeps a document from being walked, and whether a key is written twice in one of its mappings."""
    repeats = False
    pending = [(root, 1)]
    while pending:
        node, depth = pending.pop()
        if depth > MAX_DEPTH:
            return _too_deep(origin, node), repeats
        if isinstance(node, MappingNode):
            names = set()
            for key, value in node.value:
                if type(key) is not ScalarNode:
                    return _odd_key(origin, key), repeats
                names.add(key.value)
                if type(value) is not ScalarNode:
                    pending.append((value, depth + 1))
            repeats = repeats or len(names) < len(node.value)
        elif isinstance(node, SequenceNode):
            pending += [(item, depth + 1) for item in node.value if type(item) is not ScalarNode]
    return None, repeats


def _odd_key(origin: Origin, key: Node) -> Problem:
    line, column = origin.start(key)
    if isinstance(key, MappingNode) and origin.file.line(line)[max(0, column - 2) :].lstrip().startswith("{"):
        return template_problem(origin, line, column)  # {{ x }} without quotes
    return origin.problem_at("syntax", line, column, "a list or a mapping is used as a key; only plain text can be one")


def _expansion(origin: Origin, root: Node) -> Problem | None:
    """Whether the aliases of a document expand past the budget or into themselves."""
    sizes: dict[int, int] = {}
    open_nodes: set[int] = set()
    pending: list[tuple[Node, bool]] = [(root, False)]
    while pending:
        node, done = pending.pop()
        key = id(node)
        if done:
            open_nodes.discard(key)
            sizes[key] = 1 + sum(sizes[id(child)] for child in _children(node))
        elif key in open_nodes:
            return origin.problem_at("syntax", *origin.start(node), "an alias refers to the node that it stands in")
        elif key not in sizes:
            if len(open_nodes) > MAX_DEPTH * 2:
                return _too_deep(origin, node)
            open_nodes.add(key)
            pending.append((node, True))
            pending += [(child, False) for child in _children(node) if id(child) not in sizes]
    if sizes[id(root)] - len(sizes) > ALIAS_BUDGET:
        message = f"aliases expand this document by more than {ALIAS_BUDGET:,} nodes"
        return origin.problem_at("too-large", *origin.start(root), message)
    return None


def _children(node: Node) -> list[Node]:
    if isinstance(node, MappingNode):
        return [child for pair in node.value for child in pair]
    return list(node.value) if isinstance(node, SequenceNode) else []


def duplicate_keys(tree: Tree, root: Node, kind: ProblemKind, outcome: str, notice: bool) -> Iterator[Problem]:
    """A Problem for each key that is written twice in one mapping of ``root``, a document of ``tree``.

    ``outcome`` says what follows from it.
    """
    pending = [root] if tree.repeats else []
    seen: set[int] = set()
    while pending:
        node = pending.pop()
        if isinstance(node, MappingNode) and id(node) not in seen:
            seen.add(id(node))
            if len({key.value for key, _ in node.value}) < len(node.value):
                yield from _duplicates(tree.origin, node, kind, outcome, notice)
            pending += [value for _, value in node.value if type(value) is not ScalarNode]
        elif isinstance(node, SequenceNode):
            pending += [item for item in node.value if type(item) is not ScalarNode]


def _duplicates(origin: Origin, node: MappingNode, kind: ProblemKind, outcome: str, notice: bool) -> Iterator[Problem]:
    first: dict[str, ScalarNode] = {}
    for key, _ in node.value:
        text = key_text(key, origin.plain_key)
        if key.tag == "" and text == "<<":
            continue
        if text in first:
            line, column = origin.start(key)
            earlier = origin.start(first[text])[0]
            message = f"the key {text!r} is here a second time, after line {earlier}; {outcome}"
            yield origin.problem_at(kind, line, column, message, notice=notice, width=len(text))
        else:
            first[text] = key
