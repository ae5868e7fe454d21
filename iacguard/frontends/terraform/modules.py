"""The modules of a scan: each folder's files read once and merged into declarations, whoever calls them.

Merging follows Terraform's "Override Files" and OpenTofu's rule that ``x.tofu`` stands in for ``x.tf``.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from iacguard.findings import Problem
from iacguard.frontends.contract import Workspace
from iacguard.frontends.terraform.scope import first_line, header
from iacguard.frontends.terraform.syntax import Attribute, Block, Document, Literal, ObjectExpr, Template
from iacguard.model import Span, Value
from iacguard.record import field, record
from iacguard.source import SourceFile

if TYPE_CHECKING:
    from iacguard.frontends.terraform.constraints import Constraint
    from iacguard.frontends.terraform.shared import Shared
    from iacguard.frontends.terraform.sources import Sources

_CODE = (".tf", ".tofu", ".tf.json", ".tofu.json")
#: Characters of the texts that are kept with what was computed of them.
_MAX_KEPT = 30_000_000
_MODES = {"resource": "managed", "data": "data", "ephemeral": "ephemeral"}


@record(frozen=False)
class Decl:
    """One declared block, with what override files changed in it: every part knows its file."""

    block: Block
    doc: Document
    attributes: dict[str, tuple[Attribute, Document]]
    blocks: list[tuple[Block, Document]]

    @staticmethod
    def of(block: Block, doc: Document) -> Decl:
        """The declaration as one block writes it."""
        body = block.body
        return Decl(block, doc, {a.name: (a, doc) for a in body.attributes}, [(b, doc) for b in body.blocks])

    @property
    def span(self) -> Span:
        """The block's header."""
        return header(self.doc, self.block)

    def override(self, block: Block, doc: Document) -> None:
        """Let a block of an override file replace arguments, and nested blocks of the kinds that it has."""
        for attribute in block.body.attributes:
            self.attributes[attribute.name] = (attribute, doc)
        kinds = {_kind(b) for b in block.body.blocks}
        self.blocks = [b for b in self.blocks if _kind(b[0]) not in kinds]
        self.blocks += [(b, doc) for b in block.body.blocks]

    def flag(self, name: str) -> bool | None:
        """The argument ``name`` where it is a plain bool."""
        found = self.attributes.get(name)
        if found is None or not isinstance(found[0].expr, Literal) or not isinstance(found[0].expr.value, bool):
            return None
        return found[0].expr.value

    def text(self, name: str) -> str | None:
        """The argument ``name`` where it is a plain text."""
        found = self.attributes.get(name)
        if found is None or not isinstance(found[0].expr, Literal) or not isinstance(found[0].expr.value, str):
            return None
        return found[0].expr.value


def _kind(block: Block) -> str:
    return block.labels[0] if block.type == "dynamic" and block.labels else block.type


@record(frozen=False)
class ModuleSource:
    """A folder's declarations.

    ``resources`` are by mode ("managed", "data", "ephemeral"), type and name, ``providers`` by the name that
    resources use them by: ``aws``, ``aws.west``; ``backends``, where the state is kept, by their kind: ``s3``.
    """

    folder: str
    documents: list[Document] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    variables: dict[str, Decl] = field(default_factory=dict)
    locals: dict[str, tuple[Attribute, Document]] = field(default_factory=dict)
    outputs: dict[str, Decl] = field(default_factory=dict)
    resources: dict[tuple[str, str, str], Decl] = field(default_factory=dict)
    calls: dict[str, Decl] = field(default_factory=dict)
    providers: dict[str, Decl] = field(default_factory=dict)
    backends: dict[str, Decl] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)
    #: The types of variables that were asked for, by the variable's name.
    types: dict[str, Constraint] = field(default_factory=dict)
    _shared: list[Shared] = field(default_factory=list)

    def type_of(self, name: str) -> Constraint:
        """The type of a variable; read once, however often the module is called."""
        found = self.types.get(name)
        if found is None:
            from iacguard.frontends.terraform.constraints import UNTYPED, constraint

            written = self.variables[name].attributes.get("type")
            found = self.types[name] = UNTYPED if written is None else constraint(written[0].expr)
        return found

    def shares(self, name: str) -> bool:
        """Whether a local has the same value in all instances of the module."""
        if not self._shared:
            from iacguard.frontends.terraform.shared import Shared

            self._shared.append(Shared(self.locals))
        return name in self._shared[0]

    def local_calls(self) -> Iterable[tuple[Decl, str]]:
        """The calls of modules by a path, and the folder that each means."""
        for call in self.calls.values():
            source = call.text("source")
            if source is not None and is_local(source):
                yield call, resolve(self.folder, source)


def is_local(source: str) -> bool:
    """Whether a module's source is a path."""
    return source.startswith(("./", "../")) or source in (".", "..")


