"""Checks: what a test cell calls to compare the learner's answer and to say what is wrong with it.

Plain calls, plain values: a learner's answer may be a proxy into another process. It knows nothing
of nbgrader, notebooks or points.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from wirelab.grading import diagnose, explain, table
from wirelab.grading.cases import (
    CallCase,
    Case,
    ProbeCase,
    RefusalCase,
    ScriptCase,
    Step,
    Transcript,
    step,
)
from wirelab.grading.diagnose import Sentence
from wirelab.grading.outcomes import WITHIN_S, Outcome, Raised

__all__ = ["CheckFailed", "Checks", "step"]

_UNSET: Any = object()

# Where an answer is a proxy, its calls may all be sent before the first result is waited for.
ahead: Callable[[tuple, Sequence[Case]], AbstractContextManager] = lambda *_: nullcontext()  # noqa: E731
_LABEL = re.compile(r"^(  )(expected|yours)(?=  )")
_COLOURS = {"expected": "\x1b[32mexpected\x1b[0m", "yours": "\x1b[31myours\x1b[0m"}


class CheckFailed(AssertionError):
    """A check did not hold; its text is the whole explanation, and all that a notebook shows."""

    def _render_traceback_(self) -> list[str]:
        paint = lambda found: found[1] + _COLOURS[found[2]]  # noqa: E731
        return [_LABEL.sub(paint, line) for line in str(self).split("\n")]


class Checks:
    """The checks of one topic; `check = Checks("12_handshake")` stands in its set-up cell.

    Every check returns `None` or raises `CheckFailed`. Arguments are copied for each call; results
    are compared as plain values (see `wirelab.grading.compare`), never by the learner's `__eq__`.
    `rule` is the sentence that a failure ends with where no misconception explains it, `rfc` its
    source. `view` says how octets are shown: "segment", "packet", "frame" or "lines"; "hex" is for
    integers. An answer that has not come back `within_s` seconds is broken off, and wrong.
    """

    step = staticmethod(step)

    def __init__(self, topic: str):
        self.topic = topic

    def test(self, body: Callable[[], None]) -> None:
        """Run the body of a test cell at once, as a decorator of `def _():`.

        What it defines stays inside: a test never shadows a name that a learner has chosen.
        """
        body()

    def __call__(
        self,
        fn: Callable,
        /,
        *args: Any,
        expected: Any,
        rule: str = "",
        rfc: str = "",
        view: str | None = None,
        within_s: float = WITHIN_S,
        **kwargs: Any,
    ) -> None:
        """Check that `fn(*args, **kwargs)` returns `expected`."""
        self._judge(fn, [CallCase(args, kwargs, expected, view, within_s)], rule, rfc)

    def each(
        self,
        fn: Callable,
        cases: Iterable[Any],
        *,
        expected: Callable | Sequence[Any],
        rule: str = "",
        rfc: str = "",
        view: str | None = None,
        within_s: float = WITHIN_S,
    ) -> None:
        """Check `fn(*case)` for every case against an oracle or a list of results, in order.

        A case is a tuple of arguments; anything else is the one argument.
        """
        listed = [_arguments(case) for case in cases]
        wanted = [expected(*case) for case in listed] if callable(expected) else list(expected)
        pairs = zip(listed, wanted, strict=True)
        self._judge(
            fn, [CallCase(args, {}, want, view, within_s) for args, want in pairs], rule, rfc
        )

    def refuses(
        self,
        fn: Callable,
        /,
        *args: Any,
        error: type[BaseException] | tuple[type[BaseException], ...] = ValueError,
        rule: str = "",
        rfc: str = "",
        within_s: float = WITHIN_S,
        **kwargs: Any,
    ) -> None:
        """Check that `fn(*args, **kwargs)` raises `error`."""
        self._judge(fn, [RefusalCase(args, kwargs, _several(error), within_s)], rule, rfc)

    def refuses_each(
        self,
        fn: Callable,
        cases: Iterable[Any],
        *,
        error: type[BaseException] | tuple[type[BaseException], ...] = ValueError,
        rule: str = "",
        rfc: str = "",
        within_s: float = WITHIN_S,
    ) -> None:
        """Check that `fn(*case)` raises `error` for every case."""
        errors = _several(error)
        listed = [RefusalCase(_arguments(case), {}, errors, within_s) for case in cases]
        self._judge(fn, listed, rule, rfc)

    def script(
        self,
        cls: Callable,
        *,
        steps: Sequence[Step],
        start: Mapping[str, Any] | None = None,
        rule: str = "",
        rfc: str = "",
        within_s: float = WITHIN_S,
    ) -> None:
        """Check a sans-IO machine: `cls(**start)`, then each step's call, segments and state."""
        self._judge(cls, [ScriptCase(start or {}, list(steps), within_s)], rule, rfc)

    def probe(
        self,
        impl: Any,
        probe: Callable[..., Any],
        *,
        expected: Any = _UNSET,
        accepts: Callable[[Any], bool] | None = None,
        says: str = "",
        rule: str = "",
        rfc: str = "",
        view: str | None = None,
        within_s: float = WITHIN_S,
    ) -> None:
        """Check that `probe(impl)` gives `expected`, or a plain value for which `accepts` is true.

        `impl` may be a tuple of answers that belong together: `probe(*impl)`; a planted wrong
        answer then takes the place of the one it stands for. `says` says what was tried.
        """
        if (expected is _UNSET) == (accepts is None):
            raise TypeError("check.probe: give either expected= or accepts=")
        judge = None if accepts is None else lambda value: bool(accepts(value))
        wanted = None if expected is _UNSET else expected
        answers = impl if isinstance(impl, tuple) else (impl,)
        self._judge_many(
            answers, [ProbeCase(probe, judge, wanted, says, view, within_s)], rule, rfc
        )

    def that(self, condition: bool, says: str, rfc: str = "") -> None:
        """Check a condition that the test worked out: the last resort, without a diagnosis."""
        if type(condition) is not bool:
            raise TypeError(
                "check.that: the condition must be True or False, worked out by the test"
            )
        if not condition:
            raise CheckFailed("\n".join(Sentence(says, rfc).lines()))

    def _judge(self, fn: Any, cases: Sequence[Case], rule: str, rfc: str) -> None:
        unpacked = [_Unpacked(case) for case in cases]
        self._judge_many((fn,), unpacked, rule, rfc)

    def _judge_many(self, answers: tuple, cases: Sequence[Case], rule: str, rfc: str) -> None:
        if table.recorder:
            names = diagnose.names_of(answers, _caller())
            found = diagnose.stand_ins(self.topic, answers, names)
            table.recorder.note([(planted, them) for planted, _, them in found], cases, rule)
        outcomes: list[Outcome] = []
        with ahead(answers, cases):
            for case in cases:
                outcomes.append(case.run(answers))
                if _too_long(outcomes[-1]):  # the rest would wait as long again
                    cases = cases[: len(outcomes)]
                    break
        wrong = [i for i, case in enumerate(cases) if not case.accepts(outcomes[i])]
        if not wrong:
            return
        name = ", ".join(diagnose.name_of(answer) for answer in answers)
        first = outcomes[wrong[0]]
        if isinstance(first, Transcript):
            first = first.steps[cases[wrong[0]].case.failing(first)]
        if isinstance(first, Raised) and first.type_name == "NotImplementedError":
            raise CheckFailed("\n".join(explain.wrap(_not_written(name, first)))) from None
        names = diagnose.names_of(answers, _caller())
        sentences = diagnose.diagnose(self.topic, answers, names, cases, outcomes, wrong, rule)
        lines = cases[wrong[0]].lines(name, outcomes[wrong[0]])
        if len(cases) > 1:
            differ = "differs" if len(wrong) == 1 else "differ"
            lines.append(f"{len(wrong)} of {len(cases)} cases {differ}; this is the first.")
        lines += diagnose.spoken(sentences or ([Sentence(rule, rfc)] if rule or rfc else []))
        raise CheckFailed(
            "\n".join(explain.shorten(line.rstrip(), explain.WIDTH) for line in lines)
        ) from None


