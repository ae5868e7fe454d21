"""Where an expression is evaluated: the module instance, the file, the names that are bound; and one run's state."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol

from iacguard.findings import Problem, ProblemKind
from iacguard.frontends.contract import Workspace
from iacguard.frontends.terraform.syntax import Block, Document, Expr, Node
from iacguard.frontends.terraform.values import EvalError, LimitError
from iacguard.model import Span, Unknown, Value

if TYPE_CHECKING:
    from iacguard.frontends.terraform.modules import Decl, Library

#: Nested evaluations: expressions, and the locals, variables and outputs they lead to. Real code reaches 150.
MAX_DEPTH = 400
#: Rounds of all ``for`` expressions and template loops of one stack.
MAX_ROUNDS = 3_000_000


class Module(Protocol):
    """What expressions ask of the module instance they stand in."""

    @property
    def folder(self) -> str: ...
    def variable(self, name: str, node: Node, scope: Scope) -> Value: ...
    def local(self, name: str, node: Node, scope: Scope) -> Value: ...
    def resource(self, mode: str, type_: str, name: str, node: Node, scope: Scope) -> Value: ...
    def called(self, name: str, node: Node, scope: Scope) -> Value: ...


class Run:
    """The state of evaluating one stack: its problems, its bounds and what it may read."""

    __slots__ = (
        "depth",
        "doubts",
        "evaluate",
        "instances",
        "library",
        "manifest",
        "problems",
        "risks",
        "root_folder",
        "rounds",
        "shared",
        "unknown_defaults",
        "workspace",
    )

    def __init__(
        self,
        evaluate: Callable[[Expr, Scope], Value],
        workspace: Workspace,
        library: Library,
        root_folder: str,
        manifest: Mapping[str, str],
    ) -> None:
        self.evaluate = evaluate
        self.workspace = workspace
        self.library = library
        self.manifest = manifest
        self.root_folder = root_folder
        self.problems: dict[Problem, None] = {}
        self.instances: dict[int, int] = {}
        self.depth = 0
        self.rounds = 0
        self.doubts = 0
        #: How often something was looked for in a value that is not known, so that it may not be there.
        self.risks = 0
        #: Values of locals that all instances of their module have alike, by the module's folder and their name.
        self.shared: dict[tuple[str, str], Value] = {}
        self.unknown_defaults = False

    def report(self, kind: ProblemKind, span: Span, message: str, hint: str = "", *, notice: bool = False) -> None:
        """Note a problem, once."""
        self.problems[Problem(kind, span, message, hint, notice)] = None

    def tick(self) -> None:
        """Count one round of a loop. Raises LimitError when there were too many."""
        self.rounds += 1
        if self.rounds > MAX_ROUNDS:
            raise LimitError(f"its loops have more than {MAX_ROUNDS:,} rounds")

    def failed(self, error: EvalError, doc: Document, node: Node) -> Unknown:
        """Report that ``node`` cannot be evaluated; what stands in its place."""
        start, end = (error.start, error.end) if error.start >= 0 else (node.start, node.end)
        span = first_line(doc, start, end)
        refused = error.kind in ("value", "reference")
        hint = "terraform would refuse this; what depends on it is not known here" if refused else ""
        if error.kind == "internal":
            hint = "this is a defect of iacguard; please report it with the file"
        self.report(error.kind, span, error.message, hint, notice=refused)
        return Unknown(error.message, "error" if refused else "limit", span)


class Scope:
    """The surroundings of an expression.

    ``owner`` is the declared block that binds ``each`` or ``count``, ``item`` the current item of a splat.
    """

    __slots__ = ("doc", "item", "module", "names", "owner", "run")

    def __init__(
        self,
        run: Run,
        module: Module,
        doc: Document,
        names: Mapping[str, Value],
        item: Value = None,
        owner: Decl | None = None,
    ) -> None:
        self.owner = owner
        self.run = run
        self.module = module
        self.doc = doc
        self.names = names
        self.item = item

    def within(self, names: Mapping[str, Value]) -> Scope:
        """This scope with more names bound."""
        return Scope(self.run, self.module, self.doc, {**self.names, **names}, self.item, self.owner)

    def of_item(self, item: Value) -> Scope:
        """This scope with a splat's item."""
        return Scope(self.run, self.module, self.doc, self.names, item, self.owner)

    def in_file(self, doc: Document) -> Scope:
        """This scope for an expression of another file of the module."""
        return self if doc is self.doc else Scope(self.run, self.module, doc, self.names, self.item, self.owner)

    def span(self, node: Node) -> Span:
        """The first line of ``node``."""
        return first_line(self.doc, node.start, node.end)


class RoundScope(Scope):
    """The scope of a ``dynamic`` block's content in one round: ``iterator`` is bound to an item of ``for_each``."""

    __slots__ = ("for_each", "iterator", "outer")

    def __init__(self, outer: Scope, iterator: str, item: Mapping[str, Value], for_each: Expr) -> None:
        super().__init__(outer.run, outer.module, outer.doc, {**outer.names, iterator: item}, outer.item, outer.owner)
        self.outer = outer
        self.iterator = iterator
        self.for_each = for_each


def first_line(doc: Document, start: int, end: int) -> Span:
    """The span of bytes ``start`` to ``end`` of a file, cut at the end of its first line."""
    file = doc.file
    newline = file.data.find(b"\n", start, end)
    if newline >= 0:
        end = newline - 1 if file.data[newline - 1 : newline] == b"\r" else newline
    return file.span(start, max(end, start))


def header(doc: Document, block: Block) -> Span:
    """The span of a block's header, without its brace."""
    text = doc.file.data[block.start : block.header_end]
    return first_line(doc, block.start, block.start + len(text.rstrip()))
