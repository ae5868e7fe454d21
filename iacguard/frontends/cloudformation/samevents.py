"""``Events`` of a function: what calls it, and what that is allowed to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from yaml.nodes import Node

from iacguard.frontends.cloudformation.samcontext import Context, Made, SamError, Source
from iacguard.frontends.cloudformation.samdata import (
    Data,
    Section,
    as_list,
    digest,
    get_att,
    is_true,
    mappings,
    only_if,
    place_of,
    plain,
    ref,
    referred,
    sub,
    tag_list,
    text,
)
from iacguard.frontends.cloudformation.samroles import add_managed, allow, service_role
from iacguard.record import record

_TARGET_ID = 64


@record
class Event:
    """One event of a function or state machine. ``role`` is the role that SAM makes for it, None where it has one."""

    context: Context
    source: Source
    target: Made
    role: Made | None
    id: str
    kind: str
    properties: Section
    at: Node

    @property
    def name(self) -> str:
        """The logical id that its resources begin with."""
        return self.source.name + self.id

    @property
    def arn(self) -> Data:
        if self.target.type in ("AWS::Lambda::Alias", "AWS::StepFunctions::StateMachine"):
            return ref(self.target.name)
        return (
            ref(self.target.name)
            if self.target.type.endswith("StateMachineAlias")
            else get_att(self.target.name, "Arn")
        )

    def get(self, name: str) -> Data:
        return self.properties.get(name)

    def place(self, name: str) -> Node:
        return (place_of(self.properties, name) if name in self.properties else None) or self.at

    def make(self, name: str, type_: str) -> Made:
        return self.context.make(self.source, name, type_, self.at)

    def need(self, name: str) -> Data:
        """A property that the event must have; raises SamError."""
        value = self.properties.get(name)
        if value is None:
            raise SamError(f'the {self.kind} event "{self.id}" has no {name}', self.at)
        return value


def events_of(context: Context, source: Source, target: Made, role: Made | None) -> list[Event]:
    """The events of ``source`` in SAM's order: by path, then by name. Raises SamError for one that is no event."""
    found = []
    for name, body in mappings(source.get("Events")):
        at = place_of(source.get("Events"), name) or source.key
        kind = text(body.get("Type")) if isinstance(body, Section) else None
        if kind is None:
            raise SamError(f'the event "{name}" has no Type', at)
        properties = body.get("Properties")
        if not isinstance(properties, Section):
            properties = Section(at)
        found.append(Event(context, source, target, role, name, kind, properties, at))
    return found


def function_events(context: Context, source: Source, target: Made, role: Made | None) -> None:
    """Put what the function's events become into ``context.made``."""
    # Late: those modules build on this one.
    from iacguard.frontends.cloudformation.sampull import PULLED, pull
    from iacguard.frontends.cloudformation.samrest import function_api, function_http_api
    from iacguard.frontends.cloudformation.samschedule import schedule_v2

    apis: Mapping[str, Callable[[Event], None]] = {
        "Api": function_api,
        "HttpApi": function_http_api,
        "ScheduleV2": schedule_v2,
    }
    for event in sorted(events_of(context, source, target, role), key=lambda e: text(e.get("Path")) or e.id):
        handler = _PUSHED.get(event.kind) or apis.get(event.kind) or (pull if event.kind in PULLED else None)
        if handler is None:
            raise SamError(f'SAM has no event of type "{event.kind}"', event.at)
        handler(event)


def permission(
    event: Event, principal: str, arn: Data = None, account: Data = None, suffix: str = "", prefix: str = ""
) -> Made:
    """Let ``principal`` call the function."""
    base = (prefix or event.name) + "Permission"
    made = event.make(base + (suffix if suffix.isalnum() else digest(suffix)), "AWS::Lambda::Permission")
    made.put("Action", "lambda:InvokeFunction")
    made.put("FunctionName", ref(event.target.name))
    made.put("Principal", principal)
    if arn is not None:
        made.put("SourceArn", arn)
    if account is not None:
        made.put("SourceAccount", account)
    return made


def target_id(name: str, suffix: str) -> str:
    return name + suffix if len(name + suffix) <= _TARGET_ID else name[: _TARGET_ID - len(suffix)] + suffix


def dead_letters(event: Event, rule: Data) -> Data:
    """The queue for what a rule cannot deliver: the one that is named, else one that SAM makes with its policy."""
    config = event.get("DeadLetterConfig")
    if not isinstance(config, Section):
        return None
    if config.get("Arn") is not None:
        return config["Arn"]
    queue = event.make(text(config.get("QueueLogicalId")) or event.name + "Queue", "AWS::SQS::Queue")
    policy = event.make(event.name + "QueuePolicy", "AWS::SQS::QueuePolicy")
    statement = send_message({"Service": "events.amazonaws.com"}, get_att(queue.name, "Arn"), rule)
    policy.put("PolicyDocument", {"Version": "2012-10-17", "Statement": [statement]})
    policy.put("Queues", [ref(queue.name)])
    return get_att(queue.name, "Arn")


