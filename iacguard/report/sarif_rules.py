"""SARIF's rules: what GitHub shows of a policy beside its alerts."""

from __future__ import annotations

from typing import Any, Final

from iacguard.findings import Rule, Severity
from iacguard.report.home import policy_page

#: GitHub's limits: characters of a description, tags it keeps.
MAX_DESCRIPTION: Final = 1_024
MAX_TAGS: Final = 10

LEVELS: Final[dict[Severity, str]] = {"critical": "error", "high": "error", "medium": "warning", "low": "note"}
#: Within GitHub's bands: over 9.0 critical, 7.0 to 8.9 high, 4.0 to 6.9 medium, 0.1 to 3.9 low.
_SCORES: Final[dict[Severity, str]] = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "2.0"}
_PROBLEM_SEVERITIES: Final[dict[Severity, str]] = {
    "critical": "error",
    "high": "error",
    "medium": "warning",
    "low": "recommendation",
}
_LANGUAGES: Final = {"terraform": "hcl", "cloudformation": "yaml", "kubernetes": "yaml"}
_NAMES: Final = {"terraform": "Terraform", "cloudformation": "CloudFormation", "kubernetes": "Kubernetes"}


def rule_of(rule: Rule) -> dict[str, Any]:
    """The ``reportingDescriptor`` of a policy."""
    return {
        "id": rule.id,
        "name": "".join(part.capitalize() for part in rule.id.split("-"))[:255],
        "shortDescription": {"text": clipped(sentence(rule.title))},
        "fullDescription": {"text": clipped(sentence(rule.why or rule.title))},
        "help": {"text": _help_text(rule), "markdown": _help_markdown(rule)},
        "helpUri": policy_page(rule.id),
        "defaultConfiguration": {"level": LEVELS[rule.severity]},
        "properties": {
            "security-severity": _SCORES[rule.severity],
            "problem.severity": _PROBLEM_SEVERITIES[rule.severity],
            "precision": "high",
            "tags": _tags(rule),
            "severity": rule.severity,
            "category": rule.category,
            "aliases": list(rule.aliases),
            "frameworks": {name: list(controls) for name, controls in sorted(rule.frameworks.items())},
        },
    }


def sentence(text: str) -> str:
    """``text`` on one line and with a full stop, as SARIF wants its messages."""
    text = " ".join(text.split())
    return text if text.endswith((".", "!", "?")) else text + "."


def clipped(text: str) -> str:
    return text if len(text) <= MAX_DESCRIPTION else text[: MAX_DESCRIPTION - 3].rstrip() + "..."


def _tags(rule: Rule) -> list[str]:
    """``security``, the category, the provider, and CWE numbers in the form that GitHub links."""
    provider = rule.id.partition("-")[0]
    weaknesses = [
        f"external/cwe/cwe-{number:0>3}"
        for name, numbers in sorted(rule.frameworks.items())
        if name == "cwe"
        for number in (n.lower().removeprefix("cwe-") for n in numbers)
    ]
    return list(dict.fromkeys(["security", rule.category, provider, *weaknesses]))[:MAX_TAGS]


def _help_text(rule: Rule) -> str:
    parts = [sentence(rule.title), " ".join(rule.why.split()), "Fix: " + " ".join(rule.fix.text.split())]
    if rule.references:
        parts.append("References: " + ", ".join(rule.references))
    return "\n\n".join(part for part in parts if part)


def _help_markdown(rule: Rule) -> str:
    lines = [f"# {rule.title}", "", rule.why.strip(), "", "## How to fix", "", rule.fix.text.strip(), ""]
    for name, text in rule.fix.snippets.items():
        lines += [f"**{_NAMES[name]}**", "", f"```{_LANGUAGES[name]}", text.strip("\n"), "```", ""]
    if rule.references:
        lines += ["## References", "", *(f"- <{url}>" for url in rule.references), ""]
    if rule.aliases:
        lines += [f"Decides the same as: {', '.join(rule.aliases)}.", ""]
    return "\n".join(lines)
