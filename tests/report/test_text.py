from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iacguard.model import Span
from iacguard.report.snippet import snippet
from iacguard.report.text import cut, printable, width, wrap

ANYTHING = st.text(max_size=200)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("\x1b[31m", "\\x1b[31m"),
        ("a\nb\tc\rd", "a\\nb\\tc\\rd"),
        ("\u202eevil\u2066", "\\u202eevil\\u2066"),
        ("\x9b31m", "\\x9b31m"),
        ("\u200b\ufeff\u2028", "\\u200b\\ufeff\\u2028"),
        ("\udcff", "\\udcff"),
        ("\U000e0041", "\\U000e0041"),
        ("漢字 ü 😀", "漢字 ü 😀"),
    ],
)
def test_printable(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_width_counts_columns() -> None:
    assert width("abc") == 3
    assert width("漢字") == 4
    assert width("e\u0301") == 1


@given(ANYTHING, st.integers(0, 60))
def test_cut_never_takes_more_columns(text: str, columns: int) -> None:
    shown = cut(printable(text), columns)
    assert width(shown) <= columns
    if width(printable(text)) <= columns:
        assert shown == printable(text)


@given(ANYTHING, st.integers(20, 60))
def test_wrapping_keeps_the_words_and_the_width(text: str, columns: int) -> None:
    lines = wrap(printable(text), columns)
    assert all(width(line) <= columns for line in lines)
    assert "".join("".join(lines).split()) == "".join(printable(text).split())


def at(line: str, start: int, end: int, columns: int = 100) -> tuple[str, str]:
    """The line as shown and what of it is underlined."""
    shown = snippet(Span("f", 3, start, 3, end), line, columns)
    assert width(shown.line) <= max(columns, 24)
    # Column by column: what stands above the underline.
    above = []
    column = 0
    for character in shown.line:
        if shown.start <= column < shown.start + shown.length:
            above.append(character)
        column += width(character)
    return shown.line, "".join(above)


def test_the_underline_is_under_the_region() -> None:
    assert at('  acl = "x"', 9, 12) == ('  acl = "x"', '"x"')
    assert at('\tacl\t= "x"', 8, 11) == ('    acl    = "x"', '"x"')
    assert at("漢字: 値です", 5, 8) == ("漢字: 値です", "値です")
    assert at("a\x1b[31m: b", 9, 10) == ("a\\x1b[31m: b", "b")


def test_a_region_without_text_still_has_one_column() -> None:
    assert at("abc", 9, 9) == ("abc", "c")
    assert at("", 1, 2)[0] == ""


def test_a_region_of_several_lines_is_underlined_to_the_first_lines_end() -> None:
    shown = snippet(Span("f", 3, 3, 9, 2), "  policy = <<EOF   ", 100)
    assert (shown.line, shown.start, shown.length) == ("  policy = <<EOF", 2, 14)


def test_a_long_line_is_cut_around_the_region() -> None:
    line = "x" * 500 + "HERE" + "y" * 500
    shown, above = at(line, 501, 505, 60)
    assert above == "HERE"
    assert shown.startswith("...x")
    assert shown.endswith("y...")
    start, above = at("HERE" + "y" * 500, 1, 5, 60)
    assert (start[:5], start[-4:], above) == ("HEREy", "y...", "HERE")
    end, above = at("x" * 500 + "HERE", 501, 505, 60)
    assert (end[:4], end[-5:], above) == ("...x", "xHERE", "HERE")


@given(ANYTHING, st.integers(1, 250), st.integers(0, 50), st.integers(10, 120))
def test_no_line_is_wider_than_asked_or_unprintable(text: str, column: int, length: int, columns: int) -> None:
    line = text.replace("\n", "")
    shown = snippet(Span("f", 1, column, 1, column + length), line, columns)
    assert shown.line.isprintable()
    assert width(shown.line) <= max(columns, 24)
    assert shown.length >= 1
