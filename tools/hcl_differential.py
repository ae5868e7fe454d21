"""Compare our reading of Terraform files with python-hcl2's, on random files: structure, names, texts and literals.

    python tools/hcl_differential.py DIR... [--files N] [--seed S] [--seconds T]

python-hcl2 is another author's parser (Lark's, some 27 KB/s); a file that takes it more than T seconds is left out and
counted. Blocks, labels, arguments, object keys, lists, numbers, bools, nulls and strings are compared as values;
templates by the texts between their interpolations; other expressions by their text without white space, commas and
comments. Prints each disagreement and the counts; exit status 1 where there is one.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import signal
import sys
import unicodedata
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any

from iacguard.frontends.terraform.parse import parse
from iacguard.frontends.terraform.syntax import Body, Expr, Literal, ObjectExpr, Template, TupleExpr, Unary
from iacguard.source import SourceFile

_COMMENT = re.compile(r'("(?:[^"\\]|\\.)*")|#[^\n]*|//[^\n]*|/\*.*?\*/', re.DOTALL)


class TooSlowError(Exception):
    """python-hcl2 did not end in time."""


def ours(body: Body, data: bytes) -> dict[str, Any]:
    """A body in the common form: names to values, block types to lists of blocks in their labels."""
    found: dict[str, Any] = {a.name: _value(a.expr, data) for a in body.attributes}
    for block in body.blocks:
        inner: Any = ours(block.body, data)
        for label in reversed(block.labels):
            inner = {label: inner}
        found.setdefault(block.type, []).append(inner)
    return found


def _value(expr: Expr, data: bytes) -> Any:
    if isinstance(expr, Literal):
        return expr.value if expr.text_start < 0 else ("text", (_unindented(str(expr.value)),))
    if isinstance(expr, Unary) and expr.op == "-" and isinstance(expr.operand, Literal):
        assert isinstance(expr.operand.value, (int, float))
        return -expr.operand.value
    if isinstance(expr, TupleExpr):
        return [_value(item, data) for item in expr.items]
    if isinstance(expr, ObjectExpr):
        return {_key(key, data): _value(value, data) for key, value in expr.items}
    text = data[expr.start : expr.end].decode("utf-8")
    if isinstance(expr, Template):
        texts = _texts(expr)
        return ("text", tuple(map(_unindented, texts) if expr.heredoc else texts))
    return ("expression", _squeezed(text))


def _texts(template: Template) -> list[str]:
    """The texts before, between and after the interpolations, where all of them are plain."""
    texts = [""]
    for part in template.parts:
        if isinstance(part, str):
            texts[-1] += part
        elif type(part).__name__ in ("TemplateIf", "TemplateFor"):
            return ["<directives>"]
        else:
            texts.append("")
    return texts


def _key(key: Expr, data: bytes) -> str:
    if isinstance(key, Literal):
        return (
            str(key.value).lower() if isinstance(key.value, bool) else "null" if key.value is None else str(key.value)
        )
    text = data[key.start : key.end].decode("utf-8")
    return _squeezed(text.removeprefix('"').removesuffix('"') if isinstance(key, Template) else text)


def theirs(value: Any) -> Any:
    """The same of what python-hcl2 gives: its strings keep their quotes and escapes, its expressions are texts."""
    if isinstance(value, dict):
        return {_their_key(name): theirs(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [theirs(inner) for inner in value]
    if not isinstance(value, str):
        return value
    if value.startswith('"<<'):
        _, _, text = value[1:-1].partition("\n")
        text = "" if "\n" not in text else text.rpartition("\n")[0] + "\n"
        return ("text", tuple(_unindented(_unescaped(t)) for t in _split(text)))
    if value.startswith('"'):
        texts = tuple(_decoded(t) for t in _split(value[1:-1]))
        return texts[0] if len(texts) == 1 and texts[0] != "<directives>" else ("text", texts)
    if value.startswith("${"):
        inner = value[2:-1]
        return _number(inner) if re.fullmatch(r"-?[0-9.]+[eE][+-]?[0-9]+", inner) else ("expression", _squeezed(inner))
    return ("expression", value)  # a bare word


def _their_key(name: str) -> str:
    if name.startswith('"'):
        inner = name[1:-1]
        return _squeezed(inner) if "${" in inner.replace("$${", "") else _decoded(inner)
    return _squeezed(name[2:-1]) if name.startswith("${") else name


def _number(text: str) -> int | float:
    found = float(text)
    return int(found) if found.is_integer() else found


def _split(text: str) -> list[str]:
    """The texts around the interpolations of a template's source text."""
    texts = [""]
    at = 0
    while at < len(text):
        if text.startswith(("$${", "%%{"), at):
            texts[-1] += text[at : at + 3]
            at += 3
        elif text.startswith("%{", at) or text.startswith("${~", at):
            return ["<directives>"]
        elif text.startswith("${", at):
            at = _after(text, at + 2)
            if text[at - 2] == "~":
                return ["<directives>"]
            texts.append("")
        else:
            step = 2 if text[at] == "\\" else 1
            texts[-1] += text[at : at + step]
            at += step
    return texts


