"""What a failed check says about two plain values: expected, yours, and the first difference.

Lines of at most 80 columns, since nbgrader's Validate cuts longer ones. It knows neither checks nor
misconceptions; octets are taken apart in `dissect`.
"""

from __future__ import annotations

import itertools
import textwrap
from typing import Any

from wirelab.grading import dissect
from wirelab.grading.compare import (
    MISSING,
    Difference,
    Group,
    Opaque,
    Record,
    Table,
    first_difference,
    same,
)
from wirelab.grading.outcomes import Outcome, Raised

WIDTH = 80
EXPECTED, YOURS = "  expected  ", "  yours     "
INDENT = " " * len(EXPECTED)
ROOM = WIDTH - len(EXPECTED)
ROW = 16  # octets in a line


def call_text(name: str, args: tuple = (), kwargs: dict | None = None) -> list[str]:
    """Write a call as the learner would type it; `args` and `kwargs` hold plain values."""
    parts = [show(value) for value in args]
    parts += [f"{key}={show(value)}" for key, value in (kwargs or {}).items()]
    line = f"{name}({', '.join(parts)})"
    if len(line) <= WIDTH:
        return [line]
    inner = [shorten(part, WIDTH - 5) + "," for part in parts]
    return [f"{name}(", *("    " + part for part in inner), ")"]


def show(value: Any, in_hex: bool = False) -> str:
    """A plain value as Python would write it."""
    if isinstance(value, int) and not isinstance(value, bool) and in_hex:
        return f"0x{value:x} ({value:,})"
    match value:
        case Record(name="Segment"):
            return f"<{segment_text(value)}>"
        case Record():
            if value.is_tuple or len(value.fields) != 1:
                inner = ", ".join(f"{name}={show(item)}" for name, item in value.fields)
            else:
                inner = show(value.fields[0][1])
            return f"{value.name}({inner})"
        case Table():
            return "{" + ", ".join(f"{show(k)}: {show(v)}" for k, v in value.entries) + "}"
        case Group():
            return "{" + ", ".join(map(show, value.members)) + "}" if value.members else "set()"
        case list():
            return "[" + ", ".join(map(show, value)) + "]"
        case tuple():
            return "(" + ", ".join(map(show, value)) + ("," if len(value) == 1 else "") + ")"
        case Opaque():
            return "nothing" if value is MISSING else f"<a {value.name} object>"
        case _:
            return repr(value)


def segment_text(record: Record) -> str:
    """A Segment in one line: flags, numbers, what is unusual."""
    fields = dict(record.fields)
    flags = fields.get("flags", 0)
    parts = [dissect.flag_names(flags), f"seq={fields.get('seq')}"]
    if fields.get("ack") or (isinstance(flags, int) and flags & 0x10):
        parts.append(f"ack={fields.get('ack')}")
    if data := fields.get("data"):
        parts.append(f"data={shorten(repr(data), 24)}")
    return " ".join(parts)


def shorten(text: str, room: int) -> str:
    """`text` in at most `room` columns, its middle left out."""
    if len(text) <= room:
        return text
    head = (room - 5) * 2 // 3
    return f"{text[:head]} ... {text[-(room - 5 - head) :]}"


def wrap(text: str) -> list[str]:
    """Prose in lines of at most 80 columns."""
    paragraphs = text.strip().split("\n")
    return [
        line
        for part in paragraphs
        for line in textwrap.wrap(part, WIDTH, break_on_hyphens=False) or [""]
    ]


def outcome_lines(expected: Any, got: Outcome, view: str | None = None) -> list[str]:
    """Expected and yours, for a call that should have returned `expected`."""
    if isinstance(got, Raised):
        return [*labelled(EXPECTED, show(expected, view == "hex")), *raised_lines(got)]
    return difference_lines(expected, got.value, view)


def raised_lines(got: Raised) -> list[str]:
    """The exception, and the line of the learner's code that raised it."""
    what = f"raised {got.type_name}" + (f": {got.message}" if got.message else "")
    if got.too_long:
        what = got.message
    lines = labelled(YOURS, " ".join(what.split()))
    if got.function:
        where = (
            f"in {got.function.rpartition('<locals>.')[2]}, " if got.function != "<module>" else ""
        )
        text = f"{where}line {got.line}" + (f":  {got.source}" if got.source else "")
        lines.append(INDENT + shorten(text, ROOM))
    return lines


