"""Function calls: arguments in, links kept, the place of encoded structures noted; ``try`` and ``can``."""

from __future__ import annotations

import posixpath
from collections.abc import Callable

from iacguard.frontends.contract import Workspace
from iacguard.frontends.terraform.access import one_of
from iacguard.frontends.terraform.functions import lookup
from iacguard.frontends.terraform.functions.context import Function, FunctionError, as_item
from iacguard.frontends.terraform.places import FollowedPlace
from iacguard.frontends.terraform.scope import Scope
from iacguard.frontends.terraform.syntax import (
    Body,
    Call,
    Document,
    Expr,
    GetAttr,
    Index,
    Literal,
    Paren,
    Template,
    TupleExpr,
    Variable,
)
from iacguard.frontends.terraform.values import (
    MAX_NODES,
    MAX_TEXT,
    PRIMITIVES,
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
from iacguard.record import replace
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
        "templatefile",
        "templatestring",
        "tolist",
        "tomap",
        "values",
        "zipmap",
    ]
)
#: Of those, the arguments (by place) that are looked into.
_LOOKED_INTO = {
    "zipmap": (0,),
    "lookup": (1,),
    "element": (1,),
    "slice": (1, 2),
    "chunklist": (1,),
    "templatefile": (0,),
    "templatestring": (0,),
}
#: These may fail for some values of what is not known, though their result is known for all others.
_MAY_FAIL = frozenset(
    ["chunklist", "coalesce", "coalescelist", "element", "index", "one", "slice", "substr", "transpose", "zipmap"]
)
#: These look at a collection, not into its items.
_SHALLOW = frozenset(["length", "keys"])
#: What these give depends on nothing but their texts and the files: it is kept for the next call, of any stack.
_KEPT = frozenset(["fileset", "jsondecode", "regex", "regexall", "replace", "yamldecode"])
_NO_REFERENCES: frozenset[Reference] = frozenset()
_GIVING_SETS = frozenset(["toset", "setunion", "setintersection", "setsubtract", "setproduct", "fileset"])


def call(node: Call, scope: Scope) -> Value:
    """The value of a call. Raises EvalError where it must fail."""
    name = node.name if node.name[:6] != "core::" else node.name[6:]
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
    if name in _MAY_FAIL and not is_wholly_known(values):
        scope.run.risks += 1
    try:
        if name in _KEPT and all(type(value) is str for value in values):
            result = _kept(name, function, values, node, scope)
        else:
            result = function(values, _At(node, scope))
    except FunctionError as error:
        raise EvalError(f"{name}: {error}") from None
    except RecursionError:
        raise LimitError(f"{name}: a value is nested too deeply") from None
    if name in _HANDING_ON and isinstance(result, Unknown) and result.reference is None:
        references |= strip(values)[1]  # which of the items it is was not known
    return link(_finished(name, result, args, node, scope), references)


def _kept(name: str, function: Function, values: list[Value], node: Call, scope: Scope) -> Value:
    """The result of a call with these texts, computed once."""
    results = scope.run.library.results
    # A fileset is of a folder: relative to the root module's, whatever way leads there.
    where = posixpath.normpath(posixpath.join(scope.run.root_folder, values[0])) if name == "fileset" else ""
    key = (name, where, *(values[1:] if where else values))
    found = results.get(key)
    if found is None:
        found = function(values, _At(node, scope))
        if not isinstance(found, Unknown):  # that would have the place of this call
            results.put(key, found, sum(map(len, values)))
    return found


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
    for arg in args:
        if type(arg) not in PRIMITIVES:
            break
    else:
        return args, _NO_REFERENCES
    if name in _SHALLOW and len(args) == 1 and not isinstance(args[0], (Opaque, Open, Linked, Unknown)):
        return args, frozenset()
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
        return replace(result, place=FollowedPlace(node.args[0], scope))
    return result


