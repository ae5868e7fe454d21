"""``Domain`` of an API: the custom domain, its base paths and its records in Route 53."""

from __future__ import annotations

import re

from iacguard.frontends.cloudformation.samcontext import Context, SamError, Source
from iacguard.frontends.cloudformation.samdata import (
    Data,
    Section,
    as_list,
    digest,
    function_of,
    get_att,
    is_false,
    is_true,
    mapping,
    place_of,
    ref,
    scalar,
    text,
)

_EDGE_ZONE = "Z2FDTNDATAQYW2"


def _domain_of(source: Source) -> Section | None:
    domain = source.get("Domain")
    if not isinstance(domain, Section) or function_of(domain) is not None:
        return None
    if domain.get("DomainName") is None or domain.get("CertificateArn") is None:
        raise SamError("Domain needs DomainName and CertificateArn", source.place("Domain"))
    return domain


def _hash(context: Context, value: Data) -> str:
    """SAM's hash of a name, with parameters that have defaults replaced by them."""
    return digest(context.resolved(value))


def rest_domain(context: Context, source: Source) -> None:
    """The domain of a REST API."""
    domain = _domain_of(source)
    if domain is None:
        return
    at = source.place("Domain")
    endpoint = text(domain.get("EndpointConfiguration")) or "REGIONAL"
    private = endpoint == "PRIVATE"
    kind = "DomainNameV2" if private else "DomainName"
    name = f"ApiGateway{kind}" + _hash(context, domain["DomainName"])
    made = context.make(source, name, f"AWS::ApiGateway::{kind}", at)
    made.properties.take_all(domain, "DomainName", "SecurityPolicy", "EndpointAccessMode")
    made.properties.take(domain, "CertificateArn", "RegionalCertificateArn" if endpoint == "REGIONAL" else "")
    made.properties.take_all(domain, "OwnershipVerificationCertificateArn")
    if private:
        made.properties.take_all(domain, "Policy")
    else:
        made.properties.take(domain, "MutualTlsAuthentication", change=_mutual_tls)
    config: dict[str, Data] = {"Types": [endpoint]}
    if domain.get("IpAddressType") is not None:
        config["IpAddressType"] = domain["IpAddressType"]
    made.put("EndpointConfiguration", config, place_of(domain, "EndpointConfiguration"))
    context.renamed[f"{source.name}.{kind}"] = name
    _base_paths(context, source, domain, name, private)
    if private and isinstance(domain.get("AccessAssociation"), dict):
        endpoint_id = domain["AccessAssociation"].get("VpcEndpointId")
        access = "DomainNameAccessAssociation" + digest([context.resolved(endpoint_id), name])
        joined = context.make(source, access, "AWS::ApiGateway::DomainNameAccessAssociation", at)
        joined.put("DomainNameArn", ref(name))
        joined.put("AccessAssociationSourceType", "VPCE")
        joined.put("AccessAssociationSource", endpoint_id)
    _records(context, source, domain, name, endpoint)


def _mutual_tls(given: Data) -> Data:
    """The settings without those that are empty or zero, which SAM leaves out."""
    if not isinstance(given, Section):
        return given
    found = Section(given.at)
    found.take_all(given, *(name for name in given if isinstance(given[name], dict | list) or scalar(given[name])))
    return found


def _base_paths(context: Context, source: Source, domain: Section, name: str, private: bool) -> None:
    stage = ref(context.renamed[f"{source.name}.Stage"])
    normal = not is_false(domain.get("NormalizeBasePath"))
    type_ = "AWS::ApiGateway::BasePathMapping" + ("V2" if private else "")
    for path in as_list(domain.get("BasePath")) or [None]:
        written = text(path) or ""
        spelled = "".join(c for c in written if c.isalnum())
        joined = context.make(source, f"{source.name}{spelled}BasePathMapping", type_, place_of(domain, "BasePath"))
        joined.put("DomainNameArn" if private else "DomainName", ref(name))
        joined.put("RestApiId", ref(source.name))
        joined.put("Stage", stage)
        if path is not None:
            joined.put("BasePath", spelled if normal else path)


