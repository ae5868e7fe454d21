"""CloudFormation's types are decided by the same policies as Terraform's: each has a row, or a reason for none."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from iacguard.examples import MemoryWorkspace
from iacguard.frontends import FRONTENDS
from iacguard.frontends.contract import Inputs
from iacguard.knowledge import Attribute, cloudformation_schema, terraform_schema, terraform_types
from iacguard.knowledge import cloudformation_types as every_type
from iacguard.model import REST
from iacguard.normalise.aliases import TYPES
from iacguard.normalise.cloudformation import BESIDE
from iacguard.normalise.convert import snake
from iacguard.normalise.tables import load, words
from iacguard.normalise.vocabulary import cloudformation_types, folds
from iacguard.policy.testing import Example, read_policies
from iacguard.source import SourceFile

#: CloudFormation types of policies that keep their own names, and why they have no row.
NATIVE = {
    "AWS::ManagedBlockchain::Member": "Terraform's provider has no such type",
    "AWS::OpsWorks::App": "the service has ended: neither the schemas nor the provider have its types",
    "AWS::OpsWorks::Stack": "the service has ended: neither the schemas nor the provider have its types",
    "AWS::RDS::DBSecurityGroup": "EC2-Classic has ended: the provider has no such type any more",
    "AWS::ElastiCache::SecurityGroup": "EC2-Classic has ended: the provider has no such type any more",
    "AWS::Redshift::ClusterSecurityGroup": "EC2-Classic has ended: the provider has no such type any more",
}
#: Words of examples that look like types and are none.
NO_TYPES = {
    "AWS::CloudFormation::Authentication": "a key of a resource's metadata",
    "AWS::CloudFormation::Init": "a key of a resource's metadata",
    "AWS::S3::Object": "a value of CloudTrail's selectors",
}
_A_PART = "a property of another type in CloudFormation"
_NO_TYPE = "CloudFormation has no type for it"
_READ_ONLY = "CloudFormation lists the property that matters as read-only, or has it not"
_ENDED = "the service has ended"
#: Types of policies that no CloudFormation resource becomes, and why.
TERRAFORM_ONLY = {
    "aws_acmpca_policy": _NO_TYPE,
    "aws_ami": _NO_TYPE,
    "aws_ami_copy": _NO_TYPE,
    "aws_ami_launch_permission": _NO_TYPE,
    "aws_api_gateway_method_settings": _A_PART,
    "aws_api_gateway_rest_api_policy": _A_PART,
    "aws_athena_database": _NO_TYPE,
    "aws_backup_vault_policy": _A_PART,
    "aws_cloudsearch_domain": _NO_TYPE,
    "aws_codeartifact_domain_permissions_policy": _A_PART,
    "aws_codeartifact_repository_permissions_policy": _A_PART,
    "aws_codebuild_resource_policy": _NO_TYPE,
    "aws_codegurureviewer_repository_association": _READ_ONLY,
    "aws_config_configuration_recorder_status": _NO_TYPE,
    "aws_db_cluster_snapshot": _READ_ONLY,
    "aws_db_instance_automated_backups_replication": _A_PART,
    "aws_db_security_group": _ENDED,
    "aws_db_snapshot": _READ_ONLY,
    "aws_db_snapshot_copy": _NO_TYPE,
    "aws_default_network_acl": _NO_TYPE,
    "aws_default_security_group": _NO_TYPE,
    "aws_default_subnet": _NO_TYPE,
    "aws_default_vpc": _NO_TYPE,
    "aws_dms_s3_endpoint": _A_PART,
    "aws_dynamodb_resource_policy": _A_PART,
    "aws_dynamodb_table_replica": _A_PART,
    "aws_ebs_encryption_by_default": _NO_TYPE,
    "aws_ebs_snapshot_copy": _NO_TYPE,
    "aws_ec2_image_block_public_access": _NO_TYPE,
    "aws_ecr_repository_policy": _A_PART,
    "aws_efs_file_system_policy": _A_PART,
    "aws_elasticache_security_group": _ENDED,
    "aws_elasticsearch_domain_policy": _A_PART,
    "aws_emr_block_public_access_configuration": _NO_TYPE,
    "aws_glacier_vault": _NO_TYPE,
    "aws_glue_resource_policy": _NO_TYPE,
    "aws_guardduty_organization_configuration": _NO_TYPE,
    "aws_iam_account_password_policy": _NO_TYPE,
    "aws_iam_group_policy_attachment": _A_PART,
    "aws_iam_group_policy_attachments_exclusive": _A_PART,
    "aws_iam_policy_attachment": _A_PART,
    "aws_iam_role_policy_attachment": _A_PART,
    "aws_iam_role_policy_attachments_exclusive": _A_PART,
    "aws_iam_user_login_profile": _A_PART,
    "aws_iam_user_policy_attachment": _A_PART,
    "aws_iam_user_policy_attachments_exclusive": _A_PART,
    "aws_kms_external_key": _NO_TYPE,
    "aws_kms_key_policy": _A_PART,
    "aws_lb_ssl_negotiation_policy": _A_PART,
    "aws_lightsail_instance_public_ports": _A_PART,
    "aws_load_balancer_policy": _A_PART,
    "aws_media_store_container_policy": _A_PART,
    "aws_neptune_cluster_snapshot": _NO_TYPE,
    "aws_networkfirewall_resource_policy": _NO_TYPE,
    "aws_opensearch_domain_policy": _A_PART,
    "aws_organizations_organization": "what is asked of it is of a whole account, and a template is a part of one",
    "aws_opsworks_application": _ENDED,
    "aws_opsworks_rds_db_instance": _ENDED,
    "aws_opsworks_stack": _ENDED,
    "aws_rds_cluster_activity_stream": _NO_TYPE,
    "aws_rds_cluster_snapshot_copy": _NO_TYPE,
    "aws_redshift_resource_policy": _A_PART,
    "aws_redshift_security_group": _ENDED,
    "aws_route53domains_registered_domain": _NO_TYPE,
    "aws_s3_account_public_access_block": _NO_TYPE,
    "aws_s3_bucket_acl": _A_PART,
    "aws_s3_bucket_lifecycle_configuration": _A_PART,
    "aws_s3_bucket_ownership_controls": _A_PART,
    "aws_s3_bucket_public_access_block": _A_PART,
    "aws_s3_bucket_server_side_encryption_configuration": _A_PART,
    "aws_s3_bucket_versioning": _A_PART,
    "aws_s3_object": _NO_TYPE,
    "aws_s3_object_copy": _NO_TYPE,
    "aws_s3control_access_point_policy": _A_PART,
    "aws_sagemaker_flow_definition": _NO_TYPE,
    "aws_secretsmanager_secret_version": _A_PART,
    "aws_security_group_rule": "CloudFormation's rules become the newer types",
    "aws_ses_configuration_set": "CloudFormation's becomes the newer type",
    "aws_ses_identity_policy": _NO_TYPE,
    "aws_sesv2_email_identity_policy": _NO_TYPE,
    "aws_spot_instance_request": _NO_TYPE,
    "aws_ssoadmin_permission_set_inline_policy": _A_PART,
    "aws_waf_web_acl": "its logging cannot be set in CloudFormation, and that is all that is asked of it",
    "aws_wafregional_web_acl": "its logging cannot be set in CloudFormation, and that is all that is asked of it",
}
#: The types in AWS's own sample templates (aws-cloudformation-templates), all but those of ``NO_COUNTERPART``.
SAMPLES = """
ApiGateway::Authorizer ApiGateway::Deployment ApiGateway::Method ApiGateway::Model ApiGateway::Resource
ApiGateway::RestApi ApiGateway::Stage AppRunner::Service ApplicationAutoScaling::ScalableTarget
ApplicationAutoScaling::ScalingPolicy AutoScaling::AutoScalingGroup AutoScaling::LaunchConfiguration
AutoScaling::ScalingPolicy AutoScaling::ScheduledAction CertificateManager::Certificate CloudFormation::StackSet
CloudFront::CachePolicy CloudFront::Distribution CloudFront::OriginAccessControl CloudWatch::Alarm
CloudWatch::Dashboard CodeBuild::Project CodeCommit::Repository CodePipeline::Pipeline Cognito::UserPool
Cognito::UserPoolClient Cognito::UserPoolDomain Config::ConfigRule Config::ConfigurationRecorder
Config::DeliveryChannel DMS::Endpoint DMS::ReplicationInstance DMS::ReplicationSubnetGroup DMS::ReplicationTask
DataPipeline::Pipeline DirectoryService::MicrosoftAD DirectoryService::SimpleAD DynamoDB::Table EC2::EIP
EC2::EIPAssociation EC2::FlowLog EC2::Instance EC2::InternetGateway EC2::LaunchTemplate EC2::NatGateway
EC2::NetworkAcl EC2::NetworkAclEntry EC2::NetworkInterface EC2::Route EC2::RouteTable EC2::SecurityGroup
EC2::SecurityGroupEgress EC2::SecurityGroupIngress EC2::Subnet EC2::SubnetNetworkAclAssociation
EC2::SubnetRouteTableAssociation EC2::VPC EC2::VPCEndpoint EC2::VPCEndpointService
EC2::VPCEndpointServicePermissions EC2::VPCGatewayAttachment EC2::VPCPeeringConnection EC2::Volume ECS::Cluster
ECS::Service ECS::TaskDefinition EFS::AccessPoint EFS::FileSystem EFS::MountTarget EKS::Cluster EKS::Nodegroup
EMR::Cluster ElastiCache::ParameterGroup ElastiCache::ReplicationGroup ElastiCache::SubnetGroup
ElasticLoadBalancing::LoadBalancer ElasticLoadBalancingV2::Listener ElasticLoadBalancingV2::ListenerRule
ElasticLoadBalancingV2::LoadBalancer ElasticLoadBalancingV2::TargetGroup Events::EventBus Events::EventBusPolicy
Events::Rule IAM::InstanceProfile IAM::ManagedPolicy IAM::Role IAM::RolePolicy IoT::Policy
IoT::PolicyPrincipalAttachment IoT::Thing IoT::ThingPrincipalAttachment IoT::TopicRule KMS::Alias KMS::Key
KinesisFirehose::DeliveryStream Lambda::Function Lambda::Permission Logs::LogGroup Logs::LogStream
Logs::QueryDefinition Logs::ResourcePolicy Neptune::DBCluster Neptune::DBClusterParameterGroup Neptune::DBInstance
Neptune::DBParameterGroup Neptune::DBSubnetGroup RDS::DBCluster RDS::DBInstance RDS::DBParameterGroup
RDS::DBSubnetGroup S3::Bucket S3::BucketPolicy SNS::Subscription SNS::Topic SNS::TopicPolicy SQS::Queue
SQS::QueuePolicy SSM::Association SSM::Document SecretsManager::Secret ServiceCatalog::CloudFormationProduct
ServiceCatalog::Portfolio ServiceCatalog::PortfolioProductAssociation ServiceCatalog::TagOption
ServiceCatalog::TagOptionAssociation WAFv2::WebACL
"""
#: The rest of them: nothing in Terraform is the same thing.
NO_COUNTERPART = """
CloudFormation::Macro CloudFormation::WaitCondition CloudFormation::WaitConditionHandle Lambda::Version
Greengrass::CoreDefinition Greengrass::CoreDefinitionVersion Greengrass::FunctionDefinition Greengrass::Group
Greengrass::SubscriptionDefinition IoTAnalytics::Channel IoTAnalytics::Dataset IoTAnalytics::Datastore
IoTAnalytics::Pipeline
"""


@cache
def _examples() -> tuple[tuple[str, tuple[str, ...], Example], ...]:
    return tuple(
        (policy.rule.id, policy.rule.resources, example)
        for policy, examples in read_policies(())
        for example in examples
        if example.format == "cloudformation" and not policy.rule.id.startswith("aws-schema-")  # of what is made up
    )


@cache
def _decided() -> dict[str, set[str]]:
    """The AWS types that policies decide, with the policies."""
    found: dict[str, set[str]] = {}
    for policy, _ in read_policies(()):
        for type_ in policy.rule.resources:
            if type_.startswith(("aws_", "AWS::")) and "*" not in type_:
                found.setdefault(type_, set()).add(policy.rule.id)
    return found


def test_policies_name_the_common_type_where_there_is_one() -> None:
    named = {type_ for type_ in _decided() if type_.startswith("AWS::")}
    assert named - set(NATIVE) == set()
    assert set(NATIVE) - named == set()
    assert set(NATIVE) & set(cloudformation_types()) == set()


def test_every_type_of_a_policy_can_come_from_cloudformation_or_has_a_reason() -> None:
    made = {type_ for types in cloudformation_types().values() for type_ in types}
    terraform = {TYPES.get(type_, type_) for type_ in _decided() if type_.startswith("aws_")}
    assert terraform - made - set(TERRAFORM_ONLY) == set()
    # Nothing is excused that needs no excuse.
    assert set(TERRAFORM_ONLY) - terraform == set()
    assert set(TERRAFORM_ONLY) & made == set()


def test_types_that_policies_look_for_beside_a_resource_have_a_row() -> None:
    """A destination, a log configuration or a scanner in a type of its own settles a policy on what it belongs to."""
    beside = {fold.child for fold in folds()}
    for path in sorted(Path("policies/aws").rglob("*.yaml")):
        beside |= set(re.findall(r"(?:referrers|resources|targets)\('(aws_\w+)'\)", path.read_text("utf-8")))
    made = {type_ for types in cloudformation_types().values() for type_ in types}
    same = {type_.removeprefix("AWS::").replace("::", "").lower(): type_ for type_ in every_type()}
    names = {type_.removeprefix("aws_").replace("_function_", "_").replace("_", "") for type_ in beside - made}
    assert {same[name] for name in names if name in same} - WITHOUT_TRAILS == set()


#: What it is asked for, whether the code has a trail, is asked of whole accounts: see TERRAFORM_ONLY.
WITHOUT_TRAILS = {"AWS::Organizations::Organization"}


def test_every_type_in_an_example_has_a_row() -> None:
    without = {
        (policy, found)
        for policy, _, example in _examples()
        for text in example.files.values()
        for found in re.findall(r"\bAWS::\w+::\w+", text)
        if found not in cloudformation_types() and not found.startswith("AWS::Serverless::")
    }
    assert {(policy, type_) for policy, type_ in without if type_ not in NATIVE and type_ not in NO_TYPES} == set()


def test_examples_write_properties_that_there_are() -> None:
    """An example with a property that CloudFormation does not know would prove a fix that nobody can apply."""
    wrong = []
    for policy, _, example in _examples():
        sources = {path: SourceFile(path, text.encode()) for path, text in example.files.items()}
        for task in FRONTENDS["cloudformation"](tuple(sources.values()), MemoryWorkspace(sources), Inputs()):
            for resource in task.evaluate().resources:
                schema = cloudformation_schema(resource.native_type)
                if schema is not None:
                    wrong += [(policy, name) for name in _foreign(resource.attributes, schema.attributes, ())]
    assert wrong == []


def _foreign(value: Any, members: Mapping[str, Attribute], at: tuple[str, ...]) -> Iterator[str]:
    """The names in a resource's properties that its schema does not have."""
    if isinstance(value, list):
        for item in value:
            yield from _foreign(item, members, at)
    elif isinstance(value, dict):
        for name, inner in value.items():
            found = members.get(name)
            if found is None and name not in (BESIDE, REST):
                yield ".".join((*at, name))
            elif found is not None and found.members:
                below = list(inner.values()) if found.type == "map" and isinstance(inner, dict) else inner
                yield from _foreign(below, found.members, (*at, name))


