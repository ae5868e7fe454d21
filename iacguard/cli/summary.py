"""What is said on standard error after a scan: problems, then the closing summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from iacguard.findings import Problem, ScanResult
from iacguard.model import Format, Language
from iacguard.record import record
from iacguard.report.others import said
from iacguard.report.selection import by_severity
from iacguard.report.text import printable

_NAMES = {
    "terraform": "Terraform",
    "plan": "Terraform plan",
    "cloudformation": "CloudFormation",
    "kubernetes": "Kubernetes",
}
_BOLD, _RED, _YELLOW, _DIM, _RESET = "\x1b[1m", "\x1b[1;31m", "\x1b[33m", "\x1b[2m", "\x1b[0m"
#: So many notices are listed without --verbose.
_NOTICES = 10


@record
class Speaker:
    """``color`` for standard error; ``verbose`` and ``quiet`` as on the command line."""

    color: bool
    verbose: bool = False
    quiet: bool = False

    def problems(self, problems: Iterable[Problem]) -> Iterator[str]:
        """A line for each problem, grouped: what makes a scan incomplete first, notices after it."""
        everything = tuple(problems)
        broken = [p for p in everything if not p.notice]
        notices = [] if self.quiet else [p for p in everything if p.notice]
        shown = notices if self.verbose else notices[:_NOTICES]
        for group, style in ((broken, _RED), (shown, _YELLOW)):
            kinds = dict.fromkeys(p.kind for p in group)
            for kind in kinds:
                yield from (self._problem(p, style) for p in group if p.kind == kind)
        if len(notices) > len(shown):
            rest = Counter(p.kind for p in notices[len(shown) :])
            kinds_text = ", ".join(f"{count} {kind}" for kind, count in sorted(rest.items()))
            yield f"{plural(len(notices) - len(shown), 'more notice')} ({kinds_text}): --verbose lists them"

    def _problem(self, problem: Problem, style: str) -> str:
        span = problem.span
        where = f"{printable(span.file)}:{span.line}:{span.column}"
        hint = self._style(_DIM, f" ({printable(problem.hint)})") if problem.hint else ""
        return f"{where} {self._style(style, problem.kind)}: {printable(problem.message)}{hint}"

    def summary(self, result: ScanResult, seconds: float, shows_undecided: bool) -> Iterator[str]:
        """The closing lines: files read, resources decided, findings, undecided, problems, time."""
        if self.verbose:
            yield from (f"{printable(p.file)}: passed over: {printable(p.reason)}" for p in result.passed_over)
        if self.quiet:
            return
        counts = result.counts
        yield (
            f"Read {_of_formats(counts.files, 'file')}; {_of_formats(counts.resources, 'resource')} decided by "
            f"{plural(counts.policies, 'policy', 'policies')} in {seconds:.2f} s."
        )
        found = by_severity(result)
        total = sum(found.values())
        text = ", ".join(f"{count} {severity}" for severity, count in found.items() if count)
        line = self._style(_BOLD, plural(total, "finding")) + (f": {text}" if text else "")
        undecided = sum(f.verdict == "undecided" for f in result.findings)
        if undecided:
            line += f"; {undecided} undecided" + ("" if shows_undecided else " (--show-undecided lists them)")
        if result.suppressed:
            line += f"; {len(result.suppressed)} suppressed"
        yield line + "."
        for run in result.others:
            yield said(run) + "."
        yield from self._gaps(result)

    def _gaps(self, result: ScanResult) -> Iterator[str]:
        problems = sum(not p.notice for p in result.problems)
        passed = len(result.passed_over)
        if passed and not self.verbose:
            yield f"{plural(passed, 'file')} passed over (--verbose lists them)."
        if problems:
            where = len({p.span.file for p in result.problems if not p.notice})
            yield self._style(_RED, f"Incomplete: {plural(problems, 'problem')} in {plural(where, 'file')}.") + (
                " What could not be read was not checked."
            )

    def _style(self, code: str, text: str) -> str:
        return f"{code}{text}{_RESET}" if self.color else text


def plural(count: int, one: str, many: str = "") -> str:
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def _of_formats(counts: Mapping[Language, int] | Mapping[Format, int], noun: str) -> str:
    """``53 files (50 Terraform, 3 Kubernetes)``; the formats only where there are several."""
    present = [(name, count) for name, count in counts.items() if count]
    total = plural(sum(count for _, count in present), noun)
    if not present:
        return total
    if len(present) == 1:
        amount, _, word = total.partition(" ")
        return f"{amount} {_NAMES[present[0][0]]} {word}"
    return f"{total} ({', '.join(f'{count:,} {_NAMES[name]}' for name, count in present)})"
