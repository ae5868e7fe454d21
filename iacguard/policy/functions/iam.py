"""IAM statements, in the one shape that normalising gives: effect, actions, resources, principals, conditions.

Rules: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

from iacguard.model import REST, Unknown, Value
from iacguard.policy import logic
from iacguard.policy.access import read_field
from iacguard.policy.functions.base import Function, decided, parameters
from iacguard.policy.functions.network import open_to_world
from iacguard.policy.logic import Tri, all_tri, any_tri, not_tri, truth

#: Keys whose value names who or where the caller is, so that a fixed value really closes the statement. After
#: "The meaning of public": https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
_LIMITING_KEYS = frozenset(
    (
        *("aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceorgpaths", "aws:sourceowner"),
        *("aws:sourcevpc", "aws:sourcevpce", "aws:sourceip", "aws:vpcsourceip", "aws:userid"),
        *("aws:principalorgid", "aws:principalorgpaths", "aws:principalaccount", "aws:principalarn"),
        *("s3:dataaccesspointarn", "s3:dataaccesspointaccount", "kms:calleraccount", "lambda:functionurlauthtype"),
        *("elasticfilesystem:accesspointarn", "aws:vpceaccount", "aws:vpceorgid"),
    )
)
_LIMITING_OPERATORS = frozenset(
    ("stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike", "ipaddress")
)
_OF_AWS = ":aws:policy/"
_TEXTS = frozenset((str,))
_PARTITION = re.compile(r"^arn:(aws[a-z-]*(?=:))?")
_EXCLUDING_OPERATORS = {
    "stringnotequals": "stringequals",
    "stringnotequalsignorecase": "stringequals",
    "stringnotlike": "stringlike",
    "arnnotequals": "arnequals",
    "arnnotlike": "arnlike",
    "notipaddress": "ipaddress",
}


@lru_cache(maxsize=4096)
def pattern_of(text: str) -> re.Pattern[str]:
    """An IAM pattern (``*``, ``?``) as a regular expression for the whole text, regardless of case."""
    # A run of stars is one: two next to each other make matching slow, and mean no more.
    collapsed = re.sub(r"\*+", "*", text)
    return re.compile("".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in collapsed), re.I | re.S)


@lru_cache(maxsize=4096)
def matcher(pattern: str) -> Callable[[str], object]:
    """What tells whether an IAM pattern matches a text. One without wildcards, as most are, needs no expression."""
    if "*" in pattern or "?" in pattern or not pattern.isascii():
        return pattern_of(pattern).fullmatch
    name = pattern.lower()
    return lambda text: text.lower() == name


def pattern_matches(pattern: Value, text: Value) -> Tri:
    """Whether an IAM pattern (``*``, ``?``) matches ``text``, regardless of case; an unknown piece may be anything."""
    if not isinstance(text, str):
        return None
    if isinstance(pattern, str):
        return bool(matcher(pattern)(text))
    if not isinstance(pattern, Unknown):
        return False
    if pattern.choices and not pattern.spread:
        answers = {pattern_matches(c, text) for c in pattern.choices}
        return answers.pop() if len(answers) == 1 else None
    if not pattern.parts:
        return None
    pieces = (p if isinstance(p, str) else "*" for p in pattern.parts)
    return None if pattern_of("".join(pieces)).fullmatch(text) is not None else False


def statement_list(statement: Value, name: str) -> Value:
    """A list of a statement or condition; empty where it has none."""
    found = read_field(statement, name)
    return [] if found is None else found


def any_of(items: Value, test: Callable[[Value], Tri]) -> Tri:
    """Kleene's "any" over a list of which items, or all, may be unknown."""
    if isinstance(items, Unknown):
        return None
    result: Tri = False
    for item in items if isinstance(items, list) else [items]:
        if isinstance(item, Unknown) and item.spread:
            # Of what number, nobody knows; but where no value whatever passes, none does.
            answer = test(item.item if isinstance(item, logic.PossibleItem) else logic.blur(item))
            result = result if answer is False else None
        else:
            answer = test(item)
            if answer:
                return True
            result = result if answer is False else None
    return result


def allowed(statement: Value) -> Tri:
    """Whether the statement's effect is to allow."""
    return logic.equal(read_field(statement, "effect"), "Allow")


def _covers(statement: Value, name: str, text: Value) -> Tri:
    """Whether ``actions``/``not_actions`` (or resources) of the statement reach ``text``."""
    patterns = plain_list(statement, name)
    if patterns is not None and type(text) is str:
        return reached(patterns, (text,))
    excluded = statement_list(statement, f"not_{name}")
    inverted = all_tri((truth(excluded), not_tri(any_of(excluded, lambda p: pattern_matches(p, text)))))
    return any_tri((any_of(statement_list(statement, name), lambda p: pattern_matches(p, text)), inverted))


