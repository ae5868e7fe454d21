"""CloudFormation's types and properties in Terraform's vocabulary, by the rows of ``tables/cloudformation``.

What no row names follows the rule: names in snake case, an object becomes a block (a list of one object).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from iacguard.model import REST, Edge, Key, Path, Unknown, Value
from iacguard.normalise.convert import convert, snake
from iacguard.normalise.draft import Draft
from iacguard.normalise.places import TranslatedPlace
from iacguard.normalise.shapes import SHAPES, STAYS_TEXT
from iacguard.normalise.tables import load, words
from iacguard.normalise.values import MAX_DEPTH, integer, items, text
from iacguard.record import field, record, replace

#: Where the front end keeps what stands beside a resource's Properties (DeletionPolicy, Metadata): left as written.
BESIDE = "__resource__"
#: Arguments that are text in Terraform and that people write as a bare number.
_TEXT = frozenset({"engine_version", "version", "source_account", "account_id", "platform_version", "kafka_version"})
_TRUTH = {"true": True, "false": False}
#: What is no property.
_AS_WRITTEN = frozenset({BESIDE, REST})
_TOO_DEEP = Unknown(f"nested deeper than {MAX_DEPTH} levels", kind="limit")


@record
class Rule:
    """What becomes of one property: where it goes, by which conversions, and the rules of its members.

    ``pairs``: it is a list of {Key, Value} whose keys are attributes. ``also``: it goes to other attributes, too.
    ``single``: it goes to one attribute beside those of its siblings, as nearly all do.
    """

    target: tuple[str, ...] = ()
    conversions: tuple[tuple[str, str], ...] = ()
    members: dict[str, Rule] | None = None
    pairs: dict[str, Rule] | None = None
    also: tuple[Rule, ...] = ()
    single: bool = True


@record
class Row:
    """One CloudFormation type. ``chosen``: other Terraform types, taken where the property is written."""

    type: str
    members: dict[str, Rule]
    numbers: frozenset[str]
    chosen: tuple[tuple[str, str], ...] = ()


_PLAIN = Rule()


def translate(draft: Draft) -> Mapping[Path, Path] | None:
    """Rewrite a CloudFormation resource; returns new path -> native path, None where its type has no row."""
    row = find_row(draft.resource.native_type)
    if row is None or not isinstance(draft.attributes, dict):
        return None
    work = _Translation(row.numbers)
    source = draft.attributes
    out = work.members(source, row.members, {}, (), (), 0)
    draft.rewrite(row.type, out, TranslatedPlace(draft.place, work.moves, BESIDE))
    for name, type_ in row.chosen:
        if source.get(name) is not None:
            draft.type = type_
            break
    return work.moves


def rename_edges(edges: list[Edge], moves: Mapping[str, Mapping[Path, Path]]) -> list[Edge]:
    """Edges of translated resources, by the attribute's new name; ``moves`` are those of each, by address."""
    out = []
    names: dict[str, dict[Key, Key]] = {}
    for edge in edges:
        source, target, attribute = edge
        if source in moves:
            if source not in names:
                names[source] = _names(moves[source])
            head = attribute.partition(".")[0]
            edge = Edge(source, target, str(names[source].get(head, snake(head))) if head else "")
        out.append(edge)
    return out


def _names(moves: Mapping[Path, Path]) -> dict[Key, Key]:
    """Native property -> the first attribute that it went to."""
    names: dict[Key, Key] = {}
    for new, old in moves.items():
        if old:
            names.setdefault(old[0], new[0])
    return names


