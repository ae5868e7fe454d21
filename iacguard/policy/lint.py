"""What is legal in a policy and still not good: house style, missing examples, names that do not exist."""

from __future__ import annotations

import csv
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path

from iacguard.findings import Problem
from iacguard.late import regex
from iacguard.model import Format, Span
from iacguard.policy.compile import NOWHERE, Condition, Policy, PolicyError
from iacguard.policy.hard import is_hard
from iacguard.policy.language import Node
from iacguard.policy.schema import FORMATS
from iacguard.policy.testing import Example, read_policies

_MAX_TITLE = 80
_URL = regex(r"https://[^\s/]+\.[^\s]+")
_HARD = (
    "add one through a variable or module, a dynamic block, a condition, a list with an unknown, a sub-resource, a"
    " container that overrides its pod"
)
_ONLY = regex(r"source_format\(\) == '(\w+)'")

#: Whether an attribute path exists on a kind: the names from the outside in, indices left out. None: cannot be told.
KnowsAttribute = Callable[[str, tuple[str, ...]], bool | None]


def lint(
    paths: Iterable[str],
    catalogue: str = "",
    knows: KnowsAttribute | None = None,
    translated: Collection[str] = (),
) -> tuple[tuple[Problem, ...], int]:
    """What is wrong with the policies at ``paths`` (the built-in ones if there are none), and how many there are.

    ``catalogue`` is a CSV file with a column ``rule``: aliases must be in it. ``translated`` are the kinds that
    CloudFormation's resources become. Errors that keep a policy from loading are among the problems; nothing raises.
    """
    problems: list[Problem] = []
    known: frozenset[str] | None = None
    if catalogue:
        known = _catalogue(catalogue, problems)
    try:
        policies = read_policies(tuple(paths))
    except PolicyError as error:
        return (*problems, *error.problems), 0
    for policy, examples in policies:
        problems.extend(_policy(policy, examples, known, translated))
        if knows is not None:
            problems.extend(_attributes(policy, knows))
    problems.extend(_shared_aliases([policy for policy, _ in policies]))
    return tuple(sorted(dict.fromkeys(problems), key=lambda p: (p.span, p.message))), len(policies)


def _catalogue(path: str, problems: list[Problem]) -> frozenset[str] | None:
    try:
        with Path(path).open(encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file)
            if "rule" not in (rows.fieldnames or ()):
                problems.append(Problem("policy", NOWHERE, f"{path}: there is no column 'rule'"))
                return None
            return frozenset(row["rule"] or "" for row in rows)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        problems.append(Problem("policy", NOWHERE, f"{path}: the catalogue cannot be read: {error}"))
        return None


def _policy(
    policy: Policy, examples: tuple[Example, ...], known: frozenset[str] | None, translated: Collection[str]
) -> Iterator[Problem]:
    rule = policy.rule

    def wrong(message: str, hint: str = "") -> Problem:
        return Problem("policy", Span(policy.file, 1, 1, 1, 2), message, hint)

    if len(rule.title) >= _MAX_TITLE:
        yield wrong(f"the title has {len(rule.title)} characters", f"use less than {_MAX_TITLE}")
    if rule.title.endswith("."):
        yield wrong("the title ends in a full stop", "leave it out")
    if rule.title[:1].islower():
        yield wrong("the title begins with a small letter", "write it as a sentence")
    if len(rule.why) < 40:
        yield wrong("why says too little", "name the attack or the loss in two or three sentences")
    for url in rule.references:
        if not _URL.fullmatch(url):
            yield wrong(f"the reference {url!r} is no https URL")
    if not rule.references:
        yield wrong("there is no reference", "link the provider's own page")
    if known is not None:
        for alias in rule.aliases:
            if alias not in known:
                yield wrong(f"the alias {alias!r} is not in the catalogue", _near(alias, known))
    yield from (wrong(*found) for found in _coverage(policy, examples, translated))