def plain_list(statement: Value, name: str) -> tuple[str, ...] | None:
    """The actions (or resources) of a statement where all are known and none is excluded, as nearly always."""
    if type(statement) is not dict or REST in statement:
        return None
    found, excluded = statement.get(name), statement.get(f"not_{name}")
    if type(found) is not list or not (excluded is None or (type(excluded) is list and not excluded)):
        return None
    return tuple(found) if _TEXTS.issuperset(map(type, found)) else None


@lru_cache(maxsize=4096)
def reached(patterns: tuple[str, ...], texts: tuple[str, ...]) -> bool:
    """Whether one of the patterns matches one of the texts. Many policies ask the same of a statement."""
    return any(fits(text) for fits in map(matcher, patterns) for text in texts)


def allows_action(statement: Value, action: Value) -> Value:
    """Whether the statement allows the action: ``allows_action(@, 'iam:PassRole')``.

    Wildcards in the statement count, and so does ``NotAction``. Resources and conditions are not looked at. An action
    given with a wildcard (``'s3:*'``) asks whether all of it is allowed.
    """
    return decided(all_tri((allowed(statement), _covers(statement, "actions", action))), statement, action)


def allows_any_action(statement: Value, actions: Value) -> Value:
    """Whether the statement allows at least one of the actions."""
    reach = allowed(statement)
    if reach is False:
        return False
    if isinstance(actions, Unknown):
        return logic.one_of((True, False), actions)
    patterns = plain_list(statement, "actions")
    if patterns is not None and _TEXTS.issuperset(map(type, actions)):
        return decided(all_tri((reach, reached(patterns, tuple(actions)))), statement)
    return decided(all_tri((reach, any_tri(_covers(statement, "actions", a) for a in actions))), statement, actions)


def allows_all_actions(statement: Value, actions: Value) -> Value:
    """Whether the statement alone allows every one of the actions."""
    each = (None,) if isinstance(actions, Unknown) else (_covers(statement, "actions", a) for a in actions)
    return decided(all_tri((allowed(statement), *each)), statement, actions)


def has_wildcard_action(statement: Value) -> Value:
    """Whether the statement allows every action, or every action of a service: ``*``, ``s3:*``, or by ``NotAction``."""
    wild = any_tri(
        (any_of(statement_list(statement, "actions"), _wild_action), truth(statement_list(statement, "not_actions")))
    )
    return decided(all_tri((allowed(statement), wild)), statement)


def wildcard_actions(statement: Value) -> Value:
    """The actions of the statement that are ``*`` or ``service:*``."""
    found = statement_list(statement, "actions")
    if isinstance(found, Unknown):
        return logic.blur(found)
    out: list[Value] = []
    for action in found:
        answer = _wild_action(action)
        if answer:
            out.append(action)
        elif answer is None:
            out.append(action if action.spread else logic.possible(action, action))
    return out


def _wild_action(action: Value) -> Tri:
    if isinstance(action, str):
        return action.rpartition(":")[2].strip("*") == "" and action != ""
    if not isinstance(action, Unknown):
        return False
    if action.choices and not action.spread:
        answers = {_wild_action(c) for c in action.choices}
        return answers.pop() if len(answers) == 1 else None
    return False if action.suffix and not action.suffix.endswith("*") else None


def every_action(action: Value) -> Tri:
    """Whether an action of a statement is every action of every service."""
    if isinstance(action, str):
        return action != "" and action.strip("*") in ("", ":")
    return pattern_matches(action, "*") if isinstance(action, Unknown) else False


def names_everything(resource: Value) -> Tri:
    """Whether a resource of a statement is ``*`` or an ARN of which every part is a wildcard."""
    if isinstance(resource, str):
        # The end tells of nearly all that they name something.
        return resource.endswith(("*", ":", "/")) and _PARTITION.sub("", resource).strip("*:/") == ""
    if not isinstance(resource, Unknown):
        return False
    if resource.choices and not resource.spread:
        answers = {names_everything(c) for c in resource.choices}
        return answers.pop() if len(answers) == 1 else None
    if any(isinstance(p, Unknown) and created_here(p) for p in (resource, *resource.parts)):
        return False
    if any(p.strip("*:/") not in ("", "arn") for p in logic.known_pieces(resource)):
        return False
    return True if _any_partition(resource.parts) else None


def _any_partition(parts: Sequence[str | Unknown]) -> bool:
    """Whether all that is not known is the partition, looked up: ``arn:${data.aws_partition.p.partition}:*``."""
    if len(parts) != 3 or parts[0] != "arn:" or not isinstance(parts[2], str):
        return False
    return isinstance(parts[1], Unknown) and parts[1].kind == "data" and parts[2].startswith(":")


