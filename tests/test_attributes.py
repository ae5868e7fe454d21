"""Lint knows which attributes there are: the provider's, what normalising makes, and what CloudFormation adds."""

import pytest

from iacguard.attributes import knows_attribute


@pytest.mark.parametrize(
    ("kind", "path", "known"),
    [
        ("aws_db_instance", "storage_encrypted", True),
        ("aws_db_instance", "storage_encryption", False),
        ("aws_db_instance", "source_db_cluster_identifier", True),  # only CloudFormation has it
        ("aws_s3_bucket", "public_access_block.block_public_acls", True),
        ("aws_security_group", "ingress_rules", True),
        ("aws_instance", "metadata_options.http_tokens", True),
        ("aws_instance", "metadata_options.tokens", False),
        ("aws_ecs_task_definition", "container_definitions.privileged", True),
        ("aws_instance", "ami.name", True),  # a text may hold JSON
        ("azurerm_storage_account", "enable_https_traffic_only", True),
        ("azurerm_storage_account", "https_only", False),
        ("azurerm_sql_server", "anything", None),
        ("AWS::RDS::DBInstance", "StorageEncrypted", True),
        ("AWS::RDS::DBInstance", "Encrypted", False),
        ("Deployment", "spec.replicas", None),
    ],
)
def test_what_is_known(kind: str, path: str, known: bool | None) -> None:
    assert knows_attribute(kind, tuple(path.split("."))) is known
