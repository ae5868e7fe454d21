"""Function calls: arguments in, links kept, the place of encoded structures noted; ``try`` and ``can``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from iacguard.frontends.terraform.access import one_of
from iacguard.frontends.terraform.functions import lookup
from iacguard.frontends.terraform.functions.context import CallContext, FunctionError, as_item
from iacguard.frontends.terraform.places import ExprPlace
from iacguard.frontends.terraform.scope import Scope
from iacguard.frontends.terraform.syntax import Body, Call, Document, Expr, Literal, Template
from iacguard.frontends.terraform.values import (
    MAX_NODES,
    MAX_TEXT,
    Border,
    EvalError,
    LimitError,
    Linked,
    Opaque,
    Open,
    SetList,
    bare,
    is_wholly_known,
    link,
    strip,
)
from iacguard.model import Encoded, Reference, Span, Unknown, Value
from iacguard.source import SourceFile

#: These hand the items of their arguments on without looking into them, so that whole resources and links pass.
_HANDING_ON = frozenset(
    [
        "chunklist",
        "coalescelist",
        "concat",
        "element",
        "flatten",
        "lookup",
        "merge",
        "one",
        "reverse",
        "slice",
        "tolist",
        "tomap",
        "values",
        "zipmap",
    ]
)
#: Of those, the arguments (by place) that are looked into.
_LOOKED_INTO = {"zipmap": (0,), "lookup": (1,), "element": (1,), "slice": (1, 2), "chunklist": (1,)}
_GIVING_SETS = frozenset(["toset", "setunion", "setintersection", "setsubtract", "setproduct", "fileset"])


def call(node: Call, scope: Scope) -> Value:
    """The value of a call. Raises EvalError where it must fail."""
    name = node.name.removeprefix("core::")
    own = _FORMS.get(name)
    if own is not None:
        return own(node, scope)
    function = lookup(name)
    args = _arguments(node, scope)
    if isinstance(args, Unknown):
        return args
    if function is None:
        return _not_known(node, scope)
    values, references = _prepared(name, args)
    try:
        result = function(values, _context(node, scope))
    except FunctionError as error:
        raise EvalError(f"{name}: {error}") from None
    except RecursionError:
        raise LimitError(f"{name}: a value is nested too deeply") from None
    if name in _HANDING_ON and isinstance(result, Unknown) and result.reference is None:
        references |= strip(values)[1]  # which of the items it is was not known
    return link(_finished(name, result, args, node, scope), references)


def _not_known(node: Call, scope: Scope) -> Unknown:
    span = scope.span(node)
    if not node.name.startswith("provider::"):
        scope.run.report("reference", span, f'there is no function "{node.name}"', "check the spelling", notice=True)
    return Unknown(f"the function {node.name} is not known here", "function", span)


def _arguments(node: Call, scope: Scope) -> list[Value] | Unknown:
    evaluate = scope.run.evaluate
    args = [evaluate(arg, scope) for arg in node.args]
    if not node.expand:
        return args
    last = bare(args.pop())
    if type(last) is Open:
        last = last.collection()
    if isinstance(last, Unknown):
        return Unknown(last.reason, "function", last.span, secret=last.secret)
    if not isinstance(last, list):
        raise EvalError("only a list or set can be expanded into arguments")
    args += [as_item(item) if isinstance(item, Unknown) else item for item in last]
    return args


def _prepared(name: str, args: list[Value]) -> tuple[list[Value], frozenset[Reference]]:
    """The arguments as the function takes them, and the references that would be lost in it."""
    if name not in _HANDING_ON:
        plain, references = strip([_as_object(a) for a in args])
        return plain if isinstance(plain, list) else [plain], references
    border = Border()
    values = []
    inside = _LOOKED_INTO.get(name, ())
    for place, arg in enumerate(args):
        arg = _as_object(arg)
        if type(arg) is Linked or type(arg) is Unknown or place in inside:
            arg = border.plain(arg)
        values.append(arg)
    return values, frozenset(border.references) if name not in ("element", "slice", "chunklist") else frozenset()


def _as_object(value: Value) -> Value:
    if isinstance(value, Opaque):
        return value.as_object()
    return value.collection() if type(value) is Open else value


def _finished(name: str, result: Value, args: list[Value], node: Call, scope: Scope) -> Value:
    if isinstance(result, list):
        if len(result) > MAX_NODES:
            raise LimitError(f"a list has more than {MAX_NODES:,} items")
        if name in _GIVING_SETS and (name != "setproduct" or all(isinstance(a, SetList) for a in args)):
            return SetList(result)
    elif isinstance(result, str):
        if len(result) > MAX_TEXT:
            raise LimitError(f"a string has more than {MAX_TEXT:,} characters")
    elif isinstance(result, Encoded) and result.place is None and node.args:
        return replace(result, place=ExprPlace(node.args[0], scope))
    return result


def _context(node: Call, scope: Scope) -> CallContext:
    run = scope.run
    key = (id(node), scope.module.folder)
    found = run.contexts.get(key)
    if found is None:
        found = run.contexts[key] = CallContext(
            scope.span(node), run.workspace, scope.module.folder, run.root_folder, _renderer(scope)
        )
    return found


def _renderer(scope: Scope) -> Callable[[SourceFile, dict[str, Value], Span], Value]:
    """What evaluates a template file: in a scope of its own, with nothing but its variables."""

    def render(file: SourceFile, variables: dict[str, Value], span: Span) -> Value:
        template, problems = scope.run.library.template(file)
        for problem in problems:
            scope.run.problems[problem] = None
        if template is None:
            return Unknown(f"the template {file.path} cannot be read", "error", span)
        doc = Document(file, Body(0, 0, (), ()))
        inner = Scope(scope.run, scope.module, doc, variables)
        try:
            return strip(_text_of(template, inner))[0]
        except EvalError as error:
            return scope.run.failed(error, doc, template)

    return render


def _text_of(template: Expr, scope: Scope) -> Value:
    if type(template) is Template:
        template = template._replace(heredoc=True)
    return template.value if type(template) is Literal else scope.run.evaluate(template, scope)


def _try(node: Call, scope: Scope) -> Value:
    """The first argument that does not fail; where that cannot be told, one of several or an Unknown."""
    run = scope.run
    failure: EvalError | None = None
    for place, arg in enumerate(node.args):
        before = run.doubts
        try:
            value = run.evaluate(arg, scope)
        except LimitError:
            raise
        except EvalError as error:
            failure = error
            continue
        doubtful = run.doubts > before
        if place == len(node.args) - 1 or (not doubtful and is_wholly_known(value)):
            return value
        if doubtful:
            return _one_of_rest(value, node, place, scope)
        return _unsure(value)
    message = failure.message if failure is not None else "no arguments"
    raise EvalError(f"try: no argument can be evaluated: {message}")


def _one_of_rest(value: Value, node: Call, place: int, scope: Scope) -> Value:
    """``value`` or, if the instance it is taken from does not exist, what the arguments after it give."""
    rest = _try(node._replace(args=node.args[place + 1 :]), scope)
    return one_of([value, rest], Unknown("it is not known how many instances there are", "condition"))


def _unsure(value: Value) -> Value:
    """The value of an expression that may still fail, and then be another one."""
    plain, references = strip(value)
    border = [plain]
    while border:
        item = border.pop()
        if isinstance(item, Unknown) and not (item.kind == "computed" and item.present):
            return link(Unknown(item.reason, item.kind, item.span, secret=item.secret), references)
        border.extend(item if isinstance(item, list) else item.values() if isinstance(item, dict) else ())
        if isinstance(item, Encoded):
            border.append(item.value)
    return value


def _can(node: Call, scope: Scope) -> Value:
    if len(node.args) != 1:
        raise EvalError("can takes one argument")
    run = scope.run
    before = run.doubts
    try:
        value = run.evaluate(node.args[0], scope)
    except LimitError:
        raise
    except EvalError:
        return False
    if run.doubts > before or not is_wholly_known(value):
        return Unknown("it is not known whether the expression can be evaluated", "expression", scope.span(node))
    return True


_FORMS: dict[str, Callable[[Call, Scope], Value]] = {"try": _try, "can": _can}