def labelled(label: str, text: str) -> list[str]:
    """`text` after `label`, on one line or a few."""
    lines = textwrap.wrap(text, ROOM, break_on_hyphens=False, drop_whitespace=False) or [""]
    if len(lines) > 4:
        lines = [*lines[:2], f"... ({len(text):,} characters)", lines[-1]]
    return [label + lines[0], *(INDENT + line for line in lines[1:])]


def difference_lines(expected: Any, got: Any, view: str | None = None) -> list[str]:
    """Expected and yours with the first difference marked, in the form that suits the values."""
    if isinstance(expected, bytes) and isinstance(got, bytes):
        if view == "lines":
            return _text_lines(_split(expected), _split(got))
        if view in dissect.VIEWS and (rows := dissect.compare(view, expected, got)):
            return [*field_table(rows), *octet_lines(expected, got)]
        return octet_lines(expected, got)
    if isinstance(expected, str) and isinstance(got, str):
        if "\n" in expected or "\n" in got:
            return _text_lines(_split(expected), _split(got))
        return _marked(expected, got)
    if isinstance(expected, Record) and isinstance(got, Record) and expected.name == got.name:
        return _record_lines(expected, got)
    if isinstance(expected, Table) and isinstance(got, Table):
        return _nested(expected, got, "at", view)
    if isinstance(expected, (list, tuple)) and isinstance(got, (list, tuple)):
        return _sequence_lines(expected, got, view)
    lines = labelled(EXPECTED, show(expected, view == "hex"))
    lines += labelled(YOURS, show(got, view == "hex") + _kind_note(expected, got))
    return lines


def _kind_note(expected: Any, got: Any) -> str:
    if got is None and expected is not None:
        return "   (is a return missing?)"
    if type(expected) is type(got) or isinstance(got, (Opaque, bool)) or expected is None:
        return ""
    kinds = {Record: "", Table: "dict", Group: "set", Opaque: ""}
    want, have = (kinds.get(type(v), type(v).__name__) for v in (expected, got))
    return f"   ({have}, not {want})" if want and have else ""


