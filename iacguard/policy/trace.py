"""Which attribute decided: a second, slower walk over an expression, for violated and undecided resources only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

from iacguard.model import Encoded, Path, Unknown, Value
from iacguard.policy import access
from iacguard.policy.functions.commands import flag_place
from iacguard.policy.language import Context, Node, Parts, operands
from iacguard.policy.logic import Tri, not_tri, truth
from iacguard.policy.origins import Near, Origin, entry_origins, flat_origins, held, member, path_of, value_origins
from iacguard.record import field, record

_MAX_REASONS = 5


@record
class Tracer:
    """Walks expressions for one resource, whose attributes are ``root``; ``parts`` as in :class:`Expression`."""

    root: Value
    context: Context
    parts: Parts = field(default_factory=Parts)

    def resolve(self, node: Node, value: Value, origin: Origin) -> tuple[Value, Origin]:
        """The value of ``node`` at ``value``, and where it comes from."""
        return _RESOLVERS.get(node["type"], Tracer._computed)(self, node, value, origin)

    def explain(self, node: Node, value: Value, origin: Origin) -> Path | None:
        """The path of the attribute that made ``node`` true, false or unknown at ``value``."""
        return _EXPLAINERS.get(node["type"], Tracer._explain_value)(self, node, value, origin)

    def decided_by(self, node: Node, answer: Tri, value: Value, origin: Origin) -> Path | None:
        """As :meth:`explain`, where it is known that the truth of ``node`` is ``answer``."""
        while node["type"] == "not_expression":
            node, answer = node["children"][0], not_tri(answer)
        if node["type"] not in ("and_expression", "or_expression"):
            return self.explain(node, value, origin)
        deciding = (child for child in operands(node) if self.holds(child, value) is answer)
        return self.best(self.decided_by(child, answer, value, origin) for child in deciding)

    def reasons(self, node: Node, value: Value) -> Iterator[str]:
        """Why ``node`` is not known at ``value``, most important first, each once; looked for as they are asked for."""
        found: set[str] = set()
        for reason in self._reasons(node, value):
            if reason not in found:
                found.add(reason)
                yield reason
                if len(found) == _MAX_REASONS:
                    return

    def run(self, node: Node, value: Value) -> Value:
        """The value of a sub-expression."""
        return self.parts.closure(node)(value, self.context)

    def holds(self, node: Node, value: Value) -> Tri:
        """Whether the value of a sub-expression counts as true."""
        return self.parts.answer(node)(value, self.context)

    def stands(self, path: Path | None) -> bool:
        """Whether there is something at ``path``."""
        if not path:
            return False
        value = self.root
        for key in path:
            inside = isinstance(value, dict) and key in value
            if not inside and not (
                isinstance(value, list) and isinstance(key, int) and -len(value) <= key < len(value)
            ):
                return False
            value = value[key]
        return value is not None

    def best(self, paths: Iterable[Path | None]) -> Path | None:
        """The first path where something stands, else the first path; no further ones are asked for."""
        first: Path | None = None
        for path in paths:
            if self.stands(path):
                return path
            first = path if first is None else first
        return first

    # Values and where they come from.

    def _computed(self, node: Node, value: Value, origin: Origin) -> tuple[Value, Origin]:
        path = None if node["type"] == "literal" else self.explain(node, value, origin)
        return self.run(node, value), None if path is None else Near(path)

    def _itself(self, node: Node, value: Value, origin: Origin) -> tuple[Value, Origin]:
        return value, origin

    def _field(self, node: Node, value: Value, origin: Origin) -> tuple[Value, Origin]:
        return access.read_field(value, node["value"]), member(origin, node["value"])

    def _index(self, node: Node, value: Value, origin: Origin) -> tuple[Value, Origin]:
        index = node["value"]
        if index < 0 and isinstance(value, list):
            index += len(value)
        return access.read_index(value, node["value"]), member(origin, index)

    def _chain(self, node: Node, value: Value, origin: Origin) -> tuple[Value, Origin]:
        for child in node["children"]:
            value, origin = self.resolve(child, value, origin)
        return value, origin

    def _slice(self, node: Node, value: Value, origin: Origin) -> tuple[Value, Origin]:
        cut = slice(*node["children"])
        result = access.read_slice(value, cut)
        origins = [member(origin, at) for at in range(len(value))][cut] if isinstance(value, list) else origin
        return result, origins

    def _either(self, node: Node, value: Value, origin: Origin) -> tuple[Value, Origin]:
        left, right = node["children"]
        answer = self.holds(left, value)
        takes_left = answer is not False if node["type"] == "or_expression" else answer is False
        _, found = self.resolve(left if takes_left else right, value, origin)
        return self.run(node, value), found

    def _multi_list(self, node: Node, value: Value, origin: Origin) -> tuple[Value, Origin]:
        return self.run(node, value), [self.resolve(c, value, origin)[1] for c in node["children"]]

    def _multi_dict(self, node: Node, value: Value, origin: Origin) -> tuple[Value, Origin]:
        origins = {c["value"]: self.resolve(c["children"][0], value, origin)[1] for c in node["children"]}
        return self.run(node, value), origins

    def _projected(self, node: Node, value: Value, origin: Origin) -> tuple[Value, Origin]:
        base, base_origin = self.base(node, value, origin)
        if not isinstance(base, list):
            return self.run(node, value), base_origin
        values: list[Value] = []
        origins: list[Origin] = []
        for item, item_origin in self.kept(node, base, base_origin):
            inner: list[Origin] = []

            def right(i: Value, at: Origin = item_origin, found: list[Origin] = inner) -> Value:
                result, result_origin = self.resolve(node["children"][1], i, at)
                found.append(result_origin)
                return result

            before = len(values)
            if node["type"] == "filter_projection":
                access.filter_item(item, lambda i: self.run(node["children"][2], i), right, values)
            else:
                access.project_item(item, right, values)
            if len(values) > before:
                origins.append(inner[-1])
        return values, origins

    def base(self, node: Node, value: Value, origin: Origin) -> tuple[Value, Origin]:
        """What a projection runs over, a map's values as a list."""
        base, base_origin = self.resolve(node["children"][0], value, origin)
        if node["type"] != "value_projection":
            return base, base_origin
        return access.map_values(base), value_origins(base, base_origin)

    def kept(self, node: Node, base: list[Value], origin: Origin) -> Iterator[tuple[Value, Origin]]:
        """The items of a list with their origins."""
        for at, item in enumerate(base):
            yield item, member(origin, at)

    def _flattened(self, node: Node, value: Value, origin: Origin) -> tuple[Value, Origin]:
        base, base_origin = self.resolve(node["children"][0], value, origin)
        if not isinstance(base, list):
            return access.flatten(base), base_origin
        values: list[Value] = []
        origins: list[Origin] = []
        for at, item in enumerate(base):
            opened = access.flatten_item(item)
            here = member(base_origin, at)
            values.extend(opened)
            origins.extend(member(here, k) if isinstance(item, list) else here for k in range(len(opened)))
        return values, origins

    def _called(self, node: Node, value: Value, origin: Origin) -> tuple[Value, Origin]:
        name, arguments = node["value"], node["children"]
        result = self.run(node, value)
        if name == "resource":
            return result, ()
        if name == "command_flag":
            return result, self._flag_place(arguments, value, origin)
        if name == "flatten_all" and isinstance(result, list):
            items, at = self.resolve(arguments[0], value, origin)
            places = flat_origins(items, at) if isinstance(items, list) else []
            return result, places if len(places) == len(result) else path_of(places)
        if name == "sort_by" and isinstance(result, list):
            items, at = self.resolve(arguments[0], value, origin)
            known = {id(item): member(at, k) for k, item in enumerate(items)} if isinstance(items, list) else {}
            return result, [known.get(id(item)) for item in result]
        if name in ("not_null", "to_array", "values", "entries", "decode_json") and arguments:
            for argument in arguments:
                found, at = self.resolve(argument, value, origin)
                if found is not None:
                    return result, self._through(name, found, at)
        return self._computed(node, value, origin)

    @staticmethod
    def _through(name: str, found: Value, origin: Origin) -> Origin:
        if name == "values":
            return value_origins(found, origin)
        if name == "entries":
            return entry_origins(found, origin)
        return [origin] if name == "to_array" and not isinstance(found, list) else origin

    def _flag_place(self, arguments: list[Node], value: Value, origin: Origin) -> Origin:
        container, place = self.resolve(arguments[0], value, origin)
        flag = self.run(arguments[1], value)
        for key in flag_place(container, flag) if isinstance(flag, str) else ():
            place = member(place, key)
        return place

    # What decided.

    def _explain_value(self, node: Node, value: Value, origin: Origin) -> Path | None:
        return path_of(self.resolve(node, value, origin)[1])

    def _explain_literal(self, node: Node, value: Value, origin: Origin) -> Path | None:
        return None

    def _explain_not(self, node: Node, value: Value, origin: Origin) -> Path | None:
        return self.explain(node["children"][0], value, origin)

    def _explain_logic(self, node: Node, value: Value, origin: Origin) -> Path | None:
        return self.decided_by(node, self.holds(node, value), value, origin)

    def _explain_comparison(self, node: Node, value: Value, origin: Origin) -> Path | None:
        sides = node["children"]
        unknown = [c for c in sides if isinstance(self.run(c, value), Unknown)]
        paths = (self.explain(c, value, origin) for c in (*unknown, *sides))
        return next((p for p in paths if p is not None), None)

    def _explain_chain(self, node: Node, value: Value, origin: Origin) -> Path | None:
        *first, last = node["children"]
        for child in first:
            value, origin = self.resolve(child, value, origin)
        return self.explain(last, value, origin)

    def _explain_projection(self, node: Node, value: Value, origin: Origin) -> Path | None:
        base, base_origin = self.base(node, value, origin)
        right = node["children"][1]
        if not isinstance(base, list):
            return path_of(base_origin)
        for item, at in self.kept(node, base, base_origin):
            inner = held(item)
            if self.run(right, inner) is not None:
                return self.explain(right, inner, at) or path_of(at)
        return path_of(base_origin) or self.explain(node["children"][0], value, origin)

    def _explain_filter(self, node: Node, value: Value, origin: Origin) -> Path | None:
        base, base_origin = self.base(node, value, origin)
        if not isinstance(base, list):
            return path_of(base_origin)
        return self._deciding_item(base, base_origin, node["children"][2], True) or path_of(base_origin)

    def _deciding_item(self, items: list[Value], origin: Origin, condition: Node, wanted: bool) -> Path | None:
        """The path that decided ``condition`` for the first item where it is ``wanted``, else where it is unknown."""
        for answer in (wanted, None):
            for at, item in enumerate(items):
                inner = held(item)
                if self.holds(condition, inner) is answer:
                    here = path_of(member(origin, at))
                    found = self.explain(condition, inner, member(origin, at))
                    return found if found is not None and (here is None or found[: len(here)] == here) else here
        return None

    def _only_item(self, items: list[Value], origin: Origin, condition: Node) -> Path | None:
        """The written attribute by which a list's only item fails ``condition``: what has to change is there.

        The first operand of a conjunction says which item is meant. Where it fails, another item is missing.
        """
        if len(items) != 1:
            return None
        inner = held(items[0])
        if condition["type"] == "and_expression" and self.holds(condition["children"][0], inner) is not True:
            return None
        found = self.explain(condition, inner, member(origin, 0))
        return found if self.stands(found) else None

    def _explain_call(self, node: Node, value: Value, origin: Origin) -> Path | None:
        name, arguments = node["value"], node["children"]
        if name == "resource":
            return ()
        if name == "command_flag":
            return path_of(self._flag_place(arguments, value, origin))
        if not arguments:
            return None
        if len(arguments) == 2 and arguments[1]["type"] == "expref" and name in ("any", "all", "none", "count"):
            items, at = self.resolve(arguments[0], value, origin)
            if isinstance(items, list):
                condition = arguments[1]["children"][0]
                found = self._deciding_item(items, at, condition, name != "all")
                return found or self._only_item(items, at, condition) or path_of(at)
        if name in ("contains", "contains_any", "open_to_world"):
            found = self._deciding_argument(node, value, origin)
            if found is not None:
                return found
        plain = [a for a in arguments if a["type"] != "expref"]
        unknown = [a for a in plain if isinstance(self.run(a, value), Unknown)]
        return next((p for p in (self.explain(a, value, origin) for a in (*unknown, *plain)) if p is not None), None)

    def _deciding_argument(self, node: Node, value: Value, origin: Origin) -> Path | None:
        """The item of a list that alone would give the call's answer."""
        items, at = self.resolve(node["children"][0], value, origin)
        wanted = self.holds(node, value)
        if not isinstance(items, list) or wanted is False:
            return None
        from iacguard.policy.functions import FUNCTIONS, invoke

        function, others = FUNCTIONS[node["value"]], [self.run(other, value) for other in node["children"][1:]]
        for position, item in enumerate(items):
            if truth(invoke(function, [[item], *others], self.context)) is wanted:
                return path_of(member(at, position))
        return None

    # Why it is not known.

    def _reasons(self, node: Node, value: Value) -> Iterator[str]:
        kind, children = node["type"], node["children"]
        if kind in ("and_expression", "or_expression", "not_expression"):
            for child in children if kind == "not_expression" else operands(node):
                if self.holds(child, value) is None:
                    yield from self._reasons(child, value)
        elif kind in ("subexpression", "pipe", "index_expression"):
            for child in children[:-1]:
                value = self.run(child, value)
            yield from self._reasons(children[-1], value)
        elif kind == "comparator":
            for child in children:
                yield from _unknowns(self.run(child, value))
        elif kind == "function_expression":
            yield from self._call_reasons(node, value)
        yield from _unknowns(self.run(node, value))

    def _call_reasons(self, node: Node, value: Value) -> Iterator[str]:
        plain = [c for c in node["children"] if c["type"] != "expref"]
        expressions = [c["children"][0] for c in node["children"] if c["type"] == "expref"]
        for argument in plain:
            found = self.run(argument, value)
            if expressions and isinstance(found, list):
                for item in found:
                    for expression in expressions:
                        if self.holds(expression, held(item)) is None:
                            yield from self._reasons(expression, held(item))
            else:
                yield from _unknowns(found)


