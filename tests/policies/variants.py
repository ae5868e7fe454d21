"""Other ways to write an example that mean the same: through variables, modules, loops, conditions, lists, overlays.

Each variant is the files and a function from an address to the address that it then has. ``unknown`` is the exception:
there every literal is a value that nobody has given.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from typing import Any, NamedTuple

import yaml

from iacguard.model import Format
from tests.policies.mending_terraform import Entry, parse, render
from tests.policies.mending_yaml import load
from tests.policies.provider_code import provider_code

_LITERAL = re.compile(r'^(\s*"?[\w.:/-]+"?\s*=\s*)("(?:[^"\\$%]|\\.)*"|true|false|-?\d+(?:\.\d+)?)(,?)\s*$')
#: Blocks whose arguments Terraform wants as literals, and arguments that are not the resource's.
_LITERAL_ONLY = frozenset(("lifecycle", "timeouts", "provisioner", "connection"))
_META = frozenset(("count", "for_each", "provider", "depends_on"))
_TOP = re.compile(r"^(provider|terraform) ", re.MULTILINE)
_NOTHING = {"Ref": "AWS::NoValue"}


class Variant(NamedTuple):
    """One other way to write an example."""

    name: str
    format: Format
    files: Mapping[str, str]
    address: Callable[[str], str] | None = None


def variants(format_: Format, code: str) -> Iterator[Variant]:
    """The variants that the code has; one that changes nothing is left out."""
    made = {"terraform": _terraform, "cloudformation": _cloudformation, "kubernetes": _kubernetes}[format_]
    yield from made(code)


def unknown(format_: Format, code: str) -> Mapping[str, str] | None:
    """The code with a value that nobody has given for each literal."""
    if format_ == "terraform":
        text, values = _literals(code, lambda value, at: f"var.made{at}")
        return {"main.tf": text + "".join(f'\nvariable "made{i}" {{}}' for i in range(1, len(values) + 1))}
    if format_ == "cloudformation":
        template = _template(code, _parameters(with_default=False))
        return {"template.yaml": template} if template else None
    return None


# Terraform


def _terraform(code: str) -> Iterator[Variant]:
    text, values = _literals(code, lambda value, at: f"var.made{at}")
    if values:
        given = "".join(f'\nvariable "made{i}" {{\ndefault = {v}\n}}' for i, v in enumerate(values, 1))
        yield Variant("variable", "terraform", {"main.tf": text + given})
        either, _ = _literals(code, lambda value, at: f'var.made == "a" ? {value} : {value}')
        yield Variant("condition", "terraform", {"main.tf": f'{either}\nvariable "made" {{}}'})
    if not _TOP.search(code):
        yield Variant("module", "terraform", _module(code, text, values), lambda address: f"module.m.{address}")
    looped, names = _loop(code)
    if names:
        yield Variant("for_each", "terraform", {"main.tf": looped}, lambda a: f'{a}["x"]' if a in names else a)
    dynamic = render(tuple(_dynamic(e, top=True) if e.key.startswith("resource ") else e for e in _body(code)))
    if 'dynamic "' in dynamic:
        yield Variant("dynamic", "terraform", {"main.tf": dynamic})


def _body(code: str) -> tuple[Entry, ...]:
    return parse(code.splitlines())


def _literals(code: str, write: Callable[[str, int], str]) -> tuple[str, list[str]]:
    """The code with each literal of its resources and data sources written another way, and the literals."""
    values: list[str] = []

    def line(text: str) -> str:
        found = _LITERAL.match(text)
        if not found:
            return text
        values.append(found[2])
        return f"{found[1]}{write(found[2], len(values))}{found[3]}"

    def entry(old: Entry) -> Entry:
        if old.body is not None:
            return old if old.key in _LITERAL_ONLY else Entry(old.key, "", tuple(map(entry, old.body)))
        if old.key in _META or "<<" in old.text:
            return old
        return Entry(old.key, "\n".join(map(line, old.text.split("\n"))))

    body = tuple(entry(e) if e.key.split(" ")[0] in ("resource", "data") else e for e in _body(code))
    return render(body), values


def _module(code: str, text: str, values: list[str]) -> Mapping[str, str]:
    """The code as a module's, its literals as what the call gives."""
    inputs = [
        re.findall(r'"(.*)"', e.key)[0]
        for e in _body(code)
        if e.key.startswith("variable ") and not any(x.key == "default" for x in e.body or ())
    ]
    call = ['module "m" {', 'source = "./inner"', *(f"{n} = var.{n}" for n in inputs)]
    call += [f"made{i} = {v}" for i, v in enumerate(values, 1)]
    declared = "".join(f'\nvariable "made{i}" {{}}' for i in range(1, len(values) + 1))
    root = "".join(f'variable "{n}" {{}}\n' for n in inputs) + "\n".join([*call, "}"])
    return {"main.tf": root, "inner/main.tf": text + declared if values else code}


