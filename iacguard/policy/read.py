"""Policy files to policies: found, read, checked against the schema. Errors have a file, a line and a way out.

A scan needs no examples, so their text is cut out before the YAML is parsed; expressions of the built-in policies are
compiled when a resource of their kind is met, those of the user's at once, so that an error shows before the scan.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from iacguard.findings import SEVERITIES, Fix, Problem, Rule
from iacguard.late import regex
from iacguard.model import Span
from iacguard.policy.compile import NOWHERE, Condition, MessageText, Policy
from iacguard.policy.errors import ExpressionError
from iacguard.policy.fields import Reader
from iacguard.policy.groups import expand
from iacguard.policy.language import compile_expression
from iacguard.policy.message import compile_message
from iacguard.policy.schema import CATEGORIES, FORMATS, POLICY, POLICY_KEYS

_ID = regex(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_EXAMPLES = regex(r"^examples[ \t]*:.*\n?(?:(?:[ \t\r#-].*|)\n)*(?:[ \t\r#-].*)?", re.M)
_MAX_BYTES = 1_000_000


def policy_files(folder: Path) -> list[Path]:
    """The policy files of a folder, at any depth, in a fixed order; hidden ones left out."""
    found: list[Path] = []
    for parent, folders, files in os.walk(folder):
        folders[:] = [f for f in folders if not f.startswith(".")]
        found += [Path(parent, f) for f in files if f.endswith((".yaml", ".yml")) and not f.startswith(".")]
    return sorted(found)


def read_folder(folder: Path, shown: str, compiled: bool, problems: list[Problem]) -> Iterator[Policy]:
    """The policies of a folder; what is wrong with them is added to ``problems``. ``compiled``: see :func:`build`."""
    for path in policy_files(folder):
        relative = path.relative_to(folder).as_posix()
        policy = load_file(path, relative, f"{shown}/{relative}", compiled, problems)
        if policy is not None:
            yield policy


def policy_id(relative: str) -> str:
    """The id of the policy at a path relative to its policy folder: ``aws/s3/public-acl.yaml``, aws-s3-public-acl."""
    return re.sub(r"\.ya?ml$", "", relative).replace("/", "-")


def load_file(path: Path, relative: str, shown: str, compiled: bool, problems: list[Problem]) -> Policy | None:
    """One policy file; None where something is wrong, which is added to ``problems``."""
    text = read_text(path, shown, problems)
    if text is None:
        return None
    # Lines stay where they are, so that places are right.
    slim = _EXAMPLES.sub(lambda m: "\n" * m[0].count("\n"), text)
    reader = Reader(shown, slim)
    policy = build(reader, relative, compiled)
    problems.extend(reader.problems)
    return policy


def read_text(path: Path, shown: str, problems: list[Problem]) -> str | None:
    """A file's text; None, with a problem, where it cannot be read or is too large."""
    span = Span(shown, 1, 1, 1, 2)
    try:
        data = path.read_bytes()
        if len(data) <= _MAX_BYTES:
            return data.decode("utf-8").removeprefix("\ufeff").replace("\r\n", "\n")
        what = f"larger than {_MAX_BYTES:,} bytes"
    except OSError as error:
        what = f"cannot be read: {error.strerror}"
    except UnicodeDecodeError:
        what = "not UTF-8"
    problems.append(Problem("policy", span, f"the policy file is {what}" if "cannot" not in what else what))
    return None


def build(reader: Reader, relative: str, compiled: bool) -> Policy | None:
    """The policy in ``reader``'s text; None where something is wrong. ``compiled``: check all expressions now."""
    root = reader.compose()
    if root is None:
        return None
    fields = reader.fields(root, POLICY_KEYS, "a policy")
    for key in POLICY:
        if key.required and key.name not in fields:
            reader.wrong(root, f"the policy has no {key.name!r}", f"add a line `{key.name}: ...`")
    identity = policy_id(relative)
    if not _ID.fullmatch(identity):
        hint = "use lower case letters, digits and hyphens in the names of folders and files"
        reader.wrong(root, f"{identity!r} cannot be a policy's id", hint)
    rule = _rule(reader, fields, identity, relative)
    conditions = {k: _condition(reader, fields[k], k, compiled) for k in ("where", "each", "deny", "at") if k in fields}
    message = _message(reader, fields.get("message"), compiled)
    if reader.problems:
        return None
    parts = (conditions.get("where"), conditions.get("each"), conditions.get("at"))
    return Policy(rule, expand(rule.resources), conditions["deny"], message, *parts, reader.file)


def _rule(reader: Reader, fields: Mapping[str, Any], identity: str, relative: str) -> Rule:
    def text(key: str) -> str:
        return reader.text_of(fields[key], key) if key in fields else ""

    def texts(key: str) -> tuple[str, ...]:
        return reader.texts_of(fields[key], key) if key in fields else ()

    severity: Any = _choice(reader, fields, "severity", SEVERITIES)
    category: Any = _choice(reader, fields, "category", CATEGORIES)
    return Rule(
        id=identity,
        title=" ".join(text("title").split()),
        severity=severity,
        category=category,
        resources=texts("resource"),
        why=text("why"),
        fix=_fix(reader, fields["fix"]) if "fix" in fields else Fix(""),
        references=texts("references"),
        aliases=texts("aliases"),
        frameworks=_frameworks(reader, fields["frameworks"]) if "frameworks" in fields else {},
        source=relative,
    )


def _choice(reader: Reader, fields: Mapping[str, Any], key: str, allowed: tuple[str, ...]) -> str:
    if key not in fields:
        return allowed[0]
    text = reader.text_of(fields[key], key)
    if text and text not in allowed:
        reader.wrong(fields[key], f"{text!r} is no {key}", f"it is one of: {', '.join(allowed)}")
    return text


def _fix(reader: Reader, node: Any) -> Fix:
    if node.id == "scalar":
        return Fix(reader.text_of(node, "fix"))
    found = reader.fields(node, ("text", *FORMATS), "fix")
    if node.id == "mapping" and "text" not in found:
        reader.wrong(node, "fix has no 'text'", "say in a sentence what to change")
    text = reader.text_of(found["text"], "fix.text") if "text" in found else ""
    snippets = {name: _block(reader, found[name], f"fix.{name}") for name in FORMATS if name in found}
    return Fix(text, snippets)


def _block(reader: Reader, node: Any, what: str) -> str:
    text = reader.text_of(node, what)
    return str(node.value).strip("\n") + "\n" if text else ""


def _frameworks(reader: Reader, node: Any) -> dict[str, tuple[str, ...]]:
    return {k.value: reader.texts_of(v, f"frameworks.{k.value}") for k, v in reader.pairs(node, "frameworks")}


def _condition(reader: Reader, node: Any, key: str, compiled: bool) -> Condition:
    text = reader.text_of(node, key)
    if compiled and text:
        _check(reader, node, key, compile_expression, text)
    return Condition(text, reader.span(node))


def _message(reader: Reader, node: Any, compiled: bool) -> MessageText:
    if node is None:
        return MessageText("", NOWHERE)
    text = " ".join(reader.text_of(node, "message").split())
    if compiled and text:
        _check(reader, node, "message", compile_message, text)
    return MessageText(text, reader.span(node))


def _check(reader: Reader, node: Any, key: str, compiling: Callable[[str], object], text: str) -> None:
    try:
        compiling(text)
    except ExpressionError as error:
        lead = len(node.value) - len(node.value.lstrip())
        at = reader.position(node, lead + error.offset)
        reader.problems.append(Problem("policy", at, f"{key}: {error}", error.hint))
