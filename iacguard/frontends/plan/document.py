"""Reads the JSON of a plan or a state: its resources as they will be, and what is said of each.

After "JSON Output Format" of Terraform's documentation, format versions 0.x and 1.x; OpenTofu writes the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from iacguard.findings import Problem
from iacguard.model import Path, Span
from iacguard.record import field, record
from iacguard.source import SourceFile

#: Modules in modules. Terraform's own code stays below ten.
MAX_NESTING = 60
_MAJORS = ("0", "1")
#: Actions after which there is no such resource.
_GOING = (["delete"], ["forget"])
_CHANGING = frozenset(("create", "update"))


@record
class Planned:
    """A managed resource or data source as it is when the plan is applied.

    ``unknown`` and ``sensitive`` have the shape of ``values``, with True where it is so. ``key`` is the instance's
    index as it stands in the address (``["a"]``). ``path`` leads to the object, ``inside`` from there to the values.
    """

    address: str
    mode: str
    type: str
    name: str
    key: str
    module: str
    values: dict[str, Any]
    unknown: Any
    sensitive: Any
    actions: frozenset[str]
    depends_on: tuple[str, ...]
    path: Path
    inside: Path

    @property
    def block(self) -> str:
        """The name of its block within its module."""
        return f"{self.type}.{self.name}"

    @property
    def changes(self) -> bool:
        """Whether applying the plan makes or changes it."""
        return bool(self.actions & _CHANGING)


@record(frozen=False)
class Plan:
    """What a document says. ``is_state``: it has no changes, only what there is."""

    file: SourceFile
    root: dict[str, Any] = field(default_factory=dict)
    resources: list[Planned] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    is_state: bool = False

    def problem(self, message: str, hint: str = "", *, notice: bool = False) -> None:
        """Say what is wrong with the document as a whole."""
        self.problems.append(Problem("not-evaluated", self.file.whole(), message, hint, notice))


def read_plan(file: SourceFile) -> Plan:
    """The plan or state in ``file``. Never raises: what is wrong is among its problems."""
    plan = Plan(file)
    root = _loaded(plan)
    if root is None:
        return plan
    version = str(root.get("format_version", ""))
    if version.partition(".")[0] not in _MAJORS:
        plan.problem(f"the plan's format version is {version[:20]!r}; only 0.x and 1.x are known")
        return plan
    plan.root = root
    plan.is_state = "planned_values" not in root and "resource_changes" not in root
    if root.get("errored") is True:
        plan.problem(
            "this plan was made by a run that failed; resources may be missing", "mend the error and plan again"
        )
    elif root.get("complete") is False:
        plan.problem("this plan is not complete; deferred resources are missing", notice=True)
    changes = _changes(plan)
    start: Path = ("values",) if plan.is_state else ("planned_values",)
    seen: set[str] = set()
    for module, path in _modules(plan, start):
        for index, entry in enumerate(_list(module.get("resources"))):
            found = _planned(entry, module, (*path, "resources", index), changes)
            if found is not None and found.address not in seen:
                seen.add(found.address)
                plan.resources.append(found)
    for address, (index, entry) in changes.items():
        if address not in seen:
            found = _from_change(entry, ("resource_changes", index))
            if found is not None:
                plan.resources.append(found)
    return plan


def _loaded(plan: Plan) -> dict[str, Any] | None:
    file = plan.file
    try:
        root = json.loads(file.data)
    except RecursionError:
        plan.problems.append(Problem("too-large", file.whole(), "the plan is nested too deeply to be read"))
        return None
    except json.JSONDecodeError as error:
        text = file.data.decode("utf-8", errors="replace")
        line, column = text.count("\n", 0, error.pos) + 1, error.pos - text.rfind("\n", 0, error.pos)
        span = Span(file.path, line, column, line, column + 1)
        hint = "write it with `terraform show -json`"
        plan.problems.append(Problem("syntax", span, f"not valid JSON: {error.msg}", hint))
        return None
    except ValueError as error:  # a number of thousands of digits
        plan.problems.append(Problem("syntax", file.whole(), f"not valid JSON: {error}"))
        return None
    if isinstance(root, dict):
        return root
    plan.problems.append(Problem("syntax", file.whole(), "a plan is a JSON object"))
    return None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _modules(plan: Plan, start: Path) -> Iterator[tuple[dict[str, Any], Path]]:
    """The root module and all below it, with their paths in the document."""
    value: Any = plan.root
    for key in start:
        value = _dict(value).get(str(key))
    pending = [(_dict(_dict(value).get("root_module")), (*start, "root_module"), 0)]
    while pending:
        module, path, depth = pending.pop()
        yield module, path
        inner = _list(module.get("child_modules"))
        if inner and depth >= MAX_NESTING:
            plan.problem(f"modules are nested more than {MAX_NESTING} deep; those below are not judged")
            continue
        below = [(m, (*path, "child_modules", i), depth + 1) for i, m in enumerate(inner) if isinstance(m, dict)]
        pending.extend(reversed(below))


def _changes(plan: Plan) -> dict[str, tuple[int, dict[str, Any]]]:
    """The change of each resource's current object; ``deposed`` ones are going."""
    found: dict[str, tuple[int, dict[str, Any]]] = {}
    for index, entry in enumerate(_list(plan.root.get("resource_changes"))):
        if isinstance(entry, dict) and "deposed" not in entry and isinstance(entry.get("address"), str):
            found[entry["address"]] = (index, entry)
    return found


