"""Policies ready to run, and the pack of them: immutable, indexed by kind, expressions compiled at first use."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property

from iacguard.findings import Problem, Rule, Severity
from iacguard.model import Span
from iacguard.policy.language import Expression, Node, compile_expression, parse
from iacguard.policy.message import Message, compile_message


class PolicyError(Exception):
    """Policies that cannot be loaded or selected; ``problems`` has each with its place, message and hint."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        super().__init__("\n".join(map(told, problems)))


def told(problem: Problem) -> str:
    """A problem in a line: ``file:line:column: message (hint)``."""
    at = f"{problem.span.file}:{problem.span.line}:{problem.span.column}: " if problem.span.file else ""
    return f"{at}{problem.message}" + (f" ({problem.hint})" if problem.hint else "")


#: The place of what has none: an option of the command line.
NOWHERE = Span("", 1, 1, 1, 1)


class Condition:
    """An expression of a policy, parsed and compiled when first needed. ``span`` is where it is written."""

    def __init__(self, text: str, span: Span, node: Node | None = None) -> None:
        self.text = text
        self.span = span
        self._node = node

    @cached_property
    def node(self) -> Node:
        """The parser's tree of it: plain data."""
        return self._node if self._node is not None else parse(self.text)

    @cached_property
    def expression(self) -> Expression:
        return compile_expression(self.text, self.node)


class MessageText:
    """A policy's message, compiled when first needed."""

    def __init__(self, text: str, span: Span) -> None:
        self.text = text
        self.span = span

    @cached_property
    def message(self) -> Message:
        return compile_message(self.text)


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy. ``kinds`` are the resource types it decides, groups opened; ``file`` is where it is written."""

    rule: Rule
    kinds: tuple[str, ...]
    deny: Condition
    message: MessageText
    where: Condition | None = None
    each: Condition | None = None
    at: Condition | None = None
    file: str = ""

    def decides(self, kind: str) -> bool:
        """Whether it is for resources of this type; a kind in the policy may be a shell pattern."""
        return kind in self.kinds or any("*" in k and fnmatchcase(kind, k) for k in self.kinds)


@dataclass(frozen=True, slots=True)
class Pack:
    """Policies in the order of their ids."""

    policies: tuple[Policy, ...]
    _by_kind: dict[str, tuple[Policy, ...]] = field(init=False, repr=False, compare=False)
    _patterns: tuple[Policy, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        index: dict[str, list[Policy]] = {}
        for policy in self.policies:
            for kind in policy.kinds:
                index.setdefault(kind, []).append(policy)
        object.__setattr__(self, "_by_kind", {k: tuple(v) for k, v in index.items()})
        object.__setattr__(self, "_patterns", tuple(p for p in self.policies if any("*" in k for k in p.kinds)))

    @property
    def rules(self) -> tuple[Rule, ...]:
        """What readers need to know of each policy, by id."""
        return tuple(p.rule for p in self.policies)

    def get(self, name: str) -> Policy:
        """The policy with this id or alias. Raises PolicyError, naming near ids."""
        for policy in self.policies:
            if name == policy.rule.id or name in policy.rule.aliases:
                return policy
        raise PolicyError((self._nothing(name),))

    def for_kinds(self, *kinds: str) -> tuple[Policy, ...]:
        """The policies that decide resources of any of these types, by id."""
        found = {p.rule.id: p for kind in kinds for p in self._by_kind.get(kind, ())}
        found.update((p.rule.id, p) for p in self._patterns if any(map(p.decides, kinds)))
        return tuple(found[i] for i in sorted(found))

    def select(self, select: tuple[str, ...], ignore: tuple[str, ...], severities: tuple[Severity, ...]) -> Pack:
        """The policies that ``select`` names (all if it is empty), less those of ``ignore``, of ``severities``.

        Names are ids, aliases or shell patterns over ids. Raises PolicyError for a name that matches nothing.
        """
        missing = [self._nothing(n) for n in (*select, *ignore) if not any(_named(p, n) for p in self.policies)]
        if missing:
            raise PolicyError(tuple(missing))
        return Pack(
            tuple(
                p
                for p in self.policies
                if (not select or any(_named(p, n) for n in select))
                and not any(_named(p, n) for n in ignore)
                and (not severities or p.rule.severity in severities)
            )
        )

    def _nothing(self, name: str) -> Problem:
        from difflib import get_close_matches

        near = get_close_matches(name, [p.rule.id for p in self.policies], 3)
        hint = f"did you mean {' or '.join(near)}?" if near else "`iacguard policy list` shows them all"
        return Problem("policy", NOWHERE, f"no policy is called {name!r}", hint)


def _named(policy: Policy, name: str) -> bool:
    rule = policy.rule
    return name == rule.id or name in rule.aliases or fnmatchcase(rule.id, name)