class _Unpacked:
    """A case of one answer, asked in the form of a case of several."""

    def __init__(self, case: Case):
        self.case = case
        self.accepts, self.lines, self.identity = case.accepts, case.lines, case.identity

    def run(self, answers: tuple, renamed: dict[str, str] | None = None) -> Outcome:
        return self.case.run(answers[0], renamed)


def _too_long(outcome: Outcome) -> bool:
    last = outcome.steps[-1] if isinstance(outcome, Transcript) and outcome.steps else outcome
    return isinstance(last, Raised) and last.too_long


def _arguments(case: Any) -> tuple:
    return case if type(case) is tuple else (case,)


def _several(error: Any) -> tuple[type[BaseException], ...]:
    return error if isinstance(error, tuple) else (error,)


def _not_written(name: str, outcome: Raised) -> str:
    function = outcome.function.partition(".<locals>")[0]
    if function in ("", "<module>"):
        function = name
    if function in (name, *name.split(", ")):
        return f"Not written yet: {function}. Its brief says what it must do."
    if function.startswith(f"{name}."):
        return f"Not written yet: {function}. Its brief says what it must do."
    return f"Not written yet: {function}, which {name} needs here."


def _caller() -> dict[str, Any]:
    """The names of the test cell: the first frame outside this package."""
    frame = sys._getframe(1)
    while frame and frame.f_globals.get("__name__", "").startswith("wirelab.grading"):
        frame = frame.f_back
    return frame.f_globals if frame else {}
