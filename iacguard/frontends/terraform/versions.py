"""Version constraints as Terraform's documentation ("Version Constraints") defines them."""

from __future__ import annotations

from collections.abc import Iterable

from iacguard.late import regex

_VERSION = regex(r"v?(\d+(?:\.\d+){0,3})(-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?\Z")
_CONDITION = regex(r"(=|!=|>=|<=|>|<|~>)?\s*v?(\d+(?:\.\d+){0,3})(-[0-9A-Za-z.-]+)?\s*\Z")

_Numbers = tuple[int, ...]


def best(names: Iterable[str], constraint: str) -> str | None:
    """The newest of the versions among ``names`` that meets ``constraint``; None where none does.

    Names that are no versions are passed over. A pre-release counts only where it is asked for by its exact name. A
    constraint that cannot be read is met by nothing.
    """
    found: list[tuple[_Numbers, str]] = []
    for name in names:
        match = _VERSION.match(name)
        if match is not None and len(match[1]) < 60:
            numbers = _numbers(match[1])
            if meets(numbers, match[2] or "", constraint):
                found.append((numbers, name))
    return max(found)[1] if found else None


def meets(numbers: _Numbers, release: str, constraint: str) -> bool:
    """Whether a version (``release`` is its pre-release part with the dash) meets all parts of ``constraint``."""
    parts = [part.strip() for part in constraint.split(",") if part.strip()]
    if release and not any(part.lstrip("= v").endswith(release) and part[:1] not in "!<>~" for part in parts):
        return False
    return all(_meets_one(numbers, release, part) for part in parts)


def _meets_one(numbers: _Numbers, release: str, part: str) -> bool:
    match = _CONDITION.match(part)
    if match is None or len(match[2]) > 60:
        return False
    operator, wanted, wanted_release = match[1] or "=", _numbers(match[2]), match[3] or ""
    if operator == "=":
        return numbers == wanted and release == wanted_release
    if operator == "!=":
        return numbers != wanted or release != wanted_release
    if operator == "~>":
        fixed = max(1, match[2].count("."))
        return numbers >= wanted and numbers[:fixed] == wanted[:fixed]
    if operator == ">=":
        return numbers >= wanted
    if operator == "<=":
        return numbers <= wanted
    return numbers > wanted if operator == ">" else numbers < wanted


def _numbers(text: str) -> _Numbers:
    found = tuple(int(part) for part in text.split("."))
    return found + (0,) * (4 - len(found))
