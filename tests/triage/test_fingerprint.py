"""GitHub's line hash. The expected values were printed by codeql-action's own ``hash`` on these texts."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iacguard.triage.fingerprint import fingerprint, line_hashes

_LAST = "c129715d7a2bc9a3:1"  # the empty line after a final line feed

_GITHUB = {
    'resource "a" "b" {\n  acl = "public-read"\n}\n': [
        "db9a773874f76cb9:1",
        "4d80f4f0400efa71:1",
        "32dce9ccfdbc9d3e:1",
        _LAST,
    ],
    "kind: Pod\r\nspec:\r\n  x: 1\r \nlast\rend": [
        "40199926decd04d3:1",
        "302d543af5e62b7e:1",
        "3060fbcdea6866b7:1",
        "b725401fd8dc3ff6:1",
        "80421e9458b4ac24:1",
        "43b6461eda086fe2:1",
    ],
    '\ufeffa = "\U0001f600 é漢"\n\n\t \n': ["427f2be22dff43ca:1", "5b5d4caf73a13177:1", "3c5bef55b72b93c9:1", _LAST],
    # Different texts, one hash: GitHub numbers them together.
    f"Af{'z' * 120}\nBA{'z' * 120}\nAf{'z' * 120}\n": [
        "5f8724d8b07bfc6f:1",
        "5f8724d8b07bfc6f:2",
        "5f8724d8b07bfc6f:3",
        _LAST,
    ],
    "- a\n- a\n- a\n": ["7b730111e90da5c3:1", "8df09ab1f52bee3:1", "41c05cb2254f0f83:1", _LAST],
}


@pytest.mark.parametrize("text", _GITHUB)
def test_equals_what_github_computes(text: str) -> None:
    expected = _GITHUB[text]
    assert line_hashes(text, range(1, len(expected) + 1)) == dict(enumerate(expected, 1))


def test_only_the_lines_asked_for_and_none_past_the_end() -> None:
    text = "- a\n- a\n- a\n"
    assert line_hashes(text, {2}) == {2: "8df09ab1f52bee3:1"}
    assert line_hashes(text, {3, 9}) == {3: "41c05cb2254f0f83:1"}
    assert line_hashes(text, ()) == {}


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="aAfB \t\r\nz漢\U0001f600", max_size=400))
def test_equals_a_rolling_hash_unit_by_unit(text: str) -> None:
    expected = _rolling(text)
    assert line_hashes(text, range(1, len(expected) + 2)) == expected


def _rolling(text: str) -> dict[int, str]:
    """The definition, the slow way: each window is hashed for itself."""
    units: list[int] = []
    starts = [0]
    after_return = False
    raw = text.encode("utf-16-le")
    for unit in (int.from_bytes(raw[i : i + 2], "little") for i in range(0, len(raw), 2)):
        if unit in (9, 32) or (after_return and unit == 10):
            after_return = False
            continue
        after_return = unit == 13
        units.append(10 if unit == 13 else unit)
        if units[-1] == 10:
            starts.append(len(units))
    units += [65535, *[0] * 100]
    seen: list[str] = []
    hashes: dict[int, str] = {}
    for number, start in enumerate(starts, 1):
        value = sum(u * 37 ** (99 - i) for i, u in enumerate(units[start : start + 100])) % 2**64
        seen.append(f"{value:x}")
        hashes[number] = f"{value:x}:{seen.count(seen[-1])}"
    return hashes


def test_our_fingerprint_keeps_its_parts_apart() -> None:
    assert fingerprint("ab", "c") != fingerprint("a", "bc")
    assert fingerprint("rule", "file\ud800") == fingerprint("rule", "file\ud800")
    assert len(fingerprint("")) == 64


def defined(text: str) -> dict[int, str]:
    """The hash of every line as the algorithm is defined: the polynomial itself, unit by unit."""
    kept = text.replace("\r\n", "\n").replace("\r", "\n").replace(" ", "").replace("\t", "")
    data = kept.encode("utf-16-le")
    units = [int.from_bytes(data[at : at + 2], "little") for at in range(0, len(data), 2)] + [65535] + [0] * 100
    seen: dict[int, int] = {}
    found: dict[int, str] = {}
    start = 0
    for number, line in enumerate(kept.split("\n"), 1):
        value = 0
        for unit in units[start : start + 100]:
            value = (value * 37 + unit) % 2**64
        seen[value] = seen.get(value, 0) + 1
        found[number] = f"{value:x}:{seen[value]}"
        start += len(line.encode("utf-16-le")) // 2 + 1
    return found


@pytest.mark.parametrize("seed", range(20))
def test_against_the_definition(seed: int) -> None:
    chance = random.Random(seed)
    pieces = ["a", "Af", "BA", "Xo", "YJ", "\n", "\n", "\r\n", " ", "\t", "\U0001f600", "é", "},\n", "x" * 150]
    text = "".join(chance.choice(pieces) for _ in range(600))
    expected = defined(text)
    lines = set(chance.sample(sorted(expected), 20))
    assert line_hashes(text, lines) == {line: expected[line] for line in lines}


@pytest.mark.parametrize("wide", ["", "\U0001f600"])
def test_a_long_text_against_the_definition(wide: str) -> None:
    chance = random.Random(len(wide))
    pieces = ["Type: AWS::S3::Bucket", "Af", "BA", "\n", "\n", "\r", "é", wide]
    text = "".join(chance.choice(pieces) for _ in range(8_000))
    expected = defined(text)
    assert line_hashes(text, expected) == expected
    assert line_hashes(text, {len(expected) // 2}).items() <= expected.items()


def test_unlike_windows_with_one_hash_are_numbered_together_wherever_they_differ() -> None:
    windows = ["x" * at + one + "x" * (98 - at) for at in (0, 40, 96, 97, 98) for one in ("Af", "BA")]
    text = "\n".join([*windows, "\uffda\uffff" * 50, "\uffdb\uffda" * 50])
    expected = defined(text)
    assert {value.partition(":")[2] for value in expected.values()} >= {"1", "2"}
    for line in expected:
        assert line_hashes(text, {line}) == {line: expected[line]}


def test_a_million_equal_lines_take_no_time() -> None:
    assert line_hashes("\n" * 1_000_000, {900_000})[900_000].endswith(":900000")


@pytest.mark.parametrize("pair", [("Af", "BA"), ("Xo", "YJ"), ("J%", "IJ"), ("\uffffa", "\ufffe\x86")])
@pytest.mark.parametrize("behind", [0, 1, 2, 3, 96, 97, 98])
def test_two_texts_of_one_hash_are_numbered_together(pair: tuple[str, str], behind: int) -> None:
    text = "".join(f"{'z' * (98 - behind)}{two}{'z' * behind}\n" for two in pair)
    expected = defined(text)
    assert [expected[line].partition(":")[2] for line in (1, 2)] == ["1", "2"]
    assert line_hashes(text, {1, 2}) == {line: expected[line] for line in (1, 2)}
    assert line_hashes(text, {2}) == {2: expected[2]}