def _after(text: str, at: int) -> int:
    """The place after the brace that closes an interpolation."""
    depth = 1
    while depth:
        if text[at] == '"':
            at += 1
            while text[at] != '"':
                if text.startswith("${", at):
                    at = _after(text, at + 2)
                else:
                    at += 2 if text[at] == "\\" else 1
        else:
            depth += (text[at] == "{") - (text[at] == "}")
        at += 1
    return at


def _decoded(text: str) -> str:
    if text == "<directives>":
        return text
    text = re.sub(r"\\U([0-9A-Fa-f]{8})", lambda m: chr(int(m[1], 16)), text)
    return unicodedata.normalize("NFC", _unescaped(json.loads(f'"{text}"', strict=False)))


def _unescaped(text: str) -> str:
    return text.replace("$${", "${").replace("%%{", "%{")


def _unindented(text: str) -> str:
    """Indentation is compared by the tests of heredocs; python-hcl2 gives it as it is written."""
    return re.sub(r"(?m)^[ \t]+", "", unicodedata.normalize("NFC", text))


def _squeezed(text: str) -> str:
    # python-hcl2 writes heredocs inside of expressions in quotes, with their quotes escaped.
    text = re.sub(r"(?m)^\s*(?:#|//).*$", "", text)
    text = _COMMENT.sub(lambda m: m[1] or "", text)
    return re.sub(r"[\s,\"\\]+|:(?!:)|=(?![=>])", "", text)


def differences(mine: Any, other: Any, path: str = "") -> list[str]:
    """Where two readings differ."""
    if isinstance(mine, dict) and isinstance(other, dict):
        found = [f"{path}.{k}: only {'ours' if k in mine else 'theirs'}" for k in mine.keys() ^ other.keys()]
        return found + [d for k in mine if k in other for d in differences(mine[k], other[k], f"{path}.{k}")]
    if isinstance(mine, list) and isinstance(other, list) and len(mine) == len(other):
        pairs = zip(mine, other, strict=True)
        return [d for i, (a, b) in enumerate(pairs) for d in differences(a, b, f"{path}[{i}]")]
    if _text(mine) == _text(other) and type(mine) is not bool and type(other) is not bool:
        return []
    return [] if mine == other and type(mine) is type(other) else [f"{path}: ours {mine!r}, theirs {other!r}"]


def _text(value: Any) -> Any:
    """A text alone and as the only piece of a template are one."""
    return ("text", (_unindented(value),)) if isinstance(value, str) else value


def their_reading(text: str, seconds: int) -> Any:
    """What python-hcl2 makes of ``text``. Raises its own errors, and TooSlowError."""
    import hcl2
    from hcl2 import SerializationOptions

    def late(signum: int, frame: FrameType | None) -> None:
        raise TooSlowError

    signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        options = SerializationOptions(explicit_blocks=False, with_comments=False)
        return hcl2.loads(text, serialization_options=options)
    finally:
        signal.alarm(0)


def compare(path: Path, seconds: int) -> tuple[str, list[str]]:
    """How a file came out, and the differences."""
    data = path.read_bytes()
    file = SourceFile(path.name, data)
    doc, problems = parse(file)
    try:
        other = their_reading(file.text, seconds)
    except TooSlowError:
        return "python-hcl2 too slow", []
    except Exception as error:  # whatever Lark raises: the verdict is that it refuses
        if problems:
            return "refused by both", []
        return "refused by python-hcl2 only", [f"{type(error).__name__}: {str(error).splitlines()[0]}"]
    if problems or doc is None:
        return "refused by us only", [problems[0].message]
    found = differences(ours(doc.body, file.data), theirs(other))
    return ("differ", found) if found else ("agree", [])


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folders", nargs="+", type=Path)
    options.add_argument("--files", type=int, default=200)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--seconds", type=int, default=20)
    given = options.parse_args()
    files = sorted(f for folder in given.folders for f in folder.rglob("*.tf") if f.is_file() and f.stat().st_size)
    chosen = random.Random(given.seed).sample(files, min(given.files, len(files)))
    counts: Counter[str] = Counter()
    for path in chosen:
        outcome, found = compare(path, given.seconds)
        counts[outcome] += 1
        for line in found[:5]:
            print(f"{path}: {outcome}: {line[:400]}")
    outcomes = ", ".join(f"{count} {outcome}" for outcome, count in counts.most_common())
    print(f"seed {given.seed}: {len(chosen)} of {len(files)} files: {outcomes}")
    return 1 if counts["differ"] or counts["refused by us only"] else 0


if __name__ == "__main__":
    sys.exit(main())
