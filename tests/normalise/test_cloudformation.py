"""CloudFormation in Terraform's vocabulary."""

from __future__ import annotations

from typing import Any

import pytest

from iacguard.model import REST, Edge, Unknown
from iacguard.normalise.convert import kebab, snake
from tests.normalise.conftest import rule


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("BucketName", "bucket_name"),
        ("KMSMasterKeyID", "kms_master_key_id"),
        ("EnableIAMDatabaseAuthentication", "enable_iam_database_authentication"),
        ("DBInstanceClass", "db_instance_class"),
        ("VPCSecurityGroups", "vpc_security_groups"),
        ("SubnetIDs", "subnet_ids"),
        ("CidrIpv6", "cidr_ipv6"),
        ("S3BucketName", "s3_bucket_name"),
        ("", ""),
    ],
)
def test_names_follow_the_rule(name: str, wanted: str) -> None:
    assert snake(name) == wanted


def test_words_follow_the_rule() -> None:
    assert [kebab(w) for w in ("PublicRead", "LogDeliveryWrite", "Private")] == [
        "public-read",
        "log-delivery-write",
        "private",
    ]


BUCKET = {
    "BucketName": "b",
    "AccessControl": "PublicRead",
    "VersioningConfiguration": {"Status": "Suspended"},
    "PublicAccessBlockConfiguration": {"BlockPublicAcls": "true", "BlockPublicPolicy": False},
    "BucketEncryption": {
        "ServerSideEncryptionConfiguration": [
            {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "k"}}
        ]
    },
    "LoggingConfiguration": {"DestinationBucketName": "logs"},
    "LifecycleConfiguration": {"Rules": [{"Id": "x", "Status": "Enabled", "ExpirationInDays": "30"}]},
    "Tags": [{"Key": "Team", "Value": "true"}],
}


def test_a_bucket(build: Any) -> None:
    written = build.cloudformation("B", "AWS::S3::Bucket", BUCKET)
    found = build.graph(written).resources[0]
    assert (found.type, found.native_type) == ("aws_s3_bucket", "AWS::S3::Bucket")
    assert found.attributes == {
        "bucket": "b",
        "acl": "public-read",
        "versioning": [{"status": "Suspended", "enabled": False}],
        "public_access_block": [{"block_public_acls": True, "block_public_policy": False}],
        "server_side_encryption_configuration": [
            {
                "rule": [
                    {
                        "apply_server_side_encryption_by_default": [
                            {"sse_algorithm": "aws:kms", "kms_master_key_id": "k"}
                        ]
                    }
                ]
            }
        ],
        "logging": [{"target_bucket": "logs"}],
        "lifecycle_rule": [{"id": "x", "status": "Enabled", "enabled": True, "expiration": [{"days": 30}]}],
        "tags": {"Team": "true"},
        "statements": [],
    }
    for path, old in (
        (("acl",), ("AccessControl",)),
        (("versioning", 0, "enabled"), ("VersioningConfiguration", "Status")),
        (("public_access_block", 0), ("PublicAccessBlockConfiguration",)),
        (
            (
                "server_side_encryption_configuration",
                0,
                "rule",
                0,
                "apply_server_side_encryption_by_default",
                0,
                "sse_algorithm",
            ),
            (
                "BucketEncryption",
                "ServerSideEncryptionConfiguration",
                0,
                "ServerSideEncryptionByDefault",
                "SSEAlgorithm",
            ),
        ),
        (("lifecycle_rule", 0, "expiration", 0, "days"), ("LifecycleConfiguration", "Rules", 0, "ExpirationInDays")),
        (("tags", "Team"), ("Tags", 0, "Value")),
    ):
        assert found.locate(path).span.line == build.line_of(written, *old), path


def test_what_is_missing_is_placed_at_its_nearest_block(build: Any) -> None:
    written = build.cloudformation("B", "AWS::S3::Bucket", {"BucketName": "b", "VersioningConfiguration": {}})
    found = build.graph(written).resources[0]
    assert found.locate(("versioning", 0, "enabled")).span.line == build.line_of(written, "VersioningConfiguration")
    assert found.locate(("logging", 0)).span == written.span