@pytest.mark.parametrize("native", SAMPLES.split())
def test_types_of_sample_templates_have_a_row(native: str) -> None:
    assert f"AWS::{native}" in cloudformation_types()


def test_sample_types_without_a_row_have_no_counterpart() -> None:
    known = {type_.replace("_", "") for type_ in terraform_types("aws")}
    for native in NO_COUNTERPART.split():
        assert cloudformation_schema(f"AWS::{native}") is not None
        assert f"AWS::{native}" not in cloudformation_types()
        assert f"aws{native.replace('::', '').lower()}" not in known


@pytest.mark.parametrize(("native", "types"), sorted(cloudformation_types().items()), ids=str)
def test_arguments_that_are_numbers_are_listed(native: str, types: tuple[str, ...]) -> None:
    """CloudFormation takes `"30"` for a number: a policy must see the number, as it does in Terraform."""
    table = load(f"cloudformation/{native.split('::')[1].lower()}")
    listed = set(words(table.get("numbers", "")))
    assert set(_numbers(native, types)) - listed - _texts(table) == set()


def _texts(table: Mapping[str, Any]) -> set[str]:
    """Names that are text in one type of the table: a list for the whole table cannot hold them."""
    return {
        name
        for native, row in table.items()
        if isinstance(row, dict)
        for name, type_ in _reached(native, (row["as"],))
        if type_ == "string"
    }


