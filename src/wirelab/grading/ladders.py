"""A failed script as text: the conversation so far as a ladder, the failing step, what differs.

It knows the forms of a check and nothing of misconceptions.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

from wirelab.grading import explain
from wirelab.grading.cases import ScriptCase, Step, Transcript, segment_matches, sends_match
from wirelab.grading.compare import Record, plain, same
from wirelab.grading.outcomes import Outcome, Raised, Returned

LANE = 46  # columns between the two lifelines
LABEL = LANE - 8
SHOWN = 6  # steps before the failing one


def script_lines(name: str, case: ScriptCase, outcome: Outcome) -> list[str]:
    """The ladder up to the failing step, then expected and yours."""
    start = {key: plain(value) for key, value in case.start.items()}
    lines = explain.call_text(name, (), start)
    if not isinstance(outcome, Transcript):
        return [*lines, *explain.raised_lines(outcome)]
    at = case.failing(outcome)
    first = max(0, at - SHOWN)
    lines.append(f"  {'you':<{LANE}}peer")
    if first:
        lines.append(f"  ... {first} steps, all right")
    for each, got in list(zip(case.steps, outcome.steps, strict=True))[first:at]:
        lines += _step_ladder(each, got)
    failing, got = case.steps[at], outcome.steps[at]
    lines += _received(failing)
    lines.append(f"  step {at + 1} of {len(case.steps)}: {_call(failing)}")
    return [*lines, *_verdict(failing, got)]


def _call(each: Step) -> str:
    args = tuple(plain(value) for value in each.args)
    return explain.shorten(" ".join(explain.call_text(each.method, args, {})), 62)


def _received(each: Step) -> list[str]:
    segments = [value for value in map(plain, each.args) if _is_segment(value)]
    return [
        f"  |<-- {explain.shorten(explain.segment_text(s), LABEL):-<{LABEL + 1}}--|"
        for s in segments
    ]


def _step_ladder(each: Step, got: Outcome) -> list[str]:
    lines = _received(each) or [f"  {_call(each)}"]
    sent, state, _ = got.value if isinstance(got, Returned) else ([], None, {})
    for segment in sent if isinstance(sent, (list, tuple)) else [sent]:
        text = explain.segment_text(segment) if _is_segment(segment) else explain.show(segment)
        lines.append(_arrow(text, "", ">"))
    if state is not None:
        lines[-1] = f"{lines[-1]:<{LANE + 8}}{_state(state)}"
    return lines


def _arrow(text: str, left: str, right: str) -> str:
    label = f" {explain.shorten(text, LABEL)} "
    return f"  |{left or '-'}--{label:-<{LANE - 6}}-{right or '-'}|"


def _state(state: Any) -> str:
    return state if isinstance(state, str) else explain.show(state)


def _is_segment(value: Any) -> bool:
    return isinstance(value, Record) and {"seq", "flags"} <= {name for name, _ in value.fields}


def _verdict(want: Step, got: Outcome) -> list[str]:
    if want.error is not None:
        lines = [f"{explain.EXPECTED}{want.error.__name__} raised"]
        if isinstance(got, Raised):
            return [*lines, *explain.raised_lines(got)]
        return [*lines, f"{explain.YOURS}sends {_sent_text(got.value[0])}"]
    if isinstance(got, Raised):
        return [*_wanted_lines(want), *explain.raised_lines(got)]
    sent, state, attributes = got.value
    lines = []
    if want.sends is not None and not sends_match(want.sends, sent):
        lines += _sent_rows(want.sends, sent)
    if want.state is not None and state != want.state:
        lines += [f"{explain.EXPECTED}state {want.state}", f"{explain.YOURS}state {_state(state)}"]
    for name, value in want.attributes.items():
        if not same(plain(value), attributes[name]):
            lines.append(f"{explain.EXPECTED}{name} {explain.show(plain(value))}")
            lines.append(f"{explain.YOURS}{name} {explain.show(attributes[name])}")
    return lines


def _wanted_lines(want: Step) -> list[str]:
    parts = []
    if want.sends is not None:
        parts.append(f"sends {_sent_text([_wanted(item) for item in want.sends])}")
    if want.state is not None:
        parts.append(f"state {want.state}")
    parts += [f"{name} {explain.show(plain(value))}" for name, value in want.attributes.items()]
    return explain.labelled(explain.EXPECTED, "; ".join(parts) or "no exception")


def _wanted(item: Any) -> Any:
    if isinstance(item, Mapping):
        return Record("Segment", tuple((key, plain(value)) for key, value in item.items()))
    return plain(item)


def _sent_text(sent: Any) -> str:
    if not isinstance(sent, (list, tuple)):
        what = "a segment" if _is_segment(sent) else explain.show(sent)
        return f"{what}, which is not a list of segments"
    return "; ".join(_segment_text(item) for item in sent) or "nothing"


def _segment_text(item: Any) -> str:
    if not isinstance(item, Record):
        return explain.show(item)
    fields = [(name, value) for name, value in item.fields if value not in (None, b"", ())]
    if {"seq", "flags"} <= {name for name, _ in fields}:
        return explain.segment_text(item)
    return ", ".join(
        f"{name}={explain.field_text('Segment', name, value)}" for name, value in fields
    )


def _sent_rows(wanted: Any, sent: Any) -> list[str]:
    lines = [
        *explain.labelled(
            explain.EXPECTED, f"sends {_sent_text([_wanted(item) for item in wanted])}"
        ),
        *explain.labelled(explain.YOURS, f"sends {_sent_text(sent)}"),
    ]
    if not isinstance(sent, (list, tuple)):
        return lines
    pairs = itertools.zip_longest(wanted, sent)
    for want, got in pairs:
        if want is None or got is None:
            break
        if not segment_matches(want, got) and isinstance(got, Record):
            return [*lines, *explain.field_table(_field_rows(_wanted(want), got))]
    return lines


def _field_rows(want: Record, got: Record) -> list[tuple[str, str, str]]:
    theirs = dict(got.fields)
    return [
        (name, *(explain.field_text("Segment", name, v) for v in (value, theirs.get(name))))
        for name, value in want.fields
        if value != theirs.get(name)
    ]
