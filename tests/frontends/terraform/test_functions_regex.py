"""RE2's meaning, construct by construct; checked once against Terraform 1.11."""

from __future__ import annotations

import pytest

from iacguard.frontends.terraform.functions.regex_machine import Machine
from iacguard.frontends.terraform.functions.regex_syntax import Parser
from iacguard.model import Value
from tests.frontends.terraform.calling import FAILS, as_json, result

#: A pattern, a text, and all matches.
CASES: list[tuple[str, str, Value]] = [
    ("a*?b", "aab abc ABC xxx", ["aab", "ab"]),
    ("(a+?)(b*)", "aab abc ABC xxx", [["a", ""], ["a", "b"], ["a", "b"]]),
    ("^a|b$", "aab abc ABC xxx", ["a"]),
    ("(?i)straße", "STRASSE straße K", ["straße"]),
    ("(?i)[^a]b", "user@ex-ample.com = 1\n b=2\n", [" b"]),
    ("[[:^digit:]]+", "aab abc ABC xxx", ["aab abc ABC xxx"]),
    ("[\\w.-]+@[\\w-]+", "user@ex-ample.com = 1\n b=2\n", ["user@ex-ample"]),
    ("(?m)^\\s*(\\w+)\\s*=", "user@ex-ample.com = 1\n b=2\n", [["b"]]),
    ("\\x41\\x{1F600}?", "aab abc ABC xxx", ["A"]),
    ("\\101", "aab abc ABC xxx", ["A"]),
    ("(?:a|ab)(?:c|bcd)", "aab abc ABC xxx", ["abc"]),
    ("(a?)*", "10.0.0.1/8", [[""], [""], [""], [""], [""], [""], [""], [""], [""], [""], [""]]),
    ("(a*)+b", "aab abc ABC xxx", [["aa"], ["a"]]),
    ("x{2,3}?", "aab abc ABC xxx", ["xx"]),
    ("x{0}", "10.0.0.1/8", ["", "", "", "", "", "", "", "", "", "", ""]),
    ("(?-i:a)B", "aab abc ABC xxx", []),
    ("(?i:a(?-i)b)c", "aab abc ABC xxx", ["abc"]),
    ("(?s).*", "aab abc ABC xxx", ["aab abc ABC xxx"]),
    ("\\d{1,3}(\\.\\d{1,3}){3}", "10.0.0.1/8", [[".1"]]),
    ("[\\]\\-a]+", "aab abc ABC xxx", ["aa", "a"]),
    ("[-a]+", "aab abc ABC xxx", ["aa", "a"]),
    ("[a-]+", "aab abc ABC xxx", ["aa", "a"]),
    ("[^]a]+", "aab abc ABC xxx", ["b ", "bc ABC xxx"]),
    ("\\pN+", "user@ex-ample.com = 1\n b=2\n", ["1", "2"]),
    ("\\p{Lu}\\p{Ll}*", "aab abc ABC xxx", ["A", "B", "C"]),
    ("\\PL+", "aab abc ABC xxx", [" ", " ", " "]),
    ("[\\pL_]+", "aab abc ABC xxx", ["aab", "abc", "ABC", "xxx"]),
    ("\\p{Greek}+", "é Ωμέγα Ab", ["Ωμέγα"]),
    ("(\\b|a)", "aab abc ABC xxx", [[""], ["a"], [""], [""], [""], [""], [""], [""], [""]]),
    ("a|b|", "10.0.0.1/8", ["", "", "", "", "", "", "", "", "", "", ""]),
    ("()|a", "10.0.0.1/8", [[""], [""], [""], [""], [""], [""], [""], [""], [""], [""], [""]]),
    ("(|a)+", "10.0.0.1/8", [[""], [""], [""], [""], [""], [""], [""], [""], [""], [""], [""]]),
    ("(a|)+", "10.0.0.1/8", [[""], [""], [""], [""], [""], [""], [""], [""], [""], [""], [""]]),
    ("\\$\\{", "${x}", ["${"]),
    ("\\.", "user@ex-ample.com = 1\n b=2\n", ["."]),
    ("a\\z", "aab abc ABC xxx", []),
    ("\\Aa", "aab abc ABC xxx", ["a"]),
    ("$", "aab abc ABC xxx", [""]),
    ("^", "aab abc ABC xxx", [""]),
    (
        "(?P<n>.)(?P<m>.)",
        "aab abc ABC xxx",
        [
            {"n": "a", "m": "a"},
            {"n": "b", "m": " "},
            {"n": "a", "m": "b"},
            {"n": "c", "m": " "},
            {"n": "A", "m": "B"},
            {"n": "C", "m": " "},
            {"n": "x", "m": "x"},
        ],
    ),
    ("(.)(?P<m>.)", "aab abc ABC xxx", FAILS),
    ("\\v", "aab abc ABC xxx", []),
    ("\\07", "aab abc ABC xxx", []),
    ("[\\x00-\\x1f]", "user@ex-ample.com = 1\n b=2\n", ["\n", "\n"]),
    ("\\E", "aab abc ABC xxx", FAILS),
    ("\\Q[a]", "aab abc ABC xxx", []),
    ("{1}", "aab abc ABC xxx", FAILS),
    ("a{1", "]-a{1}", ["a{1"]),
    ("a{1,", "a{1,x", ["a{1,"]),
    ("}", "]-a{1}", ["}"]),
    ("]", "]-a{1}", ["]"]),
    ("a{,1}", "aab abc ABC xxx", []),
    ("(?i)K", "STRASSE straße K", ["K"]),
    ("(?i)ſ", "user@ex-ample.com = 1\n b=2\n", ["s"]),
    ("\\s+", "aab abc ABC xxx", [" ", " ", " "]),
    ("[\\s\\S]", "10.0.0.1/8", ["1", "0", ".", "0", ".", "0", ".", "1", "/", "8"]),
    ("\\h", "aab abc ABC xxx", FAILS),
    ("\\Z", "aab abc ABC xxx", FAILS),
    ("\\G", "aab abc ABC xxx", FAILS),
    ("(?#c)", "aab abc ABC xxx", FAILS),
    ("(?x) a", "aab abc ABC xxx", FAILS),
    ("a(?=b)", "aab abc ABC xxx", FAILS),
    ("(?P=n)", "aab abc ABC xxx", FAILS),
    ("\\8", "aab abc ABC xxx", FAILS),
    ("[z-a]", "aab abc ABC xxx", FAILS),
    ("[[:word:]]", "10.0.0.1/8", ["1", "0", "0", "0", "1", "8"]),
    ("[[:nope:]]", "aab abc ABC xxx", FAILS),
    ("[[.a.]]", "aab abc ABC xxx", []),
    ("[a", "aab abc ABC xxx", FAILS),
    ("a\\", "aab abc ABC xxx", FAILS),
    ("(a", "aab abc ABC xxx", FAILS),
    ("a)", "aab abc ABC xxx", FAILS),
    ("?", "aab abc ABC xxx", FAILS),
    ("a|*", "aab abc ABC xxx", FAILS),
    ("+", "aab abc ABC xxx", FAILS),
    ("a{1001}", "aab abc ABC xxx", FAILS),
    ("(?i)", "10.0.0.1/8", ["", "", "", "", "", "", "", "", "", "", ""]),
    ("(?:)", "10.0.0.1/8", ["", "", "", "", "", "", "", "", "", "", ""]),
    ("a(?i)b|c", "aab abc ABC xxx", ["ab", "ab", "c", "C"]),
    ("((((a))))", "aab abc ABC xxx", [["a", "a", "a", "a"], ["a", "a", "a", "a"], ["a", "a", "a", "a"]]),
    ("[a&&b]", "aab abc ABC xxx", ["a", "a", "b", "a", "b"]),
    ("[a--b]", "aab abc ABC xxx", FAILS),
    ("[~|]", "aab abc ABC xxx", []),
    ("é+", "é Ωμέγα Ab", ["é"]),
    ("(?U)a+?", "aab abc ABC xxx", ["aa", "a"]),
    ("\\C", "aab abc ABC xxx", FAILS),
    ("\\D+\\W\\S", "aab abc ABC xxx", ["aab abc ABC x"]),
    ("[\\D\\d]", "10.0.0.1/8", ["1", "0", ".", "0", ".", "0", ".", "1", "/", "8"]),
    ("a{0,0}b", "aab abc ABC xxx", ["b", "b"]),
    ("(a{0,2}){2}", "10.0.0.1/8", [[""], [""], [""], [""], [""], [""], [""], [""], [""], [""], [""]]),
    ("(?<x>a)", "aab abc ABC xxx", [{"x": "a"}, {"x": "a"}, {"x": "a"}]),
    ("(?<x>a)(?<x>b)", "aab abc ABC xxx", [{"x": "b"}, {"x": "b"}]),
    ("(?P<x1>a)(?P<x1>b)", "aab abc ABC xxx", [{"x1": "b"}, {"x1": "b"}]),
    ("[\\b]", "aab abc ABC xxx", FAILS),
    ("\\a\\f\\t", "aab abc ABC xxx", []),
    ("\\_", "aab abc ABC xxx", []),
    ("\\é", "aab abc ABC xxx", FAILS),
]


@pytest.mark.parametrize(("pattern", "text", "expected"), CASES)
def test_matches(pattern: str, text: str, expected: Value) -> None:
    assert as_json(result("regexall", pattern, text)) == as_json(expected)


@pytest.mark.parametrize(("pattern", "text", "expected"), [case for case in CASES if case[2] != FAILS])
def test_the_machine_finds_the_same(pattern: str, text: str, expected: Value) -> None:
    """Both engines give the same matches; short texts never meet the machine otherwise."""
    tree = Parser(pattern).parse()
    machine, found, at = Machine(tree), [], 0
    while at <= len(text) and (slots := machine.search(text, at)) is not None:
        found.append(text[slots[0] : slots[1]])
        at = max(slots[1], slots[0] + 1)
    whole = [item for item in found if item]
    if not tree.names:
        assert whole == [item for item in expected if item]
    else:
        assert len(found) >= len(expected)