def _numbers(native: str, types: tuple[str, ...]) -> Iterator[str]:
    return (name for name, type_ in _reached(native, types) if type_ == "number")


def _reached(native: str, types: tuple[str, ...]) -> Iterator[tuple[str, str | None]]:
    """The names that the properties of ``native`` lead to, with the type of what each holds."""
    source = cloudformation_schema(native)
    assert source is not None
    row = load(f"cloudformation/{native.split('::')[1].lower()}")[native]
    for type_ in types:
        target = terraform_schema(type_)
        assert target is not None
        yield from _walk(row, source.attributes, target.attributes, ())


def _walk(
    row: Mapping[str, Any], source: Mapping[str, Attribute], target: Mapping[str, Attribute], at: tuple[str, ...]
) -> Iterator[tuple[str, str | None]]:
    if len(at) > 7:
        return
    for name, attribute in source.items():
        entry = row.get(".".join((*at, name)), "=")
        for text in [entry] if isinstance(entry, str) else entry if isinstance(entry, list) else []:
            head = (text.split() or ["="])[0]
            if head == ".":
                yield from _walk(row, attribute.members, target, (*at, name))
                continue
            path = [snake(name)] if head == "=" else head.split(".")
            found = _descend(target, path)
            if found is not None:
                yield path[-1], found.item if found.type in ("list", "set") and found.item else found.type
                yield from _walk(row, attribute.members, found.members, (*at, name))


def _descend(members: Mapping[str, Attribute], path: list[str]) -> Attribute | None:
    found = None
    for name in path:
        found = members.get(name)
        if found is None:
            return None
        members = found.members
    return found
