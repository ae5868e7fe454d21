"""How much of the evaluated attributes is known: ``python tools/graph_shares.py FOLDER...``.

Evaluates every Terraform root below each FOLDER and counts the leaves of its resources' attributes (texts, numbers,
bools and unknowns, in lists, maps and encoded documents). Prints, for each folder, how many resources there are, what
share of leaves is known, what share is an attribute of another resource that is created (which no code can tell more
of), and the most frequent reasons for the rest, with names taken out so that alike ones are counted together.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from iacguard.model import Encoded, Unknown, Value
from iacguard.scan import ScanRequest, graphs

_TOP = 8


def leaves(value: Value) -> Iterator[Value]:
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            pending.extend(item.values())
        elif isinstance(item, list):
            pending.extend(item)
        elif isinstance(item, Encoded):
            pending.append(item.value)
        else:
            yield item


def reason(value: Unknown) -> str:
    """Why it is not known, without names."""
    text = re.sub(r'"[^"]*"', '"..."', value.reason)
    text = re.sub(r"(?:module\.[\w-]+(?:\[[^\]]*\])?\.)*(data\.)?([a-z]+)_[\w.\-\[\]*]+", r"\1\2_...", text)
    return f"{value.kind}: {text}"


def main(folders: list[Path]) -> None:
    for folder in folders:
        counts: Counter[str] = Counter()
        reasons: Counter[str] = Counter()
        stacks, _ = graphs(ScanRequest((str(folder),)))
        for stack, _graph in stacks:
            for resource in stack.resources:
                counts["resources"] += 1
                for leaf in leaves(resource.attributes):
                    if not isinstance(leaf, Unknown):
                        counts["known"] += 1
                    elif leaf.reference is not None and leaf.kind == "computed":
                        counts["reference"] += 1
                    elif leaf.parts and any(isinstance(part, str) for part in leaf.parts):
                        counts["known in part"] += 1
                    elif leaf.choices:
                        counts["one of a few"] += 1
                    else:
                        counts["unknown"] += 1
                        reasons[reason(leaf)] += 1
        total = sum(counts.values()) - counts["resources"]
        shares = ", ".join(f"{100 * n / total:.1f} % {name}" for name, n in counts.items() if name != "resources")
        print(
            f"{folder.name}: {len(stacks)} roots, {counts['resources']} resources, {total} leaves: {shares or 'none'}"
        )
        for why, number in reasons.most_common(_TOP):
            print(f"  {number:>6}  {why}")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main([Path(argument) for argument in sys.argv[1:]])
