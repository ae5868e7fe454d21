"""From module instances to the resources and edges of a stack."""

from __future__ import annotations

from collections.abc import Iterator

from iacguard.frontends.terraform.beside import BESIDE, beside
from iacguard.frontends.terraform.instances import Instance, ModuleInstance, members
from iacguard.frontends.terraform.syntax import Extent
from iacguard.frontends.terraform.tagging import add_default_tags
from iacguard.frontends.terraform.values import Border, EvalError, LimitError, bare
from iacguard.model import Edge, Resource, Unknown, Value


def instances(root: ModuleInstance) -> Iterator[ModuleInstance]:
    """The root and all module instances below it, in the order of their calls."""
    pending = [root]
    while pending:
        module = pending.pop()
        yield module
        found: list[ModuleInstance] = []
        for name in module.source.calls:
            value = module.children(name)
            if not isinstance(value, Unknown):
                found += [child for child in members(value) if isinstance(child, ModuleInstance)]
        pending.extend(reversed(found))


def resources(module: ModuleInstance, edges: list[Edge]) -> Iterator[Resource]:
    """The managed resources of one module instance; the edges that start in them are added to ``edges``.

    Configurations of providers are among them, as kinds of their own (``provider_aws`` at ``provider.aws.west``), the
    root's of where its state is kept (``backend_s3`` at ``backend.s3``), and calls of modules whose code is not at
    hand: ``module`` at ``module.db``, with the arguments of the call.
    """
    for key in module.source.resources:
        if key[0] != "managed":
            continue
        for instance in members(module.instances(key)):
            if isinstance(instance, Instance):
                yield resource(instance, edges)
    for name, decl in module.source.providers.items():
        kind, _, alias = name.partition(".")
        yield resource(Instance(module, ("provider", kind, alias), decl, "", {}, True), edges)
    for kind, decl in module.source.backends.items() if not module.address else ():
        yield resource(Instance(module, ("backend", kind, ""), decl, "", {}, True), edges)
    for name in module.source.calls:
        for instance in members(module.closed(name)):
            if isinstance(instance, Instance):
                yield resource(instance, edges)


def resource(instance: Instance, edges: list[Edge]) -> Resource:
    """One instance, evaluated in full."""
    attributes: dict[str, Value] = {}
    for name in instance.names():
        value = _plain(instance, name, edges)
        if value is not None:
            attributes[name] = value
    tags = add_default_tags(instance, attributes)
    around = _beside(instance)
    if around is not None:
        attributes[BESIDE] = around
    _repeated(instance, edges)
    decl = instance.decl
    line, _ = decl.doc.file.position(decl.block.start)
    kinds = {"provider": f"provider_{instance.type}", "backend": f"backend_{instance.type}", "module": "module"}
    kind = kinds.get(instance.mode, instance.type)
    place = instance.place
    place.attributes = {name: (a, instance.scope.in_file(doc)) for name, (a, doc) in decl.attributes.items()}
    return Resource(
        address=instance.address,
        type=kind,
        native_type=kind,
        format="terraform",
        attributes=attributes,
        place=place,
        block=f"{decl.doc.file.path}:{line}",
        module=instance.module.address,
        origins={
            **({} if tags is None else {("tags_all",): tags}),
            **({} if around is None else {(BESIDE,): place}),
        },
    )


def _beside(instance: Instance) -> Value:
    if instance.mode != "managed" or not instance.decl.blocks:
        return None
    try:
        return beside(instance) or None
    except Exception as error:  # a defect of ours must not cost the user the resource
        return _failed(instance, "a connection or provisioner", error)


def _plain(instance: Instance, name: str, edges: list[Edge]) -> Value:
    border = Border()
    try:
        value = border.plain(instance.raw(name))
    except Exception as error:  # a defect of ours must not cost the user the other attributes
        value = _failed(instance, name, error)
    targets = sorted({reference.address for reference in border.references})  # a set's order is the hash seed's
    edges.extend(Edge(instance.address, target, name) for target in targets)
    return value


def _failed(instance: Instance, name: str, error: Exception) -> Unknown:
    found = instance.decl.attributes.get(name)
    node, doc = (found[0], found[1]) if found is not None else (instance.decl.block, instance.decl.doc)
    if isinstance(error, EvalError):
        failure = error
    elif isinstance(error, RecursionError):
        failure = LimitError("the value is nested too deeply")
    else:
        failure = EvalError(f"{name} could not be evaluated: {type(error).__name__}: {error}", "internal")
    return instance.scope.run.failed(failure, doc, Extent(node.start, node.end))


def _repeated(instance: Instance, edges: list[Edge]) -> None:
    """An edge to the resource that this instance is made for, as in ``for_each = aws_s3_bucket.b``."""
    each = instance.scope.names.get("each")
    value = bare(each["value"]) if isinstance(each, dict) else None
    if isinstance(value, Instance):
        edges.append(Edge(instance.address, value.address, "for_each"))
