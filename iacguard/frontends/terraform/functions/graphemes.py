"""Characters as people see them: Unicode's extended grapheme clusters (UAX #29), which Terraform counts."""

from __future__ import annotations

_JOINER = "\u200d"


def graphemes(text: str) -> list[str]:
    """The user-perceived characters of ``text``.

    Follows the rules for CR LF, combining marks, joined emoji, skin tones and flags; those for conjoining Hangul
    letters and Indic conjuncts, which need tables of their own, are left out.
    """
    if text.isascii() and "\r\n" not in text:
        return list(text)
    result: list[str] = []
    for char in text:
        if result and _continues(result[-1], char):
            result[-1] += char
        else:
            result.append(char)
    return result


def _continues(cluster: str, char: str) -> bool:
    import unicodedata

    last = cluster[-1]
    if last == "\r" or last == "\n" or char == "\n":
        return last == "\r" and char == "\n"
    if char == _JOINER or unicodedata.category(char) in ("Mn", "Me", "Mc") or "\U0001f3fb" <= char <= "\U0001f3ff":
        return True
    if last == _JOINER and unicodedata.category(char) == "So":
        return True
    return _is_flag(char) and _is_flag(last) and len(cluster) % 2 == 1


def _is_flag(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"
