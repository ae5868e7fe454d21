"""String functions. What is known of a string that is only partly known stays known."""

from __future__ import annotations

from collections.abc import Callable

from iacguard.frontends.terraform.functions.context import FunctionError, NotEvaluatedError, to_string
from iacguard.frontends.terraform.functions.graphemes import graphemes
from iacguard.frontends.terraform.functions.unknowns import (
    Pieces,
    derived,
    encoded_text,
    find_unknown,
    from_pieces,
    pieces,
)
from iacguard.model import REST, Encoded, Unknown, Value
from iacguard.record import replace as changed

#: A longer text than this is not made.
MAX_TEXT = 4_000_000


def _loose(piece: Unknown) -> Unknown:
    """What is left of an unknown piece whose text was changed."""
    return Unknown(piece.reason, "function", piece.span, secret=piece.secret)


def _mapped(text: Value, change: Callable[[str], str]) -> Value:
    """``change`` on every known piece; exact for changes that look at single characters."""
    if isinstance(text, str):
        return change(text)
    done: Pieces = [change(p) if isinstance(p, str) else _loose(p) for p in pieces(text)]
    result = from_pieces(done, [text])
    return changed(result, present=True) if _present(text) and isinstance(result, Unknown) else result


def _present(text: Value) -> bool:
    return isinstance(text, Encoded) or (isinstance(text, Unknown) and text.present)


def lower(text: Value) -> Value:
    return _mapped(text, str.lower)


def upper(text: Value) -> Value:
    return _mapped(text, _upper)


def _upper(text: str) -> str:
    # Go maps rune by rune: the letters whose capitals are several characters stay.
    return text.upper() if text.isascii() else "".join(c.upper() if len(c.upper()) == 1 else c for c in text)


def title(text: str) -> str:
    result = []
    inside = False
    for char in text:
        result.append(char if inside else _upper(char))
        inside = char.isalnum() or char == "_" or (not char.isascii() and not char.isspace())
    return "".join(result)


def strrev(text: str) -> str:
    return "".join(reversed(graphemes(text)))


def chomp(text: Value) -> Value:
    if isinstance(text, Encoded):
        return text
    return _trim_end(text, lambda s: s.rstrip("\r\n"))


def trimspace(text: Value) -> Value:
    if isinstance(text, Encoded):
        return text
    return _trim_start(_trim_end(text, str.rstrip), str.lstrip)


def trim(text: Value, cutset: Value) -> Value:
    if isinstance(cutset, Unknown) or isinstance(text, Encoded) or isinstance(cutset, Encoded):
        return _strict(text, cutset, lambda a, b: a.strip(b))
    if not cutset:
        return text
    return _trim_start(_trim_end(text, lambda s: s.rstrip(cutset)), lambda s: s.lstrip(cutset))


def _strict(left: Value, right: Value, compute: Callable[[str, str], Value]) -> Value:
    texts: list[Value] = [encoded_text(v) if isinstance(v, Encoded) else v for v in (left, right)]
    return compute(texts[0], texts[1]) if find_unknown(texts) is None else derived(texts)


def _trim_end(text: Value, cut: Callable[[str], str]) -> Value:
    if isinstance(text, str):
        return cut(text)
    items = pieces(text)
    last = items[-1]
    if isinstance(last, str) and cut(last):
        return from_pieces([*items[:-1], cut(last)], [text])
    return _without_edge(items, text, end=True)


def _trim_start(text: Value, cut: Callable[[str], str]) -> Value:
    if isinstance(text, str):
        return cut(text)
    items = pieces(text)
    first = items[0]
    if isinstance(first, str) and cut(first):
        return from_pieces([cut(first), *items[1:]], [text])
    return _without_edge(items, text, end=False)


def _without_edge(items: Pieces, text: Value, end: bool) -> Value:
    """The outer pieces, up to a known one that surely holds, may have been cut."""
    known = [i for i, p in enumerate(items) if isinstance(p, str) and p.strip()]
    if not known:
        return derived([text])
    edge = known[-1] if end else known[0]
    kept = items[:edge] if end else items[edge + 1 :]
    reason = _loose(next(p for p in items if isinstance(p, Unknown)))
    return from_pieces([*kept, reason] if end else [reason, *kept], [text])


def _read(text: Value) -> Value:
    """JSON that is known as its text."""
    return text.text if isinstance(text, Encoded) and text.text is not None else text


def trimprefix(text: Value, prefix: Value) -> Value:
    text, prefix = _read(text), _read(prefix)
    verdict = startswith(text, prefix)
    if verdict is False:
        return text
    if verdict is not True or not isinstance(prefix, str):
        return derived([text, prefix, verdict])
    items = pieces(text)
    return from_pieces([str(items[0])[len(prefix) :], *items[1:]] if prefix else items, [text])


