"""The ``ScheduleV2`` event: EventBridge Scheduler's schedule, with the role that it acts under."""

from __future__ import annotations

from iacguard.frontends.cloudformation.samdata import Data, Section, get_att, is_true, text
from iacguard.frontends.cloudformation.samevents import Event
from iacguard.frontends.cloudformation.samroles import allow, service_role


def schedule_v2(event: Event) -> None:
    """Put the schedule, its role and its queue into ``context.made``."""
    schedule = event.make(event.name, "AWS::Scheduler::Schedule")
    event.need("ScheduleExpression")
    schedule.properties.take_all(
        event.properties,
        *("ScheduleExpression", "State", "Name", "Description", "FlexibleTimeWindow", "StartDate", "EndDate"),
        *("ScheduleExpressionTimezone", "GroupName", "KmsKeyArn"),
    )
    if event.get("FlexibleTimeWindow") is None:
        schedule.put("FlexibleTimeWindow", {"Mode": "OFF"})
    if event.get("Name") is None and not is_true(event.get("OmitName")):
        schedule.put("Name", event.name)
    queue = _dead_letters(event)
    target = Section(event.at)
    target["Arn"] = event.arn
    role = event.get("RoleArn")
    target.put("RoleArn", role if role is not None else _role(event, queue), event.place("RoleArn"))
    target.take_all(event.properties, "Input", "RetryPolicy")
    if queue is not None:
        target.put("DeadLetterConfig", {"Arn": queue}, event.place("DeadLetterConfig"))
    schedule.put("Target", target)


def _dead_letters(event: Event) -> Data:
    config = event.get("DeadLetterConfig")
    if not isinstance(config, Section):
        return None
    if config.get("Arn") is not None:
        return config["Arn"]
    queue = event.make(text(config.get("QueueLogicalId")) or event.name + "Queue", "AWS::SQS::Queue")
    return get_att(queue.name, "Arn")


def _role(event: Event, queue: Data) -> Data:
    role = service_role(event.context, event.source, event.name + "Role", "scheduler.amazonaws.com", event.at)
    if "Lambda" in event.target.type:
        policies = [allow(event.name + "LambdaPolicy", "lambda:InvokeFunction", event.arn)]
    else:
        policies = [allow(event.name + "StartExecutionPolicy", "states:StartExecution", event.arn)]
    if queue is not None:
        policies.append(allow(event.name + "SQSPolicy", "sqs:SendMessage", queue))
    role.put("Policies", policies)
    role.properties.take(event.properties, "PermissionsBoundary")
    return get_att(role.name, "Arn")