def created_here(unknown: Unknown) -> bool:
    """Whether it is an attribute of a resource that is created here: a name or ARN, never a wildcard."""
    return unknown.kind == "computed" and unknown.reference is not None


def wildcard_resource(statement: Value) -> Value:
    """Whether the statement allows its actions on every resource: ``*``, an all-wildcard ARN, or by ``NotResource``."""
    return decided(all_tri((allowed(statement), on_everything(statement))), statement)


def on_everything(statement: Value) -> Tri:
    """Whether its resources are all there are, whatever its effect."""
    return any_tri(
        (
            any_of(statement_list(statement, "resources"), names_everything),
            truth(statement_list(statement, "not_resources")),
        )
    )


def is_full_admin(statement: Value) -> Value:
    """Whether the statement allows every action on every resource. Conditions are not looked at."""
    every = any_of(statement_list(statement, "actions"), every_action)
    return decided(all_tri((allowed(statement), every, on_everything(statement))), statement)


def wildcard_principal(statement: Value) -> Value:
    """Whether the statement allows anybody: ``"*"``, ``{"AWS": "*"}``, or by ``NotPrincipal``.

    Conditions are not looked at: add ``!limited_by_condition(@)``.
    """
    anybody = any_tri(
        (any_of(statement_list(statement, "principals"), _anybody), truth(statement_list(statement, "not_principals")))
    )
    return decided(all_tri((allowed(statement), anybody)), statement)


def _anybody(principal: Value) -> Tri:
    identifier, kind = read_field(principal, "identifier"), read_field(principal, "type")
    if isinstance(identifier, Unknown) and created_here(identifier):
        return False
    named = any_tri((logic.equal(kind, "AWS"), logic.equal(kind, "*")))
    return all_tri((named, logic.equal(identifier, "*")))


def whole_account(principal: Value) -> Value:
    """Whether a principal is an account as a whole: its number, or ``arn:aws:iam::123456789012:root``."""
    identifier, kind = read_field(principal, "identifier"), read_field(principal, "type")
    return decided(all_tri((logic.equal(kind, "AWS"), _is_account(identifier))), principal)


def _is_account(identifier: Value) -> Tri:
    if isinstance(identifier, str):
        return identifier.endswith(":root") or (len(identifier) == 12 and identifier.isdigit())
    if not isinstance(identifier, Unknown) or created_here(identifier):
        return False
    if identifier.choices and not identifier.spread:
        answers = {_is_account(c) for c in identifier.choices}
        return answers.pop() if len(answers) == 1 else None
    if not identifier.suffix:
        return None
    return True if identifier.suffix.endswith(":root") else None if ":root".endswith(identifier.suffix) else False


def limited_by_condition(statement: Value, more_keys: Value = None) -> Value:
    """Whether a condition really narrows who may call: a fixed account, organisation, ARN, VPC, endpoint or address.

    Keys such as ``aws:SourceAccount``, ``aws:SourceArn``, ``aws:PrincipalOrgID``, ``aws:SourceVpce``, ``aws:SourceIp``
    count, with an operator that demands a value (not ``StringNotEquals``, ``Null`` or ``...IfExists``) and values that
    are not wildcards. ``more_keys`` adds keys of your own: ``limited_by_condition(@, ['sts:ExternalId'])``.
    """
    keys = _LIMITING_KEYS | {
        k.lower() for k in (more_keys if isinstance(more_keys, list) else ()) if isinstance(k, str)
    }
    return decided(any_of(statement_list(statement, "conditions"), lambda c: _limits(c, keys)), statement)


def excludes_others(condition: Value) -> Tri:
    """Whether a denial's condition spares a fixed circle of callers only: ``StringNotEquals`` on ``aws:SourceVpce``."""
    operator = read_field(condition, "operator")
    if isinstance(condition, Unknown) or isinstance(operator, Unknown):
        return None
    plain = str(operator or "").lower().removeprefix("forallvalues:").removesuffix("ifexists")
    if plain not in _EXCLUDING_OPERATORS:
        return False
    return _limits({**condition, "operator": _EXCLUDING_OPERATORS[plain]}, _LIMITING_KEYS)


def _limits(condition: Value, keys: Iterable[str]) -> Tri:
    key, operator = read_field(condition, "key"), read_field(condition, "operator")
    if isinstance(condition, Unknown) or isinstance(operator, Unknown):
        return None
    if isinstance(key, Unknown):
        start, end = key.prefix.lower(), key.suffix.lower()
        return None if any(k.startswith(start) and k.endswith(end) for k in keys) else False
    plain = str(operator or "").lower().removeprefix("foranyvalue:")
    if str(key or "").lower() not in keys or plain not in _LIMITING_OPERATORS:
        return False
    values = statement_list(condition, "values")
    if isinstance(values, Unknown):
        return None
    loose = plain in ("stringlike", "arnlike", "arnequals")
    # The values are alternatives: one that lets everybody in undoes the others.
    return all_tri((values != [], not_tri(any_of(values, lambda v: _lets_all_in(v, plain == "ipaddress", loose)))))


