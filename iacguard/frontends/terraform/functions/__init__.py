"""The functions of Terraform 1.14 and OpenTofu 1.10, and those of the best known providers.

``lookup("cidrsubnet")`` gives a :class:`Function`; call it with evaluated arguments and a :class:`CallContext`. The
table is read by people, too: ``docs/terraform-functions.md`` is made from it.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from iacguard.frontends.terraform.functions.context import (
    CallContext,
    Function,
    FunctionError,
    Param,
)
from iacguard.frontends.terraform.functions.late import Late, Waiting
from iacguard.record import replace

if TYPE_CHECKING:
    from iacguard.frontends.terraform.functions import (
        collections,
        encoding,
        filesystem,
        hashes,
        maps,
        network,
        numeric,
        provider,
        strings,
        times,
        types,
    )
    from iacguard.frontends.terraform.functions import format as formatting
else:
    collections, encoding, filesystem, formatting = map(Late, ("collections", "encoding", "filesystem", "format"))
    hashes, maps, network, numeric = map(Late, ("hashes", "maps", "network", "numeric"))
    provider, strings, times, types = map(Late, ("provider", "strings", "times", "types"))

__all__ = ["FUNCTIONS", "CallContext", "Function", "FunctionError", "lookup"]

_TEXT = Param("text", "string")
_NUMBER = Param("number", "number")
_INDEX = Param("index", "number", unknown=True)
_VALUE = Param("value")
_ANY = Param("value", null=True)
_LIST = Param("list", "list")
_STRINGS = Param("list", "strings")
_PATH = Param("path", "path")
_NAME = Param("path", "string")
_SET = Param("set", "list")
_TEMPLATE = (_PATH, Param("vars"))
_ID = (Param("id", "string"),)
_ARN = (Param("arn", "string"),)

_NUMERIC = (
    Function("abs", "The absolute value.", numeric.absolute, (_NUMBER,)),
    Function("ceil", "The nearest whole number that is not smaller.", numeric.ceil, (_NUMBER,)),
    Function("floor", "The nearest whole number that is not larger.", numeric.floor, (_NUMBER,)),
    Function("log", "The logarithm in a base.", numeric.log, (_NUMBER, Param("base", "number"))),
    Function("max", "The largest number.", numeric.maximum, rest=_NUMBER),
    Function("min", "The smallest number.", numeric.minimum, rest=_NUMBER),
    Function("parseint", "The whole number that a text is in a base.", numeric.parseint, (_VALUE, _NUMBER)),
    Function("pow", "A number to a power.", numeric.power, (_NUMBER, Param("power", "number"))),
    Function("signum", "-1, 0 or 1: the sign.", numeric.signum, (_NUMBER,)),
    Function("sum", "The sum of a list.", numeric.total, (_VALUE,), partial=True),
    Function("range", "A list of numbers.", numeric.sequence, rest=_NUMBER),
)

_STRING = (
    Function("chomp", "Without newlines at the end.", strings.chomp, (_TEXT,), partial=True),
    Function("endswith", "Whether a text ends with another.", strings.endswith, (_TEXT, _TEXT), partial=True),
    Function("format", "A text by printf-like verbs.", formatting.format_, (_TEXT,), _ANY, partial=True),
    Function("formatlist", "format for each item of lists.", formatting.formatlist, (_TEXT,), _ANY, partial=True),
    Function("indent", "Blanks before all lines but the first.", strings.indent, (_NUMBER, _TEXT), partial=True),
    Function("join", "The items as one text.", strings.join, (_TEXT,), _STRINGS, partial=True),
    Function("lower", "In small letters.", strings.lower, (_TEXT,), partial=True),
    Function("regex", "The first match of an RE2 expression.", strings.regex, (_TEXT, _TEXT)),
    Function("regexall", "All matches of an RE2 expression.", strings.regexall, (_TEXT, _TEXT)),
    Function("replace", "With each occurrence replaced.", strings.replace, (_TEXT,) * 3, partial=True),
    Function("split", "The parts between separators.", strings.split, (_TEXT, _TEXT), partial=True),
    Function("startswith", "Whether a text starts with another.", strings.startswith, (_TEXT,) * 2, partial=True),
    Function("strcontains", "Whether a text contains another.", strings.strcontains, (_TEXT,) * 2, partial=True),
    Function("strrev", "Its characters backwards.", strings.strrev, (_TEXT,)),
    Function("substr", "A part by offset and length.", strings.substr, (_TEXT, _NUMBER, _NUMBER), partial=True),
    Function(
        "templatestring", "A text as a template.", filesystem.templatestring, _TEMPLATE, partial=True, context=True
    ),
    Function("title", "Each word with a capital.", strings.title, (_TEXT,)),
    Function("trim", "Without certain characters at both ends.", strings.trim, (_TEXT, _TEXT), partial=True),
    Function("trimprefix", "Without a prefix.", strings.trimprefix, (_TEXT, _TEXT), partial=True),
    Function("trimspace", "Without white space at both ends.", strings.trimspace, (_TEXT,), partial=True),
    Function("trimsuffix", "Without a suffix.", strings.trimsuffix, (_TEXT, _TEXT), partial=True),
    Function("upper", "In capitals.", strings.upper, (_TEXT,), partial=True),
)

_COLLECTION = (
    Function("alltrue", "Whether all items are true.", collections.alltrue, (_LIST,), partial=True),
    Function("anytrue", "Whether an item is true.", collections.anytrue, (_LIST,), partial=True),
    Function("chunklist", "In lists of one size.", collections.chunklist, (_LIST, _NUMBER), partial=True),
    Function("coalesce", "The first that is not null or empty.", collections.coalesce, rest=_ANY, partial=True),
    Function("coalescelist", "The first list that is not empty.", collections.coalescelist, rest=_VALUE, partial=True),
    Function("compact", "Without nulls and empty texts.", collections.compact, (_STRINGS,), partial=True),
    Function("concat", "Lists one after another.", collections.concat, rest=_VALUE, partial=True, choices=False),
    Function("contains", "Whether an item equals a value.", collections.contains, (_VALUE, _ANY), partial=True),
    Function("distinct", "Without duplicates.", collections.distinct, (_LIST,), partial=True),
    Function("element", "An item by index, from the start again.", collections.element, (_VALUE, _INDEX), partial=True),
    Function("flatten", "Nested lists as one.", collections.flatten, (_VALUE,), partial=True),
    Function("index", "The index of a value.", collections.index, (_VALUE, _ANY), partial=True),
    Function("keys", "A map's keys, sorted.", maps.keys, (_VALUE,), partial=True),
    Function("length", "How many items or characters.", collections.length, (_VALUE,), partial=True),
    Function("lookup", "A map's value, or a default.", maps.lookup, (_VALUE, _TEXT), _ANY, partial=True),
    Function("matchkeys", "The values whose keys are in a list.", maps.matchkeys, (_LIST,) * 3, partial=True),
    Function("merge", "Maps as one, later ones first.", maps.merge, rest=_ANY, partial=True, choices=False),
    Function("one", "The one item, or null.", collections.one, (_VALUE,), partial=True),
    Function("reverse", "In opposite order.", collections.reverse, (_VALUE,), partial=True),
    Function("setintersection", "What all sets hold.", collections.setintersection, (_SET,), _SET, partial=True),
    Function("setproduct", "All combinations.", collections.setproduct, rest=_VALUE, partial=True),
    Function("setsubtract", "What only the first holds.", collections.setsubtract, (_SET, _SET), partial=True),
    Function("setunion", "What any set holds.", collections.setunion, (_SET,), _SET, partial=True, choices=False),
    Function("slice", "From one index up to another.", collections.slice_, (_VALUE, _NUMBER, _NUMBER), partial=True),
    Function("sort", "Texts in order.", collections.sort, (_STRINGS,), partial=True),
    Function("transpose", "A map of lists, turned around.", maps.transpose, (Param("values", "map"),)),
    Function("values", "A map's values, by its keys' order.", maps.values, (_VALUE,), partial=True),
    Function("zipmap", "A map of keys and values.", maps.zipmap, (_STRINGS, _VALUE), partial=True),
)

_ENCODING = (
    Function("base64decode", "The text of Base64.", encoding.base64decode, (_TEXT,), partial=True),
    Function("base64encode", "A text as Base64.", encoding.base64encode, (_TEXT,), partial=True),
    Function("base64gunzip", "The text of gzip in Base64.", encoding.base64gunzip, (_TEXT,), origin="opentofu"),
    Function(
        "base64gzip",
        "As gzip in Base64; the bytes differ by the packer.",
        None,
        (_TEXT,),
        handling="unknown",
        present=True,
    ),
    Function("csvdecode", "Rows of CSV as maps.", encoding.csvdecode, (_TEXT,)),
    Function("jsondecode", "The value of JSON.", encoding.jsondecode, (_TEXT,), partial=True),
    Function("jsonencode", "A value as JSON; its structure is kept.", encoding.jsonencode, (_ANY,), partial=True),
    Function("textdecodebase64", "Base64 in another encoding.", encoding.textdecodebase64, (_TEXT, _TEXT)),
    Function("textencodebase64", "Base64 of another encoding.", encoding.textencodebase64, (_TEXT, _TEXT)),
    Function("urldecode", "The text of URL encoding.", encoding.urldecode, (_TEXT,), origin="opentofu"),
    Function("urlencode", "A text for a URL.", encoding.urlencode, (_TEXT,)),
    Function("yamldecode", "The value of YAML.", encoding.yamldecode, (_TEXT,), partial=True),
    Function("yamlencode", "A value as YAML.", encoding.yamlencode, (_ANY,), partial=True),
)

_FILESYSTEM = (
    Function("abspath", "An absolute path; known where it is one.", filesystem.abspath, (_NAME,), context=True),
    Function("basename", "A path's last part.", filesystem.basename, (_NAME,), partial=True),
    Function("dirname", "A path without its last part.", filesystem.dirname, (_NAME,)),
    Function("file", "A file's text.", filesystem.file, (_PATH,), context=True),
    Function("filebase64", "A file as Base64.", filesystem.filebase64, (_PATH,), context=True),
    Function("fileexists", "Whether there is a file.", filesystem.fileexists, (_PATH,), context=True),
    Function("fileset", "The files that a pattern matches.", filesystem.fileset, (_PATH, _TEXT), context=True),
    Function("filemd5", "A file's MD5.", filesystem.filemd5, (_PATH,), context=True, present=True),
    Function("filesha1", "A file's SHA-1.", filesystem.filesha1, (_PATH,), context=True, present=True),
    Function("filesha256", "A file's SHA-256.", filesystem.filesha256, (_PATH,), context=True, present=True),
    Function("filesha512", "A file's SHA-512.", filesystem.filesha512, (_PATH,), context=True, present=True),
    Function(
        "filebase64sha256",
        "A file's SHA-256 as Base64.",
        filesystem.filebase64sha256,
        (_PATH,),
        context=True,
        present=True,
    ),
    Function(
        "filebase64sha512",
        "A file's SHA-512 as Base64.",
        filesystem.filebase64sha512,
        (_PATH,),
        context=True,
        present=True,
    ),
    Function("pathexpand", "With the home folder for ~.", filesystem.pathexpand, (_NAME,), context=True),
    Function("templatefile", "A file as a template.", filesystem.templatefile, _TEMPLATE, partial=True, context=True),
)

_TIME = (
    Function("formatdate", "A time in another format.", times.formatdate, (_TEXT, _TEXT)),
    Function("plantimestamp", "When the plan is made.", None, handling="unknown", present=True),
    Function("timeadd", "A time and a duration.", times.timeadd, (_TEXT, _TEXT)),
    Function("timecmp", "-1, 0 or 1: which time is earlier.", times.timecmp, (_TEXT, _TEXT)),
    Function("timestamp", "When it is applied.", None, handling="unknown", present=True),
)

_HASH = (
    Function("base64sha256", "SHA-256 as Base64.", hashes.base64sha256, (_TEXT,), present=True),
    Function("base64sha512", "SHA-512 as Base64.", hashes.base64sha512, (_TEXT,), present=True),
    Function("bcrypt", "A salted hash.", None, (_TEXT,), _NUMBER, handling="unknown", present=True),
    Function("md5", "MD5.", hashes.md5, (_TEXT,), present=True),
    Function("rsadecrypt", "What a private key decrypts.", None, (_TEXT, _TEXT), handling="unknown"),
    Function("sha1", "SHA-1.", hashes.sha1, (_TEXT,), present=True),
    Function("sha256", "SHA-256.", hashes.sha256, (_TEXT,), present=True),
    Function("sha512", "SHA-512.", hashes.sha512, (_TEXT,), present=True),
    Function("uuid", "A random UUID.", None, handling="unknown", present=True),
    Function("uuidv5", "A UUID of a name.", hashes.uuidv5, (_TEXT, _TEXT), present=True),
)

_NETWORK = (
    Function("cidrcontains", "Whether a block holds another.", network.cidrcontains, (_TEXT, _TEXT), origin="opentofu"),
    Function("cidrhost", "A block's host by number.", network.cidrhost, (_TEXT, _NUMBER), present=True),
    Function("cidrnetmask", "A block's netmask.", network.cidrnetmask, (_TEXT,), present=True),
    Function("cidrsubnet", "A subnet by number.", network.cidrsubnet, (_TEXT, _NUMBER, _NUMBER), present=True),
    Function("cidrsubnets", "Subnets one after another.", network.cidrsubnets, (_TEXT,), _NUMBER),
)

_TYPE = (
    Function("can", "Whether an expression can be evaluated.", None, rest=_ANY, handling="evaluator"),
    Function("ephemeralasnull", "Ephemeral values as null.", types.unchanged, (_ANY,), partial=True, choices=False),
    Function("issensitive", "Whether a value is marked sensitive.", None, rest=_ANY, handling="evaluator"),
    Function("nonsensitive", "Without that mark.", types.nonsensitive, (_ANY,), partial=True, choices=False),
    Function("sensitive", "With that mark.", types.sensitive, (_ANY,), partial=True, choices=False),
    Function("tobool", "As a bool.", types.tobool, (_ANY,), partial=True),
    Function("tolist", "As a list.", types.tolist, (_ANY,), partial=True),
    Function("tomap", "As a map.", types.tomap, (_ANY,), partial=True),
    Function("tonumber", "As a number.", types.tonumber, (_ANY,), partial=True),
    Function("toset", "As a set: sorted, each once.", types.toset, (_ANY,), partial=True),
    Function("tostring", "As a text.", types.tostring, (_ANY,), partial=True),
    Function("try", "The first that can be evaluated.", None, rest=_ANY, handling="evaluator"),
    Function("type", "The name of a type (console only).", types.type_text, (_ANY,)),
)

_PROVIDER = (
    Function("provider::aws::arn_build", "An ARN.", provider.arn_build, (_TEXT,) * 5, partial=True, origin="provider"),
    Function("provider::aws::arn_parse", "An ARN's fields.", provider.arn_parse, _ARN, partial=True, origin="provider"),
    Function(
        "provider::aws::trim_iam_role_path",
        "A role's ARN without path.",
        provider.trim_iam_role_path,
        _ARN,
        origin="provider",
    ),
    Function(
        "provider::google::location_from_id", "An id's location.", provider.google_location, _ID, origin="provider"
    ),
    Function("provider::google::name_from_id", "An id's last part.", provider.google_name, _ID, origin="provider"),
    Function("provider::google::project_from_id", "An id's project.", provider.google_project, _ID, origin="provider"),
    Function("provider::google::region_from_id", "An id's region.", provider.google_region, _ID, origin="provider"),
    Function(
        "provider::google::region_from_zone",
        "A zone's region.",
        provider.google_region_from_zone,
        (_TEXT,),
        origin="provider",
    ),
    Function("provider::google::zone_from_id", "An id's zone.", provider.google_zone, _ID, origin="provider"),
    Function(
        "provider::terraform::decode_tfvars",
        "The values of a .tfvars text.",
        provider.decode_tfvars,
        (_TEXT,),
        context=True,
        origin="provider",
    ),
    Function(
        "provider::terraform::encode_expr",
        "A value as an expression.",
        provider.encode_expr,
        (_ANY,),
        partial=True,
        origin="provider",
    ),
    Function(
        "provider::terraform::encode_tfvars",
        "An object as a .tfvars text.",
        provider.encode_tfvars,
        (_VALUE,),
        partial=True,
        origin="provider",
    ),
)

#: By heading, in the order of the documentation.
GROUPS: dict[str, tuple[Function, ...]] = {
    "Numeric": _NUMERIC,
    "String": _STRING,
    "Collection": _COLLECTION,
    "Encoding": _ENCODING,
    "Filesystem": _FILESYSTEM,
    "Date and time": _TIME,
    "Hash and crypto": _HASH,
    "IP network": _NETWORK,
    "Type conversion": _TYPE,
    "Provider-defined": _PROVIDER,
}

#: All functions by name.
FUNCTIONS: dict[str, Function] = {function.name: function for group in GROUPS.values() for function in group}


@cache
@cache
def lookup(name: str) -> Function | None:
    """The function of that name, with or without ``core::``; None for one that is not known."""
    found = _named(name)
    return None if found is None else _loaded(found.name)


@cache
def _loaded(name: str) -> Function:
    found = FUNCTIONS[name]
    return replace(found, body=found.body.load()) if isinstance(found.body, Waiting) else found


def _named(name: str) -> Function | None:
    found = FUNCTIONS.get(name.removeprefix("core::"))
    if found is None and name.startswith("provider::google-beta::"):
        return FUNCTIONS.get(name.replace("google-beta", "google", 1))
    return None if found is not None and found.origin == "provider" and name.startswith("core::") else found
