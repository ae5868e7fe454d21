"""Which language a YAML or JSON file is written in, by its content, without composing it.

The text of the top level decides, so a file whose syntax is broken is still recognised as what it was meant to be
and its front end can say what is wrong with it. Only where the text is not plain to read (flow style, an indented
root) the structure is looked at.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from iacguard.findings import Problem
from iacguard.late import regex
from iacguard.model import Language, Span
from iacguard.record import record

NOT_INFRASTRUCTURE = "not infrastructure code"
#: What template engines call the file that they make another of: ``deployment.yaml.j2``.
RENDERED = (".j2", ".jinja", ".jinja2", ".tmpl", ".tpl", ".gotmpl", ".erb", ".ejs", ".hbs", ".mustache")

#: What every Kubernetes object has at its top.
_OBJECT = frozenset({"apiVersion", "kind"})
#: What only a template has at its top.
_VERSION = frozenset({"AWSTemplateFormatVersion"})

#: Cheap: a file without any of these bytes is neither.
_CLOUDFORMATION_MARKS = (b"Resources", b"AWSTemplateFormatVersion")
_KUBERNETES_MARKS = (b"apiVersion", b"kind")

#: ``terraform show -json`` begins every plan and state with its format's version, and names the same parts in each.
_PLAN_START = regex(rb'\s*\{(?=.{0,4000}?"format_version"\s*:\s*")', re.DOTALL)
_PLAN_MARKS = (b'"planned_values"', b'"resource_changes"', b'"root_module"')

#: A key at the first column, or a document's start. It begins with a line feed, which is found fast, not with ``^``.
_TOP_KEY_OR_START = regex(
    rb"""\n(?=[\w"'-])(?:(?:---[ \t]+)?["']?([A-Za-z][A-Za-z0-9_-]*)["']?[ \t]*:(?=[\s{\[]|\Z)|---(?=\s|\Z))"""
)
_ANY_KEY = regex(rb"""(?:^|[\s{,?-])["']?(apiVersion|kind|Resources|AWSTemplateFormatVersion)["']?[ \t]*:""")
_CFN_TYPE = regex(rb"""Type["']?[ \t]*:[ \t\r\n]*["']?[A-Za-z0-9]+::[A-Za-z0-9]""")
_CFN_TRANSFORM = regex(rb"""^["']?Transform["']?[ \t]*:[ \t\r\n\-\["']*AWS::""", re.MULTILINE)
#: A template's version, or a resource with its type before all else, after texts at the most.
_TEMPLATE_START = regex(
    rb"""\s*\{(?:\s*(?!"AWST)"[^"\\]*"\s*:\s*"[^"\\]*"\s*,)*+\s*(?:"AWSTemplateFormatVersion"[ \t]*:|"""
    rb""""Resources"[ \t]*:\s*\{\s*"[^"\\]*"\s*:\s*\{\s*"Type"[ \t]*:[ \t\r\n]*"[A-Za-z0-9]+::[A-Za-z0-9])"""
)
_TEMPLATE = regex(rb"\{[{%]")
_INDENTED_OR_FLOW = regex(rb"\A(?:\s|#[^\n]*\n|---)*(?:[{\[]|^[ ]+\S)", re.MULTILINE)


@record
class Recognised:
    """``format`` is None for a file that is passed over; ``reason`` says why then.

    ``problem`` is what the user must be told of a file that is passed over (a Helm template).
    """

    format: Language | None
    reason: str = ""
    problem: Problem | None = None


def recognise(path: str, data: bytes, near: Callable[[str], bool]) -> Recognised:
    """Decide the language of the file at ``path`` (forward slashes) from ``data``, its bytes without a BOM.

    ``near(path)`` says whether a plain file exists at a path that is given as ``path`` is. Never raises.
    """
    if "templates/" in path and _TEMPLATE.search(data) and _chart_of(path, near) is not None:
        return Recognised(None, "Helm template")  # its chart is reported as a whole
    if path.lower().endswith(RENDERED):
        return _unrendered(path, data)
    found: Language | None = "kubernetes" if _is_kustomization(path) or _is_chart(path, data) else sniff(data)
    if found is None:
        return Recognised(None, NOT_INFRASTRUCTURE)
    return Recognised(found)


def _unrendered(path: str, data: bytes) -> Recognised:
    """A file that is code only after a template engine has been at it."""
    if sniff(data) is None and _by_words(data) is None:
        return Recognised(None, NOT_INFRASTRUCTURE)
    message = "this is a template (Jinja or alike) whose values are not known here"
    hint = "render it and scan the result"
    problem = Problem("not-evaluated", Span(path, 1, 1, 1, 2), message, hint, notice=True)
    return Recognised(None, "template of another file", problem)


def sniff(data: bytes) -> Language | None:
    """The language by the text alone, or None; broken files get what they were meant as."""
    if b'"format_version"' in data and _PLAN_START.match(data) and any(mark in data for mark in _PLAN_MARKS):
        return "plan"
    cloudformation = any(mark in data for mark in _CLOUDFORMATION_MARKS)
    kubernetes = all(mark in data for mark in _KUBERNETES_MARKS)
    if not cloudformation and not kubernetes:
        return None
    if _INDENTED_OR_FLOW.match(data):
        if not kubernetes and _surely_template(data):
            return "cloudformation"
        return _by_structure(data)
    for keys, start, end in _documents(data, _OBJECT if kubernetes else _VERSION):
        if keys.issuperset(_OBJECT):
            return "kubernetes"
        if cloudformation and _is_template_text(keys, data[start:end]):
            return "cloudformation"
    return None


def _surely_template(data: bytes) -> bool:
    """Whether JSON begins as nothing but a template does: what follows, whole or broken, changes nothing then."""
    return _TEMPLATE_START.match(data) is not None and data.count(b'"Resources"') == 1


def _is_kustomization(path: str) -> bool:
    # Kustomize takes these names, and the file may leave out apiVersion and kind.
    return path.rsplit("/", 1)[-1] in {"kustomization.yaml", "kustomization.yml", "Kustomization"}


def _is_chart(path: str, data: bytes) -> bool:
    if path.rsplit("/", 1)[-1] != "Chart.yaml":
        return False
    return any("apiVersion" in keys and "name" in keys for keys, _, _ in _documents(data))


def _is_template_text(keys: frozenset[str], text: bytes) -> bool:
    if "Resources" in keys and _CFN_TYPE.search(text):
        return True
    return "AWSTemplateFormatVersion" in keys or ("Resources" in keys and _CFN_TRANSFORM.search(text) is not None)


def _documents(data: bytes, enough: frozenset[str] | None = None) -> Iterator[tuple[frozenset[str], int, int]]:
    """The keys at the first column of each document, with where it starts and ends.

    A document that has all keys of ``enough`` is not read further.
    """
    keys: set[str] = set()
    start = 0
    for match in _TOP_KEY_OR_START.finditer(b"\n" + data):  # so all places are one too far
        if match[0].startswith(b"\n---"):
            yield frozenset(keys), start, match.start()
            keys, start = set(), match.start()
        if match[1]:
            keys.add(match[1].decode())
            if enough is not None and enough <= keys:
                yield frozenset(keys), start, match.end() - 1
    yield frozenset(keys), start, len(data)


def _by_structure(data: bytes) -> Language | None:
    """For JSON, flow style and a root that is indented."""
    try:
        root = json.loads(data)
    except RecursionError:
        return _by_words(data)
    except ValueError:
        return _by_words(data)
    return _of_mapping(root) if isinstance(root, dict) else None


def _of_mapping(root: Mapping[str, Any]) -> Language | None:
    if "apiVersion" in root and "kind" in root:
        return "kubernetes"
    resources = root.get("Resources")
    typed = isinstance(resources, dict) and any(
        isinstance(r, dict) and isinstance(r.get("Type"), str) and "::" in r["Type"] for r in resources.values()
    )
    if typed or "AWSTemplateFormatVersion" in root:
        return "cloudformation"
    transform = root.get("Transform")
    names = transform if isinstance(transform, list) else [transform]
    if "Resources" in root and any(isinstance(n, str) and n.startswith("AWS::") for n in names):
        return "cloudformation"
    return None


def _by_words(data: bytes) -> Language | None:
    words = {match[1] for match in _ANY_KEY.finditer(data)}
    if {b"apiVersion", b"kind"} <= words:
        return "kubernetes"
    if b"AWSTemplateFormatVersion" in words or (b"Resources" in words and _CFN_TYPE.search(data)):
        return "cloudformation"
    return None


def _chart_of(path: str, near: Callable[[str], bool]) -> str | None:
    """The chart folder whose ``templates`` the file lies under ("" for the base folder), or None."""
    parts = path.split("/")[:-1]
    for depth in range(len(parts) - 1, -1, -1):
        if parts[depth] == "templates":
            folder = "/".join(parts[:depth])
            if near(f"{folder}/Chart.yaml" if folder else "Chart.yaml"):
                return folder
    return None