@record(frozen=False)
class _Translation:
    """One resource's translation: ``moves`` collects new path -> old path."""

    numbers: frozenset[str]
    moves: dict[Path, Path] = field(default_factory=dict)

    def members(
        self, source: dict[Any, Value], rules: dict[str, Rule], out: dict[str, Value], new: Path, old: Path, depth: int
    ) -> dict[str, Value]:
        for key, value in source.items():
            rule = rules.get(key, _PLAIN)
            if key in _AS_WRITTEN:
                out[key] = value
            elif not isinstance(key, str):
                out[REST] = value
            elif rule.single:
                name = rule.target[0] if rule.target else snake(key)
                at, was = (*new, name), (*old, key)
                self.moves[at] = was
                if type(value) is str and not rule.conversions and depth < MAX_DEPTH:
                    out[name] = self.text(value, name)
                else:
                    out[name] = self.value(value, rule, at, was, depth + 1)
            elif rule.pairs is not None:
                self._pairs(value, rule.pairs, out, new, (*old, key))
            elif rule.target == (".",):
                self._splice(value, rule, out, new, (*old, key), depth)
            else:
                self._place(value, rule, rule.target or (snake(key),), out, new, (*old, key), depth)
                for other in rule.also:
                    self._place(value, other, other.target or (snake(key),), out, new, (*old, key), depth)
        return out

    def _place(
        self, value: Value, rule: Rule, target: Path, out: dict[str, Value], new: Path, old: Path, depth: int
    ) -> None:
        if len(target) > 1:
            out, new = self._descend(out, new, target, old)
        name = target[-1]
        at = (*new, name)
        self.moves[at] = old
        out[str(name)] = self.value(value, rule, at, old, depth + 1)

    def _descend(self, out: dict[str, Value], new: Path, target: Path, old: Path) -> tuple[dict[str, Value], Path]:
        """The object that ``target``'s last name belongs to; blocks made on the way stand where ``old`` does."""
        for name in target[:-1]:
            found = out.get(str(name))
            if not (isinstance(found, list) and found and isinstance(found[0], dict)):
                found = out[str(name)] = [{}]
                self.moves[(*new, name)] = self.moves[(*new, name, 0)] = old
            out, new = found[0], (*new, name, 0)
        return out, new

    def _splice(self, value: Value, rule: Rule, out: dict[str, Value], new: Path, old: Path, depth: int) -> None:
        if isinstance(value, dict) and depth < MAX_DEPTH:
            self.members(value, rule.members or {}, out, new, old, depth + 1)
        elif isinstance(value, Unknown):
            out[REST] = value

    def _pairs(self, value: Value, rules: dict[str, Rule], out: dict[str, Value], new: Path, old: Path) -> None:
        """A list of {Key, Value} whose keys are attributes of their own."""
        for index, pair in enumerate(items(value)):
            key = pair.get("Key", pair.get("Name")) if isinstance(pair, dict) else pair
            if isinstance(key, Unknown):
                out.setdefault(REST, key)
            rule = rules.get(key) if isinstance(key, str) else None
            if rule is None or not isinstance(pair, dict):
                continue
            self._place(pair.get("Value"), rule, rule.target, out, new, (*old, index, "Value"), 1)

    def value(self, value: Value, rule: Rule, new: Path, old: Path, depth: int) -> Value:
        if depth > MAX_DEPTH:
            return _TOO_DEEP
        for name, argument in rule.conversions:
            shape = SHAPES.get(name)
            if shape is not None:
                value = shape(self.moves, value, argument, new, old)
            elif name in ("map", "object"):
                return self._object(value, rule, new, old, depth) if name == "object" else value
            else:
                value = convert(value, name, argument)
        if isinstance(value, str):
            return self.text(value, _name(new))
        if isinstance(value, dict):
            self.moves[(*new, 0)] = old
            return [self.members(value, rule.members or {}, {}, (*new, 0), old, depth)]
        if isinstance(value, list):
            name = _name(new)
            return [
                self.text(v, name) if type(v) is str else self._item(v, rule, (*new, i), (*old, i), depth)
                for i, v in enumerate(value)
            ]
        if isinstance(value, Unknown):
            return self._choices(value, rule, depth) if value.choices else value
        return self.scalar(value, new)

    def _item(self, value: Value, rule: Rule, new: Path, old: Path, depth: int) -> Value:
        if isinstance(value, dict):
            # An item that a conversion has already placed (list of one, plucked) keeps that place.
            return self.members(value, rule.members or {}, {}, new, self.moves.get(new, old), depth)
        if isinstance(value, list):
            return self.value(value, _PLAIN, new, old, depth + 1)
        if isinstance(value, Unknown) and value.choices:
            choices = [self._item(c, rule, new, old, depth + 1) for c in value.choices]
            return replace(value, choices=tuple(choices))
        return self.scalar(value, new)

    def _object(self, value: Value, rule: Rule, new: Path, old: Path, depth: int) -> Value:
        if isinstance(value, dict):
            return self.members(value, rule.members or {}, {}, new, old, depth)
        return value

    def _choices(self, value: Unknown, rule: Rule, depth: int) -> Value:
        apart = _Translation(self.numbers)
        shaped = replace(rule, conversions=()) if rule.conversions else rule
        choices = tuple(apart.value(c, shaped, ("",), (), depth + 1) for c in value.choices)
        if all(new is old for new, old in zip(choices, value.choices, strict=True)):
            return value
        return replace(value, choices=choices)

    def scalar(self, value: Value, new: Path) -> Value:
        if isinstance(value, str):
            return self.text(value, _name(new))
        if isinstance(value, int | float) and not isinstance(value, bool) and _name(new) in _TEXT:
            return text(value)
        return value

    def text(self, value: str, name: str) -> Value:
        """A text, or what it stands for: the number or truth value that is written as one."""
        if name in self.numbers:
            number = integer(value)
            return value if number is None else number
        if len(value) < 6 and name not in STAYS_TEXT:
            return _TRUTH.get(value.lower(), value)
        return value


