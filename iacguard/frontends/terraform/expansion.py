"""``count`` and ``for_each``: which instances a block has, and under which addresses."""

from __future__ import annotations

from collections.abc import Mapping

from iacguard.frontends.terraform.access import one_of
from iacguard.frontends.terraform.evaluate import pairs
from iacguard.frontends.terraform.functions.context import as_item
from iacguard.frontends.terraform.modules import Decl
from iacguard.frontends.terraform.operators import number
from iacguard.frontends.terraform.scope import Run, Scope
from iacguard.frontends.terraform.values import EvalError, LimitError, Opaque, Open, bare
from iacguard.model import Unknown, Value
from iacguard.record import record

#: All instances of one block in one stack.
MAX_INSTANCES = 1000

Names = Mapping[str, Value]


@record
class Expansion:
    """The instances of a block: the certain ones as (key, names bound inside), and ``rest`` for any others.

    ``kind``: "one" without ``count`` and ``for_each``. ``seen`` says why the number is not known.
    """

    kind: str
    known: tuple[tuple[str | int | None, Names], ...]
    rest: Names | None = None
    seen: Unknown | None = None


_ONE = Expansion("one", ((None, {}),))


def expand(decl: Decl, scope: Scope) -> Expansion:
    """The instances of ``decl``. What is wrong with its count is reported, and gives one instance."""
    for meta, read in (("count", _count), ("for_each", _for_each)):
        found = decl.attributes.get(meta)
        if found is None:
            continue
        attribute, doc = found
        try:
            expansion = read(scope.run.evaluate(attribute.expr, scope.in_file(doc)))
        except EvalError as error:
            expansion = _unknown(meta, scope.run.failed(error, doc, attribute))
        except RecursionError:
            limit = LimitError("the expression leads through too many others")
            expansion = _unknown(meta, scope.run.failed(limit, doc, attribute))
        return _bounded(expansion, decl, scope.run)
    return _bounded(_ONE, decl, scope.run)


def _bounded(expansion: Expansion, decl: Decl, run: Run) -> Expansion:
    before = run.instances.get(id(decl), 0)
    wanted = len(expansion.known) + (expansion.rest is not None)
    run.instances[id(decl)] = before + wanted
    if before + wanted <= MAX_INSTANCES:
        return expansion
    kept = max(0, MAX_INSTANCES - before)
    message = f"this block has more than {MAX_INSTANCES:,} instances; the first {MAX_INSTANCES:,} are scanned"
    run.report("too-large", decl.span, message)
    run.instances[id(decl)] = MAX_INSTANCES
    return Expansion(expansion.kind, expansion.known[:kept])


def _unknown(meta: str, seen: Unknown) -> Expansion:
    kind = seen.kind if seen.kind != "condition" else "expression"
    if meta == "count":
        names: Names = {"count": {"index": Unknown(seen.reason, kind, seen.span)}}
        return Expansion("count", (), names, seen)
    key = Unknown(seen.reason, kind, seen.span, present=True)
    return Expansion("each", (), {"each": {"key": key, "value": _any_value(seen, kind)}}, seen)


def _any_value(seen: Unknown, kind: object) -> Value:
    """Any value of a collection that is one of several, or not known at all."""
    if seen.choices and not seen.spread:
        values: list[Value] = []
        for choice in seen.choices:
            if not isinstance(choice, (dict, list)):
                break
            values += [as_item(v) if isinstance(v, Unknown) else v for _, v in pairs(choice)]
        else:
            if 0 < len(values) <= 32:
                return one_of(values, seen)
    return Unknown(seen.reason, kind, seen.span)  # type: ignore[arg-type]


def _count(value: Value) -> Expansion:
    value = bare(value)
    if isinstance(value, Unknown):
        return _unknown("count", value)
    amount = number(value)
    if not isinstance(amount, int) or amount < 0:
        raise EvalError("count must be a whole number, not below zero")
    # One more than the bound is enough to see that it is reached.
    return Expansion("count", tuple((i, {"count": {"index": i}}) for i in range(min(amount, MAX_INSTANCES + 1))))


def _for_each(value: Value) -> Expansion:
    value = bare(value)
    if isinstance(value, Opaque):
        value = value.as_object()
    if type(value) is Open:
        value = value.collection()
    if isinstance(value, Unknown):
        return _unknown("for_each", value)
    if value is None:
        raise EvalError("for_each must not be null")
    is_map = isinstance(value, dict)
    known: list[tuple[str | int | None, Names]] = []
    rest: Unknown | None = None
    for key, item in pairs(value):
        key = bare(key) if is_map else bare(item)
        if isinstance(key, Unknown):
            if rest is None:
                rest = bare(item) if isinstance(bare(item), Unknown) else key
            continue
        if not isinstance(key, str):
            raise EvalError("for_each takes a map or a set of strings")
        known.append((key, {"each": {"key": key, "value": item}}))
    distinct = tuple({key: (key, names) for key, names in known}.values())
    if rest is None:
        return Expansion("each", distinct)
    open_ended = _unknown("for_each", rest)
    return Expansion("each", distinct, open_ended.rest, rest)


def key_text(key: str | int | None) -> str:
    """The index of an address, as Terraform prints it."""
    if key is None:
        return ""
    if isinstance(key, int):
        return f"[{key}]"
    text = key.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
    return '["' + text.replace("${", "$${").replace("%{", "%%{") + '"]'
