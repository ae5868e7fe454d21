"""The same mistake gives the same policy id, whatever language it is written in; its mended twin satisfies the policy.

The pairs stand in ``pairs/*.yaml``. Each names a policy and, for every language, what is wrong and what is right.
"""

from __future__ import annotations

import json
import textwrap
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from iacguard.examples import evaluate
from iacguard.model import Format
from iacguard.policy import Decision, Pack, decide, load_pack
from iacguard.policy.testing import read_policies

FOLDER = Path(__file__).with_name("pairs")
PAIRS: list[dict[str, Any]] = [
    pair for path in sorted(FOLDER.glob("*.yaml")) for pair in yaml.safe_load(path.read_text())
]
LANGUAGES = ("terraform", "cloudformation", "sam", "manifest")
CASES = [(pair, language) for pair in PAIRS for language in LANGUAGES if language in pair]
_TRANSFORM = {"Transform": "AWS::Serverless-2016-10-31"}


def code(language: str, given: dict[str, Any], which: str) -> tuple[Format, str, str]:
    """The code of one side of a pair: its format, file name and text. ``which`` is "wrong" or "right"."""
    if language == "terraform":
        return "terraform", "main.tf", _terraform(given, which)
    if language == "manifest":
        return "kubernetes", "object.yaml", json.dumps(_manifest(given, which))
    properties = {**given.get("with", {}), **given[which]}
    beside = {**given.get("beside", {}), **given.get(f"beside {which}", {})}
    template = {"Resources": {"X": {"Type": given["type"], "Properties": properties}, **beside}}
    return "cloudformation", "template.json", json.dumps({**(_TRANSFORM if language == "sam" else {}), **template})


def _terraform(given: dict[str, Any], which: str) -> str:
    body = given[which] if which in given else _terraform_pod(given, which)
    type_ = given.get("type") or given.get("workload", "kubernetes_pod_v1")
    return f'{given.get("beside", "")}\nresource "{type_}" "x" {{\n{body}\n}}\n'


def _terraform_pod(given: dict[str, Any], which: str) -> str:
    metadata = 'metadata {\n name = "x"\n}\n'
    container = given.get("container", {}).get(which, "")
    image = "" if "image =" in container else 'image = "a:1"\n'
    spec = f'spec {{\n{given.get("pod", {}).get(which, "")}\ncontainer {{\nname = "x"\n{image}{container}\n}}\n}}\n'
    if "workload" not in given:
        return metadata + spec
    return f"{metadata}spec {{\nselector {{}}\ntemplate {{\n{metadata}{spec}}}\n}}\n"


def _manifest(given: dict[str, Any], which: str) -> dict[str, Any]:
    if which in given:
        whole: dict[str, Any] = given[which]
        return whole
    container = {"name": "x", "image": "a:1", **given.get("container", {}).get(which, {})}
    spec = {**given.get("pod", {}).get(which, {}), "containers": [container]}
    if "workload" not in given:
        return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": spec}
    template = {"metadata": {"name": "x"}, "spec": spec}
    outer = {"selector": {}, "template": template}
    return {"apiVersion": "apps/v1", "kind": given["workload"], "metadata": {"name": "x"}, "spec": outer}


@cache
def everything() -> Pack:
    return load_pack()


def verdicts(policy_id: str, format_: Format, path: str, text: str) -> set[str]:
    pack = everything().select((policy_id,), (), ())
    graphs, problems = evaluate(format_, {path: text})
    assert not [p.message for p in problems if not p.notice], textwrap.indent(text, "  ")
    outcomes = [outcome for graph in graphs for outcome in decide(pack, graph, "")]
    return {o.verdict for o in outcomes if isinstance(o, Decision)}


@pytest.mark.parametrize(("pair", "language"), CASES, ids=[f"{pair['policy']}-{lang}" for pair, lang in CASES])
def test_the_mistake_is_found_and_its_twin_is_not(pair: dict[str, Any], language: str) -> None:
    assert "violated" in verdicts(pair["policy"], *code(language, pair[language], "wrong"))
    assert verdicts(pair["policy"], *code(language, pair[language], "right")) == {"satisfied"}


def test_the_pairs_are_many_and_of_all_kinds() -> None:
    assert all(len([language for language in LANGUAGES if language in pair]) >= 2 for pair in PAIRS)
    assert len(PAIRS) >= 100
    rules = {rule.id: rule for rule in everything().rules}
    categories = {rules[pair["policy"]].category for pair in PAIRS}
    asked = {"missing-encryption", "public-storage", "open-ingress", "wildcard-iam", "disabled-logging", "secrets"}
    assert asked <= categories
    assert len({pair["policy"].split("-")[1] for pair in PAIRS}) >= 40


def test_policies_for_aws_are_shown_in_both_languages() -> None:
    both = 0
    for _, examples in read_policies(()):
        formats = {e.format for e in examples if e.expected["violated"]}
        both += {"terraform", "cloudformation"} <= formats
    assert both >= 300