def send_message(principal: Data, queue: Data, source: Data) -> Data:
    return {
        "Action": "sqs:SendMessage",
        "Effect": "Allow",
        "Principal": principal,
        "Resource": queue,
        "Condition": {"ArnEquals": {"aws:SourceArn": source}},
    }


def rule_of(event: Event) -> Made:
    """An EventBridge rule, on a schedule or for a pattern, without its target."""
    rule = event.make(event.name, "AWS::Events::Rule")
    if event.kind == "Schedule":
        event.need("Schedule")
        rule.properties.take(event.properties, "Schedule", "ScheduleExpression")
        rule.properties.take_all(event.properties, "Name", "Description")
    else:
        rule.properties.take_all(event.properties, "EventBusName")
        rule.properties.take(event.properties, "Pattern", "EventPattern")
        rule.properties.take(event.properties, "RuleName", "Name")
    enabled = event.get("Enabled")
    if event.get("State") is not None:
        rule.properties.take(event.properties, "State")
    elif enabled is not None:
        rule.put("State", "ENABLED" if is_true(enabled) else "DISABLED", event.place("Enabled"))
    return rule


def rule_target(event: Event, rule: Made, suffix: str, role: Data = None) -> None:
    """Give the rule its one target."""
    given = event.get("Target")
    chosen = given.get("Id") if isinstance(given, Section) and not (event.kind == "Schedule" and role is None) else None
    target = Section(event.at)
    target["Arn"] = event.arn
    target["Id"] = chosen if chosen is not None else target_id(event.name, suffix)
    if role is not None:
        target["RoleArn"] = role
    names = ("Input", "RetryPolicy") if event.kind == "Schedule" else _TARGET
    target.take_all(event.properties, *names)
    queue = dead_letters(event, get_att(rule.name, "Arn"))
    if queue is not None:
        target.put("DeadLetterConfig", {"Arn": queue}, event.place("DeadLetterConfig"))
    rule.put("Targets", [target])


_TARGET = ("Input", "InputPath", "RetryPolicy", "InputTransformer")


def _rule(event: Event) -> None:
    rule = rule_of(event)
    rule_target(event, rule, "LambdaTarget")
    permission(event, "events.amazonaws.com", get_att(rule.name, "Arn"))


def machine_rule(event: Event, boundary: Data) -> None:
    """A rule that starts a state machine, with the role that it does so under."""
    rule = rule_of(event)
    given = event.get("RoleArn") if event.kind == "Schedule" else None
    rule_target(event, rule, "StepFunctionsTarget", given if given is not None else get_att(event.name + "Role", "Arn"))
    if given is None:
        start_role(event, boundary, "events.amazonaws.com")


def start_role(event: Event, boundary: Data, principal: str) -> Made:
    """A role that may start the state machine."""
    role = service_role(event.context, event.source, event.name + "Role", principal, event.at)
    role.put("Policies", [allow(role.name + "StartExecutionPolicy", "states:StartExecution", event.arn)])
    if boundary is not None:
        role.put("PermissionsBoundary", boundary)
    return role


def _bucket(event: Event) -> None:
    name = referred(event.need("Bucket"))
    bucket = event.context.native(name) if name else None
    if bucket is None:
        raise SamError("an S3 event must name a bucket of the same template", event.place("Bucket"))
    made = permission(event, "s3.amazonaws.com", account=ref("AWS::AccountId"))
    config = bucket.properties.setdefault("NotificationConfiguration", {})
    if not isinstance(config, dict):
        raise SamError("the bucket's NotificationConfiguration is not known", event.place("Bucket"))
    for kind in as_list(event.need("Events")):
        mapping: dict[str, Data] = {"Function": event.arn, "Event": kind}
        if event.get("Filter") is not None:
            mapping["Filter"] = event.get("Filter")
        listed = config.setdefault("LambdaConfigurations", [])
        item = only_if(event.source.condition, mapping)
        if isinstance(listed, list) and plain(item) not in [plain(other) for other in listed]:
            listed.append(item)
    if event.source.condition is not None:
        tag = {"Fn::If": [event.source.condition, ref(made.name), "no dependency"]}
        tags = [*as_list(bucket.get("Tags")), {"Key": f"sam:ConditionalDependsOn:{made.name}", "Value": tag}]
        bucket.properties["Tags"] = tags
    else:
        bucket.beside["DependsOn"] = [*as_list(bucket.beside.get("DependsOn")), made.name]
    if is_true(event.source.get("PropagateTags")) and event.source.get("Tags"):
        bucket.properties.put("Tags", tag_list(event.source.get("Tags")), event.source.place("Tags"))