def _planned(
    entry: Any, module: dict[str, Any], path: Path, changes: dict[str, tuple[int, dict[str, Any]]]
) -> Planned | None:
    if not _is_resource(entry):
        return None
    address = entry["address"]
    change = _dict(changes[address][1].get("change")) if address in changes else {}
    actions = _list(change.get("actions"))
    if actions in _GOING:
        return None
    return _made(
        entry,
        str(module.get("address", "")),
        _dict(entry.get("values")),
        change.get("after_unknown", {}),
        _both(entry.get("sensitive_values", {}), change.get("after_sensitive", {})),
        actions,
        path,
        ("values",),
    )


def _from_change(entry: dict[str, Any], path: Path) -> Planned | None:
    """A resource that stands only among the changes."""
    change = _dict(entry.get("change"))
    actions = _list(change.get("actions"))
    if not _is_resource(entry) or actions in _GOING or not isinstance(change.get("after"), dict):
        return None
    return _made(
        entry,
        str(entry.get("module_address", "")),
        change["after"],
        change.get("after_unknown", {}),
        change.get("after_sensitive", {}),
        actions,
        path,
        ("change", "after"),
    )


def _is_resource(entry: Any) -> bool:
    return isinstance(entry, dict) and all(isinstance(entry.get(k), str) for k in ("address", "type", "name", "mode"))


def _made(
    entry: dict[str, Any],
    module: str,
    values: dict[str, Any],
    unknown: Any,
    sensitive: Any,
    actions: list[Any],
    path: Path,
    inside: Path,
) -> Planned:
    address, mode = entry["address"], entry["mode"]
    prefix = (f"{module}." if module else "") + ("" if mode == "managed" else f"{mode}.")
    head = f"{prefix}{entry['type']}.{entry['name']}"
    return Planned(
        address,
        mode,
        entry["type"],
        entry["name"],
        address[len(head) :] if address.startswith(head) else "",
        module,
        values,
        unknown,
        sensitive,
        frozenset(a for a in actions if isinstance(a, str)),
        tuple(d for d in _list(entry.get("depends_on")) if isinstance(d, str)),
        path,
        inside,
    )


def _both(left: Any, right: Any, depth: int = 0) -> Any:
    """What either of two marks says to be sensitive."""
    if left is True or right is True or depth > MAX_NESTING:
        return True
    if isinstance(left, dict) and isinstance(right, dict):
        return {key: _both(left.get(key), right.get(key), depth + 1) for key in {**left, **right}}
    if isinstance(left, list) and isinstance(right, list):
        longest = max(len(left), len(right))
        pairs = zip(left + [None] * (longest - len(left)), right + [None] * (longest - len(right)), strict=True)
        return [_both(a, b, depth + 1) for a, b in pairs]
    return left or right
