"""Stacks written by hand: what a front end would give, without one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from iacguard.frontends.contract import Stack
from iacguard.model import Edge, FixedPlace, Format, Graph, Key, Place, Reference, Resource, Span, Unknown
from iacguard.normalise import normalise


class Builder:
    """Makes resources whose every attribute stands on a line of its own, in the order of writing."""

    def __init__(self) -> None:
        self.line = 0

    def place(self, value: Any) -> Place:
        self.line += 1
        span = Span("main", self.line, 1, self.line, 20)
        members: list[tuple[Key, Any]] = []
        if isinstance(value, dict):
            members = list(value.items())
        elif isinstance(value, list):
            members = list(enumerate(value))
        return FixedPlace(span, {key: self.place(inner) for key, inner in members})

    def resource(
        self, address: str, attributes: dict[str, Any], format_: Format = "terraform", type_: str = ""
    ) -> Resource:
        kind = type_ or address.split(".")[0]
        return Resource(address, kind, kind, format_, attributes, self.place(attributes), address)

    def cloudformation(self, address: str, type_: str, properties: dict[str, Any]) -> Resource:
        return self.resource(address, properties, "cloudformation", type_)

    def manifest(self, address: str, manifest: dict[str, Any]) -> Resource:
        return self.resource(address, manifest, "kubernetes", address.split("/")[0])

    @staticmethod
    def reference(address: str, attribute: str = "id") -> Unknown:
        return Unknown("known after apply", "computed", reference=Reference(address, attribute), present=True)

    @staticmethod
    def graph(*resources: Resource, edges: tuple[Edge, ...] = ()) -> Graph:
        graph, problems = normalise(Stack("", resources[0].format, resources, edges))
        assert problems == ()
        return graph

    def line_of(self, resource: Resource, *path: Key) -> int:
        """The line that a path written as keys stands on, found by walking the resource's own places."""
        place: Place | None = resource.place
        for key in path:
            assert place is not None
            place = place.child(key)
        assert place is not None
        return place.span.line


@pytest.fixture
def build() -> Builder:
    return Builder()


def statement(**given: Any) -> Mapping[str, Any]:
    """A statement as the vocabulary has it, with what is not given empty."""
    empty: dict[str, Any] = {
        "sid": "", "effect": "Allow", "actions": [], "not_actions": [], "resources": [], "not_resources": [],
        "principals": [], "not_principals": [], "conditions": [], "document": "policy",
    }  # fmt: skip
    assert set(given) <= set(empty)
    return {**empty, **given}


def rule(**given: Any) -> Mapping[str, Any]:
    """A firewall rule as the vocabulary has it: everything from nowhere, unless given."""
    empty: dict[str, Any] = {
        "action": "allow", "protocol": "all", "from_port": 0, "to_port": 65535, "sources": [], "source_groups": [],
        "priority": None, "description": None,
    }  # fmt: skip
    assert set(given) <= set(empty)
    return {**empty, **given}
