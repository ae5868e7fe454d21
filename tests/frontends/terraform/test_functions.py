"""The table of functions, partly known arguments, files, and provider functions."""

from __future__ import annotations

import hashlib
import re
import time
from pathlib import Path

import pytest

from iacguard.frontends.terraform.functions import FUNCTIONS, FunctionError, lookup
from iacguard.frontends.terraform.functions.document import markdown
from iacguard.model import REST, Encoded, Reference, Unknown, Value
from tests.frontends.terraform.calling import SPAN, call, context, unknown

#: The index of functions in Terraform 1.14's and OpenTofu 1.10's documentation, without the removed list and map.
PUBLISHED = """
abs abspath alltrue anytrue base64decode base64encode base64gunzip base64gzip base64sha256 base64sha512 basename
bcrypt can ceil chomp chunklist cidrcontains cidrhost cidrnetmask cidrsubnet cidrsubnets coalesce coalescelist compact
concat contains csvdecode dirname distinct element endswith ephemeralasnull file filebase64 filebase64sha256
filebase64sha512 fileexists filemd5 fileset filesha1 filesha256 filesha512 flatten floor format formatdate formatlist
indent index issensitive join jsondecode jsonencode keys length log lookup lower matchkeys max md5 merge min
nonsensitive one parseint pathexpand plantimestamp pow range regex regexall replace reverse rsadecrypt sensitive
setintersection setproduct setsubtract setunion sha1 sha256 sha512 signum slice sort split startswith strcontains
strrev substr sum templatefile templatestring textdecodebase64 textencodebase64 timeadd timecmp timestamp title tobool
tolist tomap tonumber toset tostring transpose trim trimprefix trimspace trimsuffix try type upper urldecode urlencode
uuid uuidv5 values yamldecode yamlencode zipmap
"""


def test_no_published_function_is_missing() -> None:
    own = {name for name, function in FUNCTIONS.items() if function.origin != "provider"}
    assert own == set(re.findall(r"\w+", PUBLISHED))


def test_namespaces() -> None:
    assert lookup("core::lower") is lookup("lower") is not None
    assert lookup("provider::google-beta::name_from_id") is lookup("provider::google::name_from_id") is not None
    assert lookup("core::provider::aws::arn_parse") is None
    assert lookup("provider::aws::nope") is None
    assert lookup("list") is None


def test_the_page_is_current() -> None:
    page = Path(__file__).parents[3] / "docs" / "terraform-functions.md"
    assert page.read_text(encoding="utf-8") == markdown()


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_too_many_and_too_few_arguments_fail(name: str) -> None:
    function = FUNCTIONS[name]
    if function.handling == "evaluator":
        with pytest.raises(LookupError):
            function([1], context())
        return
    if function.params:
        with pytest.raises(FunctionError, match="not enough arguments"):
            function([], context())
    if function.rest is None:
        with pytest.raises(FunctionError, match="too many arguments"):
            function(["a"] * (len(function.params) + 1), context())


@pytest.mark.parametrize("name", ["uuid", "timestamp", "plantimestamp", "bcrypt", "base64gzip", "rsadecrypt"])
def test_unknown_by_nature(name: str) -> None:
    found = call(name, *["a"] * len(FUNCTIONS[name].params))
    assert isinstance(found, Unknown)
    assert (found.kind, found.span, name in found.reason) == ("function", SPAN, True)


def test_an_unknown_argument_gives_its_reason_and_place() -> None:
    first, second = unknown('variable "a" has no default'), unknown("another", secret=True)
    found = call("cidrsubnet", first, second, 1)
    assert isinstance(found, Unknown)
    assert (found.reason, found.kind, found.span) == (first.reason, "function", first.span)
    assert found.present
    assert found.secret


U = unknown()
SPREAD = unknown(spread=True)
KEY_ARN = unknown("known after apply", present=True, reference=Reference("aws_kms_key.k", "arn"))
EITHER = unknown(choices=("a", "b"))

