"""Run the official JMESPath compliance cases (https://github.com/jmespath/jmespath.test) on our evaluator.

    python tools/jmespath_compliance.py DIR

DIR is a checkout of that repository, or its ``tests`` folder. Prints what fails and the count; exit status 1 if any.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path
from typing import Any

from iacguard.policy.errors import EvaluationError, ExpressionError
from iacguard.policy.language import compile_expression


def same(left: Any, right: Any) -> bool:
    """JSON equality: a boolean is no number."""
    return json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True) or (
        not isinstance(left, bool) and not isinstance(right, bool) and bool(left == right)
    )


def verdict(given: Any, case: dict[str, Any]) -> str:
    """ "" if the case passes, else what happened."""
    try:
        result = compile_expression(case["expression"]).evaluate(given)
    except (ExpressionError, EvaluationError) as error:
        return "" if "error" in case else f"raised {error}"
    if "error" in case:
        return f"gave {result!r}, must be an error ({case['error']})"
    if "result" in case and not same(result, case["result"]):
        return f"gave {result!r}, must be {case['result']!r}"
    return ""


def main(folder: Path) -> int:
    files = sorted((folder / "tests" if (folder / "tests").is_dir() else folder).glob("*.json"))
    passed = failed = 0
    for file in files:
        for suite in json.loads(file.read_text("utf-8")):
            for case in suite["cases"]:
                wrong = verdict(suite["given"], case)
                passed, failed = passed + (not wrong), failed + bool(wrong)
                if wrong:
                    print(f"{file.name}: {case['expression']}: {wrong}")
    print(f"{passed} of {passed + failed} cases pass in {len(files)} files")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    warnings.simplefilter("ignore", PendingDeprecationWarning)
    sys.exit(main(Path(sys.argv[1])))