def _topic(event: Event) -> None:
    topic = event.need("Topic")
    wanted = event.get("SqsSubscription")
    subscription = event.make(event.name, "AWS::SNS::Subscription")
    subscription.properties.take(event.properties, "Topic", "TopicArn")
    subscription.properties.take_all(event.properties, "Region", "FilterPolicy", "FilterPolicyScope", "RedrivePolicy")
    if not isinstance(wanted, Section) and not is_true(wanted):
        subscription.put("Protocol", "lambda")
        subscription.put("Endpoint", event.arn)
        permission(event, "sns.amazonaws.com", topic)
        return
    given = wanted if isinstance(wanted, Section) else Section(event.at)
    if isinstance(wanted, Section):
        arn, url = given.get("QueueArn"), given.get("QueueUrl")
        if arn is None or url is None:
            raise SamError("SqsSubscription needs QueueArn and QueueUrl", event.place("SqsSubscription"))
    else:
        queue = event.make(event.name + "Queue", "AWS::SQS::Queue")
        arn, url = get_att(queue.name, "Arn"), ref(queue.name)
        made = event.context.native(referred(topic) or "")
        if made is not None and is_true(made.get("FifoTopic")):
            queue.put("FifoQueue", True)
    subscription.put("Protocol", "sqs")
    subscription.put("Endpoint", arn)
    policy = event.make(text(given.get("QueuePolicyLogicalId")) or event.name + "QueuePolicy", "AWS::SQS::QueuePolicy")
    policy.put("PolicyDocument", {"Version": "2012-10-17", "Statement": [send_message("*", arn, topic)]})
    policy.put("Queues", [url])
    _from_queue(event, arn, given)


def _from_queue(event: Event, arn: Data, given: Section) -> None:
    mapping = event.make(event.name + "EventSourceMapping", "AWS::Lambda::EventSourceMapping")
    mapping.put("FunctionName", ref(event.target.name))
    mapping.put("EventSourceArn", arn)
    mapping.put("BatchSize", given.get("BatchSize") or 10)
    mapping.put("Enabled", True)
    add_managed(event.role, "service-role/AWSLambdaSQSQueueExecutionRole")


def _alexa(event: Event) -> None:
    made = permission(event, "alexa-appkit.amazon.com")
    made.properties.take(event.properties, "SkillId", "EventSourceToken")


def _iot(event: Event) -> None:
    arn = sub("arn:aws:iot:${AWS::Region}:${AWS::AccountId}:rule/${RuleName}", {"RuleName": ref(event.name)})
    permission(event, "iot.amazonaws.com", arn, sub("${AWS::AccountId}"))
    payload = Section(event.at)
    payload.put("Sql", event.need("Sql"), event.place("Sql"))
    payload["RuleDisabled"] = False
    payload["Actions"] = [{"Lambda": {"FunctionArn": event.arn}}]
    payload.take(event.properties, "AwsIotSqlVersion")
    event.make(event.name, "AWS::IoT::TopicRule").put("TopicRulePayload", payload)


def _cognito(event: Event) -> None:
    name = referred(event.need("UserPool"))
    pool = event.context.native(name) if name else None
    if pool is None:
        raise SamError("a Cognito event must name a user pool of the same template", event.place("UserPool"))
    prefix = event.target.name + "Cognito"
    permission(event, "cognito-idp.amazonaws.com", get_att(pool.name, "Arn"), prefix=prefix)
    config = pool.properties.setdefault("LambdaConfig", {})
    for trigger in as_list(event.need("Trigger")):
        if isinstance(config, dict):
            config[text(trigger) or ""] = event.arn


def _logs(event: Event) -> None:
    resource = "arn:aws:logs:${AWS::Region}:${AWS::AccountId}:log-group:${__LogGroupName__}:*"
    made = permission(event, "logs.amazonaws.com", sub(resource, {"__LogGroupName__": event.need("LogGroupName")}))
    filter_ = event.make(event.name, "AWS::Logs::SubscriptionFilter")
    filter_.properties.take_all(event.properties, "LogGroupName", "FilterPattern")
    filter_.put("DestinationArn", event.arn)
    filter_.beside["DependsOn"] = [made.name]


_PUSHED: Mapping[str, Callable[[Event], None]] = MappingProxyType(
    {
        "AlexaSkill": _alexa,
        "CloudWatchEvent": _rule,
        "CloudWatchLogs": _logs,
        "Cognito": _cognito,
        "EventBridgeRule": _rule,
        "IoTRule": _iot,
        "S3": _bucket,
        "SNS": _topic,
        "Schedule": _rule,
    }
)
