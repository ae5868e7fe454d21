"""Command lines of containers: variables put in, shells, and words that are not known."""

from __future__ import annotations

import pytest

from iacguard.model import Unknown, Value
from iacguard.policy.functions.commands import command_flag, flag_place, runs_program
from iacguard.policy.logic import truth

U = Unknown("variable", "variable")
TAG = Unknown("variable", parts=("registry.k8s.io/kube-apiserver:v", U))
REGISTRY = Unknown("variable", parts=(U, "/etcd:3.5"))
MODE = Unknown("variable", parts=("--mode=", U))
EITHER = Unknown("condition", "condition", choices=("--mode=a", "--mode=b"))
PERHAPS = Unknown("condition", "condition", choices=("--mode=a", "--other"))
MANY = Unknown("variable", "variable", spread=True)
ENV = [{"name": "MODE", "value": "RBAC"}, {"name": "FLAG", "value": "--mode=Node"}]


@pytest.mark.parametrize(
    ("container", "expected"),
    [
        ({"args": ["--mode=$(MODE)"], "env": ENV}, "RBAC"),
        ({"args": ["--mode=$(MODE),$(MODE)"], "env": ENV}, "RBAC,RBAC"),
        ({"args": ["$(FLAG)", "--x"], "env": ENV}, "Node"),
        ({"args": ["--mode=$(ELSE)"], "env": ENV}, "$(ELSE)"),  # Kubernetes leaves what it cannot resolve
        ({"args": ["--mode=$$(MODE)"], "env": ENV}, "$(MODE)"),
        ({"args": ["--mode=$MODE"], "env": ENV}, "$MODE"),  # no shell
        ({"args": ["--mode=$(MODE)"], "env": [*ENV, {"name": "MODE", "value": "later"}]}, "later"),
        ({"args": ["--mode=$(MODE)"], "env": [{"name": "MODE"}]}, ""),
        ({"command": ["sh", "-c", "exec a --mode=${MODE} --x"], "env": ENV}, "RBAC"),
        ({"command": ["sh", "-c", 'a "--mode=$MODE"'], "env": ENV}, "RBAC"),
        ({"command": ["sh", "-c", "a --x=$(cat /m) --mode=b"]}, "b"),
        # what is not known, and cannot be the flag or comes too early to count
        ({"args": [U, "--mode=a"], "image": U}, "a"),
        ({"args": [MANY, "--mode=a"]}, "a"),
        ({"args": ["--mode=a", Unknown("v", parts=("--other=", U))]}, "a"),
        ({"args": ["--mode=a", Unknown("v", parts=("/path/", U))]}, "a"),
        ({"args": ["--mode", Unknown("v", parts=("--other", U))]}, "true"),
    ],
)
def test_flags(container: Value, expected: str) -> None:
    assert command_flag(container, "mode") == expected


@pytest.mark.parametrize(
    "container",
    [
        {"args": [MODE]},
        {"args": ["--mode", U]},
        {"args": ["--mode=a", U]},
        {"args": ["--mode=a", MANY]},
        {"args": [PERHAPS]},
        {"args": U},
        {"args": ["--mode=$(MODE)"], "env": [{"name": "MODE", "valueFrom": {"secretKeyRef": {}}}]},
        {"args": ["--mode=$(MODE)"], "env": [{"name": U, "value": "a"}]},
        {"args": ["--mode=$(MODE)"], "env": U},
        {"args": ["--mode=$(MODE)"], "envFrom": [{"configMapRef": {"name": "a"}}]},
        {"command": ["sh", "-c", "MODE=a; exec b --mode=$MODE"]},
        {"command": ["sh", "-c", "b --mode=$(cat /mode)"]},
        {"command": ["sh", "-c", "b --mode=${MODE:-a}"], "env": ENV},  # we do not run scripts
        {"command": ["sh", "-c", "b --mode=`cat /mode`"]},
        U,
    ],
)
def test_flags_that_are_not_known(container: Value) -> None:
    assert isinstance(command_flag(container, "mode"), Unknown)


def test_what_is_left_of_an_unknown_flag() -> None:
    either = command_flag({"args": [EITHER]}, "mode")
    assert isinstance(either, Unknown)
    assert either.choices == ("a", "b")
    assert command_flag({"args": [PERHAPS, "--mode=c"]}, "mode") == "c"
    rest = command_flag({"args": [Unknown("v", parts=("--mode=RBAC,", U))]}, "mode")
    assert isinstance(rest, Unknown)
    assert rest.prefix == "RBAC,"
    assert flag_place({"args": ["--x", MODE]}, "mode") == ("args", 1)


@pytest.mark.parametrize(
    ("container", "program", "expected"),
    [
        ({"image": TAG}, "kube-apiserver", True),
        ({"image": TAG}, "etcd", False),
        ({"image": REGISTRY}, "etcd", True),
        ({"image": REGISTRY}, "kubelet", False),
        ({"image": U}, "etcd", None),
        ({"image": U, "command": ["etcd"]}, "etcd", True),
        ({"image": U, "command": ["nginx", U]}, "etcd", None),  # an all-in-one binary may be behind it
        ({"image": U, "command": ["nginx", MODE]}, "etcd", False),
        ({"command": ["sh", "-c", "echo $(date) > $FILE"]}, "etcd", False),
        ({"command": ["sh", "-c", "exec $BIN/etcd --name=$NAME"]}, "etcd", True),
        ({"command": ["sh", "-c", "exec $RUN"], "env": [{"name": "RUN", "value": "etcd"}]}, "etcd", True),
        ({"command": ["sh", "-c", "exec ${RUN}d"], "env": [{"name": "RUN", "value": "etc"}]}, "etcd", True),
        ({"command": ["sh", "-c", "exec ${RUN}d --name=x"]}, "etcd", None),
        ({"command": ["sh", "-c", "exec ${RUN}d --name=x"]}, "kubelet", False),
        ({"command": ["sh", "-c", "exec 'etcd$(NONE)' \"$BIN\"/etcd"], "env": [{"name": "NONE"}]}, "etcd", True),
        ({"image": "example.com/a:1", "command": U}, "etcd", None),
        ({"image": "example.com/a:1", "command": [Unknown("v", parts=(U, "/bin/etcd"))]}, "etcd", True),
        ({"image": "example.com/a:1", "command": ["$(RUN)"], "env": [{"name": "RUN", "value": "etcd"}]}, "etcd", True),
        ({"image": Unknown("c", choices=("a/etcd:1", "b/etcd:2"))}, "etcd", True),
        ({"image": Unknown("c", choices=("a/etcd:1", "b/c:2"))}, "etcd", None),
        ({"image": Unknown("v", parts=("nginx:", U))}, "etcd", False),
        (U, "etcd", None),
    ],
)
def test_programs(container: Value, program: str, expected: bool | None) -> None:
    assert truth(runs_program(container, program)) is expected