def resolve(folder: str, source: str) -> str:
    """The folder that a path means, seen from ``folder``; begins with ``..`` where it leaves the base."""
    path = posixpath.normpath(posixpath.join(folder, source))
    return "" if path == "." else path


class Results:
    """Values that were computed before, by what they depend on. Ends growing at a bound."""

    __slots__ = ("_left", "_values")

    def __init__(self) -> None:
        self._values: dict[tuple[object, ...], Value] = {}
        self._left = _MAX_KEPT

    def get(self, key: tuple[object, ...]) -> Value:
        """The value; None where there is none yet."""
        return self._values.get(key)

    def put(self, key: tuple[object, ...], value: Value, size: int) -> None:
        """Keep a value that nobody changes; ``size`` is that of the texts that are kept with it, in characters."""
        self._left -= size + 100
        if self._left > 0:
            self._values[key] = value


class Library:
    """Every module by its folder, parsed when it is first asked for."""

    def __init__(
        self,
        files: Sequence[SourceFile],
        workspace: Workspace,
        unreadable: frozenset[str],
        sources: Sources | None = None,
    ) -> None:
        self.workspace = workspace
        self.sources = sources
        #: Whether a provider somewhere has tags for all its resources.
        self.has_default_tags = False
        #: Resource types that were looked up: whether they take tags.
        self.taggable: dict[str, bool] = {}
        self.unreadable = unreadable
        self.results = Results()
        self._inputs: dict[int, tuple[str, ...] | None] = {}
        self._given: dict[str, dict[str, SourceFile]] = {}
        self._modules: dict[str, ModuleSource | None] = {}
        self._templates: dict[tuple[str, bytes], tuple[Literal | Template | None, tuple[Problem, ...]]] = {}
        self._documents: dict[str, tuple[Document | None, tuple[Problem, ...]]] = {}
        for file in files:
            folder, _, name = file.path.rpartition("/")
            self._given.setdefault(folder, {})[name] = file

    @property
    def folders(self) -> list[str]:
        """The folders of the scan that hold code, sorted."""
        return sorted(folder for folder, names in self._given.items() if any(n.endswith(_CODE) for n in names))

    def names(self, folder: str) -> list[str]:
        """The names of the files in a folder, sorted."""
        if folder in self._given:
            return sorted(self._given[folder])
        return list(self.workspace.listing(folder))

    def document(self, folder: str, name: str) -> tuple[Document | None, tuple[Problem, ...]]:
        """One file's syntax, parsed once, and what was wrong with it."""
        path = posixpath.join(folder, name)
        if path not in self._documents:
            self._documents[path] = self._parse(folder, name, path)
        return self._documents[path]

    def _parse(self, folder: str, name: str, path: str) -> tuple[Document | None, tuple[Problem, ...]]:
        file = self._given.get(folder, {}).get(name) or self.workspace.read(path)
        if file is None:
            if path in self.unreadable:
                return None, ()
            return None, (Problem("unreadable", Span(path, 1, 1, 1, 2), "the file could not be read"),)
        return _parsed(file)

    def named(self, file: SourceFile) -> tuple[Document | None, tuple[Problem, ...]]:
        """The syntax of a file that the user named, parsed once."""
        key = f"named {file.key}"
        if key not in self._documents:
            self._documents[key] = _parsed(file)
        return self._documents[key]

    def template(self, file: SourceFile) -> tuple[Literal | Template | None, tuple[Problem, ...]]:
        """The syntax of a template file or a template in a string, parsed once."""
        key = (file.path, file.data)
        if key not in self._templates:
            from iacguard.frontends.terraform.parse import parse_template

            self._templates[key] = parse_template(file)
        return self._templates[key]

    def inputs_of(self, template: Literal | Template) -> tuple[str, ...] | None:
        """The variables that a template of this library uses; None where its text depends on more than them."""
        key = id(template)
        if key not in self._inputs:
            from iacguard.frontends.terraform.trails import inputs

            self._inputs[key] = inputs(template)
        return self._inputs[key]

    def module(self, folder: str) -> ModuleSource | None:
        """The module in ``folder``; None where the folder holds no code (or is not inside the base)."""
        if folder not in self._modules:
            self._modules[folder] = self._read(folder)
        return self._modules[folder]

    def _read(self, folder: str) -> ModuleSource | None:
        if folder.startswith(".."):
            return None
        names = [n for n in self.names(folder) if n.endswith(_CODE)]
        if not names:
            return None
        present = set(names)
        names = [n for n in names if not _is_replaced(n, present)]
        source = ModuleSource(folder)
        plain = [n for n in names if not is_override(n)]
        for name in [*plain, *(n for n in names if is_override(n))]:
            document, problems = self.document(folder, name)
            source.problems += problems
            if document is not None:
                source.documents.append(document)
                _declare(source, document, override=is_override(name))
                self.has_default_tags = self.has_default_tags or b"default_tags" in document.file.data
        return source


