"""What a graded notebook says about its grading, in its metadata under `wirelab`.

The one place that knows the keys. What a learner wrote there never gets this far.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from wirelab.grading.engine.task import Executed, Finding, TestResult

KEY = "wirelab"


def write(notebook: Any, **values: Any) -> None:
    """Set some of the values; dataclasses become plain ones."""
    kept = notebook["metadata"].setdefault(KEY, {})
    for name, value in values.items():
        plain = [_plain(each) for each in value] if isinstance(value, (tuple, list)) else value
        kept[name] = json.loads(json.dumps(plain))


def _plain(value: Any) -> Any:
    return asdict(value) if isinstance(value, (Finding, TestResult)) else value


def write_executed(notebook: Any, executed: Executed) -> None:
    """Note the marks, and add what was found while it ran to what was found before."""
    found = [*findings(notebook), *executed.report]
    write(notebook, cells=executed.cells, findings=found, cpu_s=round(executed.cpu_s, 3))


def read(notebook: Any) -> dict[str, Any]:
    """All of it; empty for a notebook that was not graded by us."""
    value = notebook["metadata"].get(KEY, {})
    return value if isinstance(value, dict) else {}


def findings(notebook: Any) -> tuple[Finding, ...]:
    """What the instructor should know."""
    return tuple(Finding(**each) for each in read(notebook).get("findings", ()))


def results(notebook: Any) -> tuple[TestResult, ...]:
    """The marks of the tests, in order."""
    return _results(read(notebook).get("cells", ()))


def _results(values: Iterable[dict[str, Any]]) -> tuple[TestResult, ...]:
    return tuple(TestResult(**{**each, "messages": _texts(each["messages"])}) for each in values)


def _texts(messages: Sequence[str]) -> tuple[str, ...]:
    return tuple(map(str, messages))
