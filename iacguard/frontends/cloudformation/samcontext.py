"""What SAM's transform reads and makes: the template's resources as data, and the resources that they become."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from yaml.nodes import MappingNode, Node

from iacguard.findings import Problem
from iacguard.frontends.cloudformation.evaluate import Evaluator
from iacguard.frontends.cloudformation.nodes import Entry, member, members
from iacguard.frontends.cloudformation.samdata import Data, Section, data_of, node_of, place_of, plain, tag_list, text
from iacguard.frontends.cloudformation.template import Declared, Template, parts_of
from iacguard.late import regex
from iacguard.model import Unknown, Value
from iacguard.record import field, record

SERVERLESS = "AWS::Serverless::"
_VARIABLE = regex(r"\$\{([A-Za-z0-9]+)\}")
#: What every resource that is made of a SAM resource has from it. Metadata is there for the suppressions in it.
_PASSED_ON = ("Condition", "DeletionPolicy", "UpdateReplacePolicy", "Metadata")
_ITS_OWN = (*_PASSED_ON, "UpdatePolicy", "DependsOn")
#: Types whose Tags are a list of keys and values, and those that have them as a map.
_LISTED_TAGS = frozenset(
    (
        *("AWS::ApiGateway::ApiKey", "AWS::ApiGateway::DomainName", "AWS::ApiGateway::DomainNameAccessAssociation"),
        *("AWS::ApiGateway::DomainNameV2", "AWS::ApiGateway::RestApi", "AWS::ApiGateway::Stage"),
        *("AWS::ApiGateway::UsagePlan", "AWS::AppSync::GraphQLApi", "AWS::CodeDeploy::Application"),
        *("AWS::CodeDeploy::DeploymentGroup", "AWS::DynamoDB::Table", "AWS::IAM::Role", "AWS::IoT::TopicRule"),
        *("AWS::Lambda::Function", "AWS::S3::Bucket", "AWS::SNS::Topic", "AWS::SQS::Queue"),
        "AWS::StepFunctions::StateMachine",
    )
)
_MAPPED_TAGS = frozenset({"AWS::ApiGatewayV2::DomainName", "AWS::ApiGatewayV2::Stage"})


class SamError(Exception):
    """What SAM itself would refuse, or what is not expanded here; ``node`` is where."""

    def __init__(self, message: str, node: Node) -> None:
        super().__init__(message)
        self.message = message
        self.node = node


@record(frozen=False)
class Source:
    """A resource as written. ``kind`` is what follows ``AWS::Serverless::``, else the whole type.

    ``managed``: an API whose body SAM writes itself. ``bound`` are the variables of the loop that made it.
    """

    name: str
    kind: str
    key: Node
    properties: Section
    beside: Section
    managed: bool = False
    bound: Mapping[str, str] = field(default_factory=dict)

    def get(self, name: str) -> Data:
        return self.properties.get(name)

    def place(self, name: str) -> Node:
        """Where the property stands, else the resource."""
        return (place_of(self.properties, name) if name in self.properties else None) or self.key

    @property
    def condition(self) -> str | None:
        return text(self.beside.get("Condition"))


@record(frozen=False)
class Made:
    """A resource that comes out. ``key`` is where its header is shown."""

    name: str
    type: str
    key: Node
    properties: Section
    beside: Section
    bound: Mapping[str, str] = field(default_factory=dict)

    def put(self, name: str, value: Data, at: Node | None = None) -> None:
        self.properties.put(name, value, at)

    def declared(self) -> Declared:
        body = Section(self.properties.at)
        body["Type"] = self.type
        for name, value in self.beside.items():
            body.put(name, value, place_of(self.beside, name))
        body["Properties"] = self.properties
        entry = Entry(self.name, self.key, node_of(body, self.key))
        return Declared(entry, self.type, parts_of(entry), self.bound)


@record(frozen=False)
class Context:
    """The state of one template's transform.

    ``made`` are the resources that come out, by name, in order; ``renamed`` what other logical ids now mean;
    ``conditions`` those that the transform adds.
    """

    template: Template
    evaluator: Evaluator
    sources: dict[str, Source] = field(default_factory=dict)
    made: dict[str, Made] = field(default_factory=dict)
    renamed: dict[str, str] = field(default_factory=dict)
    conditions: dict[str, Data] = field(default_factory=dict)
    changed: dict[str, Source] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def known(self, value: Data, at: Node) -> Value:
        """The value of ``value`` as the evaluator sees it; Unknown where the template does not tell."""
        return self.evaluator.value(node_of(value, at))

    def known_text(self, value: Data, at: Node) -> str | None:
        """The text that ``value`` surely is."""
        found = text(value)
        if found is None and value is not None and not isinstance(value, list):
            known = self.known(value, at)
            found = known if isinstance(known, str) else None
        return found

    def resolved(self, value: Data) -> Any:
        """``value`` as plain data with parameters that have defaults replaced by them, as SAM has it for its hashes."""
        return self._resolved(plain(value))

    def _resolved(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._resolved(item) for item in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1 and isinstance(value.get("Ref"), str):
            return self._default(value["Ref"], value)
        if len(value) == 1 and isinstance(value.get("Fn::Sub"), str):
            return {"Fn::Sub": _VARIABLE.sub(lambda m: str(self._default(m[1], m[0])), value["Fn::Sub"])}
        return {name: self._resolved(inner) for name, inner in value.items()}

    def _default(self, name: str, otherwise: Any) -> Any:
        parameter = self.evaluator.scope.parameters.get(name)
        known = parameter is not None and not isinstance(parameter.value, Unknown)
        return parameter.value if parameter is not None and known else otherwise

    def make(self, source: Source, name: str, type_: str, key: Node | None = None, own: bool = False) -> Made:
        """A new resource out of ``source``; ``own``: the one that takes its place."""
        at = key or source.key
        beside = Section(at)
        beside.take_all(source.beside, *(_ITS_OWN if own else _PASSED_ON))
        made = Made(name, type_, at, Section(source.properties.at if own else at), beside, source.bound)
        self.made[name] = made
        return made

    def native(self, name: str) -> Source | None:
        """A resource that is no SAM resource, to be changed."""
        if name not in self.changed:
            declared = self.template.resources.get(name)
            if declared is None or declared.type.startswith(SERVERLESS):
                return None
            source = source_of(declared)
            if source is None:
                return None
            self.changed[name] = source
        return self.changed[name]


def source_of(declared: Declared, through_if: bool = False) -> Source | None:
    """The parts of a declared resource; None where it is no mapping."""
    entry = declared.entry
    if not isinstance(entry.value, MappingNode):
        return None
    properties = member(entry.value, "Properties")
    bound = declared.bound
    section = data_of(properties.value, through_if, bound) if properties else Section(entry.key)
    if not isinstance(section, Section):
        return None
    beside = Section(entry.value)
    for part in members(entry.value):
        if part.name not in ("Type", "Properties"):
            beside.put(part.name, data_of(part.value, bound=bound), part.key)
    return Source(entry.name, declared.type.removeprefix(SERVERLESS), entry.key, section, beside, bound=bound)


def propagate_tags(made: list[Made], tags: Data) -> None:
    """Put SAM's map of tags on all resources that can have them, in place of those that they have."""
    for resource in made:
        if resource.type in _LISTED_TAGS:
            resource.put("Tags", tag_list(tags))
        elif resource.type in _MAPPED_TAGS:
            resource.put("Tags", tags)
