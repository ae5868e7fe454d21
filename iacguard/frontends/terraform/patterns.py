"""The patterns by which ``direct.py`` and ``descent.py`` read Terraform's text."""

from __future__ import annotations

import re
from typing import Final

NAME: Final = r"[A-Za-z_][A-Za-z0-9_-]*+"
PLAIN_STRING: Final = r'"[^"\\${%\r\n]*"'
CHAIN: Final = rf"{NAME}(?:\.{NAME})*"
DIGITS: Final = r"[0-9]{1,18}"
#: Blanks, new lines and comments.
SKIP: Final = r"(?:[ \t\r\n]++|#[^\n]*+|//[^\n]*+|/\*(?:[^*]|\*(?!/))*+\*/)*+"
#: The rest of a line on which nothing more stands.
LINE_END: Final = r"[ \t]*+(?:(?:#|//)[^\n]*+|\r)?(?:\n|\Z)"

#: A term's beginning, by groups: a plain string, a chain of names, its `(`, a number, a bracket or sign, `"`, `<<`.
TERM = re.compile(
    rf'(?:({PLAIN_STRING})|({CHAIN})(\(?)|([0-9]+(?:\.[0-9]+)?)(?![A-Za-z0-9_.])|([\[{{(!-])|(")|(<<)(?![<]))'
)
#: A step after a term, by groups: a name, `[*]`, `.*`, an old index; none for `[`.
STEP = re.compile(rf"\.({NAME})|\[(?!\*)|(\[\*\])|(\.\*)(?!\*)|\.([0-9]{{1,9}})(?![A-Za-z0-9_-])")
#: Operators, never the beginning of a comment, of a heredoc or of a directive.
OPERATOR: Final = r"(\|\||&&|==|!=|<=|>=|<(?!<)|>|\+|-|\*|/(?![/*])|%(?!\{)|\?)"
INLINE_OPERATOR = re.compile(rf"[ \t]*{OPERATOR}[ \t]*")
OPEN_OPERATOR = re.compile(rf"{SKIP}{OPERATOR}")
SKIPPED = re.compile(SKIP)
#: What may follow an expression where new lines are blanks.
MARK = re.compile(rf"{SKIP}(,|[\])}}:]|=>|\.\.\.|if(?![A-Za-z0-9_-]))")
COLON = re.compile(r"[ \t]*:[ \t]*")
FOR = re.compile(rf"for[ \t\r\n]+({NAME})[ \t\r\n]*(?:,[ \t\r\n]*({NAME})[ \t\r\n]+)?in[ \t\r\n]+")
#: An item of an object whose key is plain; the value too, where nothing but the item's end follows it.
OBJECT_ITEM = re.compile(
    rf"(?:({PLAIN_STRING})|({CHAIN})|({DIGITS}))[ \t]*(?:=(?![=>])|:)[ \t]*"
    rf"(?:(?:({PLAIN_STRING})|({DIGITS})|({CHAIN}))(?:[ \t]*,|{LINE_END}|[ \t]*(?=\}})){SKIP})?"
)
OBJECT_KEY = re.compile(r"[(\"]")
OBJECT_SEPARATOR = re.compile(r"[ \t]*(?:=(?![=>])|:)[ \t]*")
AFTER_OBJECT_ITEM = re.compile(rf"[ \t]*(?:,|{LINE_END}|(?=\}}))")
#: Text between quotes up to its end or to the next ``${``; signs in a row are left alone where they are no escape.
QUOTED_TEXT = re.compile(r'(?:[^"\\$%\r\n]++|\\[^\r\n]|\$(?![{$])|%(?![{%])|\$\$\{|%%\{)*+')
HEREDOC_HEAD = re.compile(rf"<<(-?)({NAME})\n")
SEQUENCE = re.compile(r"[$%]\{")