KEPT: list[tuple[str, list[Value], Value]] = [
    ("concat", [U, ["0.0.0.0/0"]], [SPREAD, "0.0.0.0/0"]),
    ("flatten", [[["a", KEY_ARN], ["b"]]], ["a", KEY_ARN, "b"]),
    ("compact", [["a", "", KEY_ARN]], ["a", KEY_ARN]),
    ("contains", [["0.0.0.0/0", U], "0.0.0.0/0"], True),
    ("length", [[U, KEY_ARN]], 2),
    ("element", [["a", SPREAD], 0], "a"),
    ("element", [[U, "b"], 1], "b"),
    ("lookup", [{"a": 1, REST: U}, "a", 2], 1),
    ("one", [[KEY_ARN]], KEY_ARN),
    ("coalesce", ["", KEY_ARN, "x"], KEY_ARN),
    ("coalesce", [None, "x", U], "x"),
    ("coalescelist", [[U], ["a"]], [U]),
    ("tostring", [KEY_ARN], KEY_ARN),
    ("format", ["%s", KEY_ARN], KEY_ARN),
    ("join", ["", [KEY_ARN]], KEY_ARN),
    ("trimspace", [KEY_ARN], unknown("known after apply")),
    ("startswith", [unknown(parts=("arn:aws:s3:::", U)), "arn:aws:s3"], True),
    ("startswith", [unknown(parts=("arn:aws:s3:::", U)), "arn:aws:iam"], False),
    ("endswith", [unknown(parts=(U, "/*")), "*"], True),
    ("strcontains", [unknown(parts=(U, ":root", U)), "root"], True),
    ("substr", [unknown(parts=("arn:aws:s3:::", U)), 0, 3], "arn"),
    ("alltrue", [[U, False]], False),
    ("anytrue", [[U, True]], True),
    ("upper", [EITHER], unknown(choices=("A", "B"))),
    ("lower", [unknown(choices=("A", "a"))], "a"),
    ("setsubtract", [["a", "b"], ["a"]], ["b"]),
]


def _shape(value: Value) -> Value:
    """``value`` with its unknowns reduced to what may be said of them."""
    if isinstance(value, Unknown):
        parts = tuple(_shape(part) for part in value.parts)
        return ("unknown", value.spread, parts, value.choices, value.reference)
    if isinstance(value, list):
        return [_shape(item) for item in value]
    return {key: _shape(item) for key, item in value.items()} if isinstance(value, dict) else value


@pytest.mark.parametrize(("name", "args", "expected"), KEPT)
def test_what_is_certain_is_kept(name: str, args: list[Value], expected: Value) -> None:
    assert _shape(call(name, *args)) == _shape(expected)


def test_pieces_of_a_text() -> None:
    found = call("format", "arn:aws:s3:::%s/*", U)
    assert isinstance(found, Unknown)
    assert (found.prefix, found.suffix, found.present) == ("arn:aws:s3:::", "/*", True)
    joined = call("join", "/", ["a", found, "z"])
    assert (joined.prefix, joined.suffix) == ("a/arn:aws:s3:::", "/*/z")
    assert call("upper", found).prefix == "ARN:AWS:S3:::"
    assert call("trimprefix", found, "arn:").prefix == "aws:s3:::"
    assert call("replace", found, ":", "-").prefix == "arn-aws-s3---"
    assert call("replace", "a-X-b", "X", U).suffix == "-b"
    parts = call("split", ":", found)
    assert parts[:5] == ["arn", "aws", "s3", "", ""]
    assert _shape(parts[5:]) == [_shape(SPREAD)]


def test_merge_with_an_unknown_map() -> None:
    found = call("merge", {"a": 1, "b": 1}, U, {"b": 2})
    assert found["b"] == 2
    assert isinstance(found["a"], Unknown)
    assert isinstance(found[REST], Unknown)
    chosen = call("merge", {"a": 1, "b": 1}, unknown(choices=({"b": 2}, {})), {"c": 3})
    assert _shape(chosen) == {"a": 1, "b": _shape(unknown(choices=(2, 1))), "c": 3}


def test_keys_of_a_partly_known_map() -> None:
    found = call("keys", {"b": 1, "a": 1, REST: U})
    assert _shape(found) == [_shape(SPREAD), "a", "b"]
    assert isinstance(call("element", found, 0), Unknown)
    assert isinstance(call("lookup", {"a": 1, REST: U}, "z", 5), Unknown)
    assert _shape(call("lookup", {"a": 1, "b": 2}, U, 3)) == _shape(unknown(choices=(1, 2, 3)))


def test_json_keeps_its_structure() -> None:
    document = {"Statement": [{"Action": "*", "Resource": U}]}
    found = call("jsonencode", document)
    assert found == Encoded(document)
    assert call("jsondecode", found) is document
    assert call("trimspace", found) is found
    assert call("format", "%s", found) is found
    assert call("join", "", [found]) is found
    assert isinstance(call("sha1", found), Unknown)
    assert call("base64encode", call("jsonencode", {})) == "e30="


def test_marks() -> None:
    assert call("sensitive", U).secret
    assert not call("nonsensitive", call("sensitive", U)).secret
    assert call("sensitive", "a") == "a"


