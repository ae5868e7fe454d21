"""What a policy file may say. The loader checks it, the documentation is made from it."""

from __future__ import annotations

from typing import get_args

from iacguard.findings import Category
from iacguard.model import Format
from iacguard.record import record


@record
class Key:
    """One key of a policy file: what it takes and what it means, for people."""

    name: str
    takes: str
    meaning: str
    required: bool = False


FORMATS: tuple[Format, ...] = get_args(Format)
CATEGORIES: tuple[str, ...] = get_args(Category)

#: In the order in which they are written.
POLICY: tuple[Key, ...] = (
    Key("title", "text", "What is wrong, in a sentence of less than 80 characters, without a full stop.", True),
    Key("severity", "`critical`, `high`, `medium` or `low`", "How bad it is, by docs/severity.md.", True),
    Key("category", "one name", f"One of: {', '.join(f'`{c}`' for c in CATEGORIES)}.", True),
    Key(
        "resource",
        "text or list",
        "The kinds it decides: names of the common vocabulary (`aws_s3_bucket`, `Deployment`), a native type without a"
        " translation (`AWS::X::Y`), the group `Workload`, or a shell pattern (`aws_*`). Name a split sub-resource too"
        " (`aws_s3_bucket_acl`): it is then decided at its parent, and by itself only where its parent is not at hand.",
        True,
    ),
    Key(
        "where",
        "expression",
        "Which resources it applies to. False: no decision at all. Unknown: the policy can at most be undecided.",
    ),
    Key(
        "each",
        "expression",
        "The list to decide item by item. In `deny`, `at` and `message` the current node then is the item, and"
        " `resource()` the whole. No list, or an empty one, is satisfied.",
    ),
    Key("deny", "expression", "True means violated.", True),
    Key(
        "at",
        "expression",
        "Where to point, if not at the attribute that decided: a path such as `acl` or `logging[0].target_bucket`.",
    ),
    Key("message", "text", "What was found, in a few words, with the values: `port 22 is open to {sources}`.", True),
    Key("why", "text", "The attack or the loss, in two or three sentences.", True),
    Key(
        "fix",
        "text or mapping",
        f"`text`: what to change, in a sentence; {', '.join(f'`{f}`' for f in FORMATS)}: the smallest change in each"
        " format that it serves.",
        True,
    ),
    Key("references", "list of URLs", "The provider's own pages."),
    Key("aliases", "list of texts", "Rules of other scanners that decide the same thing: `CKV_AWS_24`."),
    Key("frameworks", "mapping of lists", 'Controls of published benchmarks: `cis-aws-3.0: ["5.2"]`.'),
    Key("examples", "list of mappings", "Code that violates and satisfies it, in every format it serves: the tests."),
)

EXAMPLE: tuple[Key, ...] = (
    Key("name", "text", "What the example shows.", True),
    *(Key(f, "text", f"The code, in {f}'s own language. Exactly one of these, or `files`.") for f in FORMATS),
    Key("files", "mapping of path to text", "Several files, where one is not enough: modules, `*.tfvars`."),
    Key("violates", "list of addresses", "Resources that violate it: exactly these."),
    Key("undecided", "list of addresses", "Resources that stay undecided: exactly these."),
    Key("satisfies", "list of addresses", "Resources that satisfy it; others may, too."),
)


POLICY_KEYS = tuple(k.name for k in POLICY)
EXAMPLE_KEYS = tuple(k.name for k in EXAMPLE)
