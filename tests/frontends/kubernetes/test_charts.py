"""Helm charts: reported as a whole, or rendered by a program and brought back to their templates.

The program is a script that prints what helm 3.17 printed for this chart; where helm is installed, it is asked too.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from iacguard.frontends.kubernetes.charts import aligned
from iacguard.helm import Helm
from tests.conftest import run_iacguard

CHART = {
    "shop/Chart.yaml": "apiVersion: v2\nname: shop\nversion: 0.1.0\n",
    "shop/values.yaml": "ports: [80, 443]\nprivileged: false\n",
    "shop/templates/pod.yaml": """\
{{- if true }}
apiVersion: v1
kind: Pod
metadata:
  name: {{ .Release.Name }}-shop
spec:
  containers:
    - name: web
      image: "nginx:{{ .Chart.Version }}"
      ports:
        {{- range .Values.ports }}
        - containerPort: {{ . }}
        {{- end }}
      securityContext:
        privileged: {{ .Values.privileged }}
{{- end }}
""",
    "shop/templates/plain.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: plain\n",
    "shop/charts/inner/Chart.yaml": "apiVersion: v2\nname: inner\nversion: 0.1.0\n",
}
PRINTED = """\
---
# Source: shop/templates/plain.yaml
apiVersion: v1
kind: ConfigMap
metadata:
  name: plain
---
# Source: shop/templates/pod.yaml
apiVersion: v1
kind: Pod
metadata:
  name: release-shop
spec:
  containers:
    - name: web
      image: "nginx:0.1.0"
      ports:
        - containerPort: 80
        - containerPort: 443
      securityContext:
        privileged: true
"""


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    for name, text in CHART.items():
        (tmp_path / "code" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "code" / name).write_text(text)
    (tmp_path / "values.yaml").write_text("privileged: true\n")
    return tmp_path


def fake(folder: Path, body: str) -> dict[str, str]:
    """An environment in which ``helm`` is a script."""
    program = folder / "bin" / "helm"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{body}\n")
    program.chmod(0o755)
    return {"PATH": f"{program.parent}:/usr/bin:/bin"}


def test_one_notice_for_a_chart(chart: Path) -> None:
    ran = run_iacguard("scan", chart / "code", "--format", "json")
    notices = [p for p in ran.json["problems"] if p["kind"] == "not-evaluated"]
    assert [(p["place"]["file"], p["notice"]) for p in notices] == [("shop/Chart.yaml", True)]
    assert "not evaluated" in notices[0]["message"]


def check_rendered(chart: Path, environment: dict[str, str] | None) -> None:
    ran = run_iacguard(
        *("scan", chart / "code", "--format", "json", "--select", "kubernetes-pod-privileged-container"),
        *("--helm", "--helm-values", chart / "values.yaml"),
        environment=environment,
    )
    assert ran.json["problems"] == []
    found = [(f["place"]["file"], f["place"]["line"], f["address"]) for f in ran.json["findings"]]
    assert found == [("shop/templates/pod.yaml", 15, "Pod/default/release-shop")]


def test_rendered(chart: Path) -> None:
    arguments = chart / "arguments"
    check_rendered(chart, fake(chart, f'echo "$@" > {arguments}\ncat <<"END"\n{PRINTED}END'))
    told = arguments.read_text().split()
    assert told == ["template", "release", str(chart / "code" / "shop"), "--skip-tests", "--values", told[-1]]
    assert Path(told[-1]) == chart / "values.yaml"


@pytest.mark.skipif(shutil.which("helm") is None, reason="helm is not installed")
def test_rendered_by_helm(chart: Path) -> None:
    check_rendered(chart, None)


def test_failure_is_told(chart: Path) -> None:
    environment = fake(chart, "echo 'Error: values are missing' >&2; exit 1")
    ran = run_iacguard("scan", chart / "code", "--format", "json", "--helm", environment=environment)
    assert ran.status == 3
    assert [p["message"] for p in ran.json["problems"]] == [
        "the Helm chart shop cannot be rendered: values are missing"
    ]


def test_no_program(chart: Path) -> None:
    ran = run_iacguard("scan", chart / "code", "--helm", environment={"PATH": "/nowhere"})
    assert ran.status == 2
    assert "--helm needs the program helm" in ran.said


def test_values_without_helm(chart: Path) -> None:
    ran = run_iacguard("scan", chart / "code", "--helm-values", chart / "values.yaml")
    assert ran.status == 2
    assert "give --helm, too" in ran.said


def test_a_program_that_is_none(tmp_path: Path) -> None:
    assert "could not be started" in Helm(str(tmp_path / "helm")).render(str(tmp_path)).error


def test_lines_of_a_loop_belong_to_its_body() -> None:
    template = ["a: {{ x }}", "{{- range . }}", "- port: {{ . }}", "{{- end }}", "z: 1"]
    assert aligned(["a: 1", "- port: 1", "- port: 2", "- port: 3", "new: 2", "z: 1"], template) == [1, 3, 3, 3, 3, 5]
