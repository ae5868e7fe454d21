"""Getting at members: attributes, indexes and the items of collections, known and unknown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from iacguard.frontends.terraform.functions.context import FunctionError, as_item, spread_index, to_string
from iacguard.frontends.terraform.functions.unknowns import may_be_empty, unique
from iacguard.frontends.terraform.operators import number
from iacguard.frontends.terraform.values import (
    EvalError,
    Linked,
    Opaque,
    Open,
    SetList,
    bare,
    choose,
    link,
    strip,
)
from iacguard.model import REST, Encoded, Reference, Unknown, Value
from iacguard.record import replace

_MAX_CHOICES = 32
#: Attributes whose name starts or ends like this are bools: that they are there does not make them true.
_BOOL_STARTS = ("is_", "has_", "enable", "disable", "skip_", "force_", "allow_", "use_", "publicly_", "multi_az")
_BOOL_ENDS = ("_enabled", "_disabled", "enabled", "encrypted", "_only", "_protection", "_public", "default", "_az")
#: Attributes of a data source that are surely there once it was read.
_READ = frozenset(
    [
        "id",
        "arn",
        "json",
        "minified_json",
        "account_id",
        "user_id",
        "name",
        "partition",
        "dns_suffix",
        "rendered",
        "self_link",
        "policy_data",
        "url",
    ]
)


def surely_present(kind: str, type_: str, attribute: str) -> bool:
    """Whether an attribute that the provider computes is surely neither null nor empty (nor false).

    Names are all there is to go by: a bool is told by its name, and an encryption key that is not written is
    none at all, save on the key itself.
    """
    last = attribute.rpartition(".")[2].partition("[")[0]
    if kind == "data":  # ephemeral resources, too
        return attribute in _READ or (type_ == "random_password" and attribute == "result")
    if last.startswith(_BOOL_STARTS) or last.endswith(_BOOL_ENDS):
        return False
    return not ("kms" in last and "kms" not in type_)


#: What is known of a text that the provider computes: `*` is not known, `{x}` is the argument x. The e-mail addresses
#: of service accounts tell what account it is: https://cloud.google.com/iam/docs/service-account-types. An identity
#: provider's ARN is no service's name, and a policy's ends in its name:
#: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-arns
_SHAPES: Mapping[tuple[str, str, str], str] = MappingProxyType(
    {
        ("computed", "google_service_account", "email"): "{account_id}@*.iam.gserviceaccount.com",
        ("computed", "google_service_account", "member"): "serviceAccount:{account_id}@*.iam.gserviceaccount.com",
        ("computed", "google_project_service_identity", "email"): "service-*.iam.gserviceaccount.com",
        ("computed", "google_project_service_identity", "member"): "serviceAccount:service-*.iam.gserviceaccount.com",
        ("computed", "google_folder_service_identity", "member"): "serviceAccount:*",
        ("computed", "google_organization_service_identity", "member"): "serviceAccount:*",
        ("computed", "google_logging_project_sink", "writer_identity"): "serviceAccount:*",
        ("computed", "google_logging_folder_sink", "writer_identity"): "serviceAccount:*",
        ("computed", "google_logging_organization_sink", "writer_identity"): "serviceAccount:*",
        ("computed", "google_logging_billing_account_sink", "writer_identity"): "serviceAccount:*",
        ("data", "google_service_account", "member"): "serviceAccount:*",
        ("data", "google_storage_project_service_account", "email_address"): (
            "service-*@gs-project-accounts.iam.gserviceaccount.com"
        ),
        ("data", "google_storage_project_service_account", "member"): (
            "serviceAccount:service-*@gs-project-accounts.iam.gserviceaccount.com"
        ),
        ("data", "google_storage_transfer_project_service_account", "member"): "serviceAccount:*",
        ("data", "google_bigquery_default_service_account", "member"): "serviceAccount:*",
        ("data", "google_compute_default_service_account", "email"): "*-compute@developer.gserviceaccount.com",
        ("data", "google_compute_default_service_account", "member"): (
            "serviceAccount:*-compute@developer.gserviceaccount.com"
        ),
        ("data", "google_app_engine_default_service_account", "email"): "*@appspot.gserviceaccount.com",
        ("data", "google_app_engine_default_service_account", "member"): "serviceAccount:*@appspot.gserviceaccount.com",
        ("computed", "aws_iam_openid_connect_provider", "arn"): "arn:*",
        ("data", "aws_iam_openid_connect_provider", "arn"): "arn:*",
        ("computed", "aws_iam_saml_provider", "arn"): "arn:*",
        ("data", "aws_iam_saml_provider", "arn"): "arn:*",
        ("data", "aws_iam_policy", "arn"): "arn:*/{name}",
    }
)


def known_ends(kind: str, type_: str, attribute: str, argument: Callable[[str], Value]) -> tuple[str, str]:
    """How a text that the provider computes begins and ends; ``argument`` gives what the block says for a name."""
    begins, _, ends = _SHAPES.get((kind, type_, attribute), "").partition("*")
    return _filled(begins, argument)[0], _filled(ends, argument)[1]


def _filled(shape: str, argument: Callable[[str], Value]) -> tuple[str, str]:
    """The shape with its argument: what is known of it from its beginning, and from its end."""
    before, braced, rest = shape.partition("{")
    name, _, after = rest.partition("}")
    if not braced:
        return shape, shape
    value = bare(argument(name))
    return (f"{before}{value}{after}",) * 2 if isinstance(value, str) else (before, after)


def attribute(base: Value, name: str) -> Value:
    """``base.name``. Raises EvalError where there can be no such attribute."""
    kind = type(base)
    if kind is dict:
        if name in base:
            return base[name]
        if REST in base:
            return _of_rest(base, name)
        raise EvalError(f'this object has no attribute "{name}"')
    if isinstance(base, Opaque):
        return base.attribute(name)
    if kind is Unknown:
        return member(base, name)
    if kind is Linked:
        return link(attribute(base.value, name), base.references)
    if kind is Open:
        if base.keyed:
            return _open_index(base, name)
        return attribute(base.rest, name)
    if isinstance(base, list) and name.isdecimal():
        return index(base, int(name))
    raise EvalError(f'{_what(base)} has no attribute "{name}"')


def index(base: Value, key: Value) -> Value:
    """``base[key]``. Raises EvalError where there can be no such item."""
    key = bare(key)
    if type(base) is Linked:
        return link(index(base.value, key), base.references)
    if isinstance(key, Unknown):
        return _unknown_index(base, key)
    if type(base) is Unknown:
        return member(base, key)
    if type(base) is Open:
        return _open_index(base, key)
    if isinstance(base, SetList):
        raise EvalError("the items of a set have no index")
    if isinstance(base, list):
        return _list_index(base, key)
    if isinstance(base, (dict, Opaque)):
        return attribute(base, _key_text(key))
    raise EvalError(f"{_what(base)} has no items")


def _key_text(key: Value) -> str:
    try:
        text = to_string(key)
    except FunctionError as error:
        raise EvalError(f"a key must be a string: {error}") from None
    if isinstance(text, str):
        return text
    raise EvalError("a key must not be null")


def _list_index(base: list[Value], key: Value) -> Value:
    place = number(key)
    if not isinstance(place, int) or isinstance(key, bool):
        raise EvalError("an index must be a whole number")
    spread = spread_index(base)
    if 0 <= place < spread:
        return base[place]
    if place >= 0 and spread < len(base):
        return _one_of_items([as_item(i) if isinstance(i, Unknown) else i for i in base[spread:]], base[spread])
    raise EvalError(f"the list has {len(base)} items, so there is no index {place}")


def _open_index(base: Open, key: Value) -> Value:
    known = base.known.get(key)
    return known if known is not None else base.rest


def _unknown_index(base: Value, key: Unknown) -> Value:
    if isinstance(base, Open):
        return base.rest
    if key.choices and len(key.choices) <= _MAX_CHOICES:
        picked = []
        for choice in key.choices:
            try:
                picked.append(index(base, choice))
            except EvalError:
                continue
        if picked:
            return one_of(picked, key)
    if isinstance(base, dict):
        return _one_of_items([v for k, v in base.items()], key) if base else _lost(key)
    if isinstance(base, list):
        return _one_of_items([as_item(i) if isinstance(i, Unknown) else i for i in base], key) if base else _lost(key)
    return member(base, key) if isinstance(base, Unknown) else _lost(key)


def _lost(cause: Unknown) -> Unknown:
    return Unknown(cause.reason, "expression", cause.span)


def _one_of_items(items: list[Value], cause: Unknown) -> Value:
    return one_of(items, cause) if len(items) <= _MAX_CHOICES else _lost(cause)


def _of_rest(base: dict[str, Value], name: Value) -> Value:
    rest = base[REST]
    return member(rest, name, whole_map=True) if isinstance(rest, Unknown) else rest


def one_of(values: list[Value], cause: Unknown) -> Value:
    """One of ``values``, not known which, because of ``cause``: the value itself where all are the same."""
    flat = list(choose(values))
    if len(flat) == 1:
        return values[0]
    if not any(isinstance(v, (Opaque, Open)) for v in flat):
        stripped = [strip(v) for v in flat]
        references = frozenset(r for _, found in stripped for r in found)
        flat = unique([plain for plain, _ in stripped])
        if len(flat) == 1:
            return link(flat[0], references)
    secret = cause.secret or any(isinstance(v, Unknown) and v.secret for v in flat)
    result = Unknown(
        cause.reason,
        "condition",
        cause.span,
        choices=tuple(flat),
        secret=secret,
        present=all(_is_there(v) for v in flat),
    )
    references = frozenset(r for v in values if type(v) is Linked for r in v.references)
    return link(result, references)


def _is_there(value: Value) -> bool:
    value = bare(value)
    if isinstance(value, Unknown):
        return value.present
    return not (value is None or value is False or may_be_empty(value))


#: Kinds of unknowns that are one value wherever they stand.
_OUTSIDE = frozenset(("variable", "default", "data", "module"))
_MEMBER = " (member "
_MAX_REASON = 200


def member(base: Unknown, key: Value, *, whole_map: bool = False) -> Value:
    """A member of something that is not known; ``whole_map``: ``base`` stands for the members themselves."""
    if base.choices and not whole_map:
        picked = []
        for choice in base.choices:
            try:
                picked.append(index(choice, key) if isinstance(key, (int, float)) else attribute(choice, str(key)))
            except EvalError:
                continue
        if picked and not isinstance(key, Unknown):
            return one_of(picked, base)
    if base.reference is not None and base.kind in ("computed", "data") and not isinstance(key, Unknown):
        return _deeper(base, base.reference, key)
    if whole_map:
        reason = _of_member(base, key)
        return replace(base, reason=reason, spread=False, parts=(), choices=(), present=False)
    return Unknown(_of_member(base, key), base.kind, base.span, secret=base.secret)


def _of_member(base: Unknown, key: Value) -> str:
    """Why a member is not known. It names the member: values of one reason and kind are taken for one value."""
    if base.kind not in _OUTSIDE or not isinstance(key, (str, int)) or len(base.reason) > _MAX_REASON:
        return base.reason
    before, found, path = base.reason.removesuffix(")").rpartition(_MEMBER)
    step = f"[{key}]" if isinstance(key, int) else f".{key[:40]}"
    return f"{before}{found}{path}{step})" if found else f"{base.reason}{_MEMBER}{step.removeprefix('.')})"


def _deeper(base: Unknown, reference: Reference, key: Value) -> Unknown:
    step = f"[{key}]" if isinstance(key, (int, float)) else f".{key}" if reference.attribute else str(key)
    path = reference.attribute + step
    type_ = reference.address.rpartition("module.")[2].partition(".")[0]
    present = base.present and surely_present(base.kind, type_, path)
    return replace(base, reference=Reference(reference.address, path), present=present, spread=False)


def maybe(value: Value, cause: Unknown) -> Unknown:
    """The list item that stands for any number of items like ``value``."""
    if isinstance(value, Unknown):
        return replace(value, spread=True, present=False)
    seen = bare(value) if isinstance(bare(value), Unknown) else cause
    return Unknown(seen.reason, seen.kind, seen.span, choices=(value,), spread=True, secret=seen.secret)


def _what(value: Value) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a bool"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, (str, Encoded)):
        return "a string"
    return "a list" if isinstance(value, list) else "an object" if isinstance(value, dict) else "this value"
