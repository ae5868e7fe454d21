"""The built-in policies keep the house style, and ask only for attributes that exist."""

from iacguard.attributes import cloudformation_kinds, knows_attribute
from iacguard.policy.compile import told
from iacguard.policy.lint import lint


def test_the_built_in_policies_are_clean() -> None:
    problems, count = lint((), knows=knows_attribute, translated=cloudformation_kinds())
    assert count >= 80
    assert [told(p) for p in problems] == []
