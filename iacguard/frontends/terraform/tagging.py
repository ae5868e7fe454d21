"""``default_tags`` of the AWS provider: what ``tags_all`` of a resource will be.

After the AWS provider's documentation ("Resource Tagging"): the provider configuration that a resource uses adds its
tags to those of the resource, which win.
"""

from __future__ import annotations

from iacguard.frontends.terraform.blocks import argument, block_type, evaluated
from iacguard.frontends.terraform.instances import Instance, ModuleInstance
from iacguard.frontends.terraform.modules import Decl
from iacguard.frontends.terraform.scope import Scope
from iacguard.frontends.terraform.syntax import Expr, GetAttr, Literal, ObjectExpr, Paren, Template, Variable
from iacguard.frontends.terraform.values import Border
from iacguard.model import REST, Key, Place, Span, Step, Unknown, Value

_BLOCK = "default_tags"


def add_default_tags(instance: Instance, attributes: dict[str, Value]) -> Place | None:
    """Give an AWS resource its ``tags_all`` where its provider has default tags; the place of it then."""
    if not instance.type.startswith("aws_") or not instance.module.run.library.has_default_tags:
        return None
    found = _default_tags(instance)
    if found is None:
        return None
    defaults, place = found
    if "tags" not in attributes and not _takes_tags(instance):
        return None
    attributes["tags_all"] = _merged(defaults, attributes.get("tags"))
    return TagsPlace(instance.place.child("tags"), place, instance.place)


def _merged(defaults: Value, own: Value) -> Value:
    if own is None:
        return defaults
    merged: dict[str, Value] = {}
    for part in (defaults, own):
        merged.update(part if isinstance(part, dict) else {REST: part} if isinstance(part, Unknown) else {})
    return merged


def _takes_tags(instance: Instance) -> bool:
    known = instance.module.run.library.taggable
    found = known.get(instance.type)
    if found is None:
        from iacguard.knowledge import terraform_schema

        schema = terraform_schema(instance.type)
        found = known[instance.type] = schema is not None and schema.attribute("tags_all") is not None
    return found


def _default_tags(instance: Instance) -> tuple[Value, Place | None] | None:
    """The tags of the provider configuration that the resource uses, and their place; None where there are none."""
    written = instance.decl.attributes.get("provider")
    wanted = "aws" if written is None else _reference(written[0].expr)
    module = instance.module
    while wanted:
        decl = module.source.providers.get(wanted)
        if decl is not None:
            return _tags_of(module, wanted, decl)
        if module.call is None or module.call_scope is None:
            return None
        wanted = _handed_down(module.call, wanted)
        caller = module.call_scope.module
        if not isinstance(caller, ModuleInstance):
            return None
        module = caller
    return None


def _handed_down(call: Decl, wanted: str) -> str:
    """What a provider configuration of a module is in its caller; "" for none. Only the default one is inherited."""
    providers = call.attributes.get("providers")
    if providers is not None and isinstance(providers[0].expr, ObjectExpr):
        for key, value in providers[0].expr.items:
            if _reference(key) == wanted:
                return _reference(value)
    return "" if "." in wanted else wanted


def _reference(expr: Expr) -> str:
    """``aws`` or ``aws.west``, however it is written; "" for anything else."""
    while isinstance(expr, Paren) or (isinstance(expr, Template) and len(expr.parts) == 1):
        inner = expr.inner if isinstance(expr, Paren) else expr.parts[0]
        if not isinstance(inner, (Variable, GetAttr, Literal, Paren, Template)):
            return ""
        expr = inner
    if isinstance(expr, Literal):
        return str(expr.value)
    if isinstance(expr, Variable):
        return expr.name
    if isinstance(expr, GetAttr) and isinstance(expr.base, Variable):
        return f"{expr.base.name}.{expr.name}"
    return ""


def _tags_of(module: ModuleInstance, name: str, decl: Decl) -> tuple[Value, Place | None] | None:
    key = ("default_tags", name)
    if key not in module.memo:
        module.memo[key] = _evaluated(decl, Scope(module.run, module, decl.doc, {}, owner=decl))
    found: tuple[Value, Place | None] | None = module.memo[key]
    return found


def _evaluated(decl: Decl, scope: Scope) -> tuple[Value, Place | None] | None:
    border = Border()
    written = decl.attributes.get(_BLOCK)
    if written is not None:  # JSON syntax
        block: Value = argument(written[0], scope.in_file(written[1]))
        place: Place | None = None
    else:
        values, places = evaluated([(b, doc) for b, doc in decl.blocks if block_type(b) == _BLOCK], scope)
        if not values:
            return None
        block, place = values[0], places[0].child("tags")
    block = border.plain(block[0] if isinstance(block, list) and block else block)
    if isinstance(block, Unknown):
        return block, place
    tags = block.get("tags") if isinstance(block, dict) else None
    return None if tags is None else (tags, place)


class TagsPlace:
    """The tags of a resource and, behind them, those of its provider."""

    __slots__ = ("defaults", "outer", "own")

    def __init__(self, own: Place | None, defaults: Place | None, outer: Place) -> None:
        self.own = own
        self.defaults = defaults
        self.outer = outer

    @property
    def span(self) -> Span:
        """The resource's own tags, else its header: a finding is about the resource."""
        return (self.own or self.outer).span

    def child(self, key: Key) -> Place | None:
        """One tag, where it is written."""
        own = self.own.child(key) if self.own is not None else None
        return own or (self.defaults.child(key) if self.defaults is not None else None)

    def trail(self) -> tuple[Step, ...]:
        """How the resource's own tags came here."""
        return self.own.trail() if self.own is not None else ()

    def text_start(self) -> tuple[int, int] | None:
        """Tags are no text."""
        return None
