"""``Fn::ForEach``: a mapping's members, written once and made for each item of a collection.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference-foreach.html
Nothing is copied: a member is read with the loop's variables bound, so that its places stay those of the loop's body.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from iacguard.frontends.cloudformation.nodes import Entry, call_of, items, members, text_of
from iacguard.frontends.cloudformation.texts import as_text, looped
from iacguard.model import Unknown

if TYPE_CHECKING:
    from iacguard.frontends.cloudformation.evaluate import Evaluator

FOR_EACH = "Fn::ForEach"
#: CloudFormation allows five loops in each other, and 500 resources.
_MAX_NESTED = 5
_MAX_ITEMS = 1_000
#: Members that the loops of one template may make, over all.
_MAX_MADE = 20_000


def unrolled(evaluator: Evaluator, loop: Entry) -> Iterator[tuple[Evaluator, Entry]]:
    """The members that ``loop`` makes, with their names filled in, each with the evaluator to read it with.

    A loop over what is not known gives itself, as the one member that stands for those that it would make.
    """
    arguments = items(loop.value)
    variable = text_of(arguments[0]) if len(arguments) == 3 else None
    if variable is None or call_of(arguments[2]) is not None:
        evaluator.wrong("value", loop.key, f"{loop.name} takes a variable, a collection and a mapping")
        return
    if len(evaluator.bound) >= _MAX_NESTED:
        evaluator.wrong("value", loop.key, f"more than {_MAX_NESTED} loops stand in each other")
        return
    collection = evaluator.value(arguments[1])
    texts = [as_text(item) for item in collection] if isinstance(collection, list) else []
    if not isinstance(collection, list) or any(isinstance(t, Unknown) for t in texts):
        if isinstance(collection, list | Unknown):
            yield evaluator, loop
        else:
            evaluator.wrong("value", arguments[1], f"{loop.name} runs over a list")
        return
    if len(texts) > _MAX_ITEMS:
        evaluator.wrong("too-large", arguments[1], f"{loop.name} runs over more than {_MAX_ITEMS:,} items")
        yield evaluator, loop
        return
    for text in texts:
        if not isinstance(text, str):
            evaluator.wrong("value", arguments[1], f"{loop.name} runs over texts")
            continue
        inner = evaluator.within({variable: text})
        for entry in members(arguments[2]):
            evaluator.record.made += 1
            if evaluator.record.made > _MAX_MADE:
                if evaluator.record.made == _MAX_MADE + 1:
                    message = f"the loops of this template make more than {_MAX_MADE:,} members"
                    evaluator.wrong("too-large", loop.key, message)
                return
            name = looped(entry.name, inner.bound)
            if entry.name.startswith(FOR_EACH):
                yield from unrolled(inner, entry)
            else:
                yield inner, Entry(name, entry.key, entry.value)