def _name(path: Path) -> str:
    """The attribute at or around ``path``."""
    for key in reversed(path):
        if isinstance(key, str):
            return key
    return ""


@cache
def find_row(native: str) -> Row | None:
    """The row of a CloudFormation type, None where there is none."""
    parts = native.split("::")
    if len(parts) != 3 or parts[0] != "AWS" or not parts[1].isalnum():
        return None
    table = load(f"cloudformation/{parts[1].lower()}")
    raw = table.get(native)
    if not isinstance(raw, dict) or "as" not in raw:
        return None
    root: dict[str, Any] = {"Tags": Rule((), (("tags", ""), ("map", "")))}
    chosen = []
    for path, entry in raw.items():
        if path == "as":
            continue
        if path.startswith("as "):
            chosen.append((path[3:], entry))
        else:
            _insert(root, path.split("."), entry)
    return Row(raw["as"], root, frozenset(words(table.get("numbers", ""))), tuple(chosen))


def _insert(root: dict[str, Rule], path: list[str], entry: Any) -> None:
    for name in path[:-1]:
        rule = root.get(name, _PLAIN)
        if rule.members is None:
            rule = root[name] = replace(rule, members={})
        assert rule.members is not None
        root = rule.members
    old = root.get(path[-1], _PLAIN)
    if isinstance(entry, dict):
        root[path[-1]] = replace(old, pairs={k: _rule(v, k) for k, v in entry.items()}, single=False)
    else:
        first, *more = [_rule(e, path[-1]) for e in ([entry] if isinstance(entry, str) else entry)]
        single = first.single and not more
        root[path[-1]] = replace(first, members=old.members, also=tuple(more), single=single)


def _rule(entry: str, name: str) -> Rule:
    """``target conversion conversion:argument``; the target ``=`` is the name that follows by rule."""
    head, *rest = entry.split()
    target = (".",) if head == "." else (snake(name),) if head == "=" else tuple(head.split("."))
    conversions = []
    for word in rest:
        conversion, _, argument = word.partition(":")
        conversions.append((conversion, argument))
    return Rule(target, tuple(conversions), single=len(target) == 1 and target != (".",))