def _unknowns(value: Value) -> Iterator[str]:
    """The reasons of the first unknowns in a value."""
    pending, found = [value], 0
    while pending and found < _MAX_REASONS:
        item = pending.pop()
        if isinstance(item, Unknown):
            found += 1
            yield item.reason
        elif isinstance(item, Encoded):
            pending.append(item.value)
        elif isinstance(item, list):
            pending.extend(reversed(item))
        elif isinstance(item, dict):
            pending.extend(reversed(list(item.values())))


_Resolver: TypeAlias = Callable[[Tracer, Node, Value, Origin], tuple[Value, Origin]]
_Explainer: TypeAlias = Callable[[Tracer, Node, Value, Origin], Path | None]

_RESOLVERS: dict[str, _Resolver] = {
    "identity": Tracer._itself,
    "current": Tracer._itself,
    "field": Tracer._field,
    "index": Tracer._index,
    "subexpression": Tracer._chain,
    "index_expression": Tracer._chain,
    "pipe": Tracer._chain,
    "slice": Tracer._slice,
    "projection": Tracer._projected,
    "value_projection": Tracer._projected,
    "filter_projection": Tracer._projected,
    "flatten": Tracer._flattened,
    "or_expression": Tracer._either,
    "and_expression": Tracer._either,
    "multi_select_list": Tracer._multi_list,
    "multi_select_dict": Tracer._multi_dict,
    "function_expression": Tracer._called,
}

_EXPLAINERS: dict[str, _Explainer] = {
    "literal": Tracer._explain_literal,
    "not_expression": Tracer._explain_not,
    "and_expression": Tracer._explain_logic,
    "or_expression": Tracer._explain_logic,
    "comparator": Tracer._explain_comparison,
    "subexpression": Tracer._explain_chain,
    "index_expression": Tracer._explain_chain,
    "pipe": Tracer._explain_chain,
    "projection": Tracer._explain_projection,
    "value_projection": Tracer._explain_projection,
    "filter_projection": Tracer._explain_filter,
    "function_expression": Tracer._explain_call,
}
