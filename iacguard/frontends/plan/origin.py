"""A plan's resources in the code that it was made from: exact places, and what the plan leaves unknown.

The code is evaluated by the Terraform front end with the plan's variables. The plan's values count; the code gives
their places, the parts of a text that the plan does not know as a whole, and the structure of policy documents.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from iacguard.findings import Problem
from iacguard.frontends.contract import Inputs, Stack, Workspace
from iacguard.frontends.plan.document import Plan, Planned
from iacguard.frontends.plan.offsets import JsonText
from iacguard.late import regex
from iacguard.model import REST, Edge, Encoded, FixedPlace, Key, Path, Place, Resource, Span, Step, Unknown, Value
from iacguard.record import record

_KEY = regex(r'\[(?:\d+|"(?:[^"\\]|\\.)*")\]')
_MISSING = object()


def code_of(plan: Plan, folder: str, workspace: Workspace, inputs: Inputs) -> Code:
    """The code in ``folder``, relative to the base, evaluated with the variables of ``plan``."""
    from iacguard.frontends.terraform import module_sources
    from iacguard.frontends.terraform.modules import Library
    from iacguard.frontends.terraform.stack import stack

    library = Library((), workspace, frozenset(), module_sources(workspace, inputs))
    if library.module(folder) is None:
        plan.problem(f"there is no Terraform code in {folder or '.'}; findings are placed in the plan", notice=True)
        return Code(Stack(folder, "terraform", ()))
    return Code(stack(library, folder, Inputs(), _variables(plan)))


def _variables(plan: Plan) -> dict[str, Any]:
    """The plan's variables as the Terraform front end takes them, each at its place in the plan."""
    from iacguard.frontends.terraform.grammar import ReadError
    from iacguard.frontends.terraform.jsontext import read_json
    from iacguard.frontends.terraform.syntax import Attribute, Body, Document
    from iacguard.frontends.terraform.variables import Given

    document = Document(plan.file, Body(0, 0, (), ()), json=True)
    text = JsonText(plan.file)
    given = plan.root.get("variables")
    values: dict[str, Any] = {}
    for name in given if isinstance(given, dict) else ():
        found = text.find(("variables", name, "value"))
        if found is None:
            continue
        try:
            expr = _expression(read_json(plan.file.data[found.start : found.end]), found.start)
        except ReadError:  # nested too deeply: the variable stays unknown
            continue
        values[name] = Given(Attribute(found.key, found.end, name, expr), document)
    return values


def _expression(value: Any, shift: int) -> Any:
    """JSON as an expression of plain values. ``value`` is of bounded depth."""
    from iacguard.frontends.terraform.jsontext import Array, Scalar
    from iacguard.frontends.terraform.syntax import Literal, ObjectExpr, TupleExpr

    start, end = value.start + shift, value.end + shift
    if isinstance(value, Scalar):
        return Literal(start, end, value.value)
    if isinstance(value, Array):
        return TupleExpr(start, end, tuple(_expression(item, shift) for item in value.items))
    return ObjectExpr(start, end, tuple((_expression(k, shift), _expression(v, shift)) for k, v in value.members))


class Code:
    """The evaluated code, searched by the plan's addresses."""

    def __init__(self, stack: Stack) -> None:
        # Of a plan that was made, all that evaluating may complain of is answered by the plan itself.
        self.problems: tuple[Problem, ...] = tuple(p for p in stack.problems if not p.notice)
        self.facts = stack.facts
        self.suppressions = stack.suppressions
        self.by_address = {resource.address: resource for resource in stack.resources}
        self.by_block: dict[str, list[Resource]] = {}
        for resource in stack.resources:
            self.by_block.setdefault(_KEY.sub("", resource.address), []).append(resource)
        self._edges: dict[str, list[Edge]] = {}
        for edge in stack.edges:
            self._edges.setdefault(edge.source, []).append(edge)

    def find(self, planned: Planned) -> Resource | None:
        """The instance in the code; where the code alone does not tell the instances, the one that stands for them."""
        exact = self.by_address.get(planned.address)
        if exact is not None:
            return exact
        same = self.by_block.get(_KEY.sub("", planned.address), ())
        return next((r for r in same if not r.address.endswith("]")), None) or next(iter(same), None)

    def edges(self, planned: Planned) -> Iterator[Edge]:
        """What the code alone tells of an instance's references (through local values, for one)."""
        yield from self._edges.get(planned.address, ())

    def merged(self, attributes: dict[str, Value], code: Resource) -> tuple[dict[str, Value], Place]:
        """The plan's ``attributes`` with what only the code knows, and the place of them all."""
        moved: dict[Path, Place] = dict(code.origins)
        merge = _Merge(moved)
        values = {
            name: merge.value(value, code.attributes.get(name, _MISSING), code.place.child(name), (name,), moved=False)
            for name, value in attributes.items()
        }
        return values, CodePlace(code.place, moved, ()) if moved else code.place


