"""The same mistake gives the same policy id, whatever language it is written in.

Policies for AWS carry examples in Terraform and in CloudFormation, which the policy tests run; here stand SAM and the
Terraform provider for Kubernetes beside their plain forms.
"""

from __future__ import annotations

from functools import cache

import pytest

from iacguard.examples import evaluate
from iacguard.model import Format
from iacguard.policy import Decision, Pack, decide, load_pack
from iacguard.policy.testing import read_policies

_SAM = "Transform: AWS::Serverless-2016-10-31\n"
_CFN = "Resources:\n"
_POD = """
resource "kubernetes_pod_v1" "x" {{
  metadata {{
    name = "x"
  }}
  spec {{
    {pod}
    container {{
      name  = "x"
      image = "{image}"
      {container}
    }}
  }}
}}
"""
_MANIFEST = """
apiVersion: v1
kind: Pod
metadata: {{name: x}}
spec:
  {pod}
  containers:
    - name: x
      image: "{image}"
      {container}
"""


def pod(template: str, pod: str = "", image: str = "a:1", container: str = "") -> str:
    return template.format(pod=pod, image=image, container=container)


_SAM_FUNCTION = """
  F:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      Handler: a.b
      InlineCode: x
"""
_FUNCTION = """
  F:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: python3.13
      Handler: a.b
      Code: {ZipFile: x}
      Role: !Sub arn:aws:iam::${AWS::AccountId}:role/x
"""
_SAM_URL = f"{_SAM_FUNCTION}      FunctionUrlConfig: {{AuthType: NONE}}\n"
_URL = """
  U:
    Type: AWS::Lambda::Url
    Properties: {AuthType: NONE, TargetFunctionArn: f}
"""
_SAM_ADMIN = f"""{_SAM_FUNCTION}      Policies:
        - Statement:
            - {{Effect: Allow, Action: "*", Resource: "*"}}
"""
_ADMIN = """
  P:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      PolicyDocument:
        Statement:
          - {Effect: Allow, Action: "*", Resource: "*"}
"""
_SAM_API = """
  A:
    Type: AWS::Serverless::Api
    Properties: {StageName: live, DefinitionBody: {swagger: "2.0"}}
"""
_STAGE = """
  S:
    Type: AWS::ApiGateway::Stage
    Properties: {StageName: live, RestApiId: a, DeploymentId: d}
"""
SAM_PAIRS = [
    ("aws-lambda-function-tracing", _SAM_FUNCTION, _FUNCTION),
    ("aws-lambda-function-url-public", _SAM_URL, _URL),
    ("aws-iam-policy-full-admin", _SAM_ADMIN, _ADMIN),
    ("aws-apigateway-stage-access-logs", _SAM_API, _STAGE),
]

KUBERNETES_PAIRS = [
    ("kubernetes-pod-host-network", {"pod": "host_network = true"}, {"pod": "hostNetwork: true"}),
    ("kubernetes-pod-host-pid", {"pod": "host_pid = true"}, {"pod": "hostPID: true"}),
    ("kubernetes-pod-host-ipc", {"pod": "host_ipc = true"}, {"pod": "hostIPC: true"}),
    ("kubernetes-pod-image-latest", {"image": "nginx:latest"}, {"image": "nginx:latest"}),
    (
        "kubernetes-pod-privileged-container",
        {"container": "security_context {\n privileged = true\n }"},
        {"container": "securityContext: {privileged: true}"},
    ),
    (
        "kubernetes-pod-privilege-escalation",
        {"container": "security_context {\n allow_privilege_escalation = true\n }"},
        {"container": "securityContext: {allowPrivilegeEscalation: true}"},
    ),
    (
        "kubernetes-pod-capabilities-added",
        {"container": 'security_context {\n capabilities {\n add = ["SYS_ADMIN"]\n }\n }'},
        {"container": "securityContext: {capabilities: {add: [SYS_ADMIN]}}"},
    ),
    ("kubernetes-pod-run-as-root", {}, {}),
    ("kubernetes-pod-read-only-root", {}, {}),
    ("kubernetes-pod-seccomp", {}, {}),
]


@cache
def everything() -> Pack:
    return load_pack()


def violated(policy_id: str, format_: Format, path: str, text: str) -> bool:
    pack = everything().select((policy_id,), (), ())
    graphs, problems = evaluate(format_, {path: text})
    assert not [p.message for p in problems if not p.notice]
    outcomes = [outcome for graph in graphs for outcome in decide(pack, graph, "")]
    return any(isinstance(o, Decision) and o.verdict == "violated" for o in outcomes)


@pytest.mark.parametrize(("policy_id", "sam", "plain"), SAM_PAIRS, ids=[pair[0] for pair in SAM_PAIRS])
def test_sam(policy_id: str, sam: str, plain: str) -> None:
    assert violated(policy_id, "cloudformation", "template.yaml", f"{_SAM}{_CFN}{sam}")
    assert violated(policy_id, "cloudformation", "template.yaml", f"{_CFN}{plain}")


@pytest.mark.parametrize(
    ("policy_id", "terraform", "manifest"), KUBERNETES_PAIRS, ids=[pair[0] for pair in KUBERNETES_PAIRS]
)
def test_the_terraform_provider_for_kubernetes(
    policy_id: str, terraform: dict[str, str], manifest: dict[str, str]
) -> None:
    assert violated(policy_id, "terraform", "main.tf", pod(_POD, **terraform))
    assert violated(policy_id, "kubernetes", "manifests.yaml", pod(_MANIFEST, **manifest))


def test_policies_for_aws_are_shown_in_both_languages() -> None:
    both = 0
    for _, examples in read_policies(()):
        formats = {e.format for e in examples if e.expected["violated"]}
        both += {"terraform", "cloudformation"} <= formats
    assert both >= 300