def _parsed(file: SourceFile) -> tuple[Document | None, tuple[Problem, ...]]:
    from iacguard.frontends.terraform.parse import parse

    return parse(file)


def _is_replaced(name: str, present: set[str]) -> bool:
    if name.endswith(".tf"):
        return name.removesuffix(".tf") + ".tofu" in present
    return name.endswith(".tf.json") and name.removesuffix(".tf.json") + ".tofu.json" in present


def is_override(name: str) -> bool:
    """Whether a file's blocks change those of the other files instead of adding to them."""
    stem = name.partition(".")[0] if name.startswith("override.") else name
    for end in (".tf.json", ".tofu.json", ".tf", ".tofu"):
        stem = stem.removesuffix(end)
    return stem == "override" or stem.endswith("_override")


def _declare(source: ModuleSource, doc: Document, *, override: bool) -> None:
    for block in doc.body.blocks:
        labels = block.labels
        if block.type == "locals":
            for attribute in block.body.attributes:
                _local(source, attribute, doc, override=override)
        elif block.type in _MODES and len(labels) == 2:
            key = (_MODES[block.type], labels[0], labels[1])
            _enter(source, source.resources, key, block, doc, override=override)
        elif block.type == "variable" and len(labels) == 1:
            _enter(source, source.variables, labels[0], block, doc, override=override)
        elif block.type == "output" and len(labels) == 1:
            _enter(source, source.outputs, labels[0], block, doc, override=override)
        elif block.type == "module" and len(labels) == 1:
            _enter(source, source.calls, labels[0], block, doc, override=override)
        elif block.type == "provider" and len(labels) == 1:
            _enter(source, source.providers, _provider_key(block), block, doc, override=override)
        elif block.type in ("terraform", "tofu"):
            _settings(source, block, doc, override=override)


def _local(source: ModuleSource, attribute: Attribute, doc: Document, *, override: bool) -> None:
    if attribute.name in source.locals and not override:
        _duplicate(source, f'local value "{attribute.name}"', first_line(doc, attribute.start, attribute.end))
        return
    source.locals[attribute.name] = (attribute, doc)


def _enter(
    source: ModuleSource, table: dict[Any, Decl], key: Any, block: Block, doc: Document, *, override: bool
) -> None:
    found = table.get(key)
    if found is None:
        table[key] = Decl.of(block, doc)
    elif override:
        found.override(block, doc)
    else:
        name = " ".join(f'"{label}"' for label in block.labels)
        _duplicate(source, f"{block.type} {name}", header(doc, block))
        if block.type in _MODES or block.type == "module":
            # What references mean is the first; the other is scanned as well, under a name that no code can write.
            number = 2
            while _numbered(key, number) in table:
                number += 1
            table[_numbered(key, number)] = Decl.of(block, doc)


def _duplicate(source: ModuleSource, what: str, span: Span) -> None:
    message = f"{what} is declared twice in this module; references mean the first"
    hint = "terraform would refuse this: rename or remove one"
    source.problems.append(Problem("value", span, message, hint, notice=True))


def _numbered(key: Any, number: int) -> Any:
    """The name of one more block that has the name of another."""
    return (*key[:-1], f"{key[-1]} ({number})") if isinstance(key, tuple) else f"{key} ({number})"


def _provider_key(block: Block) -> str:
    alias = block.body.attribute("alias")
    named = alias is not None and isinstance(alias.expr, Literal)
    return f"{block.labels[0]}.{alias.expr.value}" if named else block.labels[0]  # type: ignore[union-attr]


def _settings(source: ModuleSource, block: Block, doc: Document, *, override: bool) -> None:
    for attribute in block.body.attributes:
        if attribute.name == "required_version" and isinstance(attribute.expr, Literal):
            source.facts["terraform"] = str(attribute.expr.value)
    for inner in block.body.of_type("required_providers"):
        for attribute in inner.body.attributes:
            _provider(source, attribute)
    for inner in (*block.body.of_type("backend"), *block.body.of_type("cloud")):
        if override:
            source.backends.clear()  # of where the state is kept, an override file leaves nothing
        kind = inner.labels[0] if inner.labels else inner.type
        _enter(source, source.backends, kind, inner, doc, override=override)


def _provider(source: ModuleSource, attribute: Attribute) -> None:
    version: object = ""
    if isinstance(attribute.expr, Literal):
        version = attribute.expr.value
    elif isinstance(attribute.expr, ObjectExpr):
        for key, value in attribute.expr.items:
            if isinstance(key, Literal) and key.value == "version" and isinstance(value, Literal):
                version = value.value
    source.facts.setdefault(f"provider:{attribute.name}", version if isinstance(version, str) else "")
