"""From a module call to the code it means: a path, or what ``terraform init`` has put under ``.terraform``."""

from __future__ import annotations

import json
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
    if not is_local(source):
        folder = _installed(caller, name)
        if folder is None:
            return _not_at_hand(caller, name, span, f"it comes from {source}")
        return _at(caller, name, folder, span, f"{source}, installed in {folder}")
    return _at(caller, name, resolve(caller.folder, source), span, source)


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


def _not_at_hand(caller: ModuleInstance, name: str, span: Span, why: str) -> Unknown:
    message = f'module "{name}" is not evaluated: {why}'
    hint = "run `terraform init` so that its code lies in .terraform/modules"
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
    try:
        entries = json.loads(file.data)["Modules"]
        return {str(e["Key"]): str(e["Dir"]).replace("\\", "/") for e in entries if e["Key"]}
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}
