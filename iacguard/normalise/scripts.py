"""The lines of start-up scripts, each with its place: a secret in a script of fifty lines is one line of it."""

from __future__ import annotations

from iacguard.model import Key, Place, Span, Step, Unknown, Value
from iacguard.normalise.draft import Draft
from iacguard.record import record

_SCRIPT = "user_data"
SCRIPTED = frozenset(("aws_instance", "aws_launch_template", "aws_launch_configuration", "aws_spot_instance_request"))
_MAX_LINES = 2000


def add_lines(draft: Draft) -> None:
    """Give a machine with a start-up script of several lines ``user_data_lines``."""
    if draft.type not in SCRIPTED:
        return
    script = _plain(draft.attributes.get(_SCRIPT))
    parts = script.parts if isinstance(script, Unknown) else (script,)
    if not any(isinstance(part, str) and "\n" in part for part in parts):
        return
    lines = _lines(parts)[:_MAX_LINES]
    draft.set(f"{_SCRIPT}_lines", lines, LinesPlace(draft.place, draft.where((_SCRIPT,)), lines))


def _plain(script: Value) -> Value:
    """The script that a text encodes in Base64, as launch templates want it; any other text as it is."""
    if isinstance(script, Unknown):
        return script if script.encodes is None else script.encodes
    if not isinstance(script, str) or "\n" in script:
        return script
    from base64 import b64decode

    try:
        return b64decode(script, validate=True).decode()
    except ValueError:
        return script


def _lines(parts: tuple[Value, ...]) -> list[Value]:
    """A text's lines; those with a part that is not known keep what is known of them."""
    lines: list[list[str | Unknown]] = [[]]
    for part in parts:
        if isinstance(part, Unknown):
            lines[-1].append(part)
        elif isinstance(part, str):
            first, *more = part.split("\n")
            lines[-1].append(first)
            lines += [[text] for text in more]
    return [_joined(line) for line in lines]


def _joined(line: list[str | Unknown]) -> Value:
    if len(line) == 1 and isinstance(line[0], str):  # as nearly every line is
        return line[0]
    parts = [part for part in line if isinstance(part, Unknown) or part]
    unknown = next((part for part in parts if isinstance(part, Unknown)), None)
    if unknown is None:
        return "".join(part for part in parts if isinstance(part, str))
    return Unknown(unknown.reason, unknown.kind, unknown.span, parts=tuple(parts), secret=unknown.secret)


@record
class LinesPlace:
    """The place of all lines of a ``text``, which stands in ``block``: each is made when it is asked for."""

    block: Place
    text: Place
    lines: list[Value]

    @property
    def span(self) -> Span:
        return self.block.span

    def child(self, key: Key) -> Place | None:
        if not isinstance(key, int) or not 0 <= key < len(self.lines):
            return None
        line = self.lines[key]
        return LinePlace(self.text, key, len(line) if isinstance(line, str) else 1)

    def trail(self) -> tuple[Step, ...]:
        return self.block.trail()

    def text_start(self) -> tuple[int, int] | None:
        return None


@record
class LinePlace:
    """The place of one line of a text that is written in lines; of any other text, that of the text."""

    text: Place
    number: int
    length: int

    @property
    def span(self) -> Span:
        start = self.text.text_start()
        if start is None:
            return self.text.span
        line, column = start[0] + self.number, start[1]
        return Span(self.text.span.file, line, column, line, column + max(1, self.length))

    def child(self, key: Key) -> Place | None:
        return None

    def trail(self) -> tuple[Step, ...]:
        return self.text.trail()

    def text_start(self) -> tuple[int, int] | None:
        return None
