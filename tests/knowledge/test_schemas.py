"""What the shipped tables say, against the providers' and AWS's documentation."""

from __future__ import annotations

from pathlib import Path

import pytest

from iacguard import knowledge
from iacguard.knowledge import (
    cloudformation_schema,
    cloudformation_types,
    terraform_data_schema,
    terraform_schema,
    terraform_types,
    terraform_versions,
)
from iacguard.knowledge.schemas import Attribute, Schema, split_path
from iacguard.knowledge.store import open_table


def attribute(schema: Schema | None, path: str) -> Attribute:
    assert schema is not None
    found = schema.attribute(path)
    assert found is not None, path
    return found


def test_shipped_versions() -> None:
    assert {name: [v.partition(".")[0] for v in versions] for name, versions in terraform_versions().items()} == {
        "aws": ["6"],
        "azurerm": ["4", "5"],
        "google": ["7", "8"],
    }
    assert len(terraform_types("aws")) > 1700
    assert len(terraform_types("azurerm")) > 1000
    assert len(terraform_types("google")) > 1200
    assert len(cloudformation_types()) > 1800
    assert terraform_types("nope") == ()


@pytest.mark.parametrize(
    ("type_", "path", "facts"),
    [
        ("aws_s3_bucket", "bucket", ("string", None, "optional", "computed")),
        ("aws_s3_bucket", "arn", ("string", None, "computed")),
        ("aws_s3_bucket", "tags", ("map", "string", "optional")),
        ("aws_s3_bucket", "tags_all", ("map", "string", "optional", "computed")),
        ("aws_s3_bucket_versioning", "versioning_configuration", ("list", "object", "required", "block", "single")),
        ("aws_s3_bucket_versioning", "versioning_configuration[0].status", ("string", None, "required")),
        ("aws_db_instance", "storage_encrypted", ("bool", None, "optional")),
        ("aws_instance", "metadata_options.http_tokens", ("string", None, "optional", "computed")),
        ("aws_instance", "vpc_security_group_ids[*]", ("set", "string", "optional", "computed")),
        ("aws_lambda_function", "environment[0].variables.ANYTHING", ("string", None, "optional")),
        ("aws_s3_bucket", "timeouts", ("object", None, "optional", "block")),
        ("azurerm_storage_account", "min_tls_version", ("string", None, "optional")),
        ("azurerm_storage_account", "network_rules[0].default_action", ("string", None, "required")),
        ("azurerm_network_security_rule", "priority", ("number", None, "required")),
        ("google_container_cluster", "private_cluster_config[0].enable_private_nodes", ("bool", None, "optional")),
        ("google_sql_database_instance", "settings.ip_configuration.ipv4_enabled", ("bool", None, "optional")),
        ("google_storage_bucket", "location", ("string", None, "required")),
    ],
)
def test_terraform(type_: str, path: str, facts: tuple[str | None, ...]) -> None:
    assert _facts(attribute(terraform_schema(type_), path)) == facts


def _facts(found: Attribute) -> tuple[str | None, ...]:
    flags = [name for name in ("required", "optional", "computed", "block", "single") if getattr(found, name)]
    return found.type, found.item, *flags


def test_unknown_names() -> None:
    schema = terraform_schema("aws_s3_bucket")
    assert schema is not None
    for path in ("nope", "versioning[0].nope", "bucket.x", "bucket[0]", "arn[0].x"):
        assert schema.attribute(path) is None
    assert terraform_schema("aws_nope") is None
    assert terraform_schema("random_id") is None
    assert terraform_schema("aws") is None


def test_the_major_version_decides() -> None:
    old, new = terraform_schema("azurerm_storage_account", "4"), terraform_schema("azurerm_storage_account", "5")
    assert old is not None
    assert new is not None
    assert (old.version[0], new.version[0]) == ("4", "5")
    assert terraform_schema("azurerm_storage_account", "3") == old
    assert terraform_schema("azurerm_storage_account") == old


def test_data_sources() -> None:
    schema = terraform_data_schema("aws_iam_policy_document")
    assert attribute(schema, "statement[*].principals[*].identifiers").required
    assert attribute(schema, "json").settable is False
    assert terraform_schema("aws_iam_policy_document") is None


@pytest.mark.parametrize(
    ("type_", "path", "facts"),
    [
        ("AWS::S3::Bucket", "BucketName", ("string", None, "optional")),
        ("AWS::S3::Bucket", "Arn", ("string", None, "computed")),
        ("AWS::S3::Bucket", "VersioningConfiguration", ("object", None, "optional")),
        ("AWS::S3::Bucket", "Tags[0].Key", ("string", None, "required")),
        ("AWS::IAM::Role", "AssumeRolePolicyDocument", ("any", None, "required")),
        ("AWS::IAM::Role", "AssumeRolePolicyDocument.Statement[0].Effect", ("any", None, "required")),
        ("AWS::IAM::Role", "Policies[0].PolicyName", ("string", None, "required")),
        ("AWS::RDS::DBInstance", "StorageEncrypted", ("bool", None, "optional")),
        ("AWS::EC2::SecurityGroup", "SecurityGroupIngress[0].CidrIp", ("string", None, "optional")),
        ("AWS::EC2::SecurityGroup", "SecurityGroupIngress[0].FromPort", ("number", None, "optional")),
    ],
)
def test_cloudformation(type_: str, path: str, facts: tuple[str | None, ...]) -> None:
    assert _facts(attribute(cloudformation_schema(type_), path)) == facts


def test_cloudformation_enumerations() -> None:
    schema = cloudformation_schema("AWS::S3::Bucket")
    assert attribute(schema, "VersioningConfiguration.Status").enum == ("Enabled", "Suspended")
    assert "PublicRead" in attribute(schema, "AccessControl").enum
    assert cloudformation_schema("AWS::S3::Nope") is None


def test_blocks_that_hold_themselves_have_no_end() -> None:
    schema = cloudformation_schema("AWS::WAFv2::WebACL")
    step = "Statement.AndStatement.Statements[0]"
    assert attribute(schema, f"Rules[0].{step}" + ".AndStatement.Statements[0]" * 30).type == "list"


def test_paths() -> None:
    assert split_path("a[0].b[*].c") == ("a", 0, "b", "*", "c")
    assert split_path('tags["a.b"].c') == ("tags", "a.b", "c")
    assert split_path('a[]."b c"') == ("a", "*", "b c")
    schema = terraform_schema("aws_security_group")
    assert schema is not None
    assert schema.attribute(("ingress", 0, "cidr_blocks", 1)) == schema.attribute("ingress.cidr_blocks")


DATA = Path(knowledge.__file__).parent / "data"
SCHEMA_TABLES = [*sorted(path.name for path in DATA.glob("terraform-*.table")), "cloudformation.table"]


@pytest.mark.parametrize("name", SCHEMA_TABLES)
def test_every_type_of_a_table_unpacks(name: str) -> None:
    table = open_table((DATA / name).read_bytes())
    assert table.about["licence"]
    assert table.about["version"] in (Path(knowledge.__file__).parent / "SOURCES.md").read_text(encoding="utf-8")
    for type_ in table.names:
        packed = table.get(type_)
        assert packed["attributes"], type_
        shared = packed.get("shared", {})
        pending = [packed["attributes"], *shared.values()]
        while pending:
            for member in pending.pop().values():
                assert member[1][0] in "snblemoa"
                inner = member[2] if len(member) > 2 else {}
                if isinstance(inner, str):
                    assert inner in shared
                else:
                    pending.append(inner)
