"""From decisions to findings: what belongs to one source place becomes one finding, in one fixed order."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from iacguard.findings import Finding
from iacguard.frontends.contract import Workspace
from iacguard.late import regex
from iacguard.model import Path, Span
from iacguard.record import replace
from iacguard.source import SourceFile
from iacguard.triage.fingerprint import fingerprint, line_hashes
from iacguard.triage.masking import mask_known, mask_secret

if TYPE_CHECKING:
    from iacguard.policy import Decision

#: How many lines of a region a finding carries.
SOURCE_LINES = 8
#: A line longer than this is no line that a person wrote (minified JSON): the region's text stands for it.
LONG_LINE = 1_000

_INDEX = regex(r'\[(?:"(?:[^"\\]|\\.)*"|[^\]"]*)\]')
_MODULES = regex(r"^(?:module\.[^.]+\.)+")
_NUMBERS = regex(r"(\d+)")
_PLAIN_NAME = re.compile(r"[A-Za-z_][\w-]*\Z")


def locate(decision: Decision, reasons: bool = True) -> Finding:
    """A violated or undecided ``decision`` at its place, still without source lines and fingerprints.

    It holds nothing of the graph, so that a scan keeps no stack in memory once it is decided. ``reasons``: whether it
    says what was not known.
    """
    resource = decision.resource
    at = resource.locate(decision.path)
    elsewhere = bool(at.owner) and at.owner != resource.address
    address = at.owner if elsewhere else resource.address
    return Finding(
        rule=decision.rule,
        verdict="violated" if decision.verdict == "violated" else "undecided",
        message=decision.message,
        span=at.span,
        address=address,
        instances=(address,),
        resource_type=resource.type,
        format=resource.format,
        path=path_text(decision.path),
        trail=at.trail,
        reasons=tuple(decision.reasons) if reasons else (),
        stack=decision.stack,
        parent=resource.address if elsewhere else resource.parent,
        when=decision.when,
        construct=resource.construct,
        block=resource.block if resource.format != "terraform" and not elsewhere else "",
    )


def complete(located: Iterable[Finding], workspace: Workspace, reported: frozenset[str] | None) -> list[Finding]:
    """The ``located`` findings with source lines and fingerprints; each file is read once.

    ``reported``, if not None, are the files whose findings are kept. Source lines of secrets are masked.
    """
    kept = [f for f in located if reported is None or f.span.file in reported or f.stack in reported]
    lines: dict[str, set[int]] = {}
    for finding in kept:
        lines.setdefault(finding.span.file, set()).add(finding.span.line)
    files = {name: workspace.read(name) for name in lines}
    hashes = {name: _hashes(file, lines[name]) for name, file in files.items()}
    masked: _Lines = {}
    done: list[Finding] = []
    for finding in kept:
        span = finding.span
        file = files[span.file]
        shown = () if file is None else _source_lines(finding, file, masked)
        line_hash = hashes[span.file].get(span.line, "")
        own = _fingerprint(finding, shown)
        done.append(replace(finding, source_lines=shown, line_hash=line_hash, fingerprint=own))
    return done


def _hashes(file: SourceFile | None, lines: set[int]) -> Mapping[int, str]:
    return {} if file is None else line_hashes(("\ufeff" if file.bom else "") + file.text, lines)


def assemble(completed: Iterable[Finding]) -> tuple[Finding, ...]:
    """The ``completed`` findings merged and sorted by file, line, column, rule and address.

    Instances of one block (also across modules, callers and stacks) that are decided alike at one source place make
    one finding.
    """
    groups: dict[tuple[str, str, Span, str, str, bool], list[Finding]] = {}
    for item in completed:
        key = (item.rule.id, item.verdict, item.span, _block(item), item.when, item.suppression is None)
        groups.setdefault(key, []).append(item)
    found = [_merge(part) for group in groups.values() for part in _objects(group)]
    found.sort(key=_order)
    return tuple(_told_apart(found))


def _order(finding: Finding) -> tuple[object, ...]:
    """By place, rule and address. The rest is only for one order that does not depend on who found what first."""
    f, span = finding, finding.span
    return span.file, span.line, span.column, f.rule.id, f.address, f.verdict, span, f.when, f.stack, f.block


def _objects(group: list[Finding]) -> Iterable[list[Finding]]:
    """The findings of a group by the object that they stand in, which overlays may each call otherwise.

    Where no stack has two objects here, all are the same one. Else only what is called alike is taken for one.
    """
    if len(group) == 1:
        return (group,)
    names: dict[str, set[str]] = {}
    for item in group:
        names.setdefault(item.stack, set()).add(item.address)
    if group[0].format != "kubernetes" or group[0].block or all(len(found) == 1 for found in names.values()):
        return (group,)
    apart: dict[str, list[Finding]] = {}
    for item in group:
        apart.setdefault(item.address, []).append(item)
    return apart.values()


def _merge(group: list[Finding]) -> Finding:
    """One finding of those that share rule, verdict, place and block; the first in natural order speaks."""
    if len(group) == 1:
        return group[0]
    group.sort(key=lambda item: (item.stack, natural(item.address), item.path))
    return replace(group[0], instances=tuple(dict.fromkeys(_instances(group))))


def _instances(group: list[Finding]) -> Iterable[str]:
    """The addresses; an object that several kustomizations call alike has its kustomization's name after it."""
    if group[0].format != "kubernetes":
        return [item.address for item in group]
    stacks: dict[str, set[str]] = {}
    for item in group:
        stacks.setdefault(item.address, set()).add(item.stack)
    return [f"{i.address}@{i.stack}" if i.stack and len(stacks[i.address]) > 1 else i.address for i in group]


