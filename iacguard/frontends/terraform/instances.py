"""Module and resource instances: evaluated when asked for, each value once, so that order never matters."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from iacguard.frontends.terraform import documents
from iacguard.frontends.terraform.access import known_ends, surely_present
from iacguard.frontends.terraform.blocks import argument, argument_value, block_type, evaluated
from iacguard.frontends.terraform.constraints import Constraint, conform
from iacguard.frontends.terraform.expansion import Names, expand, key_text
from iacguard.frontends.terraform.linking import CALL_META, called_module, check_arguments
from iacguard.frontends.terraform.modules import Decl, ModuleSource
from iacguard.frontends.terraform.places import BodyPlace
from iacguard.frontends.terraform.scope import Run, Scope, first_line
from iacguard.frontends.terraform.syntax import Document, Node
from iacguard.frontends.terraform.values import EvalError, Opaque, Open, as_secret, bare, link
from iacguard.frontends.terraform.variables import Given
from iacguard.model import REST, Reference, Span, Unknown, UnknownKind, Value
from iacguard.record import replace

#: Arguments and blocks of Terraform itself inside a resource: no attributes of it.
META = frozenset(["count", "for_each", "provider", "depends_on", "lifecycle", "provisioner", "connection"])
_RUNNING = object()
_MISSING = object()


class Instance(Opaque):
    """One instance of a resource or data block. ``certain``: it surely exists."""

    __slots__ = ("address", "certain", "decl", "memo", "mode", "module", "place", "scope", "type")

    def __init__(
        self, module: ModuleInstance, key: tuple[str, str, str], decl: Decl, index: str, names: Names, certain: bool
    ) -> None:
        self.mode, self.type, name = key
        prefix = "" if self.mode == "managed" else f"{self.mode}."
        self.module = module
        self.decl = decl
        self.address = f"{module.prefix}{prefix}{self.type}{name and '.'}{name}{index}"
        self.scope = Scope(module.run, module, decl.doc, names, owner=decl)
        self.certain = certain
        self.memo: dict[str, Value] = {}
        self.place = BodyPlace(decl.block, self.scope)

    def names(self) -> list[str]:
        """The arguments and kinds of blocks that are written, without Terraform's own."""
        found = dict.fromkeys(self.decl.attributes)
        found.update(dict.fromkeys(block_type(block) for block, _ in self.decl.blocks))
        if self.mode == "module":
            found.pop("providers", None)
        return [name for name in found if name not in META]

    def raw(self, name: str) -> Value:
        """The value of an argument or the list of blocks as written; None where there is nothing."""
        value = self.memo.get(name, _MISSING)
        if value is _RUNNING:
            return _cycle(self.scope.run, f"{self.address}.{name}", self.decl.span)
        if value is not _MISSING:
            return value
        self.memo[name] = _RUNNING
        risks = self.scope.run.risks
        try:
            value = self._evaluate(name)
        except BaseException:
            del self.memo[name]
            raise
        self.memo[name] = value
        self.scope.run.risks = risks
        return value

    def _evaluate(self, name: str) -> Value:
        written = self.decl.attributes.get(name)
        blocks = [(b, doc) for b, doc in self.decl.blocks if block_type(b) == name]
        value = None if written is None else argument(written[0], self.scope.in_file(written[1]))
        if not blocks:
            return value
        values, places = evaluated(blocks, self.scope)
        if not values:
            return value
        if isinstance(value, list):
            return [*value, *values]
        self.place.nested[name] = places
        return values

    def attribute(self, name: str) -> Value:
        """What a reference to ``name`` gives: the value that is written, else one that the provider computes."""
        if not self.certain:
            self.scope.run.doubts += 1
        if self.mode != "managed":
            known = documents.attribute(self, name)
            if known is not None:
                return known
        value = self.raw(name) if name not in META else None
        if value is None:
            return self.computed(name)
        if name in self.memo and self.place.nested.get(name):
            value = [{REST: self.computed(name), **v} if isinstance(v, dict) else v for v in value]
        return link(value, (Reference(self.address, name),))

    def computed(self, name: str) -> Unknown:
        """The attribute ``name`` as something that only the provider knows."""
        kind: UnknownKind = "data" if self.mode != "managed" else "computed"
        dotted = f"{self.address}.{name}" if name else self.address
        reason = (
            f"{dotted}{looked_up(self)} is read when planning" if kind == "data" else f"{dotted} is known after apply"
        )
        present = self.certain and surely_present(kind, self.type, name)
        own = Unknown(reason, kind, reference=Reference(self.address, name), present=present)
        begins, ends = known_ends(kind, self.type, name, self.raw) if self.certain else ("", "")
        if not begins and not ends:
            return own
        return replace(own, parts=(begins, Unknown(reason, kind), ends), present=True)

    def unknown(self) -> Unknown:
        """The resource as a whole."""
        return self.computed("")

    def as_object(self) -> Value:
        """All that is written, and that there is more."""
        written = {name: self.attribute(name) for name in self.names()}
        return {**written, REST: replace(self.computed(""), present=False)}