CASES: list[tuple[str, dict[str, Any], str, dict[str, Any]]] = [
    (
        "AWS::RDS::DBInstance",
        {"StorageEncrypted": "false", "BackupRetentionPeriod": "7", "EngineVersion": 5.7},
        "aws_db_instance",
        {"storage_encrypted": False, "backup_retention_period": 7, "engine_version": "5.7"},
    ),
    (
        "AWS::RDS::DBInstance",
        {"DBClusterIdentifier": "c", "DBInstanceClass": "x"},
        "aws_rds_cluster_instance",
        {"cluster_identifier": "c", "instance_class": "x"},
    ),
    (
        "AWS::RDS::DBParameterGroup",
        {"Parameters": {"rds.force_ssl": "1"}},
        "aws_db_parameter_group",
        {"parameter": [{"name": "rds.force_ssl", "value": "1"}]},
    ),
    (
        "AWS::EKS::Cluster",
        {
            "Logging": {"ClusterLogging": {"EnabledTypes": [{"Type": "api"}, {"Type": "audit"}]}},
            "ResourcesVpcConfig": {"EndpointPublicAccess": True, "PublicAccessCidrs": ["0.0.0.0/0"]},
        },
        "aws_eks_cluster",
        {
            "enabled_cluster_log_types": ["api", "audit"],
            "vpc_config": [{"endpoint_public_access": True, "public_access_cidrs": ["0.0.0.0/0"]}],
        },
    ),
    (
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        {
            "Scheme": "internet-facing",
            "LoadBalancerAttributes": [
                {"Key": "access_logs.s3.enabled", "Value": "true"},
                {"Key": "idle_timeout.timeout_seconds", "Value": "60"},
            ],
        },
        "aws_lb",
        {"internal": False, "access_logs": [{"enabled": True}], "idle_timeout": 60},
    ),
    (
        "AWS::CloudFront::Distribution",
        {
            "DistributionConfig": {
                "Enabled": True,
                "DefaultCacheBehavior": {"ViewerProtocolPolicy": "allow-all"},
                "Origins": [{"Id": "o", "CustomOriginConfig": {"OriginSSLProtocols": ["SSLv3"]}}],
                "Logging": {"Bucket": "b"},
            }
        },
        "aws_cloudfront_distribution",
        {
            "enabled": True,
            "default_cache_behavior": [{"viewer_protocol_policy": "allow-all"}],
            "origin": [{"origin_id": "o", "custom_origin_config": [{"origin_ssl_protocols": ["SSLv3"]}]}],
            "logging_config": [{"bucket": "b"}],
        },
    ),
    (
        "AWS::DynamoDB::Table",
        {
            "SSESpecification": {"SSEEnabled": True},
            "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": "true"},
        },
        "aws_dynamodb_table",
        {"server_side_encryption": [{"enabled": True}], "point_in_time_recovery": [{"enabled": True}]},
    ),
    (
        "AWS::ECS::TaskDefinition",
        {
            "ContainerDefinitions": [
                {
                    "Name": "web",
                    "ReadonlyRootFilesystem": False,
                    "LogConfiguration": {"LogDriver": "awslogs", "Options": {"awslogs-group": "g"}},
                }
            ]
        },
        "aws_ecs_task_definition",
        {
            "container_definitions": [
                {
                    "name": "web",
                    "readonlyRootFilesystem": False,
                    "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "g"}},
                }
            ]
        },
    ),
    (
        "AWS::OpenSearchService::Domain",
        {"EncryptionAtRestOptions": {"Enabled": True}, "LogPublishingOptions": {"AUDIT_LOGS": {"Enabled": True}}},
        "aws_opensearch_domain",
        {
            "encrypt_at_rest": [{"enabled": True}],
            "log_publishing_options": [{"enabled": True, "log_type": "AUDIT_LOGS"}],
        },
    ),
    (
        "AWS::Lambda::Function",
        {"Environment": {"Variables": {"MyKey": "true"}}, "TracingConfig": {"Mode": "Active"}},
        "aws_lambda_function",
        {"environment": [{"variables": {"MyKey": "true"}}], "tracing_config": [{"mode": "Active"}]},
    ),
    (
        "AWS::ApiGateway::Stage",
        {"MethodSettings": [{"HttpMethod": "*", "LoggingLevel": "INFO", "CacheDataEncrypted": True}]},
        "aws_api_gateway_stage",
        {
            "method_settings": [
                {"http_method": "*", "settings": [{"logging_level": "INFO", "cache_data_encrypted": True}]}
            ]
        },
    ),
    (
        "AWS::EC2::Instance",
        {
            "BlockDeviceMappings": [
                {"DeviceName": "/dev/xvda", "Ebs": {"Encrypted": True}},
                {"DeviceName": "/dev/sdf", "Ebs": {"Encrypted": False}},
            ]
        },
        "aws_instance",
        {
            "root_block_device": [{"device_name": "/dev/xvda", "encrypted": True}],
            "ebs_block_device": [{"device_name": "/dev/sdf", "encrypted": False}],
        },
    ),
    (
        "AWS::FSx::FileSystem",
        {"WindowsConfiguration": {"ThroughputCapacity": 8}},
        "aws_fsx_windows_file_system",
        {"throughput_capacity": 8},
    ),
    (
        "AWS::SQS::Queue",
        {"KmsMasterKeyId": "k", "MessageRetentionPeriod": 60},
        "aws_sqs_queue",
        {"kms_master_key_id": "k", "message_retention_seconds": 60},
    ),
]


