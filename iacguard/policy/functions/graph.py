"""The resource being decided, and the others of its stack."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from iacguard.model import Graph, Resource, Value
from iacguard.policy.errors import EvaluationError
from iacguard.policy.functions.base import Function, parameters
from iacguard.policy.language import Context


def _here(context: Context) -> tuple[Resource, Graph]:
    if context.resource is None or context.graph is None:
        raise EvaluationError("this function needs a resource, and there is none here")
    return context.resource, context.graph


def resource(context: Context) -> Value:
    """All attributes of the resource being decided. For use inside ``each``, filters and ``any``."""
    return _here(context)[0].attributes


def address(context: Context) -> Value:
    """The resource's address in its own language."""
    return _here(context)[0].address


def kind(context: Context) -> Value:
    """The resource's type in the common vocabulary: ``aws_s3_bucket``, ``Deployment``."""
    return _here(context)[0].type


def native_kind(context: Context) -> Value:
    """The resource's type as written in the file: ``AWS::S3::Bucket``."""
    return _here(context)[0].native_type


def source_format(context: Context) -> Value:
    """``terraform``, ``cloudformation`` or ``kubernetes``."""
    return _here(context)[0].format


def targets(context: Context, kind: Value = "") -> Value:
    """The attributes of the resources that this one refers to; only those of ``kind`` if given.

    ``any(targets('aws_s3_bucket'), &acl == 'public-read')``.
    """
    found, graph = _here(context)
    return _attributes(graph.targets(found, kind or ""))


def referrers(context: Context, kind: Value = "") -> Value:
    """The attributes of the resources that refer to this one; only those of ``kind`` if given."""
    found, graph = _here(context)
    return _attributes(graph.referrers(found, kind or ""))


def resources(context: Context, kind: Value) -> Value:
    """The attributes of all resources of ``kind`` in the stack, this one included: ``resources('aws_cloudtrail')``."""
    return _attributes(_here(context)[1].by_type.get(kind, ()))


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
    Function("resources", resources, _P("kind: string"), "array", context=True),
)
