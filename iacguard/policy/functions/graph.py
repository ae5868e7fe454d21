"""The resource being decided, and the others of its stack."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from iacguard.late import regex
from iacguard.model import Graph, Resource, Unknown, Value
from iacguard.policy import logic
from iacguard.policy.access import read_field
from iacguard.policy.errors import EvaluationError
from iacguard.policy.functions.base import Function, parameters
from iacguard.policy.language import Context

_PROVIDER = ":oidc-provider/"
#: What tells an instance in an address: ``[0]``, ``["a.b"]``.
_KEYS = regex(r"\[(?:\d+|\"(?:[^\"\\]|\\.)*\")\]")


def here(context: Context) -> tuple[Resource, Graph]:
    """The resource being decided, and the graph around it; EvaluationError where there is none."""
    if context.resource is None or context.graph is None:
        raise EvaluationError("this function needs a resource, and there is none here")
    return context.resource, context.graph


def resource(context: Context) -> Value:
    """All attributes of the resource being decided. For use inside ``each``, filters and ``any``."""
    return here(context)[0].attributes


def address(context: Context) -> Value:
    """The resource's address in its own language."""
    return here(context)[0].address


def kind(context: Context) -> Value:
    """The resource's type in the common vocabulary: ``aws_s3_bucket``, ``Deployment``."""
    return here(context)[0].type


def native_kind(context: Context) -> Value:
    """The resource's type as written in the file: ``AWS::S3::Bucket``."""
    return here(context)[0].native_type


def source_format(context: Context) -> Value:
    """``terraform``, ``cloudformation`` or ``kubernetes``."""
    return here(context)[0].format


def targets(context: Context, kind: Value = "") -> Value:
    """The attributes of the resources that this one refers to; only those of ``kind`` if given.

    ``any(targets('aws_s3_bucket'), &acl == 'public-read')``.
    """
    found, graph = here(context)
    return _attributes(graph.targets(found, kind or ""))


def referrers(context: Context, kind: Value = "") -> Value:
    """The attributes of the resources that refer to this one; only those of ``kind`` if given."""
    found, graph = here(context)
    return _attributes(graph.referrers(found, kind or ""))


def resources(context: Context, kind: Value) -> Value:
    """The attributes of all resources of ``kind`` in the stack, this one included: ``resources('aws_cloudtrail')``."""
    return _attributes(here(context)[1].by_type.get(kind, ()))


def attribute_of(value: Value) -> Value:
    """The kind of the resource or data source that a value that is not known is an attribute of.

    ``'azurerm_subscription'`` for ``data.azurerm_subscription.main.id``, and for a text that ends in it
    (``"/subscriptions/${data.azurerm_subscription.main.subscription_id}"``). Null for everything else.
    """
    address_ = _reference_address(value)
    names = address_.split(".")
    return names[-2] if len(names) > 1 else None


def is_this(context: Context, value: Value) -> Value:
    """Whether a value that is not known is an attribute of the resource being decided; its instances count as one.

    ``any(referrers('aws_s3_bucket'), &any(logging, &is_this(target_bucket)))``: of what refers to this bucket, one
    sends its log here.
    """
    address_ = _reference_address(value)
    return bool(address_) and address_ == _KEYS.sub("", here(context)[0].address)


def token_issuer(context: Context, principal: Value) -> Value:
    """Who issues the tokens of a federated principal, without ``https://``: ``'gitlab.com'``.

    Of ``arn:aws:iam::123456789012:oidc-provider/gitlab.com``, of ``accounts.google.com``, and of a provider that is
    created here by its ``url``. Null for every other principal.
    """
    identifier = read_field(principal, "identifier")
    kind_ = read_field(principal, "type")
    if isinstance(kind_, str) and kind_ != "Federated":
        return None
    if isinstance(identifier, str):
        return _issuer_of(identifier)
    if not isinstance(identifier, Unknown):
        return None
    if _PROVIDER in identifier.suffix:
        return _issuer_of(identifier.suffix)
    url = _created_url(context, identifier)
    if isinstance(url, Unknown) and ".oidc" in (url.reference.attribute if url.reference else ""):
        # An EKS cluster's identity[0].oidc[0].issuer: its host is the region's, its path the cluster's.
        return Unknown(url.reason, url.kind, url.span, parts=("oidc.eks.", logic.blur(url)))
    return url.lower().removeprefix("https://").rstrip("/") if isinstance(url, str) else logic.blur(identifier)


def _issuer_of(identifier: str) -> Value:
    if _PROVIDER in identifier:
        return identifier.partition(_PROVIDER)[2].lower()
    return None if identifier.startswith("arn:") else identifier.lower()


def _created_url(context: Context, identifier: Unknown) -> Value:
    provider = referenced(context, identifier)
    return None if provider is None else provider.attributes.get("url")


def target_of(context: Context, value: Value) -> Value:
    """The attributes of the resource of this code that a value is an attribute of; null for every other value.

    ``target_of(permissions_boundary).statements``, ``target_of(subnet_id).map_public_ip_on_launch``.
    """
    if isinstance(value, Unknown) and value.reference is None and not value.parts:
        return logic.blur(value) if value.kind in ("variable", "module", "condition") else None
    found = referenced(context, value)
    return None if found is None else found.attributes


def referenced(context: Context, value: Value) -> Resource | None:
    """The resource of the graph that a value that is not known is an attribute of; of several instances the first."""
    address_ = value.reference.address if isinstance(value, Unknown) and value.reference is not None else ""
    wanted = _reference_address(value)
    if not wanted or context.graph is None:
        return None
    if address_ in context.graph.by_address:
        return context.graph.by_address[address_]
    names = wanted.split(".")
    kind_ = names[-2] if len(names) > 1 else ""
    return next((r for r in context.graph.by_type.get(kind_, ()) if _KEYS.sub("", r.address) == wanted), None)


def _reference_address(value: Value) -> str:
    last: Value = value
    while isinstance(last, Unknown) and last.reference is None and last.parts:
        last = last.parts[-1]
    if not isinstance(last, Unknown) or last.reference is None:
        return ""
    return _KEYS.sub("", last.reference.address)


def _attributes(found: Iterable[Resource] | Iterator[Resource]) -> Value:
    return [r.attributes for r in found]


_P = parameters

FUNCTIONS: tuple[Function, ...] = (
    Function("resource", resource, (), "object", context=True),
    Function("address", address, (), "string", context=True),
    Function("kind", kind, (), "string", context=True),
    Function("native_kind", native_kind, (), "string", context=True),
    Function("source_format", source_format, (), "string", context=True),
    Function("targets", targets, _P("kind?: string"), "array", context=True),
    Function("referrers", referrers, _P("kind?: string"), "array", context=True),
    Function("attribute_of", attribute_of, _P("value"), "string", "decides"),
    Function("is_this", is_this, _P("value"), "boolean", "decides", context=True),
    Function("target_of", target_of, _P("value"), "object", "decides", context=True),
    Function("token_issuer", token_issuer, _P("principal: object"), "string", "decides", context=True),
    Function("resources", resources, _P("kind: string"), "array", context=True),
)
