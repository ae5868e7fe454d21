from __future__ import annotations

import pytest

from iacguard.triage.masking import mask_known, mask_secret


@pytest.mark.parametrize(
    ("line", "masked"),
    [
        ('  password = "hunter2 x"', '  password = "******* *"'),
        ('    "Password": "hunter2",', '    "Password": "*******",'),
        ("  - DB_PASSWORD: hunter2  # old", "  - DB_PASSWORD: *******  * ***"),
        ("export KEY=abc", "****** *******"),
        ('resource "aws_db_instance" "db" {', 'resource "aws_db_instance" "db" {'),
    ],
)
def test_what_a_secret_finding_shows(line: str, masked: str) -> None:
    assert mask_secret(line, first=True) == masked
    assert len(masked) == len(line)


def test_later_lines_of_a_secret_are_covered_whole() -> None:
    assert mask_secret("  MIIE = abc==", first=False) == "  **** * *****"


@pytest.mark.parametrize(
    ("line", "masked"),
    [
        ('master_password = "hunter2"', 'master_password = "*******"'),
        ('key_id = "AKIAABCDEFGHIJKLMNOP" # note', 'key_id = "********************" # note'),
        ("apiToken: 'x1'", "apiToken: '**'"),
        ("KeyId: AKIAABCDEFGHIJKLMNOP", "KeyId: ********************"),
        # References and settings about secrets are no secrets.
        ('password = "${var.password}"', 'password = "${var.password}"'),
        ('secret = "arn:aws:secretsmanager:x"', 'secret = "arn:aws:secretsmanager:x"'),
        ("manage_master_user_password = true", "manage_master_user_password = true"),
        ('secret_name = "db"', 'secret_name = "db"'),
        ('acl = "public-read"', 'acl = "public-read"'),
    ],
)
def test_what_any_other_finding_shows(line: str, masked: str) -> None:
    assert mask_known(line) == masked
