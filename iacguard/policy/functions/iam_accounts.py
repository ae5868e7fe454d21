"""Which account a principal of a policy belongs to, as far as the policy itself tells its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from iacguard.late import regex
from iacguard.model import Unknown, Value
from iacguard.policy import logic
from iacguard.policy.access import read_field
from iacguard.policy.functions.base import Function, parameters
from iacguard.policy.functions.iam import statement_list

_NUMBER = regex(r"\d{12}")
_ARN_ACCOUNT = regex(r"^arn:[^:]*:[^:]*:[^:]*:(\d{12}):")
#: An account that is looked up: the account that the code is applied in.
_OWN = "own"


def foreign_accounts(statement: Value, statements: Value) -> Value:
    """The accounts other than the resource's own to which a statement of its policy gives something.

    ``foreign_accounts(@, resource().statements)``. The own account is the one that the code looks up
    (``aws_caller_identity``, ``AWS::AccountId``), that stands in the ARNs of the policy's resources, or whose root a
    key's policy gives every action. Where the policy does not tell its own account, an account may be it.
    """
    if isinstance(statement, Unknown):
        return logic.blur(statement)
    if read_field(statement, "effect") != "Allow":
        return []
    named = [a for p in _items(statement_list(statement, "principals")) if (a := _account_of(p)) not in (None, _OWN)]
    if not named:
        return []
    listed = statements if isinstance(statements, list) else [statements]
    own = set(_own(listed))
    others = list(dict.fromkeys(a for a in named if a not in own))
    if own:
        return others
    why = Unknown("the policy does not tell which account it belongs to")
    return [logic.possible(a, why) for a in others]


def _items(value: Value) -> Sequence[Value]:
    return value if isinstance(value, list) else ()


def _own(statements: Sequence[Value]) -> Iterator[str]:
    known = [s for s in statements if isinstance(s, dict)]
    for statement in known:
        yield from (a for r in _items(statement_list(statement, "resources")) if (a := _account(r)))
        conditions = [c for c in _items(statement_list(statement, "conditions")) if isinstance(c, dict)]
        looked_up = (
            *(_account_of(p) for p in _items(statement_list(statement, "principals"))),
            *(_account(v) for c in conditions for v in _items(statement_list(c, "values"))),
        )
        yield from (a for a in looked_up if a == _OWN)
    # Without it nobody could manage a key: its first statement of all actions names the account that it is in.
    for statement in [s for s in known if "kms:*" in _items(statement_list(s, "actions"))][:1]:
        roots = [p for p in _items(statement_list(statement, "principals")) if _is_root(p)]
        yield from (a for p in roots[:1] if (a := _account_of(p)))


def _account_of(principal: Value) -> str | None:
    """The account of an AWS principal; ``own`` for one that is looked up; None for what tells none."""
    if read_field(principal, "type") != "AWS":
        return None
    return _account(read_field(principal, "identifier"))


def _account(value: Value) -> str | None:
    if isinstance(value, str):
        found = _ARN_ACCOUNT.match(value)
        return found[1] if found else value if _NUMBER.fullmatch(value) else None
    if not isinstance(value, Unknown):
        return None
    if value.kind == "data" and not value.parts:
        attribute = value.reference.attribute if value.reference else ""
        return _OWN if attribute == "account_id" or "the account is known" in value.reason else None
    for before, part in zip(("", *value.parts), value.parts, strict=False):
        if isinstance(part, str):
            found = _ARN_ACCOUNT.match(part)
            if found:
                return found[1]
        elif isinstance(before, str) and before.endswith(":") and before.count(":") == 4:
            return _account(part)
    return None


def _is_root(principal: Value) -> bool:
    identifier = read_field(principal, "identifier")
    text = identifier.suffix if isinstance(identifier, Unknown) else str(identifier)
    return text.endswith(":root") or bool(_NUMBER.fullmatch(text))


FUNCTIONS: tuple[Function, ...] = (
    Function(
        "foreign_accounts",
        foreign_accounts,
        parameters("statement: object", "statements: array"),
        "array",
        "decides",
    ),
)
