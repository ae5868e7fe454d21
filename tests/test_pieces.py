"""The resources of one stack, decided in several processes, come to what they come to in one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from iacguard.frontends.contract import Stack, Task
from iacguard.request import ScanRequest
from iacguard.scan import scan
from iacguard.stacks import Piece, pieces


def manifests(tmp_path: Path, names: Sequence[str]) -> Path:
    pods = [
        f"apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\n"
        "spec: {hostNetwork: true, containers: [{name: c, image: 'x:latest'}]}\n"
        for name in names
    ]
    (tmp_path / "pods.yaml").write_text("---\n".join(pods), encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("processes", [2, 3, 9])
def test_each_resource_is_decided_once(tmp_path: Path, processes: int) -> None:
    folder = str(manifests(tmp_path, "abcde"))
    alone = scan(ScanRequest((folder,), processes=1))
    shared = scan(ScanRequest((folder,), processes=processes))
    assert shared == alone
    assert alone.counts.resources == {"kubernetes": 5}
    assert alone.counts.stacks == 1
    found = sorted(f.address for f in alone.findings if f.rule.id == "kubernetes-pod-host-network")
    assert found == [f"Pod/default/{name}" for name in "abcde"]


def test_more_processes_than_resources_do_no_harm(tmp_path: Path) -> None:
    folder = str(manifests(tmp_path, "a"))
    assert scan(ScanRequest((folder,), processes=4)) == scan(ScanRequest((folder,), processes=1))


def test_a_task_is_cut_only_where_it_is_divisible_and_into_few_pieces() -> None:
    def evaluate() -> Stack:
        raise AssertionError("nothing is evaluated to cut it")

    whole, cut = Task("a", evaluate), Task("b", evaluate, divisible=True)
    assert pieces([whole, cut], 2) == [Piece(whole), Piece(cut, 0, 2), Piece(cut, 1, 2)]
    assert [(p.part, p.parts) for p in pieces([cut], 64)] == [(0, 4), (1, 4), (2, 4), (3, 4)]
    assert pieces([cut], 1) == [Piece(cut)]


def test_a_stack_is_told_once(tmp_path: Path) -> None:
    told: list[str] = []
    scan(ScanRequest((str(manifests(tmp_path, "abc")),), processes=1), told.append)
    assert len(told) == 1
