"""Make docs/policies/: an index by provider, category and framework, and a page for every built-in policy."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from iacguard.findings import SEVERITIES, Rule
from iacguard.policy.compile import Policy
from iacguard.policy.coverage import coverage, read_catalogue, read_reasons, table
from iacguard.policy.testing import Example, read_policies

ROOT = Path(__file__).resolve().parent.parent
FOLDER = "docs/policies"
_LANGUAGES = {"terraform": "hcl", "cloudformation": "yaml", "kubernetes": "yaml"}
_NAMES = {"terraform": "Terraform", "cloudformation": "CloudFormation", "kubernetes": "Kubernetes"}
_PROVIDERS = {
    "aws": "AWS",
    "azure": "Azure",
    "google": "Google Cloud",
    "kubernetes": "Kubernetes",
    "terraform": "Terraform",
}
_MADE = "<!-- Made by `make docs` from policies/: edit those. -->\n"


def pages() -> dict[str, str]:
    """Every page by its path in the repository."""
    found = read_policies(())
    made = {f"{FOLDER}/{policy.rule.id}.md": _page(policy, examples) for policy, examples in found}
    rules = sorted((policy.rule for policy, _ in found), key=lambda rule: rule.id)
    made[f"{FOLDER}/README.md"] = _index(rules)
    made["docs/coverage.md"] = _coverage(rules)
    return made


def _page(policy: Policy, examples: Sequence[Example]) -> str:
    rule = policy.rule
    facts = [
        f"- severity: **{rule.severity}** (see [the rubric](../severity.md))",
        f"- category: {rule.category}",
        f"- decides: {', '.join(f'`{kind}`' for kind in rule.resources)}",
    ]
    if rule.aliases:
        facts.append(f"- decides the same as: {', '.join(rule.aliases)}")
    facts += [f"- {name}: {', '.join(controls)}" for name, controls in sorted(rule.frameworks.items())]
    parts = [_MADE, f"# {rule.title}\n", f"`{rule.id}`\n", "\n".join(facts) + "\n", "## Why\n", f"{rule.why.strip()}\n"]
    parts += ["## How to fix\n", f"{rule.fix.text}\n"]
    for name, snippet in rule.fix.snippets.items():
        parts += [f"{_NAMES[name]}:\n", _code(snippet, _LANGUAGES[name])]
    parts += ["## Condition\n", _code(_condition(policy), "yaml")]
    if rule.references:
        parts += ["## References\n", "".join(f"- <{url}>\n" for url in rule.references)]
    if examples:
        parts.append("## Examples\n")
        parts += [part for example in examples for part in _example(example)]
    return "\n".join(parts)


def _condition(policy: Policy) -> str:
    written = {"where": policy.where, "each": policy.each, "deny": policy.deny, "at": policy.at}
    return "".join(f"{name}: {part.text}\n" for name, part in written.items() if part is not None)


def _example(example: Example) -> Iterable[str]:
    said = {"violated": "violates", "satisfied": "satisfies", "undecided": "cannot be decided for"}
    verdicts = [f"{said[v]} {', '.join(f'`{a}`' for a in names)}" for v, names in example.expected.items() if names]
    name = example.name[:1].upper() + example.name[1:]
    yield f"{name}: {'; '.join(verdicts)}.\n"
    for path, text in example.files.items():
        if len(example.files) > 1:
            yield f"`{path}`:\n"
        yield _code(text, _LANGUAGES[example.format])


def _code(text: str, language: str) -> str:
    fence = "````" if "```" in text else "```"
    return f"{fence}{language}\n{text.strip(chr(10))}\n{fence}\n"


def _index(rules: Sequence[Rule]) -> str:
    parts = [_MADE, "# Policies\n", f"{len(rules)} policies. `iacguard explain ID` prints a page in the terminal.\n"]
    for provider, name in _PROVIDERS.items():
        mine = [rule for rule in rules if rule.id.startswith(f"{provider}-")]
        parts.append(f"## {name}\n")
        services = sorted({rule.source.split("/")[1] for rule in mine})
        for service in services:
            parts += [f"### {name} {service}\n", _table(r for r in mine if r.source.split("/")[1] == service)]
    parts.append("## By category\n")
    parts += [
        f"### {category}\n\n{_list(r for r in rules if r.category == category)}"
        for category in sorted({rule.category for rule in rules})
    ]
    parts.append("## By framework\n")
    for framework in sorted({name for rule in rules for name in rule.frameworks}):
        parts += [f"### {framework}\n", "| Control | Policies |\n|---|---|", _controls(rules, framework)]
    return "\n".join(parts)


def _table(rules: Iterable[Rule]) -> str:
    ordered = sorted(rules, key=lambda rule: (SEVERITIES.index(rule.severity), rule.id))
    rows = [f"| [{r.id}]({r.id}.md) | {r.severity} | {r.category} | {r.title} |" for r in ordered]
    return "| Policy | Severity | Category | What is wrong |\n|---|---|---|---|\n" + "\n".join(rows) + "\n"


def _list(rules: Iterable[Rule]) -> str:
    return ", ".join(f"[{rule.id}]({rule.id}.md)" for rule in rules) + "\n"


def _controls(rules: Sequence[Rule], framework: str) -> str:
    controls = sorted({c for rule in rules for c in rule.frameworks.get(framework, ())}, key=_natural)
    rows = []
    for control in controls:
        mine = (r for r in rules if control in r.frameworks.get(framework, ()))
        rows.append(f"| {control} | {', '.join(f'[{r.id}]({r.id}.md)' for r in mine)} |")
    return "\n".join(rows) + "\n"


def _natural(text: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (0, part) for part in text.replace("-", ".").split(".")]


def _coverage(rules: Sequence[Rule]) -> str:
    catalogue = read_catalogue((ROOT / "docs/peer-rules.csv").read_text("utf-8"), "docs/peer-rules.csv")
    reasons = read_reasons((ROOT / "docs/coverage.yaml").read_text("utf-8"), "docs/coverage.yaml")
    groups = coverage(rules, catalogue, reasons)
    answered = {alias for rule in rules for alias in rule.aliases}
    by_reason: dict[str, list[str]] = {}
    for peer in catalogue:
        if peer.rule in reasons and peer.rule not in answered:
            by_reason.setdefault(reasons[peer.rule], []).append(peer.rule)
    rows = [f"- {reason}: {', '.join(sorted(set(names)))}" for reason, names in sorted(by_reason.items())]
    head = """# Coverage

Rules of Checkov, Trivy, cfn-nag and kube-linter about AWS, Azure, Google Cloud and Kubernetes, in our categories, and
how many of them a policy answers: it decides the same thing, and names the rule in its `aliases`. Printed by

    iacguard policy coverage --against docs/peer-rules.csv --reasons docs/coverage.yaml
"""
    return "\n".join([_MADE, head, table(groups), "## Left out, and why\n", *(rows or ["Nothing."]), ""])
