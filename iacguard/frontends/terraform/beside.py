"""What stands in a resource's block and is no argument of it: how to connect to the machine, and what to run there."""

from __future__ import annotations

from collections.abc import Iterator

from iacguard.frontends.terraform.blocks import block_type, evaluated
from iacguard.frontends.terraform.instances import Instance
from iacguard.frontends.terraform.syntax import Block, Document
from iacguard.frontends.terraform.values import Border
from iacguard.model import Value

#: In a resource's attributes, holds these blocks.
BESIDE = "__resource__"
_KINDS = ("connection", "provisioner")
#: Arguments of which the value is a word of the language: ``when = destroy``.
_WORDS = ("when", "on_failure")


def beside(instance: Instance) -> dict[str, Value]:
    """The values of the blocks by their kind; their places are added to the instance's.

    What they refer to makes no edge: it says nothing of what the resource is.
    """
    found: dict[str, Value] = {}
    for kind in _KINDS:
        blocks = list(_blocks(instance, kind))
        if blocks:
            values, instance.place.nested[kind] = evaluated(blocks, instance.scope)
            found[kind] = [_with_map(value) for value in Border().plain(values)]
    return found


def _with_map(value: Value) -> Value:
    """A block whose ``environment`` is a map, as Terraform defines it; in JSON syntax any object is read as a block."""
    written = value.get("environment") if isinstance(value, dict) else None
    return {**value, "environment": written[0]} if isinstance(written, list) and len(written) == 1 else value


def _blocks(instance: Instance, kind: str) -> Iterator[tuple[Block, Document]]:
    for block, doc in instance.decl.blocks:
        if block_type(block) == kind:
            body = block.body
            attributes = tuple(a for a in body.attributes if a.name not in _WORDS)
            yield block._replace(body=body._replace(attributes=attributes)), doc
