"""Which denials of IAM policies can never match a request.

What an action works on: https://docs.aws.amazon.com/service-authorization/latest/reference/
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from iacguard.model import Unknown, Value
from iacguard.policy import logic
from iacguard.policy.access import read_field
from iacguard.policy.functions.base import Function, parameters
from iacguard.policy.functions.graph import referenced
from iacguard.policy.functions.iam import pattern_of, statement_list
from iacguard.policy.language import Context
from iacguard.policy.logic import Tri, all_tri, any_tri, equal

#: Services of which every action is on ARNs of the service itself.
_OWN_ARNS = frozenset(("s3", "dynamodb", "sqs", "sns", "iam", "kms", "lambda", "secretsmanager", "rds", "logs"))
#: Names that AWS's own default policies have and its lists of actions have not.
_LEGACY = frozenset(("sns:receive",))
#: S3's actions on objects whose names do not say so.
_ON_OBJECTS = frozenset(("abortmultipartupload", "listmultipartuploadparts", "bypassgovernanceretention"))
_NEITHER = ("objectlambda", "accesspoint", "storagelens", "multiregion", "accessgrant", "accountpublic", "job")


def dead_denials(context: Context, statement: Value) -> Value:
    """The actions that a denial names and never denies.

    Actions that AWS does not have (``s3:DeletObject``); actions on objects where only a bucket is named, and the other
    way round; actions of one service on ARNs of another; and all actions where a condition compares a value with a
    star by ``StringEquals``, which takes the star for a character. Empty for a statement that allows.
    """
    denies = equal(read_field(statement, "effect"), "Deny")
    if denies is False:
        return []
    actions = statement_list(statement, "actions")
    if isinstance(actions, Unknown):
        return logic.blur(actions)
    never = any_tri(_never_holds(c) for c in _items(statement_list(statement, "conditions")))
    arns = [_arn(context, r) for r in _items(statement_list(statement, "resources"))]
    out: list[Value] = []
    for action in actions:
        if not isinstance(action, str):
            out += [logic.possible(action, action)] if isinstance(action, Unknown) else []
            continue
        answer = all_tri((denies, any_tri((never, _dead(action.lower(), arns)))))
        if answer:
            out.append(action)
        elif answer is None:
            out.append(logic.possible(action, logic.first_unknown(statement)))
    return out


def _items(value: Value) -> list[Value]:
    return [value] if isinstance(value, Unknown) else list(value)


def _never_holds(condition: Value) -> Tri:
    if not isinstance(condition, dict):
        return None
    operator = read_field(condition, "operator")
    if isinstance(operator, Unknown):
        return None
    if str(operator).lower().removeprefix("foranyvalue:") not in ("stringequals", "stringequalsignorecase"):
        return False
    values = statement_list(condition, "values")
    # The values are alternatives: one without a star may match.
    return None if isinstance(values, Unknown) else all_tri((values != [], *(_starred(v) for v in values)))


def _starred(value: Value) -> Tri:
    if isinstance(value, Unknown):
        if any("*" in piece for piece in logic.known_pieces(value)):
            return True
        # What is looked up or made is a name or an ARN, never a pattern.
        return False if value.kind in ("data", "computed") else None
    # "${*}" is how a policy writes a star that is meant as one.
    return "*" in str(value) and "${" not in str(value)


def _dead(action: str, resources: Sequence[str | None]) -> Tri:
    if _misspelt(action):
        return True
    service = action.partition(":")[0]
    if service not in _OWN_ARNS or not resources:
        return False
    answers = [_out_of_reach(action, service, r) for r in resources]
    return False if False in answers else None if None in answers else True


@lru_cache(maxsize=1024)
def _misspelt(action: str) -> bool:
    from iacguard.knowledge import iam_actions

    service, _, name = action.partition(":")
    if action in _LEGACY:
        return False
    known = iam_actions(service) if name and "*" not in service and "?" not in service else ()
    return bool(known) and not any(pattern_of(name).fullmatch(a.name) for a in known)


def _out_of_reach(action: str, service: str, written: str | None) -> Tri:
    if written is None:
        return None
    parts = written.split(":", 5)
    if len(parts) < 6 or parts[0] != "arn":
        return False
    if _HOLE in parts[2] or "*" in parts[2] or "?" in parts[2]:
        return False if _HOLE not in parts[2] else None
    if parts[2] != service:
        return parts[2] in _OWN_ARNS
    if service != "s3" or parts[3] or parts[4]:
        return False
    return _wrong_level(action, parts[5])


def _wrong_level(action: str, name: str) -> Tri:
    level = _level(action)
    if level == "object":
        if "/" in name or "*" in name or "?" in name:
            return False
        return None if _HOLE in name else True
    # A bucket's name has no slash, so that what is written after one never matches a bucket.
    return level == "bucket" and "/" in name.replace(_BUCKET, "")


@lru_cache(maxsize=1024)
def _level(action: str) -> str:
    from iacguard.knowledge import iam_actions

    matching = [a for a in iam_actions("s3") if pattern_of(action.partition(":")[2]).fullmatch(a.name)]
    levels = {_level_of(a.name.lower()) if a.scoped else "" for a in matching}
    return levels.pop() if len(levels) == 1 else ""


def _level_of(name: str) -> str:
    if any(word in name for word in _NEITHER):
        return ""
    if "bucket" in name or name.endswith("configuration"):
        return "" if "owner" in name and "object" in name else "bucket"
    return "object" if "object" in name or name in _ON_OBJECTS else ""


#: Stands for an unknown piece of an ARN, and for the name of a bucket that is created here.
_HOLE = "\ue0f3"
_BUCKET = "\ue0f4"


def _arn(context: Context, resource: Value) -> str | None:
    """A resource's ARN with marks for what is not known of it; None where nothing is."""
    if isinstance(resource, str):
        return resource
    if not isinstance(resource, Unknown) or resource.choices or resource.spread:
        return None
    if not resource.parts:
        return _created(context, resource)
    return "".join(p if isinstance(p, str) else _created(context, p) or _HOLE for p in resource.parts)


def _created(context: Context, unknown: Unknown) -> str | None:
    found = referenced(context, unknown) if unknown.kind == "computed" else None
    if found is None or unknown.reference is None:
        return None
    attribute = unknown.reference.attribute.lower()
    if found.type == "aws_s3_bucket":
        return (
            f"arn:aws:s3:::{_BUCKET}" if attribute == "arn" else _BUCKET if attribute in ("", "id", "bucket") else None
        )
    service = found.type.split("_")[1]
    # CloudFormation's Ref of a topic or a secret is its ARN; for other types it is no resource of a policy.
    return f"arn:aws:{service}:::{_HOLE}" if service in _OWN_ARNS and attribute in ("arn", "", "id") else None


FUNCTIONS: tuple[Function, ...] = (
    Function("dead_denials", dead_denials, parameters("statement: object"), "array", "decides", context=True),
)
