"""The patterns by which ``direct.py`` and ``descent.py`` read Terraform's text."""

from __future__ import annotations

import re
from functools import partial
from typing import Final

#: Text is the Latin-1 of bytes: only letters of ASCII are letters there. Most characters of control never come here.
compiled = partial(re.compile, flags=re.ASCII)

NAME: Final = r"[^\W\d][\w-]*+"
PLAIN_STRING: Final = r'"[^"\\${%\r\n]*"'
CHAIN: Final = rf"{NAME}(?:\.{NAME})*"
DIGITS: Final = r"\d{1,18}"
#: Blanks, new lines and comments.
SKIP: Final = r"(?:\s++|(?:#|//).*+|/\*(?s:.*?)\*/)*+"
#: The rest of a line on which nothing more stands.
LINE_END: Final = r"[ \t]*+(?:(?:#|//).*+|\r)?(?:\n|\Z)"

#: A term's beginning, by groups: a plain string, a chain of names, its `(`, a number, a bracket or sign, `"`, `<<`.
TERM = compiled(rf'(?:({PLAIN_STRING})|({CHAIN})(\(?)|(\d+(?:\.\d+)?)(?![\w.])|([\[{{(!-])|(")|(<<)(?!<))')
#: A step after a term, by groups: a name, `[*]`, `.*`, an old index; none for `[`.
STEP = compiled(rf"\.({NAME})|\[(?!\*)|(\[\*\])|(\.\*)(?!\*)|\.(\d{{1,9}})(?![\w-])")
#: Operators, never the beginning of a comment, of a heredoc or of a directive.
OPERATOR: Final = r"(\|\||&&|==|!=|<=|>=|<(?!<)|>|\+|-|\*|/(?![/*])|%(?!\{)|\?)"
INLINE_OPERATOR = compiled(rf"[ \t]*{OPERATOR}[ \t]*")
OPEN_OPERATOR = compiled(rf"{SKIP}{OPERATOR}")
SKIPPED = compiled(SKIP)
#: What may follow an expression where new lines are blanks.
MARK = compiled(rf"{SKIP}(,|[\])}}:]|=>|\.\.\.|if(?![\w-]))")
COLON = compiled(r"[ \t]*:[ \t]*")
FOR = compiled(rf"for\s+({NAME})\s*(?:,\s*({NAME})\s+)?in\s+")
#: An item of an object whose key is plain; the value too, where nothing but the item's end follows it.
OBJECT_ITEM = compiled(
    rf"(?:({PLAIN_STRING})|({CHAIN})|({DIGITS}))[ \t]*(?:=(?![=>])|:)[ \t]*"
    rf"(?:(?:({PLAIN_STRING})|({DIGITS})|({CHAIN}))(?:[ \t]*,|{LINE_END}|[ \t]*(?=\}})){SKIP})?"
)
OBJECT_KEY = compiled(r"[(\"]")
OBJECT_SEPARATOR = compiled(r"[ \t]*(?:=(?![=>])|:)[ \t]*")
AFTER_OBJECT_ITEM = compiled(rf"[ \t]*(?:,|{LINE_END}|(?=\}}))")
#: Text between quotes up to its end or to the next sequence: signs in a row before a `{` stand for themselves.
QUOTED_TEXT = compiled(r'(?:[^"\\$%\r\n]++|\\[^\r\n]|\$++(?!\{)|\$\$++\{|%++(?!\{)|%%++\{)*+')
HEREDOC_HEAD = compiled(rf"<<(-?)({NAME})\n")
SEQUENCE = compiled(r"[$%]\{")
#: The beginning of a directive up to its expression, where it has one; of a loop with its names.
DIRECTIVE = compiled(
    rf"%\{{(~?){SKIP}(?:(if)(?![\w-]){SKIP}|(else|endif|endfor)(?![\w-])|"
    rf"(for)\s+({NAME})\s*(?:,\s*({NAME})\s+)?in\s+{SKIP})"
)