class ModuleInstance(Opaque):
    """One instance of a module: its own variables, locals, outputs and resources, all lazy."""

    __slots__ = (
        "address",
        "call",
        "call_scope",
        "certain",
        "folders",
        "given",
        "memo",
        "names_path",
        "prefix",
        "run",
        "source",
    )

    def __init__(
        self,
        run: Run,
        source: ModuleSource,
        *,
        given: Mapping[str, Given] | None = None,
        address: str = "",
        names_path: tuple[str, ...] = (),
        call: Decl | None = None,
        call_scope: Scope | None = None,
        folders: tuple[str, ...] = (),
        certain: bool = True,
    ) -> None:
        self.run = run
        self.source = source
        self.given = given or {}
        self.address = address
        self.prefix = f"{address}." if address else ""
        self.names_path = names_path
        self.call = call
        self.call_scope = call_scope
        self.folders = (*folders, source.folder)
        self.certain = certain
        self.memo: dict[tuple[str, ...], Value] = {}

    @property
    def folder(self) -> str:
        """The module's folder, relative to the base."""
        return self.source.folder

    def scope(self, doc: Document) -> Scope:
        """The scope of the module's own expressions in one of its files."""
        return Scope(self.run, self, doc, {})

    def _once(self, key: tuple[str, ...], what: str, where: Callable[[], Span], compute: Callable[[], Value]) -> Value:
        value = self.memo.get(key, _MISSING)
        if value is _RUNNING:
            return _cycle(self.run, what, where())
        if value is _MISSING:
            self.memo[key] = _RUNNING
            risks = self.run.risks
            try:
                value = compute()
            except BaseException:
                del self.memo[key]
                raise
            self.memo[key] = value
            self.run.risks = risks  # what may fail in there fails there, and not where its value is used
        return value

    # ---- variables, locals, outputs

    def variable(self, name: str, node: Node, scope: Scope) -> Value:
        """``var.name``."""
        value = self.memo.get(("var", name), _MISSING)
        if value is not _MISSING and value is not _RUNNING:
            return value
        decl = self.source.variables.get(name)
        if decl is None:
            return _undeclared(scope, node, f'the variable "{name}"')
        return self._once(("var", name), f"var.{name}", lambda: decl.span, lambda: self._variable(name, decl))

    def _variable(self, name: str, decl: Decl) -> Value:
        wanted = self.source.type_of(name)
        value = self._given(name, wanted)
        default = decl.attributes.get("default")
        if value is _MISSING or (value is None and decl.flag("nullable") is False):
            if default is None:
                return self._no_value(name, decl)
            if self.call is None and self.run.unknown_defaults:
                reason = f'variable "{name}" has only a default, which may be replaced'
                return Unknown(reason, "variable", decl.span, secret=decl.flag("sensitive") is True)
            value = argument_value(default[0].expr, default[0], self.scope(default[1]))
        try:
            value = conform(value, wanted, lambda expr: self.run.evaluate(expr, self.scope(decl.doc)))
        except EvalError as error:
            where, doc = (default[0], default[1]) if default is not None else (decl.block, decl.doc)
            message = f'the value of variable "{name}" does not fit its type: {error.message}'
            value = self.run.failed(EvalError(message, error.kind), doc, where)
        if decl.flag("sensitive") is True:
            return as_secret(value)
        return value

    def _given(self, name: str, wanted: Constraint) -> Value:
        if self.call is not None and self.call_scope is not None:
            found = self.call.attributes.get(name)
            if found is None or name in CALL_META:
                return _MISSING
            return argument_value(found[0].expr, found[0], self.call_scope.in_file(found[1]))
        given = self.given.get(name)
        if given is None:
            return _MISSING
        if given.attribute is not None and given.doc is not None:
            return argument_value(given.attribute.expr, given.attribute, self.scope(given.doc))
        return self._from_text(given.text, wanted)

    def _from_text(self, text: str, wanted: Constraint) -> Value:
        """A value of the command line: its text where the variable is a primitive or has no type, else HCL."""
        if wanted.is_text:
            return text
        from iacguard.frontends.terraform.parse import parse_expression
        from iacguard.frontends.terraform.syntax import Body
        from iacguard.source import SourceFile

        file = SourceFile("--var", text.encode())
        expr, problems = parse_expression(file)
        for problem in problems:
            self.run.problems[problem] = None
        if expr is None:
            return Unknown("the value on the command line cannot be read", "error")
        return argument_value(expr, expr, self.scope(Document(file, Body(0, 0, (), ()))))

    def _no_value(self, name: str, decl: Decl) -> Unknown:
        secret = decl.flag("sensitive") is True
        reason = f'variable "{name}" has no default'
        if self.call is not None:
            reason = f'variable "{name}" has no default and {self.address} gives it no value'
        return Unknown(reason, "variable", decl.span, secret=secret)

    def local(self, name: str, node: Node, scope: Scope) -> Value:
        """``local.name``."""
        value = self.memo.get(("local", name), _MISSING)
        if value is not _MISSING and value is not _RUNNING:
            return value
        found = self.source.locals.get(name)
        if found is None:
            return _undeclared(scope, node, f'the local value "{name}"')
        shared = self.run.shared
        place = (self.source.folder, name)
        if place in shared:
            value = self.memo["local", name] = shared[place]
            return value
        attribute, doc = found
        value = self._once(
            ("local", name),
            f"local.{name}",
            lambda: first_line(doc, attribute.start, attribute.end),
            lambda: argument_value(attribute.expr, attribute, self.scope(doc)),
        )
        # Of the root there is one instance; and what failed may have failed for where it was asked from.
        if self.call is not None and type(value) is not Unknown and self.source.shares(name):
            shared[place] = value
        return value

    def attribute(self, name: str) -> Value:
        """An output of the module."""
        if not self.certain:
            self.run.doubts += 1
        decl = self.source.outputs.get(name)
        if decl is None:
            raise EvalError(f'{self.address} has no output "{name}"', "reference")
        return self._once(("output", name), f"{self.address}.{name}", lambda: decl.span, lambda: self._output(decl))

    def _output(self, decl: Decl) -> Value:
        found = decl.attributes.get("value")
        if found is None:
            return Unknown("the output has no value", "error", decl.span)
        return argument_value(found[0].expr, found[0], self.scope(found[1]))

    def unknown(self) -> Unknown:
        """The module as a whole."""
        return Unknown(f"{self.address} is a module", "expression")

    def as_object(self) -> Value:
        """All outputs."""
        return {name: self.attribute(name) for name in self.source.outputs}

    # ---- resources and modules

    def resource(self, mode: str, type_: str, name: str, node: Node, scope: Scope) -> Value:
        """``type.name``: an instance, or a list or map of them."""
        key = (mode, type_, name)
        if key not in self.source.resources:
            prefix = "" if mode == "managed" else f"{mode}."
            return _undeclared(scope, node, f"{prefix}{type_}.{name}")
        return self.instances(key)

    def instances(self, key: tuple[str, str, str]) -> Value:
        """All instances of a resource or data block, as a reference to it sees them."""
        decl = self.source.resources[key]

        def make(index: str, names: Names, certain: bool) -> Value:
            return Instance(self, key, decl, index, names, certain)

        return self._expanded(("resource", *key), ".".join(key[1:]), decl, make)

    def called(self, name: str, node: Node, scope: Scope) -> Value:
        """``module.name``: an instance, or a list or map of them; unknown where its code is not at hand."""
        if name not in self.source.calls:
            return _undeclared(scope, node, f'the module "{name}"')
        return self.children(name)

    def children(self, name: str) -> Value:
        """All instances of a module call, as a reference to it sees them."""
        decl = self.source.calls[name]
        key = ("module", name)
        if key in self.memo and self.memo[key] is not _RUNNING:
            return self.memo[key]
        found = called_module(self, name, decl)
        if isinstance(found, Unknown):
            self.memo[key] = found
            return found
        check_arguments(self.run, name, decl, found)

        def make(index: str, names: Names, certain: bool) -> Value:
            return ModuleInstance(
                self.run,
                found,
                address=f"{self.prefix}module.{name}{index}",
                names_path=(*self.names_path, name),
                call=decl,
                call_scope=Scope(self.run, self, decl.doc, names, owner=decl),
                folders=self.folders,
                certain=certain and self.certain,
            )

        return self._expanded(key, f"module.{name}", decl, make)

    def closed(self, name: str) -> Value:
        """All instances of a call of a module whose code is not at hand: what is given to it. None for other calls."""
        if not isinstance(self.children(name), Unknown):
            return None
        decl = self.source.calls[name]

        def make(index: str, names: Names, certain: bool) -> Value:
            return Instance(self, ("module", name, ""), decl, index, names, certain)

        return self._expanded(("closed", name), f"module.{name}", decl, make)

    def _expanded(
        self, key: tuple[str, ...], what: str, decl: Decl, make: Callable[[str, Names, bool], Value]
    ) -> Value:
        def compute() -> Value:
            expansion = expand(decl, self.scope(decl.doc))
            known = {k: make(key_text(k), names, True) for k, names in expansion.known}
            if expansion.rest is not None and expansion.seen is not None:
                return Open(known, make("", expansion.rest, False), expansion.kind == "each", expansion.seen)
            if expansion.kind == "one":
                return known.get(None, Unknown("there are too many instances of it", "limit", decl.span))
            return list(known.values()) if expansion.kind == "count" else known

        return self._once(key, what, lambda: decl.span, compute)


def members(value: Value) -> list[Opaque]:
    """The instances in what :meth:`ModuleInstance.instances` or ``children`` gives, in their order."""
    if isinstance(value, Opaque):
        return [value]
    if type(value) is Open:
        return [*value.known.values(), value.rest]
    if isinstance(value, dict):
        return list(value.values())
    return list(value) if isinstance(value, list) else []


def looked_up(instance: Instance) -> str:
    """The name of a parameter that is read, in brackets: AWS publishes the ids of its images under such names."""
    name = bare(instance.raw("name")) if instance.type == "aws_ssm_parameter" else None
    return f" ({name})" if isinstance(name, str) else ""


def _cycle(run: Run, what: str, span: Span) -> Unknown:
    message = f"{what} refers to itself, directly or through others"
    run.report("reference", span, message, "break the circle")
    return Unknown(message, "error", span)


def _undeclared(scope: Scope, node: Node, what: str) -> Unknown:
    message = f"{what} is not declared in this module"
    span = scope.span(node)
    scope.run.report("reference", span, message, "terraform would refuse this", notice=True)
    return Unknown(message, "error", span)