def test_opentofu_only() -> None:
    assert call("urldecode", "a+b%2Fc%C3%A9") == "a b/cé"
    assert call("base64gunzip", "H4sIAAAAAAAC/8tIzcnJBwCGphA2BQAAAA==") == "hello"
    assert call("cidrcontains", "192.168.2.0/20", "192.168.2.1") is True
    assert call("cidrcontains", "192.168.2.0/20", "192.168.2.0/18") is False
    assert call("cidrcontains", "fe80::/48", "fe81::1") is False
    for args in (["10.0.0.0/8", "fe80::1"], ["10.0.0.0/8", "nope"]):
        with pytest.raises(FunctionError):
            call("cidrcontains", *args)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [("(a+)+b", "a" * 5000), ("(a|a)*c", "a" * 5000), ("(.*)(.*)(.*)(.*)x", "a" * 3000), ("(x+x+)+y", "x" * 5000)],
)
def test_no_pattern_takes_forever(pattern: str, text: str) -> None:
    start = time.process_time()
    with pytest.raises(FunctionError, match="did not match"):
        call("regex", pattern, text)
    assert time.process_time() - start < 5


@pytest.mark.parametrize(
    "pattern", ["(?=a)", "(?<!a)b", r"(a)\1", "(?>a)", "a++", "[", "(", "a{2,1}", r"\y", "(?P<1", "*"]
)
def test_what_re2_rejects_fails(pattern: str) -> None:
    with pytest.raises(FunctionError):
        call("regex", pattern, "aa")


FILES = {
    "live/prod/main.tf": b"",
    "live/prod/policy.json": b'{"a": "<name>"}',
    "live/prod/scripts/a.sh": b"echo",
    "live/prod/scripts/deep/b.sh": b"echo b",
    "live/prod/scripts/.hidden": b"",
    "live/shared/c.txt": b"c\n",
    "live/prod/app.zip": b"PK\x00",
    "live/prod/latin.txt": "é".encode("latin-1"),
}
AT = context(FILES, root="live/prod", module="live/prod")


def test_files_are_read_from_the_root_modules_folder() -> None:
    assert call("file", "policy.json", at=AT) == '{"a": "<name>"}'
    assert call("file", "./../shared/c.txt", at=AT) == "c\n"
    assert call("fileexists", "scripts/a.sh", at=AT) is True
    assert call("fileexists", "nope", at=AT) is False
    assert call("filebase64", "../shared/c.txt", at=AT) == "Ywo="
    assert call("filesha256", "scripts/a.sh", at=AT) == hashlib.sha256(b"echo").hexdigest()
    assert call("filemd5", "scripts/a.sh", at=AT) == hashlib.md5(b"echo", usedforsecurity=False).hexdigest()
    assert call("templatefile", "policy.json", {"name": "x"}, at=AT) == '{"a": "x"}'
    assert call("templatestring", "<a>-<b>", {"a": "x", "b": 1}, at=AT) == "x-1"


@pytest.mark.parametrize("path", ["/etc/passwd", "../../../x", "~/.ssh/id_rsa", "C:\\x"])
@pytest.mark.parametrize("name", ["file", "fileexists", "filesha1", "filebase64"])
def test_nothing_outside_is_read(name: str, path: str) -> None:
    found = call(name, path, at=AT)
    assert isinstance(found, Unknown)
    assert "outside the scanned folder" in found.reason


def test_what_cannot_be_read() -> None:
    with pytest.raises(FunctionError, match="no file exists at nope"):
        call("file", "nope", at=AT)
    with pytest.raises(FunctionError, match="not UTF-8"):
        call("file", "latin.txt", at=AT)
    with pytest.raises(FunctionError, match="folder"):
        call("fileexists", "scripts", at=AT)
    assert isinstance(call("filebase64", "app.zip", at=AT), Unknown)
    assert isinstance(call("templatefile", "policy.json", U, at=AT), Unknown)
    assert isinstance(call("file", U, at=AT), Unknown)


@pytest.mark.parametrize(
    ("folder", "pattern", "expected"),
    [
        (".", "*.json", ["policy.json"]),
        (".", "**/*.sh", ["scripts/a.sh", "scripts/deep/b.sh"]),
        (".", "**", sorted(p.removeprefix("live/prod/") for p in FILES if p.startswith("live/prod/"))),
        ("scripts", "{a,b}.sh", ["a.sh"]),
        ("scripts", "**/[ab].??", ["a.sh", "deep/b.sh"]),
        (".", "scripts/*", ["scripts/.hidden", "scripts/a.sh"]),
        (".", "nope/*", []),
        ("nope", "*", []),
        ("../shared", "*.txt", ["c.txt"]),
        ("scripts", "[!a]*", [".hidden"]),
    ],
)
def test_fileset(folder: str, pattern: str, expected: list[str]) -> None:
    assert call("fileset", folder, pattern, at=AT) == expected


