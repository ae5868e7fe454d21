"""Makes ``iacguard/knowledge/data/sam.table`` out of aws-sam-translator's wheel.

    pip download --no-deps --dest wheels aws-sam-translator==1.115.0
    python tools/make_sam_tables.py wheels/aws_sam_translator-1.115.0-py3-none-any.whl

Taken are the data files of AWS's transform: the statements of its policy templates, what its connectors permit, and
the paths of AWS's managed policies, by which a policy's name becomes an ARN.
"""

from __future__ import annotations

import json
import sys
import zipfile
from pathlib import Path
from typing import Any

from iacguard.knowledge.store import pack_table

DATA = Path(__file__).resolve().parent.parent / "iacguard" / "knowledge" / "data"
TEMPLATES = "samtranslator/policy_templates_data/policy_templates.json"
PROFILES = "samtranslator/model/connector_profiles/profiles.json"
MANAGED = "samtranslator/internal/data/aws_managed_policies.json"


def packed(templates: Any, profiles: Any, managed: dict[str, str]) -> dict[str, Any]:
    """Names are ``policy:NAME``, ``connector:FROM>TO``, ``resource:TYPE`` and ``managed``."""
    found: dict[str, Any] = {}
    for name, template in templates["Templates"].items():
        definition = template["Definition"]
        found[f"policy:{name}"] = {"parameters": sorted(template["Parameters"]), "statements": definition["Statement"]}
    for source, targets in profiles["Permissions"].items():
        for target, profile in targets.items():
            properties = profile["Properties"]
            order = list(properties["AccessCategories"])
            found[f"connector:{source}>{target}"] = {"type": profile["Type"], "categories": order, **properties}
    for type_, properties in profiles["CfnResourceProperties"].items():
        found[f"resource:{type_}"] = properties
    paths: dict[str, list[str]] = {}
    for name, arn in managed.items():
        path = arn.partition(":iam::aws:policy/")[2]
        paths.setdefault(path.removesuffix(name), []).append(name)
    found["managed"] = {path: " ".join(sorted(names)) for path, names in sorted(paths.items())}
    return found


def main(arguments: list[str]) -> None:
    wheel = Path(arguments[0])
    with zipfile.ZipFile(wheel) as archive:
        values = packed(
            json.loads(archive.read(TEMPLATES)),
            json.loads(archive.read(PROFILES)),
            json.loads(archive.read(MANAGED))["aws"],
        )
    version = wheel.name.split("-")[1]
    about = {
        "source": "AWS SAM: policy templates, connector profiles, managed policies",
        "version": version,
        "package": wheel.name.removesuffix("-py3-none-any.whl"),
        "licence": "Apache-2.0",
    }
    table = pack_table(about, values)
    (DATA / "sam.table").write_bytes(table)
    print(f"sam: {version}, {len(values)} entries, {len(table):,} bytes")


if __name__ == "__main__":
    main(sys.argv[1:])
