"""Evaluating templates: strings with interpolations and directives."""

from __future__ import annotations

from collections.abc import Iterator

from iacguard.frontends.terraform.functions.context import FunctionError, NotEvaluatedError, to_string
from iacguard.frontends.terraform.functions.unknowns import from_pieces
from iacguard.frontends.terraform.operators import truth
from iacguard.frontends.terraform.scope import Scope
from iacguard.frontends.terraform.syntax import Template, TemplateFor, TemplateIf
from iacguard.frontends.terraform.values import MAX_TEXT, EvalError, LimitError, SetList, bare, link, strip
from iacguard.model import Encoded, Reference, Unknown, Value
from iacguard.record import replace

_MAX_CHOICES = 16
#: Of a string in more pieces, only the first and last ones are kept apart.
_MAX_PIECES = 200


def render(node: Template, scope: Scope) -> Value:
    """The string of a template; the value itself of ``"${value}"``, as Terraform has it."""
    parts = node.parts
    if len(parts) == 1 and not node.heredoc and not isinstance(parts[0], (str, TemplateIf, TemplateFor)):
        return scope.run.evaluate(parts[0], scope)
    references: set[Reference] = set()
    pieces = list(_pieces(node, scope, references))
    return link(_join(pieces), references)


def _join(pieces: list[str | Unknown]) -> Value:
    if all(type(p) is str for p in pieces):
        if sum(map(len, pieces)) > MAX_TEXT:  # type: ignore[arg-type]
            raise LimitError(f"a string has more than {MAX_TEXT:,} characters")
        return "".join(pieces)  # type: ignore[arg-type]
    if len(pieces) > _MAX_PIECES:
        middle = next(p for p in pieces if isinstance(p, Unknown))
        pieces = [*pieces[:20], Unknown(middle.reason, "expression", middle.span, secret=middle.secret), *pieces[-20:]]
    result = from_pieces(pieces, ())
    if isinstance(result, Unknown) and len(result.parts) > _MAX_PIECES:
        inner = Unknown(result.reason, "expression", result.span, secret=result.secret)
        result = replace(result, parts=(*result.parts[:20], inner, *result.parts[-20:]))
    if isinstance(result, Unknown) and result.parts:
        return replace(result, kind="expression", choices=_choices(result.parts))
    return result


def _choices(parts: tuple[str | Unknown, ...]) -> tuple[str, ...]:
    """All that the string can be, where one of its parts is one of a few known texts."""
    unknown = [i for i, part in enumerate(parts) if isinstance(part, Unknown)]
    if len(unknown) != 1:
        return ()
    part = parts[unknown[0]]
    assert isinstance(part, Unknown)
    if not 0 < len(part.choices) <= _MAX_CHOICES:
        return ()
    texts: list[str] = []
    for choice in part.choices:
        text = None if choice is None or isinstance(choice, (dict, list)) else to_string(choice)
        if not isinstance(text, str):
            return ()
        texts.append("".join(text if i == unknown[0] else str(p) for i, p in enumerate(parts)))
    return tuple(dict.fromkeys(texts))


def _pieces(node: Template, scope: Scope, references: set[Reference]) -> Iterator[str | Unknown]:
    for part in node.parts:
        if type(part) is str:
            yield part
        elif type(part) is TemplateIf:
            yield from _if(part, scope, references)
        elif type(part) is TemplateFor:
            yield from _loop(part, scope, references)
        else:
            yield _text(scope.run.evaluate(part, scope), references)  # type: ignore[arg-type]


def _text(value: Value, references: set[Reference]) -> str | Unknown:
    if type(value) is str:
        return value
    plain, found = strip(value)
    references |= found
    if isinstance(plain, Unknown):
        return plain
    if plain is None:
        raise EvalError("null cannot be put into a string")
    if isinstance(plain, Encoded) and plain.text is None:
        return Unknown("a part of its JSON is not known", "expression", present=True)
    try:
        text = plain.text if isinstance(plain, Encoded) else to_string(plain)
    except (FunctionError, NotEvaluatedError) as error:
        raise EvalError(str(error)) from None
    assert isinstance(text, str)
    return text


def _if(node: TemplateIf, scope: Scope, references: set[Reference]) -> Iterator[str | Unknown]:
    condition = bare(scope.run.evaluate(node.condition, scope))
    if not isinstance(condition, Unknown):
        branch = node.then if truth(condition) else node.otherwise
        if branch is not None:
            yield from _pieces(branch, scope, references)
        return
    try:
        texts = [
            _join(list(_pieces(b, scope, references))) if b is not None else "" for b in (node.then, node.otherwise)
        ]
    except LimitError:
        raise
    except EvalError:  # of a branch that may not be taken
        yield Unknown(condition.reason, "condition", condition.span, secret=condition.secret)
        return
    yield Unknown(condition.reason, "condition", condition.span, choices=tuple(texts), secret=condition.secret)


def _loop(node: TemplateFor, scope: Scope, references: set[Reference]) -> Iterator[str | Unknown]:
    from iacguard.frontends.terraform.evaluate import pairs

    collection = bare(scope.run.evaluate(node.collection, scope))
    if isinstance(collection, Unknown):
        yield Unknown(collection.reason, "expression", collection.span, secret=collection.secret)
        return
    is_set = isinstance(collection, SetList)
    for key, value in pairs(collection):
        scope.run.tick()
        plain = bare(value)
        if isinstance(plain, Unknown) and (plain.spread or is_set):
            # What comes after it, and where, is not known any more.
            yield Unknown(plain.reason, "expression", plain.span, secret=plain.secret)
            return
        item = value
        names = {node.item: item} if node.key is None else {node.key: key, node.item: item}
        yield from _pieces(node.body, scope.within(names), references)