def trimsuffix(text: Value, suffix: Value) -> Value:
    text, suffix = _read(text), _read(suffix)
    verdict = endswith(text, suffix)
    if verdict is False:
        return text
    if verdict is not True or not isinstance(suffix, str):
        return derived([text, suffix, verdict])
    items = pieces(text)
    return from_pieces([*items[:-1], str(items[-1])[: -len(suffix)]] if suffix else items, [text])


def startswith(text: Value, prefix: Value) -> Value:
    text, prefix = _read(text), _read(prefix)
    first, wanted = pieces(text)[0], pieces(prefix)[0]
    start = first if isinstance(first, str) else ""
    head = wanted if isinstance(wanted, str) else ""
    if isinstance(prefix, str) and start.startswith(prefix):
        return True
    shorter = min(len(start), len(head))
    if start[:shorter] != head[:shorter] or (isinstance(text, str) and len(text) < len(head)):
        return False
    return derived([text, prefix])


def endswith(text: Value, suffix: Value) -> Value:
    text, suffix = _read(text), _read(suffix)
    last, wanted = pieces(text)[-1], pieces(suffix)[-1]
    end = last if isinstance(last, str) else ""
    tail = wanted if isinstance(wanted, str) else ""
    if isinstance(suffix, str) and end.endswith(suffix):
        return True
    shorter = min(len(end), len(tail))
    if end[len(end) - shorter :] != tail[len(tail) - shorter :] or (isinstance(text, str) and len(text) < len(tail)):
        return False
    return derived([text, suffix])


def strcontains(text: Value, wanted: Value) -> Value:
    text, wanted = _read(text), _read(wanted)
    items = pieces(text)
    if isinstance(wanted, str):
        if any(isinstance(p, str) and wanted in p for p in items) or not wanted:
            return True
        if isinstance(text, str):
            return False
    return derived([text, wanted])


def replace(text: Value, wanted: Value, replacement: Value) -> Value:
    """Plain text, or a regular expression between slashes."""
    if isinstance(wanted, str) and len(wanted) > 1 and wanted[0] == wanted[-1] == "/":
        if find_unknown([text, replacement]) is not None:
            return derived([text, replacement])
        from iacguard.frontends.terraform.functions.regex import replace_all

        return replace_all(wanted[1:-1], _plain(text), _plain(replacement))
    if isinstance(text, Encoded) and isinstance(wanted, str) and isinstance(replacement, (str, Unknown)):
        inside = _replace_inside(text, wanted, replacement)
        if inside is not None:
            return inside
    if not isinstance(wanted, str) or isinstance(replacement, (Unknown, Encoded)):
        return _replace_unknown(text, wanted, replacement)
    if isinstance(text, str):
        if len(text) + text.count(wanted) * len(replacement) > MAX_TEXT:
            raise NotEvaluatedError("the text would be too long")
        return text.replace(wanted, replacement)
    items = pieces(text)
    if not wanted or any(isinstance(p, str) and _straddles(p, wanted) for p in items):
        return derived([text])
    return _mapped(text, lambda piece: piece.replace(wanted, replacement))


#: What stands in JSON outside of its strings, and in the escapes in them.
_OUTSIDE_STRINGS = frozenset('{}[]:,"\\ \n+-.0123456789abcdefnrstulE')
_ESCAPED = frozenset('"\\<>&')


def _replace_inside(text: Encoded, wanted: str, replacement: str | Unknown) -> Encoded | None:
    """JSON with what is ``wanted`` replaced inside its strings; None where it may also stand elsewhere."""
    if _OUTSIDE_STRINGS.issuperset(wanted) or any(map(_is_escaped, wanted)):
        return None
    if isinstance(replacement, str) and any(map(_is_escaped, replacement)):
        return None
    known = text.text
    if known is not None:
        if "\\" in known:  # what is wanted may begin in an escape
            return None
        changed_text = replace(known, wanted, replacement)
        known = changed_text if isinstance(changed_text, str) else None
    return Encoded(_inside(text.value, lambda piece: replace(piece, wanted, replacement)), known, text.place)


def _is_escaped(char: str) -> bool:
    return char < " " or char in _ESCAPED