def test_paths_of_the_machine_are_unknown() -> None:
    assert call("abspath", "/a/../b") == "/b"
    assert call("abspath", "a", at=context(root="x/y")).suffix == "/x/y/a"
    assert call("abspath", "../../../a", at=context(root="x/y")).parts == ()
    assert isinstance(call("pathexpand", "~/x"), Unknown)
    assert call("pathexpand", "x") == "x"
    assert call("basename", unknown(parts=(U, "/policies/a.json"))) == "a.json"


ROLE = "arn:aws:iam::123456789012:role/team/app"


def test_arns() -> None:
    fields = {"partition": "aws", "service": "iam", "region": "", "account_id": "123456789012"}
    assert call("provider::aws::arn_parse", ROLE) == {**fields, "resource": "role/team/app"}
    assert call("provider::aws::trim_iam_role_path", ROLE) == "arn:aws:iam::123456789012:role/app"
    assert call("provider::aws::arn_build", "aws", "iam", "", "123456789012", "role/team/app") == ROLE
    assert call("provider::aws::arn_build", "aws", "s3", "", "", U).prefix == "arn:aws:s3:::"
    partly = call("provider::aws::arn_parse", unknown(parts=("arn:aws:s3:::", U)))
    assert (partly["service"], partly["region"]) == ("s3", "")
    assert isinstance(partly["resource"], Unknown)
    for bad in ("arn:aws:s3", "", "x:aws:s3:::b"):
        with pytest.raises(FunctionError):
            call("provider::aws::arn_parse", bad)


INSTANCE = "https://www.googleapis.com/compute/v1/projects/my-project/zones/us-central1-c/instances/web"


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("project_from_id", INSTANCE, "my-project"),
        ("zone_from_id", INSTANCE, "us-central1-c"),
        ("name_from_id", INSTANCE, "web"),
        ("region_from_id", "projects/p/regions/europe-west1/subnetworks/s", "europe-west1"),
        ("location_from_id", "projects/p/locations/eu/keyRings/k", "eu"),
        ("region_from_zone", "us-central1-c", "us-central1"),
    ],
)
def test_google_ids(name: str, text: str, expected: str) -> None:
    assert call(f"provider::google::{name}", text) == expected
    with pytest.raises(FunctionError):
        call(f"provider::google::{name}", "/")


def test_terraforms_own_syntax() -> None:
    value = {"b": [1, "a${x}\n"], "long name": {"c": None, "dd": True}}
    text = 'b   = [1, "a$${x}\\n"]\nnum = 2\n'
    assert call("provider::terraform::encode_tfvars", {"b": value["b"], "num": 2}) == text
    assert call("provider::terraform::decode_tfvars", text) == {"b": [1, "a${x}\n"], "num": 2}
    expected = '{\n  b = [1, "a$${x}\\n"]\n  "long name" = {\n    c  = null\n    dd = true\n  }\n}'
    assert call("provider::terraform::encode_expr", value) == expected
    assert isinstance(call("provider::terraform::encode_expr", [U]), Unknown)
    for bad in ("a =", "a {}", "]"):
        with pytest.raises(FunctionError):
            call("provider::terraform::decode_tfvars", bad)
    with pytest.raises(FunctionError):
        call("provider::terraform::encode_tfvars", {"no name": 1})


def test_deep_and_large_input_ends() -> None:
    with pytest.raises(FunctionError):
        call("jsondecode", "[" * 100_000)
    with pytest.raises(FunctionError):
        call("yamldecode", "[" * 5_000 + "]" * 5_000)
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{b}: &{b} [{','.join(['*' + a] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    assert isinstance(call("yamldecode", bomb), Unknown)
    assert isinstance(call("replace", "a" * 3000, "a", "b" * 3000), Unknown)


def test_base64_remembers_what_is_known_of_its_text() -> None:
    text = unknown(parts=("a", U))
    encoded = call("base64encode", text)
    assert (encoded.encodes, encoded.parts) == (text, ())
    assert call("base64decode", encoded) == text
    assert isinstance(call("base64decode", U), Unknown)
    assert isinstance(call("base64encode", call("jsonencode", {"a": U})), Unknown)
