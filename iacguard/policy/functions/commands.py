"""The command lines of containers: which program they start, and with which flags.

Kubernetes puts variables of the container into its words, ``$(NAME)``, and a shell ``$NAME``:
https://kubernetes.io/docs/tasks/inject-data-application/define-command-argument-container/
"""

from __future__ import annotations

import posixpath
import re
from typing import NamedTuple

from iacguard.late import regex
from iacguard.model import Path, Unknown, Value
from iacguard.policy import logic
from iacguard.policy.access import read_field
from iacguard.policy.functions.base import Function, decided, parameters
from iacguard.policy.functions.kubernetes import parse_image
from iacguard.policy.logic import Tri

_SHELLS = frozenset({"sh", "ash", "bash", "dash"})
_VARIABLE = regex(r"\$\$\(|\$\(([A-Za-z_][\w.-]*)\)")
_SHELL_VARIABLE = regex(r"\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*)|\{[^}]*\}?)")
#: A variable at the end of a word, or one of which the end is not looked for here.
_OPEN_END = regex(r"\$(?:\w*|[{(].*)$", re.S)


class _Word(NamedTuple):
    """One word of a command line: a text, or an Unknown (``spread``: any number of words)."""

    value: Value
    place: Path


def runs_program(container: Value, program: Value) -> Value:
    """Whether a container starts the program, by its command line or, where it has no command, by its image's name.

    A shell before it, and an all-in-one binary that takes the program's name, are looked through. What a script puts
    together from values that are not known is taken for no program: nearly every script has such words.
    """
    if isinstance(container, Unknown) or isinstance(program, Unknown):
        return decided(None, container, program)
    if not _mentions(container, program):
        return False
    words, shell = _written(container)
    if shell:
        looked_at = _candidates(words, container, program)
    else:
        looked_at = [_filled(w.value, container) for w in words[:2]]
    answers = [_names(word, program) for word in looked_at]
    command = read_field(container, "command")
    if not isinstance(command, Unknown) and command:
        return decided(logic.any_tri(answers), looked_at)
    by_image = _image_is(read_field(container, "image"), program)
    if isinstance(command, Unknown):
        by_image = logic.all_tri((by_image, None))
    return decided(logic.any_tri((*answers, by_image)), looked_at, command, container)


def _mentions(container: Value, program: str) -> bool:
    """Whether a container's image or command line may hold the program's name: False at once for nearly all."""
    image = read_field(container, "image")
    if isinstance(image, Unknown) or (isinstance(image, str) and program in image):
        return True
    for name in ("command", "args"):
        written = read_field(container, name)
        for text in written if isinstance(written, list) else (written,):
            if isinstance(text, Unknown) or (isinstance(text, str) and (program in text or "$" in text)):
                return True
    return False


def command_flag(container: Value, flag: Value) -> Value:
    """What a container's command line gives for ``--flag``: the last one's value, ``"true"`` for a bare one, else null.

    Read as Go programs do: ``--flag=value``, ``--flag value``, one dash or two, ``_`` for ``-``. Variables of the
    container, ``$(NAME)``, are put in as Kubernetes does it.
    """
    if isinstance(container, Unknown) or isinstance(flag, Unknown):
        return logic.blur(logic.first_unknown(container, flag))
    return _flag(container, flag)[0]


def flag_place(container: Value, flag: str) -> Path:
    """Where the flag that :func:`command_flag` reads stands, from the container; where it would, if it is missing."""
    return _flag(container, flag)[1]


