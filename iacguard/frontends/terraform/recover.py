"""A file with syntax errors: keep every top-level block that is whole, and say what is wrong with each other one.

The broken items are blanked out, byte for byte, and the rest is read as if they were not there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from iacguard.frontends.terraform.bodies import is_torn
from iacguard.frontends.terraform.cutting import Cutter, Item
from iacguard.frontends.terraform.grammar import ReadError, first_error, syntax_tree, without_exponents
from iacguard.frontends.terraform.opinion import Verdict, ask
from iacguard.frontends.terraform.refusals import Refusals
from iacguard.late import regex
from iacguard.source import SourceFile

if TYPE_CHECKING:
    from tree_sitter import Node as Tree

_NOT_NEWLINE = regex(rb"[^\n]")
_LAST_TOKEN = regex(rb"([=?:,+*/%<>&|!\-]+|\"|[\w-]+|[)\]}({\[])[ \t]*$")
_TOKEN = regex(rb'[A-Za-z_][\w-]*|[0-9.]+|"|==|!=|<=|>=|&&|\|\||=>|\S|\n')
#: How many verdicts one file may cost; each takes up to two seconds.
_MAX_OPINIONS = 2


def recover(file: SourceFile, root: Tree, refusals: Refusals) -> Tree:
    """The tree of what is whole in ``file``, whose tree ``root`` is broken; it has no error nodes and is not torn."""
    data = without_exponents(file.data)
    kept = bytearray(data)
    opinions = _MAX_OPINIONS
    for item in Cutter(data, file).run():
        text = data[item.start : item.end]
        fault = item.fault
        if fault is None or fault.kind != "too-large":
            tree = root if text == data else syntax_tree(text)
            torn = not tree.has_error and is_torn(tree, text)
            if not tree.has_error and not torn:
                continue
            if fault is None and torn:
                fault = _bare_value(item, tree)
            elif fault is None:
                source = file.data[item.start : item.end].decode("utf-8", errors="replace")
                verdict = ask(source) if opinions else Verdict(None)
                # One that ran out of time has used up the time of the others too.
                opinions = 0 if verdict.accepted is None else opinions - 1
                fault = _explain(data, item, tree, verdict)
        refusals.add(fault, item.start, item.end)
        kept[item.start : item.end] = _NOT_NEWLINE.sub(b" ", text)
    root = syntax_tree(bytes(kept))
    if not root.has_error and not is_torn(root, data):
        return root
    at = first_error(root).start_byte
    refusals.add(ReadError(at, at + 1, "the file cannot be read from here"), 0, len(data))
    return syntax_tree(b"")


def _bare_value(item: Item, tree: Tree) -> ReadError:
    at = item.start + next(c.start_byte for c in tree.children if c.type != "comment")
    return ReadError(at, at + 1, "a file holds blocks and arguments, not a bare value", "give it a name")


def _explain(data: bytes, item: Item, root: Tree, verdict: Verdict) -> ReadError:
    error = first_error(root)
    if verdict.accepted is False and verdict.line > 0:
        start = _offset(data, item, verdict)
    else:
        start = item.start + error.start_byte
    if not data[start : item.end].strip():
        # Past the end of what is written: point at that end, on its own line.
        start = item.start + len(data[item.start : item.end].rstrip())
    match = _TOKEN.match(data, start)
    end = match.end() if match else start + 1
    if verdict.accepted:
        return ReadError(
            start, end, "this may be valid, but is written in a way that iacguard cannot read", "please report it"
        )
    if verdict.accepted is None and error.is_missing:
        return ReadError(start, end, f"expected `{error.type}` here", "")
    message, hint = _describe(data, item.start, start, match.group() if match else b"")
    return ReadError(start, end, message, hint)


def _offset(data: bytes, item: Item, verdict: Verdict) -> int:
    """The byte offset of a verdict's place. Newline tokens of the grammar carry the white space before them."""
    start = item.start
    for _ in range(verdict.line - 1):
        start = data.find(b"\n", start, item.end) + 1 or item.end
    line_end = data.find(b"\n", start, item.end)
    line = data[start : line_end if line_end >= 0 else item.end].decode("utf-8", errors="replace")
    offset = start + len(line[: verdict.column - 1].encode())
    return min(offset, item.end)


def _describe(data: bytes, item_start: int, at: int, token: bytes) -> tuple[str, str]:
    """A message and a hint for an unexpected ``token`` at ``at``, by what stands before it."""
    line_start = max(data.rfind(b"\n", 0, at) + 1, item_start)
    before = _LAST_TOKEN.search(data[line_start:at].rstrip(b" \t\r"))
    last = before.group(1).decode(errors="replace") if before else ""
    shown = token.decode(errors="replace")
    if not shown.isprintable() and token not in (b"\n", b"\r"):
        shown = f"U+{ord(shown[0]):04X}"
    if data[at : at + 7] in (b"<<<<<<<", b"=======", b">>>>>>>"):
        return "a merge conflict stands in the file", "resolve it"
    if token == b"'":
        return "strings are written in double quotes", "write \"...\" in place of '...'"
    if token == b";":
        return "Terraform does not use `;`", "write one item a line"
    if last and last[-1] in "=?:+*/%<>&|!-" and (token in (b"\n", b"", b"}", b")", b"]", b"\r")):
        return f"expected a value after `{last}`", "add the value, or remove the line"
    if token in (b"\n", b"", b"\r"):
        return "the line ends too early", "a block needs `{` on this line, and an argument `=` and a value"
    if last:
        return (
            f"unexpected `{shown}` after `{last}`",
            "check for a missing comma, quote, operator or new line before it",
        )
    return f"unexpected `{shown}`", "check the end of the line before it"
