"""``DeploymentPreference``: the CodeDeploy application, role and groups that shift a function's traffic."""

from __future__ import annotations

from iacguard.frontends.cloudformation.samcontext import Context, Made, SamError, Source
from iacguard.frontends.cloudformation.samdata import (
    Data,
    Section,
    branches_of,
    function_of,
    get_att,
    is_false,
    is_no_value,
    is_true,
    mapping,
    place_of,
    ref,
    sub,
    tag_list,
    text,
)
from iacguard.frontends.cloudformation.samroles import managed_arn, trust

APPLICATION = "ServerlessDeploymentApplication"
ROLE = "CodeDeployServiceRole"
_CONFIGURATIONS = frozenset(
    (
        *("Canary10Percent5Minutes", "Canary10Percent10Minutes", "Canary10Percent15Minutes"),
        *("Canary10Percent30Minutes", "Linear10PercentEvery1Minute", "Linear10PercentEvery2Minutes"),
        *("Linear10PercentEvery3Minutes", "Linear10PercentEvery10Minutes", "AllAtOnce"),
    )
)
_ROLLBACK = ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"]


def prefer(context: Context, source: Source, alias: Made | None) -> None:
    """Add what the function's ``DeploymentPreference`` becomes."""
    preference = source.get("DeploymentPreference")
    if not isinstance(preference, Section):
        return
    at = source.place("DeploymentPreference")
    enabled = preference.get("Enabled")
    if enabled is not None and (is_false(enabled) or context.known(enabled, at) in (False, "false", "False")):
        return
    if alias is None or preference.get("Type") is None:
        raise SamError("DeploymentPreference needs a Type, and the function an AutoPublishAlias", at)
    passed = is_true(preference.get("PassthroughCondition")) and source.condition is not None
    _shared(context, source, at_role=preference.get("Role") is None)
    group = context.make(source, source.name + "DeploymentGroup", "AWS::CodeDeploy::DeploymentGroup", at)
    if not passed:
        group.beside.pop("Condition", None)
    for name in ("DeletionPolicy", "UpdateReplacePolicy"):
        group.beside.pop(name, None)
    _write(context, group, preference)
    hooks = mapping(preference.get("Hooks"))
    update: dict[str, Data] = {"ApplicationName": ref(APPLICATION), "DeploymentGroupName": ref(group.name)}
    for name, hook in (("PreTraffic", "BeforeAllowTrafficHook"), ("PostTraffic", "AfterAllowTrafficHook")):
        if hooks.get(name):
            update[hook] = hooks[name]
    alias.beside.put("UpdatePolicy", {"CodeDeployLambdaAliasUpdate": update}, at)
    if is_true(source.get("PropagateTags")) and source.get("Tags"):
        group.put("Tags", tag_list(source.get("Tags")))


def _write(context: Context, group: Made, preference: Section) -> None:
    group.put("ApplicationName", ref(APPLICATION))
    group.put("AutoRollbackConfiguration", {"Enabled": True, "Events": list(_ROLLBACK)})
    group.put("DeploymentStyle", {"DeploymentType": "BLUE_GREEN", "DeploymentOption": "WITH_TRAFFIC_CONTROL"})
    known = context.known_text(preference.get("Type"), group.key)
    kind = known if known in _CONFIGURATIONS else preference.get("Type")
    group.put("DeploymentConfigName", _configuration(kind), place_of(preference, "Type"))
    if preference.get("Role") is not None:
        group.properties.take(preference, "Role", "ServiceRoleArn")
    else:
        group.put("ServiceRoleArn", get_att(ROLE, "Arn"))
    group.properties.take(preference, "TriggerConfigurations")
    alarms = preference.get("Alarms")
    if alarms is not None and not is_no_value(alarms):
        parts = branches_of(alarms)
        group.put(
            "AlarmConfiguration",
            {"Fn::If": [parts[0], _alarms(parts[1]), _alarms(parts[2])]} if parts else _alarms(alarms),
        )


def _alarms(alarms: Data) -> Data:
    if not isinstance(alarms, list) or not alarms or is_no_value(alarms[0]):
        return {}
    return {"Enabled": True, "Alarms": [{"Name": alarm} for alarm in alarms]}


def _configuration(kind: Data) -> Data:
    if text(kind) in _CONFIGURATIONS:
        return sub("CodeDeployDefault.Lambda${ConfigName}", {"ConfigName": kind})
    parts = branches_of(kind) if function_of(kind) else None
    return {"Fn::If": [parts[0], _configuration(parts[1]), _configuration(parts[2])]} if parts else kind


def _shared(context: Context, source: Source, at_role: bool) -> None:
    """The application and the role, which all functions of the template share."""
    if APPLICATION not in context.made:
        application = context.make(source, APPLICATION, "AWS::CodeDeploy::Application", source.key)
        application.beside.clear()
        application.put("ComputePlatform", "Lambda")
    if at_role and ROLE not in context.made:
        role = context.make(source, ROLE, "AWS::IAM::Role", source.key)
        role.beside.clear()
        role.put("AssumeRolePolicyDocument", trust("codedeploy.amazonaws.com"))
        role.put("ManagedPolicyArns", [managed_arn("service-role/AWSCodeDeployRoleForLambda")])
