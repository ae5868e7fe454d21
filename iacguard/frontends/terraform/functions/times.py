"""Dates and times: RFC 3339 texts, Go's durations, ``formatdate``'s own letters."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from fractions import Fraction

from iacguard.frontends.terraform.functions.context import FunctionError

# Compiled where first used (re keeps them): most scans need none of these.
_TIME = r"(?a)(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:(Z)|([+-])(\d\d):(\d\d))\Z"
_UNITS = {"ns": 1, "us": 10**3, "µs": 10**3, "μs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
_PART = r"(?a)(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)"
_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]


def parse_time(text: str) -> tuple[datetime, int]:
    """The time to the second, with its offset, and its nanoseconds. Raises FunctionError."""
    found = re.match(_TIME, text)
    if not found:
        raise FunctionError(f"{text[:50]!r} is not an RFC 3339 time")
    try:
        offset = timedelta(hours=int(found[10] or 0), minutes=int(found[11] or 0))
        zone = timezone(-offset if found[9] == "-" else offset)
        year, month, day, hour, minute, second = (int(found[i]) for i in range(1, 7))
        moment = datetime(year, month, day, hour, minute, second, tzinfo=zone)
    except ValueError as error:
        raise FunctionError(f"{text[:50]!r} is not an RFC 3339 time: {error}") from None
    return moment, int(((found[7] or "") + "0" * 9)[:9])


def timeadd(text: str, duration: str) -> str:
    moment, nanos = parse_time(text)
    total = nanos + _duration(duration)
    try:
        result = moment + timedelta(seconds=total // 10**9)
    except OverflowError:
        raise FunctionError("the result is not a year from 1 to 9999") from None
    return result.strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0") + _zone(result, "Z", ":")


def _duration(text: str) -> int:
    """Nanoseconds of a Go duration such as ``-1h30m``."""
    body = text.lstrip("+-") if text[:1] in "+-" and text[1:2] not in "+-" else text
    total = Fraction(0)
    at = 0
    while at < len(body):
        found = re.match(_PART, body[at:])
        if not found:
            break
        total += Fraction(found[1].rstrip(".")) * _UNITS[found[2]]
        at += found.end()
    if not body or (at < len(body) and body != "0") or len(text) > 100 or total > 2**63:
        raise FunctionError(f"{text[:50]!r} is not a duration")
    return -int(total) if text.startswith("-") else int(total)


def timecmp(left: str, right: str) -> int:
    first, second = parse_time(left), parse_time(right)
    return (first > second) - (first < second)


def formatdate(pattern: str, text: str) -> str:
    """Runs of one letter are fields, ``'...'`` is literal text, all else that is no letter stands as it is."""
    moment, _ = parse_time(text)
    result = []
    at = 0
    while at < len(pattern):
        char = pattern[at]
        if char == "'":
            literal, at = _quoted(pattern, at)
            result.append(literal)
            continue
        end = at + 1
        if char.isascii() and char.isalpha():
            while end < len(pattern) and pattern[end] == char:
                end += 1
            result.append(_field(pattern[at:end], moment))
        else:
            result.append(char)
        at = end
    return "".join(result)


def _quoted(pattern: str, start: int) -> tuple[str, int]:
    if pattern[start + 1 : start + 2] == "'":
        return "'", start + 2
    result = []
    at = start + 1
    while at < len(pattern):
        if pattern[at] != "'":
            result.append(pattern[at])
            at += 1
        elif pattern[at + 1 : at + 2] == "'":
            result.append("'")
            at += 2
        else:
            return "".join(result), at + 1
    raise FunctionError("the format has an unfinished literal")


def _field(letters: str, moment: datetime) -> str:
    half = "AM" if moment.hour < 12 else "PM"
    clock = moment.hour % 12 or 12
    month, day = _MONTHS[moment.month - 1], _DAYS[moment.weekday()]
    fields: dict[str, str] = {
        "YYYY": f"{moment.year:04}",
        "YY": f"{moment.year % 100:02}",
        "MMMM": month,
        "MMM": month[:3],
        "MM": f"{moment.month:02}",
        "M": str(moment.month),
        "DD": f"{moment.day:02}",
        "D": str(moment.day),
        "EEEE": day,
        "EEE": day[:3],
        "hh": f"{moment.hour:02}",
        "h": str(moment.hour),
        "HH": f"{clock:02}",
        "H": str(clock),
        "AA": half,
        "aa": half.lower(),
        "mm": f"{moment.minute:02}",
        "m": str(moment.minute),
        "ss": f"{moment.second:02}",
        "s": str(moment.second),
        "ZZZZZ": _zone(moment, "+00:00", ":"),
        "ZZZZ": _zone(moment, "+0000", ""),
        "ZZZ": _zone(moment, "UTC", ""),
        "Z": _zone(moment, "Z", ":"),
    }
    if letters not in fields:
        raise FunctionError(f"the format has an unknown field {letters[:20]!r}")
    return fields[letters]


def _zone(moment: datetime, utc: str, separator: str) -> str:
    offset = moment.utcoffset() or timedelta(0)
    if not offset:
        return utc
    minutes = abs(offset) // timedelta(minutes=1)
    return f"{'-' if offset < timedelta(0) else '+'}{minutes // 60:02}{separator}{minutes % 60:02}"
