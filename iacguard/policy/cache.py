"""The built-in policies in a form that loads at once: read from YAML and parsed when one of their files changed.

Reading some hundred YAML files costs more than a whole small scan. So what came out of them is kept as JSON, with a
checksum over the sizes and times of every file it was made from, and of the code that made it; any difference makes
it anew. A scan unpacks only the policies of the kinds that it meets. The file
is only ever a copy: one that is missing, damaged or not writable costs time, nothing else.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from itertools import accumulate
from typing import Any
from zlib import adler32, crc32

from iacguard import __version__
from iacguard.findings import Fix, Rule
from iacguard.model import Span
from iacguard.policy.compile import Condition, Listed, MessageText, Policy, Shelf, listed
from iacguard.policy.errors import ExpressionError
from iacguard.policy.message import kept
from iacguard.record import fields

_CONDITIONS = ("deny", "where", "each", "at")


def cached(folder: str, cache_dir: str, read: Callable[[], Iterable[Policy]]) -> Shelf:
    """The policies of ``folder``, from ``cache_dir`` if they are there and current, else from ``read``."""
    state = [__version__, _state(folder, ".yaml"), _state(os.path.dirname(__file__), ".py")]
    # One file for each installation, or two of them would undo each other's.
    file = os.path.join(cache_dir, f"policies-{crc32(os.fsencode(folder)):08x}.json")
    try:
        with open(file, "rb") as shelf:
            return _Kept(shelf.read(), state)
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        pass  # made anew below
    policies = sorted(read(), key=lambda policy: policy.rule.id)
    # No folder to write to, or a bad expression, of which the scan tells where the policy is needed.
    with suppress(OSError, ExpressionError):
        _keep(file, state, policies)
    return Shelf(map(listed, policies))


class _Kept(Shelf):
    """The kept form: a line of JSON with what every scan needs, one with the list of policies, and one for each.

    All but the first are read when they are needed. Raises ValueError where it was made from another ``state``.
    """

    def __init__(self, data: bytes, state: list[Any]) -> None:
        self._begin = data.index(b"\n") + 1
        head = json.loads(data[: self._begin])
        self._data = data
        #: Where each line begins, behind the first; and the end of the last.
        self._starts: list[int] = head["starts"]
        if head["state"] != state or len(data) != self._begin + self._starts[-1]:
            raise ValueError("not current")
        self.kinds: dict[str, list[int]] = head["kinds"]
        self._made: dict[int, Policy] = {}
        self._listed: tuple[Listed, ...] = ()

    def __len__(self) -> int:
        return len(self._starts) - 2

    def load(self, number: int) -> Policy:
        if number not in self._made:
            self._made[number] = _policy(self._line(number + 1))
        return self._made[number]

    def listed(self) -> tuple[Listed, ...]:
        self._listed = self._listed or tuple(
            Listed(name, tuple(kinds), severity, tuple(aliases), partial(self.load, number))
            for number, (name, kinds, severity, aliases) in enumerate(self._line(0))
        )
        return self._listed

    def _line(self, number: int) -> Any:
        return json.loads(self._data[self._begin + self._starts[number] : self._begin + self._starts[number + 1]])


def _state(folder: str, ending: str) -> list[int]:
    """Number, size and checksum of path, size and time of every file below ``folder``."""
    pending = [folder]
    found: list[str] = []
    size = 0
    while pending:
        with os.scandir(pending.pop()) as entries:
            for entry in entries:
                if entry.is_dir():
                    pending.append(entry.path)
                elif entry.name.endswith(ending):
                    about = entry.stat()
                    size += about.st_size
                    found.append(f"{entry.path}:{about.st_size}:{about.st_mtime_ns}")
    text = "\n".join(sorted(found)).encode("utf-8", "surrogateescape")
    return [len(found), size, crc32(text), adler32(text)]


def _keep(file: str, state: list[Any], policies: Sequence[Policy]) -> None:
    import tempfile

    everything = [[p.rule.id, p.kinds, p.rule.severity, p.rule.aliases] for p in policies]
    lines = [json.dumps(part, separators=(",", ":")) + "\n" for part in (everything, *map(_entry, policies))]
    starts = list(accumulate(map(len, lines), initial=0))
    head = {"state": state, "starts": starts, "kinds": Shelf(map(listed, policies)).kinds}
    text = json.dumps(head, separators=(",", ":")) + "\n" + "".join(lines)
    folder = os.path.dirname(file)
    os.makedirs(folder, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=folder, prefix=".policies-")
    with os.fdopen(handle, "w", encoding="ascii") as stream:
        stream.write(text)
    os.replace(name, file)


def _entry(policy: Policy) -> dict[str, Any]:
    rule = policy.rule
    entry: dict[str, Any] = {name: getattr(rule, name) for name in fields(Rule) if name != "fix"}
    conditions = {name: _condition_entry(getattr(policy, name)) for name in _CONDITIONS if getattr(policy, name)}
    return {
        "rule": entry,
        "fix": [rule.fix.text, dict(rule.fix.snippets)],
        "kinds": policy.kinds,
        "conditions": conditions,
        "message": [policy.message.text, _numbers(policy.message.span), kept(policy.message.message)],
        "file": policy.file,
    }


def _condition_entry(condition: Condition) -> list[Any]:
    return [condition.text, _numbers(condition.span), condition.node]


def _numbers(span: Span) -> list[int]:
    return [span.line, span.column, span.end_line, span.end_column]


def _policy(entry: dict[str, Any]) -> Policy:
    rule, file = entry["rule"], entry["file"]
    text, snippets = entry["fix"]
    message, at, parts = entry["message"]
    made = Rule(
        id=rule["id"],
        title=rule["title"],
        severity=rule["severity"],
        category=rule["category"],
        resources=tuple(rule["resources"]),
        why=rule["why"],
        fix=Fix(text, snippets),
        references=tuple(rule["references"]),
        aliases=tuple(rule["aliases"]),
        frameworks={name: tuple(controls) for name, controls in rule["frameworks"].items()},
        source=rule["source"],
    )
    conditions = {
        name: Condition(text, Span(file, *place), node) for name, (text, place, node) in entry["conditions"].items()
    }
    return Policy(
        made, tuple(entry["kinds"]), message=MessageText(message, Span(file, *at), parts), file=file, **conditions
    )