@record
class CodePlace:
    """A place in the code, some of whose members stand elsewhere than their paths in the plan say."""

    inner: Place
    moved: Mapping[Path, Place]
    path: Path

    @property
    def span(self) -> Span:
        """As in the code."""
        return self.inner.span

    def child(self, key: Key) -> Place | None:
        """The member where it stands in the code."""
        path = (*self.path, key)
        found = self.moved.get(path) or self.inner.child(key)
        return None if found is None else CodePlace(found, self.moved, path)

    def trail(self) -> tuple[Step, ...]:
        """As in the code."""
        return self.inner.trail()

    def text_start(self) -> tuple[int, int] | None:
        """As in the code."""
        return self.inner.text_start()


class _Merge:
    """Lays a plan's values over the code's."""

    def __init__(self, places: dict[Path, Place]) -> None:
        self.places = places

    def value(self, value: Value, code: Value, place: Place | None, path: Path, *, moved: bool) -> Value:
        """``value`` of the plan at ``path``, completed by that of the code, which stands at ``place``."""
        if moved and place is not None:
            self.places[path] = place
        if code is _MISSING:
            return value
        if isinstance(value, Unknown):
            return value if value.secret else code
        if isinstance(value, str):
            return _encoded(value, code) if isinstance(code, Encoded) else value
        if isinstance(value, dict) and isinstance(code, dict):
            return {
                key: self.value(inner, code.get(key, _MISSING), _child(place, key), (*path, key), moved=False)
                for key, inner in value.items()
            }
        if isinstance(value, list) and isinstance(code, list):
            return self._list(value, code, place, path)
        return value

    def _list(self, value: list[Value], code: list[Value], place: Place | None, path: Path) -> list[Value]:
        found: list[Value] = []
        for index, at in enumerate(_aligned(value, code)):
            here = (*path, index)
            if at is None:
                if place is not None and index < len(code):
                    self.places[here] = FixedPlace(place.span)  # what stands at its index is another item
                found.append(value[index])
                continue
            found.append(self.value(value[index], code[at], _child(place, at), here, moved=at != index))
        return found


def _child(place: Place | None, key: Key) -> Place | None:
    return place.child(key) if place is not None else None


def _aligned(value: list[Value], code: list[Value]) -> list[int | None]:
    """For each item of the plan the index of the item of the code that it is: sets have another order there."""
    left = dict.fromkeys(range(len(code)))
    found: list[int | None] = []
    for index, item in enumerate(value):
        at = index if index in left and _may_be(item, code[index]) else None
        if at is None:
            at = next((other for other in left if _may_be(item, code[other])), None)
        if at is not None and not _stands_for_many(code[at]):
            del left[at]
        found.append(at)
    return found


def _stands_for_many(item: Value) -> bool:
    return isinstance(item, Unknown) and item.spread


def _may_be(item: Value, code: Value, depth: int = 0) -> bool:
    if isinstance(code, Unknown) or isinstance(item, Unknown) or depth > 20:
        return True
    if isinstance(item, dict) and isinstance(code, dict):
        return all(
            key == REST or key not in item or _may_be(item[key], inner, depth + 1) for key, inner in code.items()
        )
    if isinstance(item, list) and isinstance(code, list):
        return len(item) == len(code) or any(isinstance(c, Unknown) for c in code)
    if isinstance(code, Encoded):
        return isinstance(item, str)
    return _text(item) == _text(code)


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return format(value, "g") if isinstance(value, float) and value.is_integer() else str(value)
    return str(value)


def _encoded(text: str, code: Encoded) -> Value:
    """A document that the code still holds as a structure: the plan's text of it, at the code's places."""
    try:
        return Encoded(json.loads(text), text, code.place)
    except (ValueError, RecursionError):
        return text