def _flag(container: Value, flag: str) -> tuple[Value, Path]:
    words, shell = _words(container)
    found: Value = None
    place: Path = words[-1].place[:1] if words else ()
    for at, word in enumerate(words):
        if isinstance(word.value, str) and not (word.value.startswith("-") or "$" in word.value or "`" in word.value):
            continue
        value = _filled(word.value, container, shell)
        if isinstance(value, str) and _name_in(value) != flag:
            continue
        following = _filled(words[at + 1].value, container, shell) if at + 1 < len(words) else "-"
        options = value.choices if isinstance(value, Unknown) and value.choices else (value,)
        given = [g for option in options if (g := _given(option, following, flag)) is not None]
        if not given:
            continue
        sure = len(given) == len(options) and all(sure for _, sure in given)
        values = [value for value, _ in given]
        if sure and len(values) == 1:
            found = values[0]
        else:
            why = logic.first_unknown(value, *values)
            found = logic.join(values if sure else [*values, found], why)
        place = word.place
    return found, place


def _given(word: Value, following: Value, flag: str) -> tuple[Value, bool] | None:
    """The value that a word gives for the flag and whether it surely is that flag; None where it surely is not."""
    if isinstance(word, str):
        if _name_in(word) != flag:
            return None
        _, sign, value = word.partition("=")
        return (value if sign else _argument(following)), True
    if not isinstance(word, Unknown):
        return None
    name, sign, value = word.prefix.lstrip("-").partition("=")
    if sign:
        if not word.prefix.startswith("-") or name.replace("_", "-") != flag:
            return None
        return _after(word, len(word.prefix) - len(value)), True
    if word.prefix and not (word.prefix.startswith("-") and flag.startswith(name.replace("_", "-"))):
        return None
    return logic.blur(word), False


def _name_in(word: str) -> str | None:
    """The flag that a word gives; None where it is no flag."""
    return word.lstrip("-").partition("=")[0].replace("_", "-") if word.startswith("-") else None


def _argument(following: Value) -> Value:
    if isinstance(following, Unknown):
        return "true" if following.prefix.startswith("-") else logic.blur(following)
    return "true" if not isinstance(following, str) or following.startswith("-") else following


def _after(word: Unknown, start: int) -> Value:
    """What follows ``start`` characters of its known beginning."""
    first, *rest = word.parts
    if not isinstance(first, str) or len(first) < start:
        return logic.blur(word)
    parts = tuple(part for part in (first[start:], *rest) if part != "")
    return parts[0] if len(parts) == 1 else Unknown(word.reason, word.kind, word.span, parts, secret=word.secret)


def _names(word: Value, program: str) -> Tri:
    """Whether a word is the program, with or without its folder."""
    if isinstance(word, str):
        return not word.startswith("-") and posixpath.basename(word) == program
    if not isinstance(word, Unknown):
        return False
    if word.choices:
        answers = {_names(choice, program) for choice in word.choices}
        return answers.pop() if len(answers) == 1 else None
    if word.prefix.startswith("-"):
        return False
    end = word.suffix
    if "/" in end:
        return posixpath.basename(end) == program
    return None if program.endswith(end) or end.endswith(program) else False


def _image_is(image: Value, program: str) -> Tri:
    if isinstance(image, str):
        return posixpath.basename(str(parse_image(image)["repository"])) == program
    if not isinstance(image, Unknown):
        return False
    if image.choices:
        answers = {_image_is(choice, program) for choice in image.choices}
        return answers.pop() if len(answers) == 1 else None
    # The name is known where only the tag behind it, or only the registry before it, is not.
    name, colon, _ = image.prefix.rpartition(":")
    if colon and ("/" in name or ("." not in name and name != "localhost")):
        return posixpath.basename(name) == program
    if "/" in image.suffix:
        return _image_is(image.suffix.rpartition("/")[2], program)
    return None


def _written(container: Value) -> tuple[list[_Word], bool]:
    """A container's command line as it is written, and whether it is a script for a shell."""
    words: list[_Word] = []
    for name in ("command", "args"):
        listed = read_field(container, name)
        if isinstance(listed, Unknown):
            words.append(_Word(logic.spread(listed), (name,)))
        for index, word in enumerate(listed if isinstance(listed, list) else []):
            if isinstance(word, (str, Unknown)):
                words.append(_Word(word, (name, index)))
    first = words[0].value if words else None
    return words, len(words) > 1 and isinstance(first, str) and posixpath.basename(first) in _SHELLS