@pytest.mark.parametrize(("native", "properties", "type_", "wanted"), CASES, ids=[c[0] for c in CASES])
def test_types(build: Any, native: str, properties: dict[str, Any], type_: str, wanted: dict[str, Any]) -> None:
    found = build.graph(build.cloudformation("X", native, properties)).resources[0]
    assert found.type == type_
    assert {k: found.attributes.get(k) for k in wanted} == wanted


def test_a_device_whose_name_is_not_known_may_be_the_root(build: Any) -> None:
    device = {"DeviceName": Unknown("v", "variable"), "Ebs": {"Encrypted": True}}
    found = build.graph(build.cloudformation("X", "AWS::EC2::Instance", {"BlockDeviceMappings": [device]}))
    attributes = found.resources[0].attributes
    assert attributes["root_block_device"][0].spread
    assert attributes["ebs_block_device"][0]["encrypted"] is True
    named = {**device, "DeviceName": Unknown("v", choices=("/dev/sdf", "/dev/sdg"))}
    found = build.graph(build.cloudformation("X", "AWS::EC2::Instance", {"BlockDeviceMappings": [named]}))
    assert "root_block_device" not in found.resources[0].attributes


def test_inline_and_split_rules_of_a_security_group(build: Any) -> None:
    ssh = {"IpProtocol": "tcp", "FromPort": "22", "ToPort": 22, "CidrIp": "0.0.0.0/0"}
    group = build.cloudformation("G", "AWS::EC2::SecurityGroup", {"SecurityGroupIngress": [ssh]})
    apart = build.cloudformation(
        "R", "AWS::EC2::SecurityGroupIngress", {"GroupId": build.reference("G", "GroupId"), **ssh}
    )
    graph = build.graph(group, apart)
    wanted = rule(protocol="tcp", from_port=22, to_port=22, sources=["0.0.0.0/0"])
    found = graph.by_address["G"]
    assert found.attributes["ingress_rules"] == [wanted, wanted]
    assert found.locate(("ingress_rules", 0, "sources")).span.line == build.line_of(
        group, "SecurityGroupIngress", 0, "CidrIp"
    )
    assert found.locate(("ingress_rules", 1, "sources")).span.line == build.line_of(apart, "CidrIp")
    assert graph.by_address["R"].parent == "G"


def test_policies_of_a_role(build: Any) -> None:
    admin = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    role = build.cloudformation("Role", "AWS::IAM::Role", {"Policies": [{"PolicyName": "p", "PolicyDocument": admin}]})
    apart = build.cloudformation(
        "Apart", "AWS::IAM::Policy", {"PolicyDocument": admin, "Roles": [build.reference("Role", "")]}
    )
    users = build.cloudformation("Users", "AWS::IAM::Policy", {"PolicyDocument": admin, "Users": ["u"]})
    graph = build.graph(role, apart, users)
    found = graph.by_address["Role"]
    assert [s["document"] for s in found.attributes["statements"]] == ["inline_policy[0].policy", "policy"]
    line = build.line_of(role, "Policies", 0, "PolicyDocument", "Statement", 0, "Action")
    assert found.locate(("statements", 0, "actions")).span.line == line
    assert (graph.by_address["Apart"].type, graph.by_address["Users"].type) == (
        "aws_iam_role_policy",
        "aws_iam_user_policy",
    )


