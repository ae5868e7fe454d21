"""The page that policy authors read says what the tables say."""

from __future__ import annotations

import pytest

from iacguard.normalise.vocabulary import cloudformation_types, folds, made_attributes
from tools.vocabulary import PAGE, page


def test_the_page_is_fresh() -> None:
    assert PAGE.read_text("utf-8") == page(), "run python tools/vocabulary.py"


@pytest.mark.parametrize(
    ("type_", "names"),
    [
        ("aws_s3_bucket", {"public_access_block", "versioning", "statements"}),
        ("aws_iam_role", {"statements", "trust_statements", "managed_policy_arns", "inline_policy"}),
        ("aws_security_group", {"ingress_rules", "egress_rules"}),
        ("azurerm_key_vault", {"diagnostic_settings", "access_policy"}),
        ("google_pubsub_topic", {"bindings"}),
        ("Deployment", {"pod", "containers"}),
        ("ClusterRoleBinding", {"role_rules"}),
    ],
)
def test_made_attributes(type_: str, names: set[str]) -> None:
    assert names <= made_attributes(type_)


def test_nothing_is_made_of_types_that_nobody_knows() -> None:
    assert made_attributes("other_nothing") == frozenset()


def test_no_fold_is_written_twice() -> None:
    written = [(f.child, f.parent, f.references) for f in folds()]
    assert len(written) == len(set(written))


def test_every_row_names_a_type_of_each_side() -> None:
    for native, types in cloudformation_types().items():
        assert native.count("::") == 2
        assert native.startswith("AWS::")
        assert all(t.startswith("aws_") for t in types), native