def api_domain(context: Context, source: Source, tag: str) -> None:
    """The domain of an HTTP or WebSocket API."""
    domain = _domain_of(source)
    if domain is None:
        return
    name = "ApiGatewayDomainNameV2" + _hash(context, domain["DomainName"])
    at = source.place("Domain")
    made = context.make(source, name, "AWS::ApiGatewayV2::DomainName", at)
    made.properties.take_all(domain, "DomainName")
    made.properties.take(domain, "MutualTlsAuthentication", change=_mutual_tls)
    made.put("Tags", {tag: "SAM"})
    config = Section(at)
    config.take_all(domain, "CertificateArn", "OwnershipVerificationCertificateArn", "SecurityPolicy")
    config["EndpointType"] = text(domain.get("EndpointConfiguration")) or "REGIONAL"
    made.put("DomainNameConfigurations", [config], at)
    context.renamed[f"{source.name}.DomainName"] = name
    stage = context.renamed.get(f"{source.name}.Stage", f"{source.name}.Stage")
    for path in as_list(domain.get("BasePath")) or [None]:
        written = text(path) or ""
        spelled = re.sub(r"[-_/]+", "", written)
        joined = context.make(source, f"{source.name}{spelled}ApiMapping", "AWS::ApiGatewayV2::ApiMapping", at)
        joined.put("DomainName", ref(name))
        joined.put("ApiId", ref(source.name))
        joined.put("Stage", ref(stage))
        if path is not None:
            joined.put("ApiMappingKey", written.strip("/"))
    if source.kind == "WebSocketApi":
        # SAM makes the group anew for each of these, so that the last one's record is all that is deployed.
        context.made.pop(_group_id(context, domain), None)
    _records(context, source, domain, name, "REGIONAL")


def _group_id(context: Context, domain: Section) -> str:
    """The logical id of the records of a domain: one group for a zone, or for a zone and a name."""
    route = mapping(domain.get("Route53"))
    zone = route.get("HostedZoneId") if route.get("HostedZoneId") is not None else route.get("HostedZoneName")
    separate = is_true(route.get("SeparateRecordSetGroup"))
    hash_ = digest(context.resolved([zone, domain["DomainName"]])) if separate else _hash(context, zone)
    return "RecordSetGroup" + hash_


def _records(context: Context, source: Source, domain: Section, name: str, endpoint: str) -> None:
    route = domain.get("Route53")
    if not isinstance(route, Section):
        return
    zone = route.get("HostedZoneId") if route.get("HostedZoneId") is not None else route.get("HostedZoneName")
    at = place_of(domain, "Route53")
    if zone is None:
        raise SamError("Route53 needs HostedZoneId or HostedZoneName", at or source.key)
    id_ = _group_id(context, domain)
    group = context.made.get(id_)
    if group is None:
        group = context.make(source, id_, "AWS::Route53::RecordSetGroup", at)
        group.properties.take_all(route, "HostedZoneId", "HostedZoneName")
        group.put("RecordSets", [])
    kinds = ("A", "AAAA") if is_true(route.get("IpV6")) else ("A",)
    for kind in kinds:
        record = Section(at or source.key)
        record.take(domain, "DomainName", "Name")
        record["Type"] = kind
        record["AliasTarget"] = _alias(route, name, endpoint)
        record.take_all(route, "Region", "SetIdentifier")
        group.properties["RecordSets"].append(record)


def _alias(route: Section, name: str, endpoint: str) -> dict[str, Data]:
    target: dict[str, Data] = {}
    if route.get("EvaluateTargetHealth") is not None:
        target["EvaluateTargetHealth"] = route["EvaluateTargetHealth"]
    if endpoint == "REGIONAL":
        target["HostedZoneId"] = get_att(name, "RegionalHostedZoneId")
        target["DNSName"] = get_att(name, "RegionalDomainName")
    elif endpoint == "EDGE":
        given = route.get("DistributionDomainName")
        target["HostedZoneId"] = _EDGE_ZONE
        target["DNSName"] = given if given is not None else get_att(name, "DistributionDomainName")
    else:
        target["HostedZoneId"] = route.get("VpcEndpointHostedZoneId")
        target["DNSName"] = route.get("VpcEndpointDomainName")
    return target
