"""Loading: what is wrong in a policy is told with its line, column and a way out."""

from __future__ import annotations

from pathlib import Path

import pytest

from iacguard.policy import Pack, PolicyError, load_pack
from iacguard.policy.compile import told

GOOD = """\
title: Bucket is public
severity: high
category: public-storage
resource: aws_s3_bucket
deny: acl == 'public-read'
message: the ACL is {acl}
why: Anybody can read it.
fix: Remove the ACL.
"""


def load(tmp_path: Path, text: str, name: str = "acme/s3/public.yaml") -> Pack:
    file = tmp_path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return load_pack((str(tmp_path),), builtin=False)


def wrong(tmp_path: Path, text: str, name: str = "acme/s3/public.yaml") -> list[str]:
    with pytest.raises(PolicyError) as caught:
        load(tmp_path, text, name)
    return [told(p).removeprefix(f"{tmp_path}/{name}:") for p in caught.value.problems]


def test_a_good_one(tmp_path: Path) -> None:
    (rule,) = load(tmp_path, GOOD + "aliases: [CKV_1]\nframeworks:\n  cis-1.0: [5.2]\n").rules
    assert rule.id == "acme-s3-public"
    assert rule.source == "acme/s3/public.yaml"
    assert rule.resources == ("aws_s3_bucket",)
    assert rule.fix.text == "Remove the ACL."
    assert rule.aliases == ("CKV_1",)
    assert rule.frameworks == {"cis-1.0": ("5.2",)}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            ("severity: high", "severity: hihg"),
            "2:11: 'hihg' is no severity (it is one of: critical, high,",
        ),
        (("category: public-storage", "category: public"), "3:11: 'public' is no category"),
        (("resource: aws", "resorce: aws"), "4:1: a policy has no key 'resorce' (did you mean 'resource'?)"),
        (("title: Bucket is public", "title: [a, b]"), "1:8: title must be a text, not a list"),
        (("why: Anybody can read it.", "why:"), "7:5: why is empty"),
        (("fix: Remove the ACL.", "fix: {terraform: x}"), "8:6: fix has no 'text'"),
        (("fix: Remove the ACL.", "fix: {text: x, bicep: y}"), "8:16: fix has no key 'bicep'"),
        (("deny: acl == 'public-read'", "deny: acl == 22"), "5:14: deny: 22 cannot stand here (write numbers as `22`"),
        (("acl == 'public-read'", "nope(acl)"), "5:7: deny: there is no function nope()"),
        (("acl == 'public-read'", "contains(acl)"), "5:7: deny: contains() takes 2 arguments, not 1"),
        (("acl == 'public-read'", ">-\n  acl &&\n  (b ==== c)"), "7:8: deny: '==' cannot stand here"),
        (("acl == 'public-read'", "|\n  acl &&\n    (b ==== c)"), "7:10: deny: '==' cannot stand here"),
        (("{acl}", "{acl"), "6:21: message: a { without its }"),
        (("{acl}", "{acl ==}"), "6:"),
        (("deny:", "severity: low\ndeny:"), "5:1: the key 'severity' stands here twice"),
        (("title: Bucket", "title: &a Bucket"), ""),
        (("why: Anybody", "\twhy: Anybody"), "7:1: not valid YAML"),
        (("deny: acl == 'public-read'\n", ""), "1:1: the policy has no 'deny'"),
    ],
)
def test_what_is_wrong_has_its_place(tmp_path: Path, change: tuple[str, str], expected: str) -> None:
    text = GOOD.replace(*change)
    assert text != GOOD
    if not expected:
        load(tmp_path, text)
    else:
        assert any(line.startswith(expected) for line in wrong(tmp_path, text)), wrong(tmp_path, text)


def test_all_is_told_at_once(tmp_path: Path) -> None:
    assert len(wrong(tmp_path, GOOD.replace("high", "hi").replace("why:", "wy:").replace("{acl}", "{a(}"))) == 4


@pytest.mark.parametrize("text", ["", "[]", "just text", "- a\n- b\n", "# nothing\n"])
def test_no_mapping(tmp_path: Path, text: str) -> None:
    assert wrong(tmp_path, text) == ["1:1: a policy is a mapping of keys to values (see docs/policy-language.md)"]


def test_hostile_files(tmp_path: Path) -> None:
    bomb = "a: &a [x, x]\n" + "".join(f"b{i}: &b{i} [*a, *a]\n" for i in range(50))
    assert wrong(tmp_path, bomb)
    assert wrong(tmp_path, GOOD + "references: " + "[" * 3000 + "]" * 3000 + "\n")
    (tmp_path / "acme/s3/public.yaml").write_bytes(b"title: \xff\xfe")
    with pytest.raises(PolicyError, match="not UTF-8"):
        load_pack((str(tmp_path),), builtin=False)
    (tmp_path / "acme/s3/public.yaml").write_bytes(b"#" * 1_000_001)
    with pytest.raises(PolicyError, match="larger than"):
        load_pack((str(tmp_path),), builtin=False)


def test_ids(tmp_path: Path) -> None:
    assert "cannot be a policy's id" in wrong(tmp_path, GOOD, "Acme/S3 x.yaml")[0]
    (tmp_path / "Acme/S3 x.yaml").unlink()
    load(tmp_path, GOOD, "acme/s3/public.yaml")
    with pytest.raises(PolicyError, match=r"the id acme-s3-public is taken by .*acme/s3/public\.yaml"):
        load(tmp_path, GOOD, "acme/s3-public.yaml")


def test_folders(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="there is no such policy folder"):
        load_pack((str(tmp_path / "nope"),), builtin=False)
    (tmp_path / "p.yaml").write_text(GOOD)
    with pytest.raises(PolicyError, match="a policy folder is needed, not a file"):
        load_pack((str(tmp_path / "p.yaml"),), builtin=False)


def test_examples_are_cut_and_lines_stay(tmp_path: Path) -> None:
    examples = "examples:\n- name: {{{ not read at all\n  terraform: |\n    x\n\n# a comment\n  violates: [a]\n\n"
    assert load(tmp_path, examples + GOOD).rules[0].title == "Bucket is public"
    lines = wrong(tmp_path, examples + GOOD.replace("high", "hi"))
    assert lines[0].startswith("10:11: 'hi' is no severity")


def test_the_built_in_pack_is_sound() -> None:
    pack = load_pack()
    assert [r.id for r in pack.rules] == sorted(r.id for r in pack.rules)
    for policy in pack.policies:
        for condition in (policy.where, policy.each, policy.deny, policy.at):
            assert condition is None or condition.expression.text
        assert policy.message.message.parts


def test_select(tmp_path: Path) -> None:
    load(tmp_path, GOOD + "aliases: [CKV_1]\n")
    pack = load(tmp_path, GOOD.replace("high", "low"), "acme/ec2/open.yaml")

    def ids(*arguments: tuple[str, ...]) -> list[str]:
        return [r.id for r in pack.select(*arguments).rules]  # type: ignore[arg-type]

    assert ids((), (), ()) == ["acme-ec2-open", "acme-s3-public"]
    assert ids(("CKV_1",), (), ()) == ["acme-s3-public"]
    assert ids(("acme-*",), ("acme-s3-public",), ()) == ["acme-ec2-open"]
    assert ids((), (), ("low",)) == ["acme-ec2-open"]
    with pytest.raises(PolicyError, match=r"no policy is called 'acme-s3-publik' \(did you mean acme-s3-public"):
        ids(("acme-s3-publik",), (), ())
    with pytest.raises(PolicyError, match="no policy is called 'gcp-"):
        ids((), ("gcp-*",), ())