def _words(container: Value) -> tuple[list[_Word], bool]:
    """As :func:`_written`, a script cut at its white space."""
    words, shell = _written(container)
    if not shell:
        return words, False
    cut = ((word.place, _cut(word.value) if isinstance(word.value, str) else (word.value,)) for word in words)
    return [_Word(part, place) for place, parts in cut for part in parts], True


def _cut(script: str) -> list[str]:
    """A script's words, without quotes."""
    return script.replace('"', "").replace("'", "").split()


def _candidates(words: list[_Word], container: Value, program: str) -> list[Value]:
    """The words of a script that may be the program, variables put in: few of a long script's are."""
    found: list[Value] = []
    for word in words:
        if isinstance(word.value, Unknown):
            found.append(word.value)
            continue
        named = [part for part in _cut(word.value) if "$" in part or part.endswith(program)]
        # A word that ends otherwise is not the name, whatever its variables are.
        ending = [part for part in named if part.endswith(program[-1:]) or _OPEN_END.search(part)]
        found += [_filled(part, container, shell=True) for part in ending]
    return [w for w in found if not isinstance(w, Unknown) or w.suffix]


def _filled(word: Value, container: Value, shell: bool = False) -> Value:
    """The word with the container's variables in it."""
    if not isinstance(word, str) or not ("$" in word or (shell and "`" in word)):
        return word
    pieces: list[str | Unknown] = []
    end = 0
    for found in _VARIABLE.finditer(word):
        pieces += _shell_filled(word[end : found.start()], container, shell)
        value = _variable(container, found[1]) if found[1] else "$("
        if value is None:
            pieces += _shell_filled(found[0], container, shell)
        else:
            pieces.append(value)
        end = found.end()
    pieces += _shell_filled(word[end:], container, shell)
    if all(isinstance(piece, str) for piece in pieces):
        return "".join(piece for piece in pieces if isinstance(piece, str))
    why = logic.first_unknown(*pieces)
    return Unknown(why.reason, why.kind, why.span, tuple(p for p in pieces if p != ""), secret=why.secret)


def _shell_filled(text: str, container: Value, shell: bool) -> list[str | Unknown]:
    if not shell or not ("$" in text or "`" in text):
        return [text]
    if "$(" in text or "`" in text:
        return [Unknown("it is what a command of the script prints")]
    pieces: list[str | Unknown] = []
    end = 0
    for found in _SHELL_VARIABLE.finditer(text):
        name = found[1] or found[2]
        value = _variable(container, name) if name else None
        unset = Unknown(f"the script's {found[0]} is not among the container's own variables")
        pieces += [text[end : found.start()], unset if value is None else value]
        end = found.end()
    return [*pieces, text[end:]]


def _variable(container: Value, name: str) -> str | Unknown | None:
    """A container's variable; None where it has none of this name."""
    listed = read_field(container, "env")
    value: Value = None
    unknown = listed if isinstance(listed, Unknown) else None
    for item in listed if isinstance(listed, list) else []:
        called = read_field(item, "name")
        if called == name:
            value, given = read_field(item, "value"), read_field(item, "valueFrom")
            if value is None:
                value = Unknown(f"the variable {name} comes from elsewhere", "data") if given is not None else ""
        elif isinstance(called, Unknown):
            unknown = called
    if value is None and unknown is None and read_field(container, "envFrom"):
        return Unknown(f"the variable {name} may come from elsewhere", "data")
    if value is None and unknown is not None:
        return logic.blur(unknown)
    return value if value is None or isinstance(value, (str, Unknown)) else None


FUNCTIONS: tuple[Function, ...] = (
    Function("runs_program", runs_program, parameters("container: object", "program: string"), "boolean", "decides"),
    Function("command_flag", command_flag, parameters("container: object", "flag: string"), "string", "decides"),
)