def _loop(code: str) -> tuple[str, frozenset[str]]:
    """The code with ``for_each`` for each resource that has no loop, and the addresses that had none."""
    names: list[str] = []
    out: list[Entry] = []
    for entry in _body(code):
        body = entry.body or ()
        if entry.key.startswith("resource ") and not _META & {e.key for e in body if e.key in ("count", "for_each")}:
            names.append(".".join(re.findall(r'"([^"]*)"', entry.key)))
            body = (Entry("for_each", 'for_each = toset(["x"])'), *body)
        out.append(Entry(entry.key, entry.text, body if entry.body is not None else None))
    text = render(tuple(out))
    for name in names:
        text = re.sub(rf'(?<![\w."-]){re.escape(name)}\b(?![\[\w-])', f'{name}["x"]', text)
    return text, frozenset(names)


def _dynamic(entry: Entry, top: bool = False) -> Entry:
    """The resource with each plain block made by a loop over one item."""
    if entry.body is None or entry.key in _LITERAL_ONLY or (" " in entry.key and not top):
        return entry
    inner = tuple(map(_dynamic, entry.body))
    if top:
        return Entry(entry.key, "", inner)
    return Entry(f'dynamic "{entry.key}"', "", (Entry("for_each", "for_each = [1]"), Entry("content", "", inner)))


# CloudFormation

_Change = Callable[[Any, dict[str, Any]], Any]


def _cloudformation(code: str) -> Iterator[Variant]:
    made = {
        "json": _template(code, (lambda value, template: value)),
        "parameter": _template(code, _parameters(with_default=True)),
        "mapping": _template(code, _mapping()),
        "condition": _template(code, _either),
        "loop": _looped(code),
    }
    for name, text in made.items():
        if text is not None:
            yield Variant(name, "cloudformation", {"template.yaml": text})


def _template(code: str, change: _Change) -> str | None:
    """The template as JSON, each literal in a resource's properties changed; None where it is no plain one."""
    (template,) = load(code)
    resources = template.get("Resources")
    if not isinstance(resources, dict) or "Transform" in template or any("::" in name for name in resources):
        return None
    for resource in resources.values():
        if "Properties" in resource:
            resource["Properties"] = _changed(resource["Properties"], change, template)
    return json.dumps(template)


def _changed(value: Any, change: _Change, template: dict[str, Any]) -> Any:
    if isinstance(value, dict):
        if any(key == "Ref" or str(key).startswith("Fn::") for key in value):
            return value
        return {key: _changed(item, change, template) for key, item in value.items()}
    if isinstance(value, list):
        return [_changed(item, change, template) for item in value]
    return change(value, template)


def _parameters(with_default: bool) -> _Change:
    number = count(1)

    def change(value: Any, template: dict[str, Any]) -> Any:
        if value is None or isinstance(value, bool):
            return value
        name = f"Made{next(number)}"
        parameter = {"Type": "String" if isinstance(value, str) or not with_default else "Number"}
        template.setdefault("Parameters", {})[name] = parameter | ({"Default": value} if with_default else {})
        return {"Ref": name}

    return change


def _mapping() -> _Change:
    number = count(1)

    def change(value: Any, template: dict[str, Any]) -> Any:
        if value is None:
            return value
        name = f"made{next(number)}"
        template.setdefault("Mappings", {}).setdefault("Made", {}).setdefault("all", {})[name] = value
        return {"Fn::FindInMap": ["Made", "all", name]}

    return change


def _either(value: Any, template: dict[str, Any]) -> Any:
    """The same value whatever a condition says that nobody knows."""
    template.setdefault("Parameters", {})["Made"] = {"Type": "String"}
    template.setdefault("Conditions", {})["Made"] = {"Fn::Equals": [{"Ref": "Made"}, "yes"]}
    return _NOTHING if value is None else {"Fn::If": ["Made", value, value]}


def _looped(code: str) -> str | None:
    (template,) = load(code)
    resources = template.get("Resources")
    if not isinstance(resources, dict) or "Transform" in template or any("::" in name for name in resources):
        return None
    loops = {f"Fn::ForEach::Loop{n}": ["Item", [n], {"${Item}": resource}] for n, resource in resources.items()}
    return json.dumps({**template, "Transform": "AWS::LanguageExtensions", "Resources": loops})


# Kubernetes


def _kubernetes(code: str) -> Iterator[Variant]:
    yield Variant("overlay", "kubernetes", {"kustomization.yaml": "resources: [all.yaml]\n", "all.yaml": code})
    objects = [d for d in yaml.safe_load_all(code) if d]
    if any(str(d.get("kind", "")).endswith("List") for d in objects):
        return
    listed = {"apiVersion": "v1", "kind": "List", "items": objects}
    yield Variant("list", "kubernetes", {"manifests.yaml": yaml.safe_dump(listed)})
    blocks = (
        f'resource "kubernetes_manifest" "made{i}" {{\nmanifest = jsondecode({_quoted(json.dumps(d))})\n}}\n'
        for i, d in enumerate(objects)
    )
    yield Variant("manifest", "terraform", {"main.tf": "".join(blocks)})
    text = provider_code(code)
    if text:
        yield Variant("provider", "terraform", {"main.tf": text})


def _quoted(text: str) -> str:
    return json.dumps(text).replace("${", "$${").replace("%{", "%%{")