def test_edges_take_the_new_names(build: Any) -> None:
    bucket = build.cloudformation("B", "AWS::S3::Bucket", {})
    policy = build.cloudformation(
        "P", "AWS::S3::BucketPolicy", {"Bucket": Unknown("?"), "PolicyDocument": {"Statement": []}}
    )
    edges = (Edge("P", "B", "Bucket"), Edge("P", "B", "PolicyDocument"))
    graph = build.graph(bucket, policy, edges=edges)
    assert [e.attribute for e in graph.edges] == ["bucket", "policy"]
    assert graph.by_address["P"].parent == "B"


def test_unknowns_stay_unknown(build: Any) -> None:
    unknown = Unknown("a parameter", "variable")
    either = Unknown("a condition", "condition", choices=({"Status": "Enabled"}, {"Status": "Suspended"}))
    written = build.cloudformation(
        "B", "AWS::S3::Bucket", {"BucketEncryption": unknown, "VersioningConfiguration": either, REST: unknown}
    )
    found = build.graph(written).resources[0].attributes
    assert found["server_side_encryption_configuration"] is unknown
    assert found[REST] is unknown
    assert [c[0]["enabled"] for c in found["versioning"].choices] == [True, False]


def test_a_choice_is_made_anew_only_where_a_value_of_it_changes(build: Any) -> None:
    name = Unknown("a parameter", "variable", choices=("a", "b"))
    written = Unknown("a condition", "condition", choices=("true", "no"))
    queue = build.cloudformation("Q", "AWS::SQS::Queue", {"QueueName": name, "FifoQueue": written})
    found = build.graph(queue).resources[0].attributes
    assert found["name"] is name
    assert found["fifo_queue"].choices == (True, "no")


def test_a_type_without_a_row_stays_native(build: Any) -> None:
    written = build.cloudformation("X", "AWS::CDK::Metadata", {"SomeName": {"Inner": 1}})
    found = build.graph(written).resources[0]
    assert found is written


def test_user_data_is_plain_text() -> None:
    """CloudFormation wants it in Base64 (``Fn::Base64``), Terraform's ``user_data`` and policies the text."""
    from iacguard.frontends.cloudformation import load
    from iacguard.frontends.contract import Inputs
    from iacguard.normalise import normalise
    from iacguard.source import SourceFile

    text = b"""\
Parameters: {Secret: {Type: String}}
Resources:
  I:
    Type: AWS::EC2::Instance
    Properties: {UserData: {'Fn::Base64': "#!/bin/sh\\necho hi"}}
  J:
    Type: AWS::EC2::Instance
    Properties: {UserData: !Base64 {'Fn::Sub': "export TOKEN=${Secret}"}}
"""
    (stack,) = load([SourceFile("t.yaml", text)], None, Inputs())  # type: ignore[arg-type]
    graph, _ = normalise(stack)
    assert graph.by_address["I"].attributes["user_data"] == "#!/bin/sh\necho hi"
    assert graph.by_address["J"].attributes["user_data"].prefix == "export TOKEN="


def test_plain_values_become_blocks_where_terraform_has_blocks(build: Any) -> None:
    more = Unknown("a parameter", spread=True)
    written = build.cloudformation("R", "AWS::CodeArtifact::Repository", {"Upstreams": ["one", "two", more]})
    found = build.graph(written).resources[0]
    assert found.attributes["upstream"] == [{"repository_name": "one"}, {"repository_name": "two"}, more]
    line = found.locate(("upstream", 1, "repository_name")).span.line
    assert line == build.line_of(written, "Upstreams", 1)


def test_a_flag_becomes_the_word_that_terraform_has_for_it(build: Any) -> None:
    secret = Unknown("a parameter")
    properties = {
        "PartitionKeyColumns": [{"ColumnName": "id", "ColumnType": "uuid"}],
        "PointInTimeRecoveryEnabled": "true",
        "ClientSideTimestampsEnabled": False,
    }
    found = build.graph(build.cloudformation("T", "AWS::Cassandra::Table", properties)).resources[0]
    assert found.attributes == {
        "schema_definition": [{"partition_key": [{"name": "id"}]}],
        "point_in_time_recovery": [{"status": "ENABLED"}],
        "client_side_timestamps": [{"status": "DISABLED"}],
    }
    unknown = build.graph(build.cloudformation("T", "AWS::Cassandra::Table", {"PointInTimeRecoveryEnabled": secret}))
    assert isinstance(unknown.resources[0].attributes["point_in_time_recovery"][0]["status"], Unknown)
