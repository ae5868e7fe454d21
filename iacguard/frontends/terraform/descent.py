"""Expressions read straight from the text, by recursive descent: several times faster than through tree-sitter.

What it gives is what ``expressions.py`` gives for the same text. It reads only what is surely right and plainly
written; at anything else it raises :class:`UnsureError`, and the file is read by way of the grammar, which knows the
rare forms and what to say of errors. The text is the file's bytes as Latin-1, so that its offsets are those of the
bytes.

Newlines follow hashicorp/hcl (hclsyntax, parser.go): inside of ``()``, ``[]``, ``${}`` and ``for`` they are blanks
(``open``), elsewhere they end an expression.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from iacguard.frontends.terraform import patterns
from iacguard.frontends.terraform.literals import number
from iacguard.frontends.terraform.sequences import RESERVED, Sequences, UnsureError
from iacguard.frontends.terraform.syntax import (
    Binary,
    Call,
    Conditional,
    Expr,
    ForExpr,
    GetAttr,
    Index,
    Literal,
    ObjectExpr,
    Paren,
    Splat,
    SplatItem,
    TupleExpr,
    Unary,
    Variable,
)

#: Levels that are read here; the way by the grammar counts them exactly and says where there are too many.
_MAX_DEPTH: Final = 40
#: Operators or steps in a row, which nest too; fewer where it is deep already.
_MAX_CHAIN: Final = 16
_MAX_DEEP_CHAIN: Final = 6
_DEEP: Final = 8

#: Groups of a term's pattern.
_STRING, _CHAIN, _CALLED, _NUMBER, _BRACKET, _QUOTE = range(1, 7)
_PRECEDENCE: Final = {
    "?": 0,
    "||": 1,
    "&&": 2,
    **dict.fromkeys(("==", "!="), 3),
    **dict.fromkeys(("<", ">", "<=", ">="), 4),
    **dict.fromkeys(("+", "-"), 5),
    **dict.fromkeys(("*", "/", "%"), 6),
}
_KEYWORDS: Final[dict[str, bool | None]] = {"true": True, "false": False, "null": None}


def _longest(depth: int) -> int:
    return _MAX_CHAIN if depth <= _DEEP else _MAX_DEEP_CHAIN


def _step(base: Expr, step: re.Match[str]) -> Expr:
    """``base.name`` or ``base.0``."""
    name, end = step.group(1), step.end()
    if name is not None:
        return GetAttr(base.start, end, base, name)
    return Index(base.start, end, base, Literal(step.start(4), end, int(step.group(4))))


class Descent(Sequences):
    """Reads expressions of one file. Every method raises UnsureError or ReadError where the grammar must be asked."""

    __slots__ = ("_forms",)

    def __init__(self, data: bytes, text: str) -> None:
        super().__init__(data, text)
        self._forms: dict[str, Callable[[int, int], Expr]] = {
            "[": self._tuple,
            "{": self._object,
            "(": self._paren,
            "!": self._unary,
            "-": self._unary,
        }

    def expression(self, at: int, open_: bool, depth: int) -> Expr:
        """The expression that begins at ``at``; the caller looks at what follows its end."""
        if depth > _MAX_DEPTH:
            raise UnsureError
        found = self._term(at, depth)
        operator = (patterns.OPEN_OPERATOR if open_ else patterns.INLINE_OPERATOR).match(self.text, found.end)
        return found if operator is None else self._operations(found, operator, open_, depth)

    def _operations(self, first: Expr, operator: re.Match[str], open_: bool, depth: int) -> Expr:
        """``first`` with the operators after it."""
        found = self._binary(first, operator, 1, open_, depth)
        mark = (patterns.OPEN_OPERATOR if open_ else patterns.INLINE_OPERATOR).match(self.text, found.end)
        if mark is None:
            return found
        then = self.expression(self.skip(mark.end()) if open_ else mark.end(), open_, depth + 1)
        if open_:
            at = self.skip(self._after(then.end, ":"))
        else:
            colon = patterns.COLON.match(self.text, then.end)
            if colon is None:
                raise UnsureError
            at = colon.end()
        otherwise = self.expression(at, open_, depth + 1)
        return Conditional(found.start, otherwise.end, found, then, otherwise)

    def _binary(self, left: Expr, operator: re.Match[str] | None, least: int, open_: bool, depth: int) -> Expr:
        """``left`` with the operations after it that bind at least as strongly as ``least``."""
        pattern = patterns.OPEN_OPERATOR if open_ else patterns.INLINE_OPERATOR
        for _ in range(_longest(depth)):
            if operator is None:
                return left
            sign = operator.group(1)
            strength = _PRECEDENCE[sign]
            if strength < least:
                return left
            right = self._term(self.skip(operator.end()) if open_ else operator.end(), depth + 1)
            operator = pattern.match(self.text, right.end)
            if operator is not None and _PRECEDENCE[operator.group(1)] > strength:
                right = self._binary(right, operator, strength + 1, open_, depth + 1)
                operator = pattern.match(self.text, right.end)
            left = Binary(left.start, right.end, sign, left, right)  # type: ignore[arg-type]
        raise UnsureError

    def _term(self, at: int, depth: int) -> Expr:
        match = patterns.TERM.match(self.text, at)
        if match is None:
            raise UnsureError
        kind, end = match.lastindex, match.end()
        found: Expr
        if kind == _CALLED:
            found = self.chain(at, match.group(_CHAIN)) if not match.group(_CALLED) else self._call(match, depth)
        elif kind == _STRING:
            found = Literal(at, end, self.plain(at + 1, end - 1))
        elif kind == _NUMBER:
            found = Literal(at, end, number(match.group(_NUMBER), at, end))
        elif kind == _BRACKET:
            found = self._forms[match.group()](at, depth + 1)
        elif kind == _QUOTE:
            found = self.quoted(at, depth)
        else:
            return self.heredoc(at, depth)
        # Most terms have no step after them, and a look at one character is cheaper than a pattern.
        return self._steps(found, depth) if self.text[found.end : found.end + 1] in (".", "[") else found

    def chain(self, at: int, text: str) -> Expr:
        """``a.b.c``, or one of the words for values."""
        if "." not in text:
            if text in _KEYWORDS:
                return Literal(at, at + len(text), _KEYWORDS[text])
            if text in RESERVED:
                raise UnsureError
            return Variable(at, at + len(text), text)
        first, *names = text.split(".")
        if len(names) > _MAX_CHAIN or first in RESERVED:
            raise UnsureError
        end = at + len(first)
        found: Expr = Literal(at, end, _KEYWORDS[first]) if first in _KEYWORDS else Variable(at, end, first)
        for name in names:
            end += len(name) + 1
            found = GetAttr(at, end, found, name)
        return found

    def _steps(self, found: Expr, depth: int) -> Expr:
        start = found.start
        for _ in range(_longest(depth)):
            step = patterns.STEP.match(self.text, found.end)
            if step is None:
                if self.text.startswith("...", found.end) or self.text[found.end : found.end + 1] != ".":
                    return found
                raise UnsureError
            end = step.end()
            kind = step.lastindex
            if kind is None:
                key = self.expression(self.skip(end), True, depth + 1)
                end = self._after(key.end, "]")
                found = Index(start, end, found, key)
            elif kind == 2:
                if depth > _MAX_DEPTH:
                    raise UnsureError
                tail = self._steps(SplatItem(step.start(), end), depth + 1)
                return Splat(start, tail.end, found, True, tail)
            else:
                found = self._splat(found, step) if kind == 3 else _step(found, step)
        raise UnsureError

    def _splat(self, base: Expr, step: re.Match[str]) -> Splat:
        """``base.*`` with the names and old indices after it; what follows these belongs to the whole."""
        each: Expr = SplatItem(step.start(), step.end())
        for _ in range(_MAX_DEEP_CHAIN):
            inner = patterns.STEP.match(self.text, each.end)
            if inner is None or inner.lastindex not in (1, 4):
                return Splat(base.start, each.end, base, False, each)
            each = _step(each, inner)
        raise UnsureError

    def _mark(self, at: int) -> tuple[str, int]:
        """The sign or word that must come next, and its end."""
        match = patterns.MARK.match(self.text, at)
        if match is None:
            raise UnsureError
        return match.group(1), match.end()

    def _after(self, at: int, mark: str) -> int:
        """The end of ``mark``, which must come next."""
        found, end = self._mark(at)
        if found != mark:
            raise UnsureError
        return end

    def _call(self, match: re.Match[str], depth: int) -> Call:
        name = match.group(_CHAIN)
        if "." in name or name in RESERVED or name in _KEYWORDS:
            raise UnsureError
        args, end, expand = self._listed(match.end(), ")", depth + 1)
        return Call(match.start(), end, name, args, expand)

    def _listed(self, at: int, bracket: str, depth: int) -> tuple[tuple[Expr, ...], int, bool]:
        """Expressions with commas between them up to ``bracket``, its end, and whether ``...`` stands before it."""
        at = self.skip(at)
        items: list[Expr] = []
        while not self.text.startswith(bracket, at):
            item = self.expression(at, True, depth)
            items.append(item)
            mark, at = self._mark(item.end)
            if mark == ",":
                at = self.skip(at)
            elif mark == bracket:
                return tuple(items), at, False
            elif mark == "..." and bracket == ")":
                return tuple(items), self._after(at, bracket), True
            else:
                raise UnsureError
        return tuple(items), at + 1, False

    def _paren(self, start: int, depth: int) -> Paren:
        inner = self.expression(self.skip(start + 1), True, depth)
        return Paren(start, self._after(inner.end, ")"), inner)

    def _unary(self, start: int, depth: int) -> Unary:
        if depth > _MAX_DEPTH:
            raise UnsureError
        operand = self._term(start + 1, depth)
        if isinstance(operand, Unary):
            raise UnsureError
        return Unary(start, operand.end, self.text[start], operand)  # type: ignore[arg-type]

    def _tuple(self, start: int, depth: int) -> TupleExpr | ForExpr:
        at = self.skip(start + 1)
        if self.text.startswith("for", at) and (match := patterns.FOR.match(self.text, at)) is not None:
            return self._for(start, match, "]", depth)
        items, end, _ = self._listed(start + 1, "]", depth)
        return TupleExpr(start, end, items)

    def _for(self, start: int, match: re.Match[str], bracket: str, depth: int) -> ForExpr:
        first, second = match.groups()
        if first in RESERVED or second in RESERVED:
            raise UnsureError
        collection = self.expression(self.skip(match.end()), True, depth)
        value = self.expression(self.skip(self._after(collection.end, ":")), True, depth)
        key: Expr | None = None
        mark, end = self._mark(value.end)
        grouping = False
        if bracket == "}":
            if mark != "=>":
                raise UnsureError
            key, value = value, self.expression(self.skip(end), True, depth)
            mark, end = self._mark(value.end)
            grouping = mark == "..."
            if grouping:
                mark, end = self._mark(end)
        condition: Expr | None = None
        if mark == "if":
            condition = self.expression(self.skip(end), True, depth)
            mark, end = self._mark(condition.end)
        if mark != bracket:
            raise UnsureError
        names = (first, second) if second is not None else (None, first)
        return ForExpr(start, end, names[0], names[1], collection, key, value, condition, grouping)

    def _object(self, start: int, depth: int) -> ObjectExpr | ForExpr:
        text = self.text
        at = self.skip(start + 1)
        if text.startswith("for", at) and (match := patterns.FOR.match(text, at)) is not None:
            return self._for(start, match, "}", depth)
        items: list[tuple[Expr, Expr]] = []
        while not text.startswith("}", at):
            found = patterns.OBJECT_ITEM.match(text, at)
            if found is None:
                key, at = self._written_key(at, depth)
            else:
                key, at = self._plain_key(found), found.end()
                if found.lastindex is not None and found.lastindex > 3:
                    items.append((key, self._plain_value(found)))
                    continue
            value = self.expression(at, False, depth)
            items.append((key, value))
            after = patterns.AFTER_OBJECT_ITEM.match(text, value.end)
            if after is None:
                raise UnsureError
            at = self.skip(after.end())
        return ObjectExpr(start, at + 1, tuple(items))

    def _plain_key(self, found: re.Match[str]) -> Expr:
        start = found.start()
        if found.group(2) is not None:
            name = found.group(2)
            if "." not in name and name not in _KEYWORDS:
                return Literal(start, found.end(2), name)
            return self.chain(start, name)
        if found.group(1) is not None:
            return Literal(start, found.end(1), self.plain(start + 1, found.end(1) - 1))
        return Literal(start, found.end(3), int(found.group(3)))

    def _plain_value(self, found: re.Match[str]) -> Expr:
        kind = found.lastindex
        assert kind is not None
        start, end = found.span(kind)
        if kind == 4:
            return Literal(start, end, self.plain(start + 1, end - 1))
        return Literal(start, end, int(found.group(5))) if kind == 5 else self.chain(start, found.group(6))

    def _written_key(self, at: int, depth: int) -> tuple[Expr, int]:
        """A key in parentheses or a template, and where its value starts."""
        if patterns.OBJECT_KEY.match(self.text, at) is None:
            raise UnsureError
        key = self._paren(at, depth + 1) if self.text[at] == "(" else self.quoted(at, depth)
        separator = patterns.OBJECT_SEPARATOR.match(self.text, key.end)
        if separator is None:
            raise UnsureError
        return key, separator.end()