def _marked(expected: str, got: str) -> list[str]:
    a, b = repr(expected), repr(got)
    place = _place(a, b)
    start = max(0, place - ROOM // 2) if max(len(a), len(b)) > ROOM else 0
    lines = [EXPECTED + a[start : start + ROOM], YOURS + b[start : start + ROOM]]
    return [*lines, INDENT + " " * (place - start) + "^"]


def _place(a: str, b: str) -> int:
    differs = (i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y)
    return next(differs, min(len(a), len(b)))


def octet_lines(expected: bytes, got: bytes) -> list[str]:
    """Octets in hexadecimal, the rows that differ, `^^` under each octet that does."""
    count = _octets(len(expected)), _octets(len(got))
    total = max(len(expected), len(got))
    rows = [at for at in range(0, total, ROW) if expected[at : at + ROW] != got[at : at + ROW]]
    if not rows:
        return [EXPECTED + _hex(expected[:ROW]), YOURS + "the same octets"]
    lines = []
    if total > ROW:
        sizes = f"{count[0]} expected, yours {len(got)}"
        if len(expected) == len(got):
            sizes = f"{count[0]} each"
        lines.append(f"  {sizes}; octet {_first(expected, got)} (from 0) is the first to differ")
    for at in rows[:2]:
        a, b = expected[at : at + ROW], got[at : at + ROW]
        left, right = (_hex(part) or "(nothing)" for part in (a, b))
        width = max(len(left), len(right)) + 3
        ends = count if total <= ROW else (f"octets {at}-{min(at + ROW, total) - 1}", "")
        lines.append((EXPECTED + left.ljust(width) + ends[0]).rstrip())
        lines.append((YOURS + right.ljust(width) + ends[1]).rstrip())
        lines.append(_marks(a, b))
    if len(rows) > 2:
        lines.append(f"{INDENT}and {len(rows) - 2} more rows of {ROW} octets")
    return lines


def _octets(count: int) -> str:
    return f"{count:,} octet{'' if count == 1 else 's'}"


def _hex(octets: bytes) -> str:
    return octets.hex(" ")


def _first(expected: bytes, got: bytes) -> int:
    pairs = itertools.zip_longest(expected, got)
    return next(i for i, (a, b) in enumerate(pairs) if a != b)


def _marks(a: bytes, b: bytes) -> str:
    differs = [x != y for x, y in itertools.zip_longest(a, b)]
    marks = " ".join("^^" if differ else "  " for differ in differs).rstrip()
    alike = a[: len(b)] == b[: len(a)]
    note = "" if not alike else "   missing" if len(a) > len(b) else "   too many"
    return INDENT + marks + note


def _split(text: str | bytes) -> list[str]:
    if isinstance(text, bytes):
        text = text.decode("latin-1")
    return text.splitlines(keepends=True)


def _text_lines(expected: list[str], got: list[str]) -> list[str]:
    for number, (a, b) in enumerate(itertools.zip_longest(expected, got), start=1):
        if a != b:
            head = f"  line {number} of {len(expected)} differs:"
            if a is None or b is None:
                return [head, EXPECTED + _line(a), YOURS + _line(b)]
            return [head, *_marked(a, b)]
    return []


def _line(text: str | None) -> str:
    return "no more lines" if text is None else shorten(repr(text), ROOM)


def field_table(rows: list[tuple[str, str, str]]) -> list[str]:
    """A small table of the fields that differ: name, expected, yours."""
    wide = max(len("field"), *(len(name) for name, _, _ in rows)) + 2
    room = (WIDTH - 4 - wide) // 2
    left = min(room, max(len("expected"), *(len(a) for _, a, _ in rows))) + 2
    lines = [f"  {'field':<{wide}}{'expected':<{left}}yours"]
    for name, a, b in rows:
        lines.append(f"  {name:<{wide}}{shorten(a, left - 2):<{left}}{shorten(b, room)}")
    return lines


def _record_lines(expected: Record, got: Record) -> list[str]:
    sides = dict(expected.fields), dict(got.fields)
    rows = [
        (name, *(field_text(expected.name, name, side.get(name, MISSING)) for side in sides))
        for name in sides[0]
        if not same(*(side.get(name, MISSING) for side in sides))
    ]
    lines = []
    if expected.name == "Segment":
        lines = [EXPECTED + segment_text(expected), YOURS + segment_text(got)]
    return [*lines, *field_table(rows)] if rows else lines


def field_text(record: str, name: str, value: Any) -> str:
    """One field of a record; the control bits of a segment by name."""
    if record == "Segment" and name == "flags" and isinstance(value, int):
        return dissect.flag_names(value)
    return show(value)


def _sequence_lines(expected: Any, got: Any, view: str | None) -> list[str]:
    a, b = show(expected), show(got)
    simple = not any(isinstance(item, Record) for item in (*expected, *got))
    if simple and max(len(a), len(b)) <= ROOM:
        return [EXPECTED + a, YOURS + b, INDENT + " " * _place(a, b) + "^"]
    sizes = f"{len(expected)} items expected, yours {len(got)}; "
    note = "item" if len(expected) == len(got) else sizes + "item"
    return _nested(expected, got, note, view)


def _nested(expected: Any, got: Any, note: str, view: str | None) -> list[str]:
    found = first_difference(expected, got)
    if found is None:
        return [EXPECTED + shorten(show(expected), ROOM)]
    found = _lift(expected, got, found)
    inside = difference_lines(found.expected, found.got, view)
    return [f"  {note} {found.path}, the first that differs:", *inside]


def _lift(expected: Any, got: Any, found: Difference) -> Difference:
    """Take the outermost step of the path only, so that a segment is shown whole."""
    if isinstance(expected, Table):
        theirs = {show(k): v for k, v in got.entries}
        for key, value in expected.entries:
            other = theirs.pop(show(key), MISSING)
            if not same(value, other):
                return Difference(f"[{show(key)}]", value, other)
        return found
    for number, (a, b) in enumerate(itertools.zip_longest(expected, got, fillvalue=MISSING)):
        if not same(a, b):
            return Difference(f"[{number}]", a, b)
    return found