def _near(alias: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(alias, sorted(known), 1, 0.8)
    return f"did you mean {near[0]}?" if near else ""


def serves(policy: Policy, examples: Iterable[Example], translated: Collection[str] = ()) -> tuple[Format, ...]:
    """The formats that a policy serves: those that its kinds can be written in, and those of its examples and fix.

    Where the policy says by ``source_format()`` that it is for one only, as the others cannot set what it asks for,
    it is that one.
    """
    only = _ONLY.search(policy.where.text) if policy.where is not None else None
    if only:
        return tuple(f for f in FORMATS if f == only[1])
    written = {e.format for e in examples} | set(policy.rule.fix.snippets)
    kinds = policy.kinds
    if any(k.startswith(("aws_", "azurerm_", "google_")) for k in kinds):
        written.add("terraform")
    if any(k.startswith("AWS::") or k in translated for k in kinds):
        written.add("cloudformation")
    if any(k[:1].isupper() and "::" not in k for k in kinds):
        written.add("kubernetes")
    return tuple(f for f in FORMATS if f in written)


def _coverage(policy: Policy, examples: tuple[Example, ...], translated: Collection[str]) -> Iterator[tuple[str, str]]:
    for format_ in serves(policy, examples, translated):
        mine = [e for e in examples if e.format == format_]
        if not any(e.expected["violated"] for e in mine):
            yield f"no {format_} example violates the policy", "add one: the examples are the tests"
        if not any(e.expected["satisfied"] for e in mine):
            yield f"no {format_} example satisfies the policy", "add one: false alarms are worse than a gap"
        if format_ not in policy.rule.fix.snippets:
            yield f"fix has no {format_} snippet", "show the smallest change"
    if not examples:
        yield "there are no examples", "add one that violates and one that satisfies it"
    elif not any(is_hard(policy, example) for example in examples):
        yield "no example is hard", _HARD


def _shared_aliases(policies: list[Policy]) -> Iterator[Problem]:
    """Repeated aliases within one policy; several policies may share one, where the other rule asks two questions."""
    for policy in policies:
        aliases = policy.rule.aliases
        for alias in sorted({a for a in aliases if aliases.count(a) > 1}):
            yield Problem("policy", Span(policy.file, 1, 1, 1, 2), f"the alias {alias!r} stands twice", "remove one")


def _attributes(policy: Policy, knows: KnowsAttribute) -> Iterator[Problem]:
    """Attributes read from the resource that none of the policy's kinds has."""
    prefix = paths_of(policy.each.expression.node) if policy.each is not None else ()
    base = prefix[0] if len(prefix) == 1 else None
    conditions: list[tuple[str, Condition | None, tuple[str, ...]]]
    conditions = [("where", policy.where, ()), ("each", policy.each, ())]
    if policy.each is None or base is not None:
        conditions += [("deny", policy.deny, base or ()), ("at", policy.at, base or ())]
    for key, condition, start in conditions:
        if condition is None:
            continue
        for path in paths_of(condition.expression.node):
            if all(knows(kind, (*start, *path)) is False for kind in policy.kinds):
                message = f"{key}: {'.'.join((*start, *path))} is no attribute of {' or '.join(policy.rule.resources)}"
                yield Problem("policy", condition.span, message, "see docs/vocabulary.md")


def paths_of(node: Node) -> tuple[tuple[str, ...], ...]:
    """The attribute paths that an expression reads from the current node, without indices: ``versioning.enabled``.

    Paths inside filters and ``&expressions`` are read from items, so they begin with the path of their list.
    """
    out: list[tuple[str, ...]] = []
    _note(_walk(node, (), out), out)
    return tuple(dict.fromkeys(out))


def _walk(node: Node, base: tuple[str, ...] | None, out: list[tuple[str, ...]]) -> tuple[str, ...] | None:
    """Note the paths in ``node`` where ``base`` is the current node's; the node's own path, None where it has none."""
    kind, children = node["type"], node["children"]
    if kind == "field":
        return None if base is None else (*base, node["value"])
    if kind in ("identity", "current", "index", "slice"):
        return base
    if kind in ("subexpression", "index_expression", "pipe"):
        for child in children:
            base = _walk(child, base, out)
        return base
    if kind in ("projection", "flatten", "filter_projection"):
        item = _walk(children[0], base, out)
        if kind == "filter_projection":
            _note(_walk(children[2], item, out), out)
        return item if kind == "flatten" else _walk(children[1], item, out)
    if kind == "function_expression":
        _walk_call(node, base, out)
        return None
    if kind == "value_projection":
        _note(_walk(children[0], base, out), out)
        return None
    for child in children if kind != "slice" else ():
        if isinstance(child, dict):
            _note(_walk(child, base, out), out)
    return None


def _walk_call(node: Node, base: tuple[str, ...] | None, out: list[tuple[str, ...]]) -> None:
    first: tuple[str, ...] | None = None
    for child in node["children"]:
        if child["type"] == "expref":
            _note(_walk(child["children"][0], first, out), out)
        else:
            first = _walk(child, base, out)
            _note(first, out)


def _note(path: tuple[str, ...] | None, out: list[tuple[str, ...]]) -> None:
    if path:
        out.append(path)
