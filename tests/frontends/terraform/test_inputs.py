"""What the user decides beside the code: values of variables, which folders are roots; and tags of the provider."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from iacguard.cli import app
from iacguard.cli.options import Command, parse
from iacguard.cli.terraform import ranks
from iacguard.frontends.contract import Inputs
from iacguard.model import REST, Unknown
from iacguard.source import SourceFile
from tests.conftest import Ran
from tests.frontends.terraform.evaluating import by_address, only, stacks

CODE = 'variable "v" {\n  default = "default"\n}\nresource "a_b" "c" {\n  x = var.v\n}\n'


def write(root: Path, **files: str) -> None:
    for name, text in files.items():
        (root / name.replace("__", ".")).write_text(text)


@pytest.mark.parametrize(
    ("arguments", "environment", "expected"),
    [
        ([], {}, "file"),
        ([], {"TF_VAR_v": "env"}, "file"),
        (["--env-vars"], {"TF_VAR_v": "env"}, "file"),
        (["--env-vars"], {"TF_VAR_other": "env"}, "file"),
        (["--var", "v=a"], {}, "a"),
        (["--var", "v=a", "--var-file", "one.tfvars"], {}, "one"),
        (["--var-file", "one.tfvars", "--var", "v=a"], {}, "a"),
        (["--var-file=one.tfvars", "--var-file", "two.tfvars"], {}, "two"),
        (["--var=v=a", "--var-file", "two.tfvars", "--var-file", "one.tfvars"], {}, "one"),
        (["--var-file", "one.tfvars", "--var", "v=a", "--var-file", "none.tfvars"], {}, "a"),
        (["--var", "v=a", "--var-file", "one.tfvars", "--var", "v=b"], {}, "b"),
        # `-fjson` is left to typer: the order is the same there.
        (["-fjson", "--var", "v=a", "--var-file", "one.tfvars"], {}, "one"),
        (["-fjson", "--var-file", "one.tfvars", "--var", "v=a"], {}, "a"),
    ],
)
def test_the_later_value_counts(
    iacguard: Callable[..., Ran], tmp_path: Path, arguments: list[str], environment: dict[str, str], expected: str
) -> None:
    write(tmp_path, main__tf=CODE, terraform__tfvars='v = "file"')
    write(tmp_path, one__tfvars='v = "one"', two__tfvars='v = "two"', none__tfvars="")
    done = iacguard("graph", ".", *arguments, cwd=tmp_path, environment=environment)
    assert [r["attributes"]["x"] for r in done.json["resources"]] == [expected]


@pytest.mark.parametrize(("asked", "expected"), [(True, "env"), (False, "default")])
def test_the_environment_counts_only_when_asked(
    iacguard: Callable[..., Ran], tmp_path: Path, asked: bool, expected: str
) -> None:
    write(tmp_path, main__tf=CODE)
    done = iacguard("graph", ".", *(["--env-vars"] if asked else []), cwd=tmp_path, environment={"TF_VAR_v": "env"})
    assert [r["attributes"]["x"] for r in done.json["resources"]] == [expected]


def test_environment_gives_values_of_any_type() -> None:
    code = 'variable "v" {\n  type = list(number)\n}\nresource "a_b" "c" {\n  x = var.v\n}\n'
    (stack,) = stacks({"main.tf": code}, Inputs(environment={"v": "[1, 2]", "unrelated": "x"}))
    assert stack.resources[0].attributes["x"] == [1, 2]
    assert stack.resources[0].locate(("x",)).trail[0].note == 'variable "v", given in the environment'


def test_ranks_count_the_files_before_a_variable() -> None:
    scan: Command = next(c for c in app.commands() if c.name == "scan")
    words = [".", "--var", "a=1", "--var-file", "x", "--var", "b=2", "--var-file", "y", "--var", "c=3", "--var", "a=4"]
    values: Any = parse(scan, words)
    assert ranks(values["variables"], values["var_files"]) == {"a": 2, "b": 1, "c": 2}
    assert ranks(("a=1",), ("x",)) == {}


def test_variables_with_only_a_default_can_count_as_unknown() -> None:
    files = {
        "main.tf": 'variable "v" {\n  default = 1\n}\nvariable "w" {\n  default = 2\n}\n'
        'module "m" {\n  source = "./m"\n}\nresource "a_b" "c" {\n  v = var.v\n  w = var.w\n}',
        "m/main.tf": 'variable "v" {\n  default = 3\n}\nresource "a_b" "c" {\n  v = var.v\n}',
    }
    (stack,) = stacks(files, Inputs(unknown_defaults=True, variables={"w": "4"}))
    found = by_address(stack)
    value = found["a_b.c"].attributes["v"]
    assert (value.kind, value.reason) == ("variable", 'variable "v" has only a default, which may be replaced')
    assert found["a_b.c"].attributes["w"] == "4"
    # What a module's caller leaves out is its default and nothing else.
    assert found["module.m.a_b.c"].attributes["v"] == 3


def test_called_folders_are_roots_only_when_asked() -> None:
    files = {"main.tf": 'module "m" {\n  source = "./m"\n}', "m/main.tf": 'resource "a_b" "c" {}'}
    assert [s.name for s in stacks(files, Inputs())] == ["."]
    assert [s.name for s in stacks(files, Inputs(scan_modules=True))] == [".", "m"]


def test_arguments_that_no_variable_takes_and_missing_ones_are_notices() -> None:
    stack = only(
        {
            "main.tf": 'module "m" {\n  source  = "./m"\n  count   = 2\n  given   = 1\n  mistake = 2\n}',
            "m/main.tf": 'variable "given" {}\nvariable "missing" {}\nvariable "optional" {\n  default = null\n}',
        }
    )
    assert [(p.kind, p.notice, p.span.line, p.message) for p in stack.problems] == [
        ("reference", True, 5, 'module "m" declares no variable "mistake"'),
        ("reference", True, 1, 'the call of module "m" gives no value to its variable "missing"'),
    ]


# ---- default tags

PROVIDERS = """
provider "aws" {
  default_tags {
    tags = { Owner = "team", Env = var.env }
  }
}
provider "aws" {
  alias = "west"
  default_tags { tags = { West = "yes" } }
}
provider "aws" {
  alias = "bare"
}
variable "env" { default = "dev" }
"""
TOPICS = """
resource "aws_sns_topic" "plain" {}
resource "aws_sns_topic" "own" {
  tags = { Env = "prod" }
}
resource "aws_sns_topic" "west" {
  provider = aws.west
}
resource "aws_sns_topic" "bare" {
  provider = aws.bare
}
resource "aws_sns_topic_policy" "untaggable" {}
resource "google_pubsub_topic" "other" {}
"""


def tags(files: dict[str, str], **inputs: Any) -> dict[str, Any]:
    (stack,) = stacks(files, Inputs(**inputs))
    assert not stack.problems
    made = [r for r in stack.resources if not r.type.startswith("provider_")]
    return {r.address.partition(".")[2]: r.attributes.get("tags_all") for r in made}


def test_default_tags_are_merged_into_tags_all() -> None:
    assert tags({"main.tf": PROVIDERS + TOPICS}) == {
        "plain": {"Owner": "team", "Env": "dev"},
        "own": {"Owner": "team", "Env": "prod"},
        "west": {"West": "yes"},
        "bare": None,
        "untaggable": None,
        "other": None,
    }


def test_modules_inherit_the_default_provider_and_are_handed_others() -> None:
    inner = 'resource "aws_sns_topic" "d" {}\nresource "aws_sns_topic" "p" {\n  provider = aws.peer\n}'
    calls = """
    module "inherits" { source = "./m" }
    module "handed" {
      source    = "./m"
      providers = { aws = aws.west, aws.peer = aws }
    }
    """
    team = {"Owner": "team", "Env": "dev"}
    assert tags({"main.tf": PROVIDERS + calls, "m/main.tf": inner}) == {
        "inherits.aws_sns_topic.d": team,
        "inherits.aws_sns_topic.p": None,
        "handed.aws_sns_topic.d": {"West": "yes"},
        "handed.aws_sns_topic.p": team,
    }


def test_what_is_not_known_of_tags_is_an_open_end() -> None:
    code = PROVIDERS.replace('"dev" }', "null }").replace(" { default = null }", " {}")
    found = tags({"main.tf": code + 'variable "t" {}\nresource "aws_sns_topic" "t" {\n  tags = var.t\n}'})["t"]
    assert found["Owner"] == "team"
    assert isinstance(found["Env"], Unknown)
    assert isinstance(found[REST], Unknown)


def test_default_tags_in_json() -> None:
    provider = {"provider": {"aws": {"default_tags": {"tags": {"A": "b"}}}}}
    code = {"main.tf": 'resource "aws_sns_topic" "t" {}', "p.tf.json": json.dumps(provider)}
    assert tags(code) == {"t": {"A": "b"}}


def test_each_tag_is_placed_where_it_is_written() -> None:
    (stack,) = stacks({"main.tf": PROVIDERS + TOPICS}, Inputs())
    own = by_address(stack)["aws_sns_topic.own"]
    lines = (PROVIDERS + TOPICS).splitlines()
    shown = [lines[own.locate(("tags_all", *path)).span.line - 1].strip() for path in ((), ("Env",), ("Owner",))]
    assert shown == ['tags = { Env = "prod" }', 'tags = { Env = "prod" }', 'tags = { Owner = "team", Env = var.env }']


def test_the_files_of_variables_may_be_named_anywhere() -> None:
    file = SourceFile("x.tfvars", b'v = "x"')
    (stack,) = stacks({"main.tf": CODE}, Inputs(variables={"v": "a"}, var_files=(file,), ranks={"v": 0}))
    assert stack.resources[0].attributes["x"] == "x"


def test_configurations_of_providers_are_resources_with_their_place() -> None:
    code = {
        "main.tf": 'variable "key" {\n  default = "k"\n}\nprovider "aws" {\n  region = "eu-west-1"\n}\n'
        'provider "aws" {\n  alias      = "west"\n  access_key = var.key\n}\nmodule "m" {\n  source = "./m"\n}\n',
        "m/main.tf": 'provider "datadog" {\n  api_key = "a"\n}\n',
    }
    (stack,) = stacks(code, Inputs())
    found = {r.address: r for r in stack.resources}
    assert {a: r.type for a, r in found.items()} == {
        "provider.aws": "provider_aws",
        "provider.aws.west": "provider_aws",
        "module.m.provider.datadog": "provider_datadog",
    }
    west = found["provider.aws.west"]
    assert west.attributes == {"alias": "west", "access_key": "k"}
    assert west.locate(("access_key",)).span.line == 9


def test_where_the_state_of_the_root_is_kept_is_a_resource() -> None:
    code = {
        "main.tf": 'terraform {\n  required_version = "1.9"\n  backend "s3" {\n    key = "a"\n    assume_role = {\n'
        '      role_arn = "r"\n    }\n  }\n}\nmodule "m" {\n  source = "./m"\n}\n',
        "m/main.tf": 'terraform {\n  backend "local" {}\n}\n',
        "cloud/main.tf.json": '{"terraform": {"cloud": {"token": "t"}}}',
    }
    one, other = stacks(code, Inputs())
    (found,) = one.resources
    assert (found.address, found.type) == ("backend.s3", "backend_s3")
    assert found.attributes == {"key": "a", "assume_role": {"role_arn": "r"}}
    assert found.locate(("key",)).span.line == 4
    (found,) = other.resources
    assert (found.address, found.type, found.attributes) == ("backend.cloud", "backend_cloud", {"token": "t"})


def test_connections_and_provisioners_stand_beside_the_arguments() -> None:
    code = {
        "main.tf": 'resource "aws_instance" "a" {\n  ami = "x"\n  connection {\n    host     = self.public_ip\n'
        '    password = "p"\n  }\n  provisioner "local-exec" {\n    when       = destroy\n    on_failure = continue\n'
        '    command    = "echo ${aws_vpc.v.id}"\n  }\n  provisioner "file" {\n    content = "c"\n  }\n}\n'
        'resource "aws_vpc" "v" {}\n',
    }
    (stack,) = stacks(code, Inputs())
    found = stack.resources[0]
    beside = found.attributes["__resource__"]
    assert beside["connection"][0]["password"] == "p"
    assert isinstance(beside["connection"][0]["host"], Unknown)
    assert [p.get("content") for p in beside["provisioner"]] == [None, "c"]
    assert beside["provisioner"][0].keys() == {"$labels", "command"}
    assert found.locate(("__resource__", "connection", 0, "password")).span.line == 5
    assert found.locate(("__resource__", "provisioner", 1, "content")).span.line == 13
    assert not stack.edges
    assert not stack.problems
    assert "__resource__" not in stack.resources[1].attributes


def test_connections_and_provisioners_in_json() -> None:
    local = '{"when": "destroy", "command": "x", "environment": {"A": "b"}}'
    code = (
        '{"resource": {"null_resource": {"a": {"connection": {"password": "p"},\n'
        f'"provisioner": [{{"local-exec": {local}}}]}}}}}}}}'
    )
    (stack,) = stacks({"main.tf.json": code}, Inputs())
    (found,) = stack.resources
    assert found.attributes["__resource__"] == {
        "connection": [{"password": "p"}],
        "provisioner": [{"$labels": ["local-exec"], "command": "x", "environment": {"A": "b"}}],
    }
    assert found.locate(("__resource__", "provisioner", 0, "environment", "A")).span.line == 2


def test_a_connection_that_cannot_be_evaluated_costs_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(instance: object) -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr("iacguard.frontends.terraform.resources.beside", fail)
    code = 'resource "a_b" "c" {\n  kept = 1\n  connection {}\n}\nresource "a_b" "d" {}\n'
    (stack,) = stacks({"main.tf": code}, Inputs())
    assert [r.address for r in stack.resources] == ["a_b.c", "a_b.d"]
    assert stack.resources[0].attributes["kept"] == 1
    (problem,) = stack.problems
    assert (problem.kind, problem.span.line, problem.notice) == ("internal", 1, False)
    assert problem.message == "a connection or provisioner could not be evaluated: ZeroDivisionError: by zero"


def test_a_backend_in_an_override_file_takes_the_place_of_the_other_one() -> None:
    code = {
        "main.tf": 'terraform {\n  backend "s3" {\n    key    = "a"\n    region = "r"\n  }\n}\n',
        "override.tf": 'terraform {\n  backend "s3" {\n    key = "b"\n  }\n}\n',
    }
    (stack,) = stacks(code, Inputs())
    assert [r.attributes for r in stack.resources] == [{"key": "b"}]
    assert not stack.problems


def test_calls_of_modules_that_are_not_at_hand_are_resources_with_their_arguments() -> None:
    code = {
        "main.tf": 'module "db" {\n  source   = "shop/rds/aws"\n  for_each = { a = "x" }\n  name     = each.value\n}\n'
        'module "m" {\n  source = "./m"\n}\n',
        "m/main.tf": 'resource "a_b" "c" {}\n',
    }
    (stack,) = stacks(code, Inputs())
    found = {r.address: r for r in stack.resources}
    assert {a: r.type for a, r in found.items()} == {'module.db["a"]': "module", "module.m.a_b.c": "a_b"}
    call = found['module.db["a"]']
    assert call.attributes == {"source": "shop/rds/aws", "name": "x"}
    assert call.locate(("name",)).span.line == 4


def test_the_providers_of_a_call_are_no_argument() -> None:
    code = """
        provider "aws" {
          alias = "west"
        }
        module "key" {
          source    = "terraform-aws-modules/kms/aws"
          providers = { aws = aws.west }
          aliases   = ["a"]
        }
    """
    stack = only(code)
    (call,) = [r for r in stack.resources if r.type == "module"]
    assert set(call.attributes) == {"source", "aliases"}
    assert not [p for p in stack.problems if p.kind == "reference"]