def _lets_all_in(value: Value, address: bool, patterns: bool) -> Tri:
    if address:
        return truth(open_to_world([value])) if isinstance(value, (str, Unknown)) else False
    if isinstance(value, Unknown):
        # An account's id or an ARN that is only looked up or created is never a wildcard.
        if not patterns or value.kind in ("data", "computed"):
            return False
        return False if any(re.search(r"[0-9a-z]{4}", p) for p in logic.known_pieces(value)) else None
    if not isinstance(value, str) or not patterns:
        return False
    if not value.lower().startswith("arn:"):
        return value.strip("*?") == ""
    return _anybodys(value)


def _anybodys(arn: str) -> bool:
    """Whether an ARN's pattern matches one in every account: it names neither an account nor a resource.

    A role's or user's name is chosen by whoever makes it, so that without an account it names nobody.
    """
    parts = arn.split(":", 5)
    account, name = (*parts[4:], "", "")[:2]
    if account.strip("*?"):
        return False
    kindless = re.sub(r"^(?:[a-z][a-z-]*[/:])(?=[*?])", "", name) if account else name
    return kindless.strip("*?/:") == "" or (account != "" and parts[2:3] == ["iam"])


def matches_action(pattern: Value, action: Value) -> Value:
    """Whether an IAM pattern matches an action's name, regardless of case."""
    return decided(pattern_matches(pattern, action) if isinstance(action, str) else None, pattern, action)


def account_of(arn: Value) -> Value:
    """The account number in an ARN; null where it has none."""
    parts = arn.split(":")
    return parts[4] or None if len(parts) > 5 and parts[0] == "arn" else None


def _is_looked_up_policy(arn: Unknown) -> bool:
    """Whether it is the ARN of a policy that a data source looks up by a name that is known."""
    address = arn.reference.address if arn.reference else ""
    return "/" in arn.suffix and ".data.aws_iam_policy." in f".{address}"


def managed_policy_name(arn: Value) -> Value:
    """The name of the policy of AWS's own that an ARN is of: ``'AdministratorAccess'``, ``'job-function/Billing'``.

    Null for every other ARN, that of a policy created in the same code included. Of a policy that a data source looks
    up by its name, that name.
    """
    if isinstance(arn, str):
        return arn.partition(_OF_AWS)[2] or None
    if not isinstance(arn, Unknown) or created_here(arn):
        return None
    if _is_looked_up_policy(arn):
        # Of two policies of one name the data source would take neither, and every account has those of AWS.
        return arn.suffix.rpartition("/")[2]
    if _OF_AWS in arn.suffix:
        return arn.suffix.partition(_OF_AWS)[2]
    # An account that is not known is a number; "aws" is written out.
    other = ":policy/" in arn.suffix or (arn.prefix.count(":") > 4 and _OF_AWS not in arn.prefix)
    return None if other else logic.blur(arn)


_P = parameters
_STATEMENT = "statement: object"

FUNCTIONS: tuple[Function, ...] = (
    Function("is_full_admin", is_full_admin, _P(_STATEMENT), "boolean", "decides"),
    Function("allows_action", allows_action, _P(_STATEMENT, "action: string"), "boolean", "decides"),
    Function("allows_any_action", allows_any_action, _P(_STATEMENT, "actions: array-string"), "boolean", "decides"),
    Function("allows_all_actions", allows_all_actions, _P(_STATEMENT, "actions: array-string"), "boolean", "decides"),
    Function("has_wildcard_action", has_wildcard_action, _P(_STATEMENT), "boolean", "decides"),
    Function("wildcard_actions", wildcard_actions, _P(_STATEMENT), "array", "decides"),
    Function("wildcard_resource", wildcard_resource, _P(_STATEMENT), "boolean", "decides"),
    Function("wildcard_principal", wildcard_principal, _P(_STATEMENT), "boolean", "decides"),
    Function("whole_account", whole_account, _P("principal: object"), "boolean", "decides"),
    Function("limited_by_condition", limited_by_condition, _P(_STATEMENT, "more_keys?: array"), "boolean", "decides"),
    Function("matches_action", matches_action, _P("pattern: string", "action: string"), "boolean", "decides"),
    Function("managed_policy_name", managed_policy_name, _P("arn: string"), "string", "decides"),
    Function("account_of", account_of, _P("arn: string"), "string"),
)
