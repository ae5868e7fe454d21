"""Policies ready to run, and the pack of them: immutable, indexed by kind, expressions compiled at first use."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any, NamedTuple

from iacguard.findings import Problem, Rule, Severity
from iacguard.late import regex
from iacguard.model import Span, Value
from iacguard.policy.language import Answer, Closure, Context, Expression, Node, compile_expression, parse
from iacguard.policy.logic import Tri
from iacguard.policy.message import Message, compile_message, restored
from iacguard.record import record


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


_NAME = regex(r"[A-Za-z_]\w*")
#: What may look at attributes without naming them.
_WHOLE = regex(r"@|resource\(\)(?!\.)|(?<![\w\])])\*|\$")
#: What looks at other resources, and of which type; a type that is worked out may be any.
_LOOKS_AROUND = regex(r"\b(targets|referrers|resources)\((?:'([^']*)'\))?")


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
    """A policy's message, compiled when first needed. ``parts``: it was parsed before, see ``message.kept``."""

    def __init__(self, text: str, span: Span, parts: list[Any] | None = None) -> None:
        self.text = text
        self.span = span
        self._parts = parts

    @cached_property
    def message(self) -> Message:
        return compile_message(self.text) if self._parts is None else restored(self._parts)


def _always(attributes: Value, context: Context) -> Tri:
    return True


@record(slots=False)
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

    @cached_property
    def applies(self) -> Answer:
        """Whether it is for a resource with these attributes. Raises EvaluationError."""
        return _always if self.where is None else self.where.expression.answer

    @cached_property
    def items(self) -> Closure:
        """What gives the items of a resource's attributes that it decides one by one; for a policy with ``each``."""
        assert self.each is not None
        expression = self.each.expression
        return expression.parts.closure(expression.node)

    @cached_property
    def denies(self) -> Answer:
        """Whether it refuses a resource's attributes, or an item of it. Raises EvaluationError."""
        return self.deny.expression.answer

    @property
    def _text(self) -> str:
        written = (self.deny, self.where, self.each, self.at)
        return " ".join(condition.text for condition in written if condition is not None)

    @cached_property
    def words(self) -> frozenset[str] | None:
        """The names in its expressions; None where it may look at attributes that it does not name."""
        return None if _WHOLE.search(self._text) else frozenset(_NAME.findall(self._text))

    @cached_property
    def looks_at(self) -> tuple[tuple[str, str], ...]:
        """Its functions that look at other resources, each with the type of those, "" for any."""
        return tuple(dict.fromkeys(_LOOKS_AROUND.findall(self._text)))

    def decides(self, kind: str) -> bool:
        """Whether it is for resources of this type; a kind in the policy may be a shell pattern."""
        return kind in self.kinds or any("*" in k and fnmatchcase(kind, k) for k in self.kinds)


class Listed(NamedTuple):
    """What a pack must know of a policy before a resource of its kinds is met; ``load`` gives the rest, once."""

    id: str
    kinds: tuple[str, ...]
    severity: Severity
    aliases: tuple[str, ...]
    load: Callable[[], Policy]

    def named(self, name: str) -> bool:
        """Whether ``name`` is its id, one of its aliases, or a shell pattern of its id."""
        return name == self.id or name in self.aliases or fnmatchcase(self.id, name)


def listed(policy: Policy) -> Listed:
    """A policy that is at hand."""
    rule = policy.rule
    return Listed(rule.id, policy.kinds, rule.severity, rule.aliases, lambda: policy)


class Shelf:
    """Policies in the order of their ids, each with its number, and the numbers of those for each kind."""

    def __init__(self, entries: Iterable[Listed]) -> None:
        self._entries = tuple(sorted(entries, key=lambda entry: entry.id))
        self.kinds: dict[str, list[int]] = {}
        for number, entry in enumerate(self._entries):
            for kind in entry.kinds:
                self.kinds.setdefault(kind, []).append(number)

    def __len__(self) -> int:
        return len(self._entries)

    def load(self, number: int) -> Policy:
        """The policy of this number."""
        return self._entries[number].load()

    def listed(self) -> tuple[Listed, ...]:
        """All of them, as far as they are known without being loaded."""
        return self._entries


class Pack:
    """The policies of a shelf, as a scan asks for them. Immutable; those of a kind are loaded when it is met."""

    __slots__ = ("_found", "_patterns", "_shelf")

    def __init__(self, policies: Shelf | Iterable[Policy | Listed]) -> None:
        entries = () if isinstance(policies, Shelf) else (p if isinstance(p, Listed) else listed(p) for p in policies)
        self._shelf = policies if isinstance(policies, Shelf) else Shelf(entries)
        #: What for_kinds() has found: a scan of many stacks meets the same kinds again and again.
        self._found: dict[tuple[str, ...], tuple[Policy, ...]] = {}
        self._patterns = tuple(kind for kind in self._shelf.kinds if "*" in kind)

    def __len__(self) -> int:
        return len(self._shelf)

    @property
    def policies(self) -> tuple[Policy, ...]:
        """All of them, loaded."""
        return tuple(map(self._shelf.load, range(len(self._shelf))))

    @property
    def rules(self) -> tuple[Rule, ...]:
        """What readers need to know of each policy, by id."""
        return tuple(policy.rule for policy in self.policies)

    def get(self, name: str) -> Policy:
        """The policy with this id or alias. Raises PolicyError, naming near ids."""
        for entry in self._shelf.listed():
            if name == entry.id or name in entry.aliases:
                return entry.load()
        raise PolicyError((self._nothing(name),))

    def names(self, name: str) -> bool:
        """Whether ``name`` is the id or an alias of one of them, or a shell pattern of an id."""
        return any(entry.named(name) for entry in self._shelf.listed())

    def for_kinds(self, *kinds: str) -> tuple[Policy, ...]:
        """The policies that decide resources of any of these types, by id."""
        known = self._found.get(kinds)
        if known is None:
            names = {*kinds, *(p for p in self._patterns if any(fnmatchcase(kind, p) for kind in kinds))}
            numbers = {number for name in names for number in self._shelf.kinds.get(name, ())}
            known = self._found[kinds] = tuple(map(self._shelf.load, sorted(numbers)))
        return known

    def select(self, select: tuple[str, ...], ignore: tuple[str, ...], severities: tuple[Severity, ...]) -> Pack:
        """The policies that ``select`` names (all if it is empty), less those of ``ignore``, of ``severities``.

        Names are ids, aliases or shell patterns over ids. Raises PolicyError for a name that matches nothing.
        """
        if not (select or ignore or severities):
            return self
        missing = [self._nothing(n) for n in (*select, *ignore) if not any(e.named(n) for e in self._shelf.listed())]
        if missing:
            raise PolicyError(tuple(missing))
        return Pack(
            e
            for e in self._shelf.listed()
            if (not select or any(map(e.named, select)))
            and not any(map(e.named, ignore))
            and (not severities or e.severity in severities)
        )

    def _nothing(self, name: str) -> Problem:
        from difflib import get_close_matches

        near = get_close_matches(name, [e.id for e in self._shelf.listed()], 3)
        hint = f"did you mean {' or '.join(near)}?" if near else "`iacguard policy list` shows them all"
        return Problem("policy", NOWHERE, f"no policy is called {name!r}", hint)
