"""The forms a check takes: a call, a refusal, a probe, a script of method calls.

Each runs any implementation and judges its outcome, so that the learner's answer and the planted
wrong ones go the same way. It knows nothing of misconceptions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from wirelab.grading import explain
from wirelab.grading.compare import Record, canonical, plain, same
from wirelab.grading.deadline import deadline
from wirelab.grading.outcomes import WITHIN_S, Outcome, Raised, Returned, call, copied, raised
from wirelab.protocols.segment import Segment


class Case(Protocol):
    """One thing asked of an implementation."""

    def run(self, implementation: Any, renamed: dict[str, str] | None = None) -> Outcome:
        """Ask it; plain values only come back."""

    def accepts(self, outcome: Outcome) -> bool:
        """Whether the outcome is right."""

    def lines(self, name: str, outcome: Outcome) -> list[str]:
        """What was asked of `name`, what was expected, what came."""

    def identity(self) -> str:
        """What was asked, written down for a digest."""


@dataclass
class CallCase:
    """`implementation(*args, **kwargs)` returns `expected`."""

    args: tuple
    kwargs: dict
    expected: Any
    view: str | None = None
    within_s: float = WITHIN_S

    def __post_init__(self) -> None:
        self.shown = (
            plain(list(copied(self.args))),
            {k: plain(copied(v)) for k, v in self.kwargs.items()},
        )
        self.wanted = plain(self.expected)

    def run(self, implementation: Any, renamed: dict[str, str] | None = None) -> Outcome:
        return call(implementation, self.args, self.kwargs, renamed, self.within_s)

    def accepts(self, outcome: Outcome) -> bool:
        return isinstance(outcome, Returned) and same(self.wanted, outcome.value)

    def lines(self, name: str, outcome: Outcome) -> list[str]:
        args, kwargs = self.shown
        return [
            *explain.call_text(name, tuple(args), kwargs),
            *explain.outcome_lines(self.wanted, outcome, self.view),
        ]

    def identity(self) -> str:
        args, kwargs = self.shown
        named = ",".join(f"{key}={canonical(value)}" for key, value in sorted(kwargs.items()))
        return f"call {canonical(args)} {named}"


@dataclass
class RefusalCase:
    """`implementation(*args, **kwargs)` raises `error`, or one of several."""

    args: tuple
    kwargs: dict
    errors: tuple[type[BaseException], ...]
    within_s: float = WITHIN_S

    def __post_init__(self) -> None:
        self.shown = (
            plain(list(copied(self.args))),
            {k: plain(copied(v)) for k, v in self.kwargs.items()},
        )
        self.names = " or ".join(error.__name__ for error in self.errors)

    def run(self, implementation: Any, renamed: dict[str, str] | None = None) -> Outcome:
        return call(implementation, self.args, self.kwargs, renamed, self.within_s)

    def accepts(self, outcome: Outcome) -> bool:
        return isinstance(outcome, Raised) and any(
            error.__name__ in outcome.bases for error in self.errors
        )

    def lines(self, name: str, outcome: Outcome) -> list[str]:
        args, kwargs = self.shown
        lines = [
            *explain.call_text(name, tuple(args), kwargs),
            f"{explain.EXPECTED}{self.names} raised",
        ]
        if isinstance(outcome, Raised):
            return [*lines, *explain.raised_lines(outcome)]
        return [*lines, *explain.labelled(explain.YOURS, f"returned {explain.show(outcome.value)}")]

    def identity(self) -> str:
        args, kwargs = self.shown
        return f"refuses {canonical(args)} {canonical(plain(kwargs))}"


@dataclass
class ProbeCase:
    """`probe(implementation)` gives `expected`, or a value that `accepts`."""

    probe: Callable[..., Any]
    judge: Callable[[Any], bool] | None
    expected: Any
    says: str
    view: str | None = None
    within_s: float = WITHIN_S

    def __post_init__(self) -> None:
        self.wanted = plain(self.expected)

    def run(self, implementation: Any, renamed: dict[str, str] | None = None) -> Outcome:
        # Not copied: a probe may well be given an object that is one of a kind.
        try:
            with deadline(self.within_s):
                return Returned(plain(self.probe(*implementation), renamed))
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            return raised(error)

    def accepts(self, outcome: Outcome) -> bool:
        if not isinstance(outcome, Returned):
            return False
        if self.judge is None:
            return same(self.wanted, outcome.value)
        return self.judge(copied(outcome.value)) is True

    def lines(self, name: str, outcome: Outcome) -> list[str]:
        head = (
            explain.wrap(self.says)
            if self.says
            else [f"{getattr(self.probe, '__name__', 'probe')}({name})"]
        )
        if self.judge is None:
            return [*head, *explain.outcome_lines(self.wanted, outcome, self.view)]
        if isinstance(outcome, Raised):
            return [*head, *explain.raised_lines(outcome)]
        shown = explain.show(outcome.value, self.view == "hex")
        return [*head, *explain.labelled(explain.YOURS, shown)]

    def identity(self) -> str:
        return f"probe {getattr(self.probe, '__name__', '')} {self.says}"


@dataclass(frozen=True)
class Step:
    """One method call of a script and what it must bring about; `None` is not looked at."""

    method: str
    args: tuple = ()
    sends: Sequence[Any] | None = ()
    state: str | None = None
    error: type[BaseException] | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)


def step(
    method: str,
    *args: Any,
    sends: Sequence[Segment | Mapping[str, Any]] | None = (),
    state: str | None = None,
    error: type[BaseException] | None = None,
    **attributes: Any,
) -> Step:
    """Call `method(*args)`, which returns the segments `sends` and leaves `.state` so.

    A dict in `sends` names only the fields that count. `sends=None` and `state=None` are not looked
    at; `sends=()` means that nothing may be sent. With `error`, the call must raise it instead.
    Further attributes of the machine are given by name: `timer_s=1.0`.
    """
    return Step(method, args, sends, state, error, attributes)


@dataclass
class ScriptCase:
    """A sans-IO machine: `implementation(**start)`, then method calls that return segments."""

    start: Mapping[str, Any]
    steps: Sequence[Step]
    within_s: float = WITHIN_S

    def run(self, implementation: Any, renamed: dict[str, str] | None = None) -> Outcome:
        """The transcript: for each step what was sent (or the exception) and the state then."""
        try:
            with deadline(self.within_s):
                machine = implementation(**copied(dict(self.start)))
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            return raised(error)
        transcript: list[Outcome] = []
        for each in self.steps:
            # after a step that never came back, the rest is not tried
            last = transcript[-1] if transcript else None
            late = isinstance(last, Raised) and last.too_long
            transcript.append(last if late else self._take(machine, each, renamed))
        return Transcript(transcript)

    def _take(self, machine: Any, each: Step, renamed: dict[str, str] | None) -> Outcome:
        try:
            with deadline(self.within_s):
                method = getattr(machine, each.method)
                sent = plain(method(*copied(each.args)), renamed)
                state = plain(getattr(machine, "state", None), renamed)
                attributes = {
                    name: plain(getattr(machine, name), renamed) for name in each.attributes
                }
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            return raised(error)
        return Returned((sent, state, attributes))

    def accepts(self, outcome: Outcome) -> bool:
        return isinstance(outcome, Transcript) and self.failing(outcome) is None

    def failing(self, transcript: Transcript) -> int | None:
        """The number of the first step that is not as it must be, from 0."""
        pairs = zip(self.steps, transcript.steps, strict=True)
        return next((i for i, (want, got) in enumerate(pairs) if not _as_wanted(want, got)), None)

    def lines(self, name: str, outcome: Outcome) -> list[str]:
        from wirelab.grading import ladders

        return ladders.script_lines(name, self, outcome)

    def identity(self) -> str:
        steps = [[s.method, list(s.args), sorted(s.attributes)] for s in self.steps]
        return f"script {canonical(plain(dict(self.start)))} {canonical(plain(steps))}"


class Transcript(Returned):
    """What a script brought about, step by step."""

    def __init__(self, steps: list[Outcome]):
        object.__setattr__(self, "steps", steps)
        object.__setattr__(self, "value", [_step_value(each) for each in steps])


def _step_value(outcome: Outcome) -> Any:
    return outcome.value if isinstance(outcome, Returned) else outcome.digestible()


def _as_wanted(want: Step, got: Outcome) -> bool:
    if want.error is not None:
        return isinstance(got, Raised) and want.error.__name__ in got.bases
    if not isinstance(got, Returned):
        return False
    sent, state, attributes = got.value
    if want.state is not None and state != want.state:
        return False
    if any(not same(plain(value), attributes[name]) for name, value in want.attributes.items()):
        return False
    return want.sends is None or sends_match(want.sends, sent)


def sends_match(wanted: Sequence[Any], sent: Any) -> bool:
    """Whether the segments sent are those wanted; a dict names the fields that count."""
    if not isinstance(sent, (list, tuple)) or len(sent) != len(wanted):
        return False
    return all(segment_matches(a, b) for a, b in zip(wanted, sent, strict=True))


def segment_matches(wanted: Any, sent: Any) -> bool:
    """Whether one segment is the one wanted."""
    if not isinstance(wanted, Mapping):
        return same(plain(wanted), sent)
    if not isinstance(sent, Record):
        return False
    fields = dict(sent.fields)
    return all(key in fields and same(plain(value), fields[key]) for key, value in wanted.items())
