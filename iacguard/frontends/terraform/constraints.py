"""Type constraints of variables, and the conversion of values to them.

After "Type Constraints" in Terraform's language documentation. Unknown parts pass as they are.
"""

from __future__ import annotations

from collections.abc import Callable

from iacguard.frontends.terraform.functions.context import FunctionError, to_bool, to_number, to_string
from iacguard.frontends.terraform.functions.unknowns import identity
from iacguard.frontends.terraform.syntax import Call, Expr, Literal, ObjectExpr, Paren, TupleExpr, Variable
from iacguard.frontends.terraform.values import EvalError, Linked, Opaque, Open, SetList, bare, link
from iacguard.model import REST, Unknown, Value
from iacguard.record import record, replace

_PRIMITIVES: dict[str, Callable[[Value], Value]] = {"string": to_string, "number": to_number, "bool": to_bool}


@record
class Constraint:
    """A type: ``kind`` is any, string, number, bool, list, set, map, tuple or object.

    ``fields`` are an object's attributes (constraint, whether it may be left out, its default's expression).
    """

    kind: str
    inner: Constraint | None = None
    items: tuple[Constraint, ...] = ()
    fields: tuple[tuple[str, Constraint, bool, Expr | None], ...] = ()

    @property
    def is_text(self) -> bool:
        """Whether a value on the command line is taken as it is written."""
        return self.kind in ("string", "number", "bool", "untyped")


ANY = Constraint("any")
#: Of a variable without a type: like any, but a value of the command line is taken as text.
UNTYPED = Constraint("untyped")


def constraint(expr: Expr | None) -> Constraint:
    """The type that an expression such as ``list(object({a = optional(string)}))`` means; unclear ones are any."""
    while isinstance(expr, Paren):
        expr = expr.inner
    if isinstance(expr, Variable):
        return _named(expr.name)
    if isinstance(expr, Literal) and isinstance(expr.value, str):
        return _quoted(expr.value)
    if not isinstance(expr, Call) or len(expr.args) != 1:
        return ANY
    argument = expr.args[0]
    if expr.name in ("list", "set", "map"):
        return Constraint(expr.name, inner=constraint(argument))
    if expr.name == "tuple" and isinstance(argument, TupleExpr):
        return Constraint("tuple", items=tuple(constraint(item) for item in argument.items))
    if expr.name == "object" and isinstance(argument, ObjectExpr):
        return Constraint("object", fields=tuple(_field(k, v) for k, v in argument.items if isinstance(k, Literal)))
    return ANY


def _named(name: str) -> Constraint:
    if name in _PRIMITIVES:
        return Constraint(name)
    return Constraint(name, inner=ANY) if name in ("list", "set", "map") else ANY


def _quoted(text: str) -> Constraint:
    """The quoted types of old Terraform, and all types in JSON syntax."""
    if text.isidentifier():
        return _named(text)
    from iacguard.frontends.terraform.parse import parse_expression
    from iacguard.source import SourceFile

    expr, _ = parse_expression(SourceFile("", text.encode()))
    return constraint(expr) if not isinstance(expr, Literal) else ANY


def _field(key: Literal, value: Expr) -> tuple[str, Constraint, bool, Expr | None]:
    if isinstance(value, Call) and value.name == "optional" and value.args:
        return str(key.value), constraint(value.args[0]), True, value.args[1] if len(value.args) > 1 else None
    return str(key.value), constraint(value), False, None


def conform(value: Value, wanted: Constraint, evaluate: Callable[[Expr], Value]) -> Value:
    """``value`` converted to ``wanted``. Raises EvalError where it cannot be.

    ``evaluate`` gives the defaults of optional attributes, which are constants.
    """
    plain = bare(value)
    if plain is None or isinstance(plain, Unknown) or wanted.kind in ("any", "untyped"):
        return value
    if wanted.kind in _PRIMITIVES:
        return _primitive(value, plain, wanted.kind)
    if isinstance(plain, (Opaque, Open)) or type(value) is Linked:
        return value
    if wanted.kind in ("list", "set", "tuple"):
        return _sequence(plain, wanted, evaluate)
    if not isinstance(plain, dict):
        raise EvalError(f"{_article(wanted.kind)} is required")
    if wanted.kind == "map":
        inner = wanted.inner or ANY
        return plain if inner.kind == "any" else {k: conform(v, inner, evaluate) for k, v in plain.items()}
    return _object(plain, wanted, evaluate)


def _primitive(value: Value, plain: Value, kind: str) -> Value:
    try:
        converted = _PRIMITIVES[kind](plain)
    except FunctionError as error:
        raise EvalError(str(error)) from None
    if converted is plain:
        return value
    return Linked(converted, value.references) if type(value) is Linked else converted


def _sequence(plain: Value, wanted: Constraint, evaluate: Callable[[Expr], Value]) -> Value:
    if not isinstance(plain, list):
        raise EvalError(f"{_article(wanted.kind)} is required")
    if wanted.kind == "tuple":
        kinds = [*wanted.items, *([ANY] * len(plain))]
        return [conform(item, kind, evaluate) for item, kind in zip(plain, kinds, strict=False)]
    inner = wanted.inner or ANY
    items = plain if inner.kind == "any" else [conform(item, inner, evaluate) for item in plain]
    return as_set(items) if wanted.kind == "set" else items


def as_set(items: list[Value]) -> SetList:
    """The set of ``items``: each once, texts and numbers in Terraform's order."""
    if isinstance(items, SetList):
        return items
    seen: dict[str, Value] = {}
    for place, item in enumerate(items):
        plain = bare(item)
        known = isinstance(plain, (str, int, float, bool))
        seen.setdefault(identity(plain) if known else f"#{place}", item)
    values = list(seen.values())
    unknown = [v for v in values if isinstance(bare(v), Unknown)]
    if not unknown and all(isinstance(bare(v), str) for v in values):
        values.sort(key=bare)
    # One that is not known may be the same as another, and stand anywhere: it goes first, as any number of items.
    return SetList([*map(_perhaps, unknown), *(v for v in values if not isinstance(bare(v), Unknown))])


def _perhaps(value: Value) -> Value:
    spread = replace(bare(value), spread=True, present=False)
    return link(spread, value.references) if type(value) is Linked else spread


def _object(plain: dict[str, Value], wanted: Constraint, evaluate: Callable[[Expr], Value]) -> dict[str, Value]:
    result: dict[str, Value] = {}
    for name, kind, optional, default in wanted.fields:
        given = plain.get(name)
        if name not in plain and REST in plain:
            continue
        if given is None and default is not None:
            given = evaluate(default)
        elif name not in plain and not optional:
            raise EvalError(f'the attribute "{name}" is required')
        result[name] = conform(given, kind, evaluate)
    if REST in plain:
        result[REST] = plain[REST]
    return result


def _article(kind: str) -> str:
    return f"an {kind}" if kind == "object" else f"a {kind}"
