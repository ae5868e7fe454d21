"""Compares what SAM templates become here with what AWS's own transform makes of them.

    python -m pip install aws-sam-translator==1.115.0
    python tools/sam_compare.py FOLDER [--show N]
    python tools/sam_compare.py --record tests/frontends/cloudformation/sam

Both get the same text: the template with the paths of local code replaced as ``sam package`` would. What comes out of
aws-sam-translator is a plain template, which the same evaluator reads, so that values are compared and not spellings.
Left out of the comparison are descriptions, metadata, and the hash in the id of a deployment.
"""

from __future__ import annotations

import argparse
import importlib
import json
import logging
import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from iacguard.frontends.cloudformation import RESOURCE_KEY, load
from iacguard.frontends.contract import Inputs, Stack
from iacguard.model import Encoded, Unknown
from iacguard.source import SourceFile

_REGION = "us-east-1"
_TRANSFORM = "AWS::Serverless-2016-10-31"
_MARK = b"AWS::Serverless::"
_DEPLOYMENT = re.compile(r"(Deployment)[0-9a-f]{10}\b")
_NUMBER = re.compile(r"(deployment id: )[0-9a-f]{40}")
_CODE = {"Function": ("CodeUri", "ImageUri"), "LayerVersion": ("ContentUri",), "StateMachine": ("DefinitionUri",)}
_CODE |= {"Api": ("DefinitionUri",), "HttpApi": ("DefinitionUri",), "Application": ("Location",)}
_LEFT_OUT = frozenset({"Description", "Metadata"})


class NoFiles:
    """A workspace without files: templates are compared one by one."""

    def read(self, path: str) -> SourceFile | None:
        return None

    def listing(self, folder: str) -> tuple[str, ...]:
        return ()

    def folders(self, folder: str) -> tuple[str, ...]:
        return ()

    def exists(self, folder: str) -> bool:
        return False


@dataclass
class Counts:
    """What comparing came to. ``differing`` counts attributes by type and name."""

    templates: int = 0
    refused: int = 0
    same_ids: int = 0
    same: int = 0
    resources: int = 0
    same_resources: int = 0
    missing: int = 0
    added: int = 0
    differing: Counter[str] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)


def packaged(template: dict[str, Any]) -> dict[str, Any]:
    """The template with its transform and with code in S3."""
    transforms = template.get("Transform", _TRANSFORM)
    transforms = transforms if isinstance(transforms, list) else [transforms]
    if _TRANSFORM not in transforms:
        transforms = [*(t for t in transforms if t != _TRANSFORM + "-test"), _TRANSFORM]
    template["Transform"] = transforms
    holders: list[tuple[str, Any]] = [
        (str(r.get("Type", "")).removeprefix("AWS::Serverless::"), r.get("Properties"))
        for r in template.get("Resources", {}).values()
        if isinstance(r, dict)
    ]
    holders += [(kind, values) for kind, values in (template.get("Globals") or {}).items()]
    for kind, properties in holders:
        for name in _CODE.get(kind, ()) if isinstance(properties, dict) else ():
            value = properties.get(name)
            if isinstance(value, str) and not value.startswith("s3://") and name != "ImageUri":
                properties[name] = f"s3://bucket/{value.strip('./') or 'code'}"
        if kind == "Function" and isinstance(properties, dict):
            image = properties.get("PackageType") == "Image"
            if not image and "InlineCode" not in properties and "Runtime" in properties:
                properties.setdefault("CodeUri", "s3://bucket/code")
            if image:
                properties.setdefault("ImageUri", "image")
    return template


def reference(template: dict[str, Any]) -> dict[str, Any]:
    """What aws-sam-translator makes of it. Raises its exceptions."""
    parser = importlib.import_module("samtranslator.parser.parser")
    translator = importlib.import_module("samtranslator.translator.translator")
    made: dict[str, Any] = translator.Translator({}, parser.Parser()).translate(template, {})
    return made


def evaluated(template: dict[str, Any], name: str) -> Stack:
    """What we make of a template."""
    return stack_of(json.dumps(template, default=str), name)


def stack_of(text: str, name: str) -> Stack:
    """What we make of a template's text."""
    (stack,) = load([SourceFile(name, text.encode())], NoFiles(), Inputs())
    return stack


def canonical(value: Any) -> Any:
    """A value without the reasons why it is not known."""
    if isinstance(value, Unknown):
        if value.reference is not None:
            return "<" + _DEPLOYMENT.sub(r"\1", ".".join(value.reference)) + ">"
        if value.parts:
            return "".join(str(canonical(part)) for part in value.parts)
        if value.reason.startswith("the region is"):
            return _REGION  # SAM puts its own in
        return f"<{value.reason}>" + "".join(str(canonical(choice)) for choice in value.choices)
    if isinstance(value, Encoded):
        return canonical(value.value)
    if isinstance(value, dict):
        found = {name: canonical(inner) for name, inner in sorted(value.items()) if name not in _LEFT_OUT}
        for name in ("Statement", "Resource", "security"):  # whose order means nothing
            if isinstance(found.get(name), list):
                found[name] = sorted(found[name], key=lambda item: json.dumps(item, sort_keys=True))
        if isinstance(found.get("Statement"), list) and len(found["Statement"]) == 1:
            found["Statement"] = found["Statement"][0]
        return found
    if isinstance(value, list):
        return [canonical(item) for item in value]
    return _DEPLOYMENT.sub(r"\1", value) if isinstance(value, str) else value