def _told_apart(findings: Iterable[Finding]) -> Iterator[Finding]:
    """``findings``, each with a fingerprint of its own.

    Equal lines in one block are told apart by their order, or a baseline would hide the second.
    """
    seen: dict[str, int] = {}
    for finding in findings:
        own = finding.fingerprint
        times = seen[own] = seen.get(own, 0) + 1
        yield finding if times == 1 else replace(finding, fingerprint=fingerprint(own, str(times)))


#: Lines that were masked, by file, number, whether for a secret and whether as a region's first: a minified plan is
#: one line of megabytes under a hundred findings.
_Lines = dict[tuple[str, int, bool, bool], str]


def _source_lines(finding: Finding, file: SourceFile, masked: _Lines) -> tuple[str, ...]:
    span = finding.span
    secret = finding.rule.category == "secrets"
    last = min(span.end_line, span.line + SOURCE_LINES - 1)
    if span.end_column == 1 and last == span.end_line and last > span.line:
        last -= 1  # the region ends before this line's first character
    found: list[str] = []
    for number in range(span.line, last + 1):
        key = (file.path, number, secret, secret and number == span.line)
        if key not in masked:
            line = file.line(number)
            masked[key] = mask_secret(line, first=number == span.line) if secret else mask_known(line)
        found.append(masked[key])
    return tuple(found)


def _fingerprint(finding: Finding, lines: tuple[str, ...]) -> str:
    """Over rule, file, block and the stripped source line: the same after lines were added above or below.

    Nothing of it depends on the number of instances or callers. An undecided finding has another one than the
    violation that it may become, or a baseline would hide that.
    """
    span = finding.span
    text = lines[0] if lines else ""
    if len(text) > LONG_LINE:
        text = text[span.column - 1 : span.end_column - 1 if span.end_line == span.line else None]
    parts = [finding.rule.id, span.file, _block(finding), text.strip()]
    return fingerprint(*parts) if finding.verdict == "violated" else fingerprint(*parts, finding.verdict)


def _block(finding: Finding) -> str:
    """The block in the source, the same for all its instances."""
    if finding.format == "cloudformation":
        return finding.block or finding.address.rpartition("/")[2]
    if finding.format == "kubernetes":
        # An object is known by what its file calls it: overlays name it anew. Of one that a finding on another object
        # points at, only its kind is the same in all overlays.
        return finding.block or (finding.address.partition("/")[0] if finding.stack else finding.address)
    return local_block(finding.address)


def local_block(address: str) -> str:
    """The block that an instance's address comes from, within its module: no indices, no module path."""
    return _MODULES.sub("", _INDEX.sub("", address), count=1)


def natural(text: str) -> tuple[tuple[int, str], ...]:
    """A sort key in which ``b[2]`` comes before ``b[10]``."""
    parts = _NUMBERS.split(text)
    return tuple((int(part[:18]), part) if index % 2 else (0, part) for index, part in enumerate(parts))


def path_text(path: Path) -> str:
    """A path as it is written in a policy: ``ingress_rules[0].cidr_blocks``, ``labels."app.kubernetes.io/name"``."""
    text = ""
    for key in path:
        if isinstance(key, int):
            text += f"[{key}]"
        else:
            name = key if _PLAIN_NAME.match(key) else '"' + key.replace("\\", "\\\\").replace('"', '\\"') + '"'
            text += f".{name}" if text else name
    return text
