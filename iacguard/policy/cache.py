"""The built-in policies in a form that loads at once: read from YAML and parsed when one of their files changed.

Reading some hundred YAML files costs more than a whole small scan. So what came out of them is kept as JSON, with the
size and time of every file it was made from (and of the code that made it); any difference makes it anew. The file
is only ever a copy: one that is missing, damaged or not writable costs time, nothing else.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from zlib import crc32

from iacguard import __version__
from iacguard.findings import Fix, Rule
from iacguard.model import Span
from iacguard.policy.compile import Condition, MessageText, Policy
from iacguard.policy.errors import ExpressionError

_CONDITIONS = ("deny", "where", "each", "at")


def cached(folder: Path, cache_dir: Path, read: Callable[[], Sequence[Policy]]) -> tuple[Policy, ...]:
    """The policies of ``folder``, from ``cache_dir`` if they are there and current, else from ``read``."""
    state = [__version__, *_state(str(folder)), *_state(os.path.dirname(__file__), ".py")]
    # One file for each installation, or two of them would undo each other's.
    file = cache_dir / f"policies-{crc32(str(folder).encode()):08x}.json"
    try:
        kept = json.loads(file.read_bytes())
        if kept["state"] == state:
            return tuple(_policy(entry) for entry in kept["policies"])
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        pass  # made anew below
    policies = tuple(read())
    try:
        entries = [_entry(policy) for policy in policies]
    except ExpressionError:
        return policies  # the scan tells of it, where the policy is needed
    _keep(file, {"state": state, "policies": entries})
    return policies


def _state(folder: str, ending: str = ".yaml") -> Iterator[list[str | int]]:
    """Path, size and time of each file below ``folder``."""
    pending = [folder]
    found: list[list[str | int]] = []
    while pending:
        with os.scandir(pending.pop()) as entries:
            for entry in entries:
                if entry.is_dir():
                    pending.append(entry.path)
                elif entry.name.endswith(ending):
                    about = entry.stat()
                    found.append([entry.path, about.st_size, about.st_mtime_ns])
    return iter(sorted(found))


def _keep(file: Path, content: dict[str, Any]) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=".policies-")
        with os.fdopen(handle, "w", encoding="ascii") as stream:
            json.dump(content, stream, separators=(",", ":"))
        os.replace(name, file)
    except OSError:
        return  # no cache here: the next run reads the files again


def _entry(policy: Policy) -> dict[str, Any]:
    rule = policy.rule
    entry: dict[str, Any] = {name: getattr(rule, name) for name in Rule.__slots__ if name != "fix"}
    conditions = {name: _condition_entry(getattr(policy, name)) for name in _CONDITIONS if getattr(policy, name)}
    return {
        "rule": entry,
        "fix": [rule.fix.text, dict(rule.fix.snippets)],
        "kinds": policy.kinds,
        "conditions": conditions,
        "message": [policy.message.text, _numbers(policy.message.span)],
        "file": policy.file,
    }


def _condition_entry(condition: Condition) -> list[Any]:
    return [condition.text, _numbers(condition.span), condition.node]


def _numbers(span: Span) -> list[int]:
    return [span.line, span.column, span.end_line, span.end_column]


def _policy(entry: dict[str, Any]) -> Policy:
    rule, file = entry["rule"], entry["file"]
    text, snippets = entry["fix"]
    message, at = entry["message"]
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
    return Policy(made, tuple(entry["kinds"]), message=MessageText(message, Span(file, *at)), file=file, **conditions)
