"""From a module call to the code it means: a path, or what ``terraform init`` has put under ``.terraform``."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from iacguard.frontends.terraform.modules import Decl, ModuleSource, is_local, resolve
from iacguard.frontends.terraform.scope import first_line
from iacguard.frontends.terraform.syntax import Literal
from iacguard.frontends.terraform.values import EvalError, bare
from iacguard.model import Span, Unknown

if TYPE_CHECKING:
    from iacguard.frontends.contract import Workspace
    from iacguard.frontends.terraform.instances import ModuleInstance
    from iacguard.frontends.terraform.scope import Run

#: Arguments of a module call that are Terraform's own.
CALL_META = frozenset(["source", "version", "providers", "count", "for_each", "depends_on"])
#: Modules in modules in modules. Real ones stay below ten.
MAX_NESTING = 40


def called_module(caller: ModuleInstance, name: str, decl: Decl) -> ModuleSource | Unknown:
    """The code of the module that ``decl`` calls; where it is not at hand, an Unknown, and the reason is reported."""
    run = caller.run
    found = decl.attributes.get("source")
    if found is None:
        run.report("module", decl.span, f'the call of module "{name}" has no source')
        return Unknown(f'the call of module "{name}" has no source', "module", decl.span)
    attribute, doc = found
    span = first_line(doc, attribute.start, attribute.end)
    source: object = attribute.expr.value if isinstance(attribute.expr, Literal) else None
    if source is None:
        try:
            source = bare(run.evaluate(attribute.expr, caller.scope(doc)))
        except EvalError as error:
            source = error.message
    if not isinstance(source, str):
        return _not_at_hand(caller, name, span, "its source is not known")
    if is_local(source):
        return _at(caller, name, resolve(caller.folder, source), span, source)
    folder = _installed(caller, name)
    if folder is not None:
        return _at(caller, name, folder, span, f"{source}, installed in {folder}")
    if run.library.sources is None:
        return _not_at_hand(caller, name, span, f"it comes from {source}")
    elsewhere = run.library.sources.find(source, decl.text("version") or "")
    if elsewhere.why:
        return _not_at_hand(caller, name, span, elsewhere.why)
    return _at(caller, name, elsewhere.folder, span, f"{source}, found in {elsewhere.folder}")


def _at(caller: ModuleInstance, name: str, folder: str, span: Span, source: str) -> ModuleSource | Unknown:
    run = caller.run
    if folder in caller.folders:
        chain = [*caller.folders[caller.folders.index(folder) :], folder]
        way = " -> ".join(f or "." for f in chain)
        run.report("module", span, f"the modules call each other in a circle: {way}", "break the circle")
        return Unknown(f'module "{name}" calls itself', "module", span)
    if len(caller.folders) > MAX_NESTING:
        run.report("too-large", span, f"modules are nested more than {MAX_NESTING} deep")
        return Unknown("modules are nested too deeply", "limit", span)
    module = run.library.module(folder)
    if module is None:
        outside = folder.startswith("..")
        message = f'the source of module "{name}" {"lies outside the scanned root" if outside else "does not exist"}'
        hint = "scan the folder that holds both" if outside else "check the path; it is relative to this file's folder"
        run.report("module", span, f"{message}: {source}", hint)
        return Unknown(f'module "{name}" cannot be read', "module", span)
    return module


def check_arguments(run: Run, name: str, decl: Decl, module: ModuleSource) -> None:
    """Tell of arguments that the called module does not declare, and of required ones that are missing."""
    refused = "terraform would refuse this"
    for argument, (attribute, doc) in decl.attributes.items():
        if argument not in module.variables and argument not in CALL_META:
            span = first_line(doc, attribute.start, attribute.end)
            message = f'module "{name}" declares no variable "{argument}"'
            run.report("reference", span, message, refused, notice=True)
    for variable, declared in module.variables.items():
        if "default" not in declared.attributes and variable not in decl.attributes:
            message = f'the call of module "{name}" gives no value to its variable "{variable}"'
            run.report("reference", decl.span, message, refused, notice=True)


def _not_at_hand(caller: ModuleInstance, name: str, span: Span, why: str) -> Unknown:
    message = f'module "{name}" is not evaluated: {why}'
    hint = "run `terraform init` so that its code lies in .terraform/modules, or see --modules-dir"
    caller.run.report("not-evaluated", span, message, hint, notice=True)
    return Unknown(f'the code of module "{name}" is not at hand', "module", span)


def _installed(caller: ModuleInstance, name: str) -> str | None:
    """The folder of an installed module, by the names of the calls that lead to it."""
    folder = caller.run.manifest.get(".".join((*caller.names_path, name)))
    return None if folder is None else resolve(caller.run.root_folder, folder)


def read_manifest(workspace: Workspace, root_folder: str) -> dict[str, str]:
    """``.terraform/modules/modules.json`` of a root module: the folder (relative to the root) by the module's key."""
    file = workspace.read(posixpath.join(root_folder, ".terraform/modules/modules.json"))
    if file is None:
        return {}
    import json

    try:
        entries = json.loads(file.data)["Modules"]
        return {str(e["Key"]): str(e["Dir"]).replace("\\", "/") for e in entries if e["Key"]}
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}
