"""python-hcl2's verdict on text that tree-sitter rejects: whether it reads it, and where it stops.

It is a hundred times slower, and takes minutes on some kilobytes: so it runs in a thread of its own that is
stopped when its time is up. It is imported only when asked.
"""

from __future__ import annotations

import contextlib
import ctypes
import re
import threading

from iacguard.record import record

#: Longer text is not worth the wait.
MAX_BYTES = 64 * 1024
SECONDS = 2.0


@record
class Verdict:
    """``accepted`` is None where there was no answer in time. Line and column (from 1) are those of the error."""

    accepted: bool | None
    line: int = 0
    column: int = 0
    found: str = ""


class _OutOfTime(BaseException):
    """Raised inside the worker; a BaseException so that no handler on its way swallows it."""


def ask(text: str, seconds: float = SECONDS) -> Verdict:
    """What python-hcl2 says of ``text``, within ``seconds`` of computing. Never raises."""
    if len(text) > MAX_BYTES:
        return Verdict(None)
    answers: list[Verdict] = []
    worker = threading.Thread(target=_work, args=(text, answers), daemon=True)
    worker.start()
    worker.join(seconds)
    if worker.is_alive() and worker.ident is not None:
        # Reaches the worker between two bytecodes; python-hcl2 and lark are pure Python.
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(worker.ident), ctypes.py_object(_OutOfTime))
        worker.join(1.0)
    return answers[0] if answers else Verdict(None)


def _work(text: str, answers: list[Verdict]) -> None:
    with contextlib.suppress(_OutOfTime):
        answers.append(_judge(text))


def _judge(text: str) -> Verdict:
    import hcl2
    from lark.exceptions import UnexpectedCharacters, UnexpectedInput

    # It knows neither a carriage return nor a blank after a heredoc's end; Terraform takes both.
    plain = re.sub(r"[ \t]*\r\n", "\n", text)
    try:
        hcl2.parses_to_tree(plain)
    except UnexpectedInput as error:
        found = str(getattr(error, "token", ""))
        if isinstance(error, UnexpectedCharacters):
            found = str(error.char)
        return Verdict(False, max(int(error.line), 0), max(int(error.column), 0), found)
    except Exception:
        # A RecursionError, or any defect of its own, is no verdict.
        return Verdict(None)
    return Verdict(True)
