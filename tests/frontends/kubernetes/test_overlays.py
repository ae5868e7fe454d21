"""Which kustomizations are built, what is left to be judged alone, and where the parts of the result stand."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping

import pytest

from iacguard.frontends.contract import Stack

LoadStacks = Callable[[str, Mapping[str, str], Mapping[str, str]], list[Stack]]

POD = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\nspec:\n  containers:\n    - name: c\n      image: x\n"
PATCH = """\
apiVersion: v1
kind: Pod
metadata:
  name: a
spec:
  containers:
    - name: c
      securityContext:
        privileged: true
"""


@pytest.fixture
def overlays(stacks: LoadStacks) -> Callable[..., dict[str, Stack]]:
    def loaded(files: Mapping[str, str]) -> dict[str, Stack]:
        texts = {path: textwrap.dedent(text) for path, text in files.items()}
        return {stack.name: stack for stack in stacks("kubernetes", texts, {})}

    return loaded


Overlays = Callable[..., dict[str, Stack]]


def test_each_overlay_is_a_stack_and_nothing_is_judged_twice(overlays: Overlays) -> None:
    found = overlays(
        {
            "base/kustomization.yaml": "resources: [pod.yaml]\n",
            "base/pod.yaml": POD,
            "dev/kustomization.yaml": "resources: [../base]\nnamePrefix: dev-\n",
            "prod/kustomization.yaml": "resources: [../base]\nnamespace: prod\npatches: [{path: p.yaml}]\n",
            "prod/p.yaml": PATCH,
            "alone.yaml": POD,
        }
    )
    assert {name: [r.address for r in s.resources] for name, s in found.items()} == {
        "dev": ["Pod/default/dev-a"],
        "prod": ["Pod/prod/a"],
        "": ["Pod/default/a"],
    }
    assert all(stack.problems == () for stack in found.values())


def test_fields_stand_where_they_came_from(overlays: Overlays) -> None:
    found = overlays(
        {
            "base/kustomization.yaml": "resources: [pod.yaml]\n",
            "base/pod.yaml": POD,
            "prod/kustomization.yaml": """\
                resources: [../base]
                namespace: prod
                images:
                  - name: x
                    newTag: latest
                patches:
                  - path: p.yaml
                  - target: {kind: Pod}
                    patch: |-
                      - op: add
                        path: /spec/hostPID
                        value: true
                configMapGenerator:
                  - name: made
                    literals:
                      - a=1
                      - password=b
                    envs: [x.env]
                """,
            "prod/p.yaml": PATCH,
            "prod/x.env": "# one\nKEY=value\n",
        }
    )
    pod, made = found["prod"].resources

    def at(*path: str | int) -> tuple[str, int, int]:
        located = pod.locate(path)
        assert located.exact
        return located.span.file, located.span.line, located.span.column

    assert (pod.span.file, pod.span.line) == ("base/pod.yaml", 1)
    assert at("spec", "containers", 0) == ("base/pod.yaml", 7, 7)
    assert at("spec", "containers", 0, "image") == ("prod/kustomization.yaml", 5, 5)
    assert at("spec", "containers", 0, "securityContext", "privileged") == ("prod/p.yaml", 9, 9)
    assert at("spec", "hostPID") == ("prod/kustomization.yaml", 12, 9)
    assert at("metadata", "namespace") == ("prod/kustomization.yaml", 2, 1)
    assert made.attributes["data"] == {"KEY": "value", "a": "1", "password": "b"}
    assert made.locate(("data", "password")).span.line == 17
    assert (made.locate(("data", "KEY")).span.file, made.locate(("data", "KEY")).span.line) == ("prod/x.env", 2)


@pytest.mark.parametrize(
    ("kustomization", "kind", "notice", "message"),
    [
        ("resources: [pod.yaml, 'https://example.org/x.yaml']", "not-evaluated", True, "the remote resource https"),
        ("resources: [pod.yaml, 'github.com/o/r//base?ref=v1']", "not-evaluated", True, "the remote resource github"),
        ("resources: [pod.yaml]\ncomponents: ['git@host:o/r.git']", "not-evaluated", True, "the remote component git"),
        ("resources: [pod.yaml]\nhelmCharts: [{name: c}]", "not-evaluated", True, "helmCharts 'c' is not evaluated"),
        ("resources: [pod.yaml]\ngenerators: [g.yaml]", "not-evaluated", True, "generators 'g.yaml' is not evaluated"),
        ("resources: [pod.yaml]\ntransformers: [t.yaml]", "not-evaluated", False, "k cannot be built: transformers"),
        ("resources: [pod.yaml]\nopenapi: {path: s.json}", "not-evaluated", False, "k cannot be built: a schema"),
        ("resources: [pod.yaml]\ncrds: [c.json]", "not-evaluated", False, "k cannot be built: the references of"),
        ("resources: [pod.yaml, gone.yaml]", "reference", False, "k cannot be built: there is no 'k/gone.yaml'"),
        ("resources: [pod.yaml]\nresource: [x]", "value", False, "k cannot be built: a kustomization has no field"),
        ("resources: [pod.yaml, pod.yaml]", "value", False, "k cannot be built: Pod/a is there already"),
        ("resources: [pod.yaml]\npatches: [{path: p.yaml}]", "reference", False, "k cannot be built: there is no"),
        (
            "resources: [pod.yaml]\npatches: [{patch: '{apiVersion: v1, kind: Pod, metadata: {name: b}}'}]",
            "value",
            False,
            "k cannot be built: this patch is for Pod 'b' of v1; there is no object",
        ),
        (
            "resources: [pod.yaml]\npatches: [{target: {name: '(a+)+'}, patch: '[{op: remove, path: /x}]'}]",
            "not-evaluated",
            False,
            "k cannot be built: the pattern '(a+)+' cannot be used",
        ),
        (
            "resources: [pod.yaml]\npatches: [{target: {kind: Pod}, patch: '[{op: remove, path: /x/y}]'}]",
            "value",
            False,
            "k cannot be built: there is no /x/y",
        ),
        ("resources: [pod.yaml]\nreplicas: [{name: a, count: 2}]", "value", False, "k cannot be built: no object that"),
        ("resources: [../k]", "reference", False, "k cannot be built: the kustomizations lead in a circle"),
    ],
)
def test_told_and_nothing_is_lost(
    overlays: Overlays, kustomization: str, kind: str, notice: bool, message: str
) -> None:
    found = overlays({"k/kustomization.yaml": kustomization, "k/pod.yaml": POD})
    stacks = list(found.values())
    problems = [p for stack in stacks for p in stack.problems]
    assert [(p.kind, p.notice) for p in problems] == [(kind, notice)]
    assert problems[0].message.startswith(message)
    assert "Pod/default/a" in [r.address for stack in stacks for r in stack.resources]


def test_a_patch_may_be_for_what_was_not_fetched(overlays: Overlays) -> None:
    files = {
        "k/kustomization.yaml": "resources: [pod.yaml, 'https://example.org/x.yaml']\npatches: [{path: p.yaml}]\n",
        "k/pod.yaml": POD,
        "k/p.yaml": PATCH.replace("name: a", "name: remote"),
    }
    (stack,) = overlays(files).values()
    assert [r.address for r in stack.resources] == ["Pod/default/a"]
    assert [p.notice for p in stack.problems] == [True]


def test_unused_component(overlays: Overlays) -> None:
    found = overlays(
        {
            "c/kustomization.yaml": "kind: Component\nresources: [pod.yaml]\npatches: [{path: p.yaml}]\n",
            "c/pod.yaml": POD,
            "c/p.yaml": PATCH,
        }
    )
    assert [r.address for r in found[""].resources] == ["Pod/default/a"]
    assert [p.message[:36] for p in found[""].problems] == ["no kustomization uses this component"]


def test_copies_without_end_are_stopped(overlays: Overlays) -> None:
    doubling = "".join(f"- {{op: copy, from: /data, path: /data/x{n}}}\n" for n in range(60))
    files = {
        "k/kustomization.yaml": "resources: [c.yaml]\npatches: [{target: {kind: ConfigMap}, path: p.yaml}]\n",
        "k/c.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: b}\n",
        "k/p.yaml": doubling,
    }
    (stack,) = overlays(files).values()
    assert [(p.kind, p.notice) for p in stack.problems] == [("too-large", False)]