def _inside(value: Value, change: Callable[[Value], Value]) -> Value:
    if isinstance(value, str) or (isinstance(value, Unknown) and value.parts and not value.spread):
        return change(value)
    if isinstance(value, list):
        return [_inside(item, change) for item in value]
    if isinstance(value, dict):
        changed_keys = {key: key if key == REST else change(key) for key in value}
        return {new if isinstance(new, str) else key: _inside(value[key], change) for key, new in changed_keys.items()}
    if isinstance(value, Encoded):
        inner = _inside(value.value, change)
        return Encoded(inner, None if value.text is None else str(change(value.text)), value.place)
    if isinstance(value, Unknown) and value.keys:
        choices = tuple(_inside(choice, change) for choice in value.choices)
        return changed(value, choices=choices, keys=tuple(change(key) if key.parts else key for key in value.keys))
    if isinstance(value, Unknown):
        return Unknown(value.reason, value.kind, value.span, spread=value.spread, secret=value.secret)
    return value


def _plain(value: Value) -> str:
    return value.text or "" if isinstance(value, Encoded) else str(value)


def _replace_unknown(text: Value, wanted: Value, replacement: Value) -> Value:
    if isinstance(text, str) and isinstance(wanted, str) and wanted:
        segments = text.split(wanted)
        items: Pieces = [segments[0]]
        for segment in segments[1:]:
            items += [*pieces(replacement), segment]
        return from_pieces(items, [replacement])
    return derived([text, wanted, replacement])


def _straddles(piece: str, wanted: str) -> bool:
    """Whether an occurrence of ``wanted`` may lie half in ``piece`` and half in an unknown neighbour."""
    return any(piece.endswith(wanted[:i]) or piece.startswith(wanted[i:]) for i in range(1, len(wanted)))


def regex(pattern: str, text: str) -> Value:
    from iacguard.frontends.terraform.functions.regex import first_match

    return first_match(pattern, text)


def regexall(pattern: str, text: str) -> Value:
    from iacguard.frontends.terraform.functions.regex import all_matches

    return all_matches(pattern, text)


def indent(spaces: int | float, text: Value) -> Value:
    if not isinstance(spaces, int):
        raise FunctionError("a whole number of spaces is required")
    pad = "\n" + " " * max(0, min(spaces, 10_000))
    if isinstance(text, str):
        if len(text) + text.count("\n") * len(pad) > MAX_TEXT:
            raise NotEvaluatedError("the text would be too long")
        return text.replace("\n", pad)
    return text if isinstance(text, Encoded) else _mapped(text, lambda piece: piece.replace("\n", pad))


def join(separator: Value, *lists: Value) -> Value:
    """The items' texts; an unknown item is an unknown piece of the result."""
    if isinstance(separator, Encoded):
        separator = encoded_text(separator)
    items: list[Value] = []
    for values in lists:
        items.extend([changed(values, spread=True)] if isinstance(values, Unknown) else values)
    if any(item is None for item in items):
        raise FunctionError("the list has a null")
    texts = [to_string(item) for item in items]
    if len(texts) == 1 and isinstance(texts[0], Encoded):
        return texts[0]
    if isinstance(separator, str) and all(isinstance(t, str) for t in texts):
        return separator.join(texts)
    result: Pieces = []
    for index, text in enumerate(texts):
        if isinstance(text, Unknown) and text.spread:
            # After an unknown number of items neither separators nor places are certain.
            return from_pieces([*result, _loose(text)], [separator, *texts])
        result += [*(pieces(separator) if index else ()), *pieces(text)]
    return from_pieces(result, [separator, *texts])


def split(separator: Value, text: Value) -> Value:
    """The parts; where the text is partly known, those that surely stand alone are known."""
    if isinstance(text, Encoded):
        text = encoded_text(text)
    if not isinstance(separator, str) or (isinstance(text, Unknown) and (not text.parts or len(separator) != 1)):
        return derived([separator, text])
    if isinstance(text, str):
        return text.split(separator) if separator else graphemes(text)
    items: list[Value] = []
    open_piece: Pieces = []
    for piece in pieces(text):
        if isinstance(piece, Unknown):
            open_piece.append(piece)
            continue
        head, *tail = piece.split(separator)
        open_piece.append(head)
        for segment in tail:
            items.append(_segment(open_piece, text))
            open_piece = [segment]
    return [*items, _segment(open_piece, text)]


def _segment(items: Pieces, text: Unknown) -> Value:
    joined = from_pieces(items, [text])
    return joined if isinstance(joined, str) else changed(_loose(joined), spread=True)


def substr(text: Value, offset: int | float, length: int | float) -> Value:
    if not isinstance(offset, int) or not isinstance(length, int):
        raise FunctionError("offset and length must be whole numbers")
    if isinstance(text, Encoded):
        text = encoded_text(text)
    if isinstance(text, str):
        chars = graphemes(text)
        start = max(0, len(chars) + offset) if offset < 0 else offset
        return "".join(chars[start:] if length < 0 else chars[start : start + length])
    known = text.prefix
    if offset >= 0 and length >= 0 and offset + length < len(known) and known.isascii():
        return known[offset : offset + length]
    return derived([text])
