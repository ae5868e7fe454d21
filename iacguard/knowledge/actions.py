"""IAM actions as AWS's service authorization reference has them, and the packed form in which they are shipped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from iacguard.record import record

#: AWS's access levels. An action that both manages permissions (or tags) and writes has the first.
Level: TypeAlias = Literal["list", "read", "write", "tagging", "permissions"]

#: Stands behind the level of actions that can only be allowed on ``*``.
UNSCOPED = "*"
_LEVELS: tuple[Level, ...] = ("list", "read", "write", "tagging", "permissions")


@record
class Action:
    """One IAM action. ``scoped``: a policy can limit it to some resources; else it needs ``Resource: "*"``."""

    name: str
    level: Level
    scoped: bool


def unpack_actions(packed: Mapping[str, str]) -> tuple[Action, ...]:
    """The actions of one service out of their packed form, ``{"write": "PutX PutY", "list*": "ListX"}``."""
    return tuple(
        Action(name, level, scoped)
        for level in _LEVELS
        for mark, scoped in (("", True), (UNSCOPED, False))
        for name in packed.get(level + mark, "").split()
    )