class _At:
    """Where a call stands; the context of its function. Most functions never ask."""

    __slots__ = ("_node", "_scope")

    def __init__(self, node: Call, scope: Scope) -> None:
        self._node = node
        self._scope = scope

    @property
    def span(self) -> Span:
        return self._scope.span(self._node)

    @property
    def workspace(self) -> Workspace:
        return self._scope.run.workspace

    @property
    def module_folder(self) -> str:
        return self._scope.module.folder

    @property
    def root_folder(self) -> str:
        return self._scope.run.root_folder

    def render(self, file: SourceFile, variables: dict[str, Value], span: Span) -> Value:
        """The value of a template file, in a scope of its own with nothing but its variables."""
        run = self._scope.run
        template, problems = run.library.template(file)
        for problem in problems:
            run.problems[problem] = None
        if template is None:
            return Unknown(f"the template {file.path} cannot be read", "error", span)
        doc = Document(file, Body(0, 0, (), ()))
        inner = Scope(run, self._scope.module, doc, variables)
        try:
            return _rendered(template, inner)
        except EvalError as error:
            return run.failed(error, doc, template)


def _rendered(template: Literal | Template, scope: Scope) -> Value:
    """The text of a template; computed once for the same primitive values of the variables that it uses."""
    library = scope.run.library
    used = library.inputs_of(template)
    given = None if used is None else [scope.names.get(name, scope) for name in used]
    if given is None or not all(type(value) in PRIMITIVES for value in given):
        return _text_of(template, scope)
    # 1, 1.0 and true are equal, but not the same text.
    key = ("", id(template), *given, *map(type, given))
    found = library.results.get(key)
    if found is None:
        found = _text_of(template, scope)
        if type(found) is str:
            library.results.put(key, found, len(found))
    return found


def _text_of(template: Expr, scope: Scope) -> Value:
    if type(template) is Template:
        template = template._replace(heredoc=True)
    return template.value if type(template) is Literal else scope.run.evaluate(template, scope)


def _try(node: Call, scope: Scope) -> Value:
    """The first argument that does not fail; where that cannot be told, one of several or an Unknown."""
    run = scope.run
    failure: EvalError | None = None
    for place, arg in enumerate(node.args):
        before, risks = run.doubts, run.risks
        try:
            value = run.evaluate(arg, scope)
        except LimitError:
            raise
        except EvalError as error:
            failure = error
            continue
        if place == len(node.args) - 1:
            return value
        doubtful, risky, known = run.doubts > before, run.risks > risks, is_wholly_known(value)
        if not doubtful and not risky and (known or _only_looks_up(arg)):
            return value
        if doubtful or (risky and known):
            return _one_of_rest(value, node, place, scope)
        return _unsure(value)
    message = failure.message if failure is not None else "no arguments"
    raise EvalError(f"try: no argument can be evaluated: {message}")


def _only_looks_up(expr: Expr) -> bool:
    """Whether nothing in ``expr`` can fail but a member that is missing."""
    pending: list[Expr] = [expr]
    while pending:
        node = pending.pop()
        if isinstance(node, (GetAttr, Index)):
            pending.append(node.base)
            if isinstance(node, Index):
                pending.append(node.key)
        elif isinstance(node, Paren):
            pending.append(node.inner)
        elif isinstance(node, TupleExpr):
            pending.extend(node.items)
        elif not isinstance(node, (Literal, Variable)):
            return False
    return True


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
    before, risks = run.doubts, run.risks
    try:
        value = run.evaluate(node.args[0], scope)
    except LimitError:
        raise
    except EvalError:
        return False
    sure = run.risks == risks and (is_wholly_known(value) or _only_looks_up(node.args[0]))
    if run.doubts > before or not sure:
        return Unknown("it is not known whether the expression can be evaluated", "expression", scope.span(node))
    return True


def _issensitive(node: Call, scope: Scope) -> Value:
    if len(node.args) != 1:
        raise EvalError("issensitive takes one argument")
    value = bare(scope.run.evaluate(node.args[0], scope))
    if isinstance(value, Unknown) and value.secret:
        return True
    from iacguard.frontends.terraform.marks import is_marked

    marked = is_marked(node.args[0], scope)
    if marked is None:
        return Unknown("it is not known whether the value is sensitive", "function", scope.span(node))
    return marked


_FORMS: dict[str, Callable[[Call, Scope], Value]] = {"try": _try, "can": _can, "issensitive": _issensitive}