def resources_of(stack: Stack) -> dict[str, tuple[str, dict[str, Any]]]:
    """Type and attributes by id; a deployment's id without its hash."""
    found = {}
    for resource in stack.resources:
        attributes = canonical(resource.attributes)
        if not attributes.get(RESOURCE_KEY, True):
            del attributes[RESOURCE_KEY]
        found[_DEPLOYMENT.sub(r"\1", resource.address)] = (resource.type, attributes)
    return found


def differences(ours: Stack, theirs: Stack, counts: Counts) -> Iterator[str]:
    """Every difference as a line; counts them."""
    mine, other = resources_of(ours), resources_of(theirs)
    same = mine.keys() == other.keys() and all(mine[name][0] == other[name][0] for name in mine)
    counts.same_ids += same
    for name in sorted(mine.keys() | other.keys()):
        if name not in mine or name not in other:
            counts.missing += name not in mine
            counts.added += name not in other
            yield f"{'missing' if name not in mine else 'added'} {name} {(mine.get(name) or other[name])[0]}"
            continue
        counts.resources += 1
        (type_, left), (_, right) = mine[name], other[name]
        wrong = [key for key in sorted(left.keys() | right.keys()) if left.get(key) != right.get(key)]
        counts.same_resources += not wrong
        for key in wrong:
            counts.differing[f"{type_} {key}"] += 1
            yield from deep(f"{name}.{key}", left.get(key), right.get(key))


def deep(where: str, ours: Any, theirs: Any) -> Iterator[str]:
    """Where two values differ, at the deepest."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in sorted(ours.keys() | theirs.keys()):
            if ours.get(key) != theirs.get(key):
                yield from deep(f"{where}.{key}", ours.get(key), theirs.get(key))
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for index, (left, right) in enumerate(zip(ours, theirs, strict=True)):
            if left != right:
                yield from deep(f"{where}[{index}]", left, right)
    else:
        yield f"{where}: ours {_short(ours)}, theirs {_short(theirs)}"


def _short(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, default=str)
    return text if len(text) < 400 else text[:400] + "..."


def templates(folder: Path) -> Iterator[Path]:
    """Every template below ``folder`` that has resources of SAM's."""
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".yaml", ".yml", ".json", ".template") and path.is_file() and _MARK in path.read_bytes():
            yield path


def record(folder: Path) -> None:
    """Write what aws-sam-translator makes of each template beside it."""
    parse = importlib.import_module("samtranslator.yaml_helper").yaml_parse
    for path in sorted(folder.glob("*.yaml")):
        made = reference(json.loads(json.dumps(parse(path.read_text()), default=str)))
        text = json.dumps(made, indent=1, sort_keys=True)
        path.with_suffix(".expected.json").write_text(_DEPLOYMENT.sub(r"\1", _NUMBER.sub(r"\1", text)) + "\n")


def compare(folder: Path, show: int) -> Counts:
    """Compare every template of a folder."""
    parse = importlib.import_module("samtranslator.yaml_helper").yaml_parse
    counts = Counts()
    for path in templates(folder):
        try:
            template = packaged(json.loads(json.dumps(parse(path.read_text()), default=str)))
            theirs = reference(json.loads(json.dumps(template)))
        except Exception as error:
            counts.refused += 1
            counts.problems[f"refused by SAM: {type(error).__name__}"] += 1
            continue
        counts.templates += 1
        ours = evaluated(template, path.name)
        lines = list(differences(ours, evaluated(theirs, path.name), counts))
        counts.same += not lines
        rejected = [p.message for p in ours.problems if p.message.startswith("SAM rejects")]
        counts.problems.update(re.sub(r'"[^"]*"', '"..."', message) for message in rejected)
        if lines and show > 0:
            show -= 1
            print(f"== {path}", *rejected, *lines[:12], sep="\n  ")
    return counts


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--show", type=int, default=0, metavar="N", help="print the differences of N templates")
    arguments.add_argument("--record", action="store_true", help="write the expected outputs of the tests")
    given = arguments.parse_args()
    logging.disable()
    os.environ["AWS_DEFAULT_REGION"] = _REGION
    if given.record:
        record(given.folder)
        return
    counts = compare(given.folder, given.show)
    print(f"{counts.templates} templates, {counts.refused} more that aws-sam-translator refuses")
    print(f"{counts.same} the same in all, {counts.same_ids} the same in ids and types")
    print(f"{counts.resources} resources in both, {counts.same_resources} of them equal in every attribute")
    print(f"{counts.missing} only there, {counts.added} only here")
    for name, number in [*counts.differing.most_common(40), *counts.problems.most_common()]:
        print(f"{number:6} {name}")


if __name__ == "__main__":
    main()
