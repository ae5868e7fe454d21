"""Kubernetes' own notations: images, quantities, capabilities, label selectors and paths on nodes."""

from __future__ import annotations

import posixpath
import re

from iacguard.model import REST, Unknown, Value
from iacguard.policy import logic
from iacguard.policy.access import read_field
from iacguard.policy.functions.base import Function, parameters
from iacguard.policy.logic import Tri

#: What a suffix multiplies by: a number and its power.
_FACTORS: dict[str, tuple[int, int]] = {
    **{unit: (1000, power) for power, unit in enumerate(("n", "u", "m", "", *"kMGTPE"), -3)},
    **{f"{unit}i": (1024, power) for power, unit in enumerate("KMGTPE", 1)},
}


def parse_image(image: Value) -> Value:
    """The parts of a container image: ``{registry, repository, tag, digest}``; a part that is not written is null.

    ``registry`` is null for Docker Hub's short names. Rules: https://pkg.go.dev/github.com/distribution/reference
    """
    name, _, digest = image.partition("@")
    head, slash, rest = name.partition("/")
    has_registry = bool(slash) and ("." in head or ":" in head or head == "localhost")
    path = rest if has_registry else name
    repository, colon, tag = path.rpartition(":")
    return {
        "registry": head if has_registry else None,
        "repository": repository if colon else path,
        "tag": (tag or None) if colon else None,
        "digest": digest or None,
    }


def image_tag(image: Value) -> Value:
    """The image's tag; null where none is written (``latest`` is meant then, unless there is a digest)."""
    if isinstance(image, Unknown):
        # The end decides: "${repository}:1.2" has a known tag, "app:${tag}" an unknown one.
        tail = image.suffix
        if "@" in tail or ":" not in tail or "/" in tail.rpartition(":")[2]:
            return logic.blur(image)
        return tail.rpartition(":")[2]
    return parse_image(image)["tag"]


def image_digest(image: Value) -> Value:
    """The image's digest (``sha256:...``); null where none is written."""
    if isinstance(image, Unknown):
        return image.suffix.partition("@")[2] or logic.blur(image)
    return parse_image(image)["digest"]


def quantity(text: Value) -> Value:
    """A Kubernetes quantity as a number: ``quantity('500m')`` is 0.5, ``quantity('1Gi')`` 1073741824.

    Null for a text that is none.
    """
    from decimal import Decimal

    if not isinstance(text, str):
        return text
    found = re.fullmatch(
        r"([+-]?\d{1,30}(?:\.\d{0,30})?|[+-]?\.\d{1,30})(?:[eE]([+-]?\d{1,2}))?([numkMGTPE]?i?)", text.strip()
    )
    if found is None or found[3] not in _FACTORS:
        return None
    base, power = _FACTORS[found[3]]
    value = Decimal(found[1]) * Decimal(10) ** int(found[2] or 0) * Decimal(base) ** power
    return int(value) if value == value.to_integral_value() else float(value)


def capabilities(names: Value) -> Value:
    """Linux capabilities as Kubernetes compares them: upper case, without ``CAP_``."""
    if isinstance(names, Unknown):
        return logic.blur(names)
    return [n.upper().removeprefix("CAP_") if isinstance(n, str) else n for n in names]


def selects(selector: Value, labels: Value) -> Value:
    """Whether a label selector (``matchLabels``, ``matchExpressions``, or a plain map) selects these labels.

    An empty selector selects everything; a null one nothing.
    """
    if selector is None:
        return False
    if isinstance(selector, Unknown):
        return logic.one_of((True, False), selector)
    plain = not any(k in selector for k in ("matchLabels", "matchExpressions"))
    answers = _labels_answer(selector if plain else read_field(selector, "matchLabels"), labels)
    expressions = None if plain else read_field(selector, "matchExpressions")
    if isinstance(expressions, list):
        answers += [_meets(e, labels) for e in expressions]
    elif expressions is not None:
        answers.append(None)
    return logic.from_tri(logic.all_tri(answers), lambda: logic.first_unknown(selector, labels))


def _labels_answer(wanted: Value, labels: Value) -> list[Tri]:
    if not isinstance(wanted, dict):
        return [] if wanted is None else [None]
    # Labels that are not all known may hold one that the selector has not, or has with another value.
    return [None if k == REST else logic.equal(read_field(labels, k), v) for k, v in wanted.items()]


def _meets(expression: Value, labels: Value) -> Tri:
    operator = read_field(expression, "operator")
    key = read_field(expression, "key")
    if isinstance(key, Unknown) or isinstance(operator, Unknown):
        return None
    found = read_field(labels, str(key))
    if operator in ("Exists", "DoesNotExist"):
        there = None if isinstance(found, Unknown) and not logic.never_null(found) else found is not None
        return there if operator == "Exists" else logic.not_tri(there)
    values = read_field(expression, "values")
    if not isinstance(values, list):
        return None if isinstance(values, Unknown) else False
    member = logic.any_tri(logic.equal(found, v) for v in values)
    return member if operator == "In" else logic.not_tri(member)


def clean_path(path: Value) -> Value:
    """A Unix path without doubled slashes, dots and a slash at its end: ``/var/lib`` for ``//var/./lib/``."""
    return re.sub("^//+", "/", posixpath.normpath(path)) if path else path


def path_within(path: Value, folders: Value) -> Value:
    """Whether a Unix path is one of the folders or lies in one: ``path_within('/etc/cron.d', ['/etc'])``."""
    clean = clean_path(path)
    return any(clean == f or clean.startswith(f if f.endswith("/") else f"{f}/") for f in map(clean_path, folders))


_P = parameters

FUNCTIONS: tuple[Function, ...] = (
    Function("parse_image", parse_image, _P("image: string"), "object"),
    Function("image_tag", image_tag, _P("image: string"), "string", "decides"),
    Function("image_digest", image_digest, _P("image: string"), "string", "decides"),
    Function("quantity", quantity, _P("text: string|number"), "number"),
    Function("capabilities", capabilities, _P("names: array"), "array", "decides"),
    Function("clean_path", clean_path, _P("path: string"), "string"),
    Function("path_within", path_within, _P("path: string", "folders: array-string"), "boolean"),
    Function("selects", selects, _P("selector: object|null", "labels: object"), "boolean", "decides"),
)
