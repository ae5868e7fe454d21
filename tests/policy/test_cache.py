"""Policies from the cache are the policies of the files; any change makes them anew, any damage costs only time."""

import json
from pathlib import Path

import pytest

from iacguard.policy import load_pack
from iacguard.policy.cache import cached
from iacguard.policy.compile import Pack, Policy
from iacguard.policy.read import read_folder

TEXT = """\
title: Bucket is public
severity: high
category: public-storage
resource: [aws_s3_bucket]
where: "!(public_access_block[0].block_public_acls)"
each: grant[1:3]
deny: >-
  contains(['public-read'], acl) && `{"a": [1]}` != x
at: acl
message: the ACL is {acl}
why: It is.
fix: {text: Do not., terraform: acl = "private"}
aliases: [X_1]
frameworks: {cis: ["1.1"]}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "p" / "aws" / "s3").mkdir(parents=True)
    (tmp_path / "p" / "aws" / "s3" / "public.yaml").write_text(TEXT)
    return tmp_path / "p"


def policies(folder: Path, cache: Path, reads: list[int]) -> tuple[Policy, ...]:
    def read() -> list[Policy]:
        reads.append(1)
        return list(read_folder(folder, "policies", False, []))

    return Pack(cached(str(folder), str(cache), read)).policies


def told(policy: Policy) -> tuple[object, ...]:
    parts = (policy.deny, policy.where, policy.each, policy.at)
    shown = tuple((p.text, p.span, p.node) if p else None for p in parts)
    return (policy.rule, policy.kinds, policy.file, policy.message.text, policy.message.span, shown)


def test_what_comes_back_is_what_was_read(folder: Path, tmp_path: Path) -> None:
    reads: list[int] = []
    first = policies(folder, tmp_path / "cache", reads)
    second = policies(folder, tmp_path / "cache", reads)
    assert reads == [1]
    assert [told(p) for p in second] == [told(p) for p in first]
    assert second[0].deny.expression.evaluate({"acl": "public-read", "x": 1}) is True


def test_the_built_in_ones_survive_it(tmp_path: Path) -> None:
    load_pack(cache_dir=tmp_path)
    kept = load_pack(cache_dir=tmp_path)
    assert len(list(tmp_path.glob("policies-*.json"))) == 1
    assert [told(p) for p in kept.policies] == [told(p) for p in load_pack().policies]


def test_a_changed_an_added_and_a_removed_file_are_seen(folder: Path, tmp_path: Path) -> None:
    reads: list[int] = []
    policies(folder, tmp_path / "cache", reads)
    (folder / "aws" / "s3" / "public.yaml").write_text(TEXT.replace("high", "low"))
    assert policies(folder, tmp_path / "cache", reads)[0].rule.severity == "low"
    (folder / "aws" / "s3" / "other.yaml").write_text(TEXT)
    assert len(policies(folder, tmp_path / "cache", reads)) == 2
    (folder / "aws" / "s3" / "other.yaml").unlink()
    assert len(policies(folder, tmp_path / "cache", reads)) == 1
    assert len(reads) == 4


@pytest.mark.parametrize("damage", ["", "{", "[]", "null", '{"state": 1}', "\x00"])
def test_a_damaged_cache_is_made_anew(folder: Path, tmp_path: Path, damage: str) -> None:
    reads: list[int] = []
    policies(folder, tmp_path / "cache", reads)
    (file,) = (tmp_path / "cache").glob("policies-*.json")
    file.write_text(damage)
    assert len(policies(folder, tmp_path / "cache", reads)) == 1
    assert len(reads) == 2
    assert json.loads(file.read_text().partition("\n")[0])


def test_two_installations_keep_their_own(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    reads: list[int] = []
    for _ in range(2):
        policies(folder, tmp_path / "cache", reads)
        policies(other, tmp_path / "cache", reads)
    assert reads == [1, 1]


def test_a_folder_that_cannot_be_written_costs_only_time(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file, not a folder")
    assert len(policies(folder, tmp_path / "cache", [])) == 1


def test_a_bad_expression_is_not_kept(folder: Path, tmp_path: Path) -> None:
    (folder / "aws" / "s3" / "public.yaml").write_text(TEXT.replace("  contains(", "  contains((("))
    assert len(policies(folder, tmp_path / "cache", [])) == 1
    assert not list(tmp_path.glob("cache/policies-*.json"))
