"""What a scan says: findings, problems and the result that reporters see. Plain, frozen data; no behaviour."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from iacguard.model import Format, Language, Span, Step
from iacguard.record import field, record

Severity: TypeAlias = Literal["critical", "high", "medium", "low"]
#: Most severe first.
SEVERITIES: tuple[Severity, ...] = ("critical", "high", "medium", "low")

Category: TypeAlias = Literal[
    "wildcard-iam",
    "public-storage",
    "open-ingress",
    "missing-encryption",
    "disabled-logging",
    "workload-hardening",
    "secrets",
    "hallucination",
    "supply-chain",
    "resilience",
    "governance",
]

ProblemKind: TypeAlias = Literal[
    "unreadable",  # permissions, a broken link, an I/O error
    "encoding",  # not UTF-8
    "too-large",  # over a bound of ours: bytes, depth, expanded nodes, instances
    "syntax",  # the file's own language rejects it
    "module",  # a module that cannot be found, read or finished (a cycle)
    "reference",  # the code names something that does not exist
    "value",  # an expression that must fail when applied
    "not-evaluated",  # recognised and deliberately not evaluated: a Helm template, a remote module, a macro
    "policy",  # a policy failed while deciding; a defect of the policy or of ours
    "internal",  # a defect of ours, caught at the border of one file, stack or policy
]


@record
class Problem:
    """Something about one input that the user must know of.

    ``message`` says what was wrong, ``hint`` what to do. ``notice`` problems are told and do not make the scan
    incomplete; all others do (exit status 3).
    """

    kind: ProblemKind
    span: Span
    message: str
    hint: str = ""
    notice: bool = False


@record
class Fix:
    """How to mend it: a sentence, and the smallest change in each format's own language."""

    text: str
    snippets: Mapping[Format, str] = field(default_factory=dict)


@record
class Rule:
    """What a reader needs to know of a policy; the part of it that leaves the policy engine.

    ``id`` follows from the policy's path: ``aws/s3/bucket-public-acl.yaml`` is ``aws-s3-bucket-public-acl``.
    ``resources`` are the kinds it decides; ``source`` the policy file relative to its policy folder.
    """

    id: str
    title: str
    severity: Severity
    category: Category
    resources: tuple[str, ...]
    why: str
    fix: Fix
    references: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    frameworks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    source: str = ""


@record
class Suppression:
    """That somebody has looked at a finding and accepts it, written beside the code.

    ``rules`` are policy ids, aliases or shell patterns over ids. It holds for the resource at ``address``, or where
    that is empty for every finding in the lines ``first`` to ``last`` of ``span.file``. ``span`` is where it is
    written, ``origin`` whose notation it is ("iacguard", "cfn_nag", "checkov", "cfn-lint").
    """

    rules: tuple[str, ...]
    reason: str
    origin: str
    span: Span
    address: str = ""
    first: int = 1
    last: int = 0


@record
class Finding:
    """One violated or undecided policy at one source place.

    ``address`` is the first failing instance, ``instances`` all of them, in order; for an attribute that stands in
    a split sub-resource it is the sub-resource's, and ``parent`` names what it belongs to. ``path`` is the deciding
    attribute in the common vocabulary ("ingress_rules[0].cidr_blocks"), "" for the resource as a whole.
    ``source_lines`` are the text of the lines of ``span`` (the first few). ``trail`` is the way of the value,
    origin first. ``reasons`` say what was not known, for an undecided one.
    ``line_hash`` is GitHub's primaryLocationLineHash; ``fingerprint`` is ours, and survives moved lines.
    ``stack`` names what it was evaluated as: the root module's folder, the template's file, "" for manifests.
    ``when`` says under which condition it holds, "" where always; the message ends with it. ``construct`` is the path
    of the CDK construct that made the resource. ``suppression`` is what accepts it. ``block`` is the source block that
    a CloudFormation resource comes from, where its address says more (a loop, a nested stack). ``also``: what other
    tools call it ("checkov CKV_AWS_20").
    """

    rule: Rule
    verdict: Literal["violated", "undecided"]
    message: str
    span: Span
    address: str
    instances: tuple[str, ...]
    resource_type: str
    format: Format
    path: str = ""
    trail: tuple[Step, ...] = ()
    reasons: tuple[str, ...] = ()
    source_lines: tuple[str, ...] = ()
    line_hash: str = ""
    fingerprint: str = ""
    stack: str = ""
    parent: str = ""
    when: str = ""
    construct: str = ""
    suppression: Suppression | None = None
    block: str = ""
    also: tuple[str, ...] = ()


Level: TypeAlias = Literal["error", "warning", "note"]


@record
class OtherRule:
    """A rule of another tool; ``help`` is the address of its documentation."""

    id: str
    title: str
    help: str = ""


@record
class OtherFinding:
    """What another tool says of one place, in its words. ``rule`` is its rule's id."""

    rule: str
    level: Level
    message: str
    span: Span
    address: str = ""


@record
class OtherRun:
    """What another tool found, sorted by place. It changes neither our findings nor our verdict.

    ``home`` is the tool's address. ``failure`` says why it could not finish, "" where it did. ``matched``: so many
    more of its findings are ours too, and stand there (``Finding.also``).
    """

    tool: str
    version: str
    home: str
    rules: tuple[OtherRule, ...]
    findings: tuple[OtherFinding, ...]
    failure: str = ""
    matched: int = 0


@record
class PassedOver:
    """A file that was not scanned, and why (``not infrastructure code``, ``ignored by .gitignore``)."""

    file: str
    reason: str


@record
class Counts:
    """Sizes of a scan. ``decided`` and ``undecided`` count pairs of a policy and a resource."""

    files: Mapping[Language, int] = field(default_factory=dict)
    resources: Mapping[Format, int] = field(default_factory=dict)
    stacks: int = 0
    policies: int = 0
    decided: int = 0
    undecided: int = 0


@record
class Checkout:
    """The git checkout that was scanned, read from its ``.git`` folder."""

    repository: str
    revision: str
    branch: str = ""


@record
class ScanResult:
    """All that a reporter sees. Findings and problems are in their final order; nothing here depends on time.

    ``base`` is the absolute path that all ``Span.file`` are relative to. ``rules`` are those of the findings, by id.
    ``findings`` holds violated and undecided ones; reporters show the undecided only where asked to. ``others`` are the
    runs of other tools that were asked for. ``suppressed``
    are those that the code itself accepts; they fail nothing.
    """

    version: str
    base: str
    findings: tuple[Finding, ...]
    problems: tuple[Problem, ...]
    rules: tuple[Rule, ...]
    counts: Counts
    passed_over: tuple[PassedOver, ...] = ()
    checkout: Checkout | None = None
    suppressed: tuple[Finding, ...] = ()
    others: tuple[OtherRun, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether every input was read in full and every policy could be run."""
        return all(p.notice for p in self.problems)
