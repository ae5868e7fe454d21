"""The scripts that make the tables, on small inputs of their formats."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from pathlib import Path

import pytest

from tools import make_cfn_schemas, make_provider_schemas

JAVASCRIPT = """
function thingRuleToHclTerraform(struct) {
    const attrs = {
        port: {
            value: cdktn.numberToHclTerraform(struct.port),
            isBlock: false,
            type: "simple",
            storageClassType: "number",
        },
        rule: {
            value: cdktn.listMapperHcl(thingRuleToHclTerraform, true)(struct.rule),
            isBlock: true,
            type: "list",
            storageClassType: "ThingRuleList",
        },
    };
    return attrs;
}
class ThingRuleOutputReference extends cdktn.ComplexObject {
    // port - computed: false, optional: false, required: true
    _port;
    get port() {
        return this.getNumberAttribute('port');
    }
    // rule - computed: false, optional: true, required: false
    _rule = new ThingRuleList(this, "rule", false);
    // seen - computed: true, optional: false, required: false
    get seen() {
        return this.getBooleanAttribute('seen');
    }
}
class ThingRuleList extends cdktn.ComplexList {
}
class Thing extends cdktn.TerraformResource {
    static tfResourceType = "aws_thing";
    // labels - computed: true, optional: true, required: false
    _labels = new cdktn.StringMap(this, "labels");
    // names - computed: false, optional: true, required: false
    _names;
    // rule - computed: false, optional: true, required: false
    _rule = new ThingRuleList(this, "rule", true);
    synthesizeHclAttributes() {
        const attrs = {
            names: {
                value: cdktn.listMapperHcl(cdktn.stringToHclTerraform, false)(this._names),
                isBlock: false,
                type: "set",
                storageClassType: "stringList",
            },
            rule: {
                value: cdktn.listMapperHcl(thingRuleToHclTerraform, true)(this._rule.internalValue),
                isBlock: true,
                type: "set",
                storageClassType: "ThingRuleList",
            },
        };
    }
}
"""


def _wheel(folder: Path, script: str) -> Path:
    package = {
        "name": "@cdktn/provider-aws",
        "version": "1.0.0",
        "license": "MPL-2.0",
        "cdktn": {"provider": {"name": "registry.terraform.io/hashicorp/aws", "version": "6.0.1"}},
    }
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as files:
        for name, text in (("package/package.json", json.dumps(package)), ("package/lib/thing/index.js", script)):
            info = tarfile.TarInfo(name)
            info.size = len(text.encode())
            files.addfile(info, io.BytesIO(text.encode()))
    path = folder / "cdktn_provider_aws-1.0.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("cdktn_provider_aws/_jsii/provider-aws@1.0.0.jsii.tgz", packed.getvalue())
    return path


def test_a_provider_package(tmp_path: Path) -> None:
    about, types = make_provider_schemas.read(_wheel(tmp_path, JAVASCRIPT))
    assert (about["source"], about["version"], about["licence"]) == ("hashicorp/aws", "6.0.1", "MPL-2.0")
    assert types == {
        "aws_thing": {
            "attributes": {"labels": [6, "ms"], "names": [2, "es"], "rule": [10, "eo", "ThingRule"]},
            "shared": {"ThingRule": {"port": [1, "n"], "rule": [10, "lo", "ThingRule"], "seen": [4, "b"]}},
        }
    }


def test_a_package_without_remarks_is_refused(tmp_path: Path) -> None:
    script = JAVASCRIPT.replace("// names - computed", "// names computed")
    with pytest.raises(ValueError, match="names"):
        make_provider_schemas.read(_wheel(tmp_path, script))


def test_a_cloudformation_schema() -> None:
    schema = {
        "properties": {
            "Id": {"type": "string"},
            "Name": {"type": "string", "enum": ["a", "b"]},
            "Policy": {"type": ["object", "string"]},
            "Size": {"type": ["integer", "string"]},
            "Tags": {"type": "array", "items": {"$ref": "#/definitions/Tag"}},
            "Env": {"type": "object", "patternProperties": {".*": {"type": "string"}}},
            "Free": {"type": "object"},
            "Tree": {"$ref": "#/definitions/Tree"},
            "Place": {"$ref": "#/definitions/Place"},
        },
        "required": ["Name"],
        "readOnlyProperties": ["/properties/Id", "/properties/Place/Seen"],
        "definitions": {
            "Tag": {"type": "object", "properties": {"Key": {"type": "string"}}, "required": ["Key"]},
            "Tree": {
                "type": "object",
                "oneOf": [{"properties": {"Leaf": {"type": "boolean"}}, "required": ["Leaf"]}],
                "properties": {"Under": {"type": "array", "items": {"$ref": "#/definitions/Tree"}}},
            },
            "Place": {"type": "object", "properties": {"Seen": {"type": "number"}, "Url": {"type": "string"}}},
        },
    }
    assert make_cfn_schemas.Reducer(schema).packed() == {
        "attributes": {
            "Id": [4, "s"],
            "Name": [1, "s", {}, ["a", "b"]],
            "Policy": [2, "a"],
            "Size": [2, "n"],
            "Tags": [2, "lo", "Tag"],
            "Env": [2, "ms"],
            "Free": [2, "ma"],
            "Tree": [2, "o", "Tree"],
            "Place": [2, "o", {"Seen": [4, "n"], "Url": [2, "s"]}],
        },
        "shared": {
            "Tag": {"Key": [1, "s"]},
            "Tree": {"Under": [2, "lo", "Tree"], "Leaf": [2, "b"]},
        },
    }
