"""From what a plan knows of a resource to attributes in the model's values."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from iacguard.frontends.plan.configuration import Target, is_expression, references
from iacguard.frontends.plan.document import MAX_NESTING, Planned
from iacguard.frontends.terraform.access import surely_present
from iacguard.model import Unknown, Value
from iacguard.record import record

#: Blocks that let somebody in. A plan does not show whether ``dynamic`` blocks with an unknown ``for_each`` stand
#: there, and where they do, their absence would be a false pass; of all others it is nearly always true.
OPENING = frozenset(("access", "allow", "egress", "grant", "ingress", "inline_policy", "route", "security_rule"))
#: References of one value that are named one by one.
_MAX_CHOICES = 32


@record
class Builder:
    """Builds the attributes of one resource.

    ``written`` are the names of what its block sets, None where that is not known. ``expressions`` are the
    configuration's; ``resolve`` gives what the names in one refer to.
    """

    resource: Planned
    expressions: dict[str, Any]
    written: frozenset[str] | None
    exact: bool
    resolve: Callable[[list[str]], list[Target]]

    def attributes(self) -> dict[str, Value]:
        """All that will be set, without nulls.

        What only the provider decides and the plan does not know is absent, as it is where code is read.
        """
        resource = self.resource
        unknown = resource.unknown if isinstance(resource.unknown, dict) else {}
        sensitive = resource.sensitive if isinstance(resource.sensitive, dict) else {}
        found: dict[str, Value] = {}
        for name in {**resource.values, **unknown}:
            value, open_ = resource.values.get(name), unknown.get(name)
            if self.written is not None and name not in self.written and not self._is_of_interest(name, value, open_):
                continue
            marked = sensitive.get(name) if resource.sensitive is not True else True
            candidates = (self.expressions[name],) if name in self.expressions else ()
            built = self._value(value, open_, marked, candidates, name, 0)
            if built is not None:
                found[name] = built
        return found

    def _is_of_interest(self, name: str, value: Any, unknown: Any) -> bool:
        """Whether an attribute counts that the block does not set."""
        if unknown is True:
            return name in OPENING and not self.exact
        if self.exact and isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
            return False  # read back from sub-resources that are written, and judged, on their own
        return value is not None and value not in ("", [], {})

    def _value(
        self, value: Any, unknown: Any, sensitive: Any, expressions: tuple[Any, ...], name: str, depth: int
    ) -> Value:
        if sensitive is True:
            return _secret(value, unknown)
        if unknown is True:
            return self._unknown(expressions, name)
        if depth > MAX_NESTING:
            return Unknown("nested too deeply", "limit")
        if isinstance(value, dict) or (value is None and isinstance(unknown, dict) and _has_unknown(unknown)):
            return self._map(value or {}, unknown, sensitive, expressions, name, depth)
        if isinstance(value, list) or (value is None and isinstance(unknown, list) and _has_unknown(unknown)):
            return self._list(value or [], unknown, sensitive, expressions, name, depth)
        return value

    def _map(
        self,
        value: dict[str, Any],
        unknown: Any,
        sensitive: Any,
        expressions: tuple[Any, ...],
        name: str,
        depth: int,
    ) -> Value:
        unknowns = unknown if isinstance(unknown, dict) else {}
        marks = sensitive if isinstance(sensitive, dict) else {}
        found: dict[str, Value] = {}
        for key in {**value, **unknowns}:
            inner = tuple(_members(expressions, key))
            built = self._value(value.get(key), unknowns.get(key), marks.get(key), inner, key, depth + 1)
            if built is not None:
                found[key] = built
        return found

    def _list(
        self, value: list[Any], unknown: Any, sensitive: Any, expressions: tuple[Any, ...], name: str, depth: int
    ) -> Value:
        unknowns = unknown if isinstance(unknown, list) else []
        marks = sensitive if isinstance(sensitive, list) else []
        found: list[Value] = []
        for index in range(max(len(value), len(unknowns))):
            item = value[index] if index < len(value) else None
            inner = tuple(_items(expressions, item))
            open_ = unknowns[index] if index < len(unknowns) else None
            mark = marks[index] if index < len(marks) else None
            built = self._value(item, open_, mark, inner, name, depth + 1)
            if built is not None:
                found.append(built)
        return found

    def _unknown(self, expressions: tuple[Any, ...], name: str) -> Unknown:
        """What is known after apply; with what it will be taken from, where the configuration tells that."""
        names = [found for expression in expressions for found in references(expression)]
        targets = self.resolve(names) if names else []
        if not targets:
            return self._unexplained(names, name)
        kind = self.resource.type
        unknowns = tuple(_computed(target, kind, name) for target in targets[:_MAX_CHOICES])
        if len(targets) == 1 and targets[0].sure:
            return unknowns[0]
        shown = ", ".join(target.reference.address for target in targets[:3])
        choices = unknowns if len(targets) <= _MAX_CHOICES else ()
        return Unknown(
            f"it depends on {shown}{' and others' if len(targets) > 3 else ''}, which is known after apply",
            "condition" if choices and not any(target.sure for target in targets) else "computed",
            choices=choices if not any(target.sure for target in targets) else (),
            present=all(unknown.present for unknown in unknowns),
        )

    def _unexplained(self, names: list[str], name: str) -> Unknown:
        data = next((n for n in names if n.startswith("data.")), "")
        if data:
            return Unknown(f"{data} is read when the plan is applied", "data")
        return Unknown(f"{self.resource.address}.{name} is known after apply", "computed")


def _computed(target: Target, kind: str, name: str) -> Unknown:
    """``target`` as the value of the argument ``name`` of a resource of type ``kind``."""
    address, attribute = target.reference
    present = surely_present("computed", target.type if attribute else kind, attribute or name)
    dotted = f"{address}.{attribute}" if attribute else address
    return Unknown(f"{dotted} is known after apply", "computed", reference=target.reference, present=present)


def _secret(value: Any, unknown: Any) -> Unknown | None:
    if value is None and unknown is not True and not _has_unknown(unknown):
        return None
    present = value is not None and value not in ("", [], {}, False)
    return Unknown("it is sensitive", "expression", secret=True, present=present)


def _has_unknown(unknown: Any) -> bool:
    pending = [unknown]
    while pending:
        item = pending.pop()
        if item is True:
            return True
        if isinstance(item, dict):
            pending.extend(item.values())
        elif isinstance(item, list):
            pending.extend(item)
    return False


def _members(expressions: tuple[Any, ...], key: str) -> Iterator[Any]:
    """The expressions for a member of a map or block: those of the whole, or those of the block's argument."""
    for expression in expressions:
        if is_expression(expression):
            yield expression
        elif isinstance(expression, dict) and key in expression:
            yield expression[key]


def _items(expressions: tuple[Any, ...], item: Any) -> Iterator[Any]:
    """The expressions for an item of a list.

    Blocks of a set stand in another order than in the code, so for a block these are all that may have made it.
    """
    for expression in expressions:
        if not isinstance(expression, list):
            yield expression
            continue
        fitting = [block for block in expression if _may_make(block, item)]
        yield from fitting or expression


def _may_make(block: Any, item: Any) -> bool:
    if not isinstance(block, dict) or not isinstance(item, dict):
        return True
    return all(
        item.get(name) == expression["constant_value"]
        for name, expression in block.items()
        if isinstance(expression, dict) and "constant_value" in expression and item.get(name) is not None
    )
