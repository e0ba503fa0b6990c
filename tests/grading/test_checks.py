"""What a check accepts, what it refuses, and what it says to whom."""

from __future__ import annotations

import struct
from collections import namedtuple
from dataclasses import dataclass

import pytest

from wirelab.grading.checks import CheckFailed, Checks, step
from wirelab.grading.reference import right_answers
from wirelab.protocols.segment import ACK, RST, SYN, Segment

NAME = b"\x07example\x03com\0"
ROOT_SENTENCE = "The name has no end."
DOT_SENTENCE = "A trailing dot is the root itself"
SYN_SENTENCE = "The SYN itself takes one sequence number"


def said(act, *args, **kwargs) -> str:
    """What the failing check says; every line of it fits Validate's window."""
    with pytest.raises(CheckFailed) as caught:
        act(*args, **kwargs)
    text = str(caught.value)
    assert max(map(len, text.split("\n"))) <= 80
    return text


def one_line(text: str) -> str:
    return " ".join(text.split())


def segment(**fields) -> Segment:
    return Segment(source_port=80, destination_port=40000, **fields)


class Door:
    state = "LISTEN"

    def __init__(self, isn):
        self.isn = isn

    def knock(self, arriving):
        if not arriving.flags & SYN:
            yield segment(seq=arriving.ack, flags=RST)
            return
        self.state = "SYN-RECEIVED"
        yield segment(seq=self.isn, ack=arriving.seq + 1, flags=SYN | ACK)


class DoorOffByOne(Door):
    def knock(self, arriving):
        self.state = "SYN-RECEIVED"
        return [segment(seq=self.isn, ack=arriving.seq, flags=SYN | ACK)]


KNOCK = Segment(source_port=40000, destination_port=80, seq=300, flags=SYN)
ANSWER = segment(seq=100, ack=301, flags=SYN | ACK)


# --- equal, however it is written ----------------------------------------------------------------

Pair = namedtuple("Pair", "left right")


@dataclass
class Point:
    x: int
    y: int


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        (b"abc", bytearray(b"abc")),
        (b"abc", memoryview(b"xabc")[1:]),
        ([1, 2], (1, 2)),
        ((1, 2), Pair(1, 2)),
        ([1, 2], (n for n in (1, 2))),
        ([1, 2], map(int, "12")),
        ({"a": [1]}, {"a": (1,)}),
        ({3, 1}, frozenset({1, 3})),
        (0x12, SYN | ACK),
        (Point(1, 2), Point(1, 2)),
        (0.5, 0.1 + 0.2 + 0.2),
        (2.0, 2),
        (True, True),
        (None, None),
    ],
    ids=lambda value: repr(value).partition(" at 0x")[0],  # the same in every worker
)
def test_right_answers_written_differently_pass(check, expected, got):
    check(lambda: got, expected=expected)


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        (b"abc", "abc"),
        (b"abc", [97, 98, 99]),
        (1, 1.0),
        (1, "1"),
        ("a", b"a"),
        ([1, 2], [1, 2, 3]),
        ([1, 2], {1, 2}),
        (Pair(1, 2), (1, 2)),
        (Point(1, 2), Point(2, 1)),
        ({"a": 1}, {"a": 1, "b": 2}),
        ({"a": None}, {}),
        (None, False),
        (0, None),
    ],
    ids=repr,
)
def test_wrong_answers_fail(check, expected, got):
    said(check, lambda: got, expected=expected)


class EqualsAll:
    def __eq__(self, other):
        return True

    __hash__ = None


class EqualBytes(bytes):
    def __eq__(self, other):
        return True

    def __bytes__(self):
        return NAME

    __hash__ = None


class EqualInt(int):
    def __eq__(self, other):
        return True

    def __index__(self):
        return 7

    __hash__ = None


class EqualStr(str):
    def __eq__(self, other):
        return True

    def __str__(self):
        return "yes"

    __hash__ = None


class EqualList(list):
    def __iter__(self):
        return iter([1, 2])

    def __eq__(self, other):
        return True

    __hash__ = None


class Liar:
    @property
    def __class__(self):
        return bytes

    def __eq__(self, other):
        return True

    __hash__ = None


@pytest.mark.parametrize(
    ("expected", "cheat"),
    [
        (NAME, EqualsAll()),
        (NAME, EqualBytes(b"x")),
        (7, EqualInt(3)),
        ("yes", EqualStr("no")),
        ([1, 2], EqualList([9])),
        (NAME, Liar()),
        ([NAME], [EqualsAll()]),
        ({"a": 1}, {"a": EqualsAll()}),
        (Segment(source_port=1, destination_port=2, seq=3), EqualsAll()),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_object_that_says_it_equals_everything_gains_nothing(check, expected, cheat):
    said(check, lambda: cheat, expected=expected)


def test_arguments_are_copied_for_each_call(check):
    def greedy(items):
        return items.pop()

    items = [1, 2]
    check(greedy, items, expected=2)
    check(greedy, items, expected=2)
    assert items == [1, 2]


def test_a_result_too_deep_to_look_into_is_wrong_and_ends(check):
    endless: list = []
    endless.append(endless)
    said(check, lambda: endless, expected=[])
    said(check, lambda: iter(int, 1), expected=[0])


# --- what it says --------------------------------------------------------------------------------


def test_octets_are_shown_with_the_first_difference_marked(check):
    text = said(check, lambda name: NAME[:-1], "example.com", expected=NAME, rule="The rule.")
    assert text.splitlines()[1:4] == [
        "  expected  07 65 78 61 6d 70 6c 65 03 63 6f 6d 00   13 octets",
        "  yours     07 65 78 61 6d 70 6c 65 03 63 6f 6d      12 octets",
        "                                                ^^   missing",
    ]
    assert text.endswith("The rule.")


def test_segments_are_shown_field_by_field(check):
    right = struct.pack("!HHIIBBHHH", 40000, 80, 100, 0, 5 << 4, 0x12, 65535, 0x1C46, 0)
    wrong = struct.pack("!HHIIBBHHH", 40000, 80, 100, 0, 5 << 4, 0x02, 65535, 0, 0)
    text = said(check, lambda: wrong, expected=right, view="segment")
    assert "flags     SYN, ACK  SYN" in text
    assert "checksum  0x1c46    0x0000" in text
    assert "source port" not in text


def test_lines_are_shown_one_by_one(check):
    text = said(
        check, lambda: b"GET /\r\nHost: a\r\n", expected=b"GET /\r\nHost: b\r\n", view="lines"
    )
    assert "line 2 of 2 differs" in text
    assert "'Host: b\\r\\n'" in text
    assert "GET /" not in text


def test_an_exception_is_shown_with_the_learners_line_and_no_stack(check):
    def parse(octets):
        return struct.unpack("!H", octets)

    text = said(check, parse, b"1", expected=3, rule="Two octets.")
    assert "raised struct.error: unpack requires a buffer of 2 bytes" in text
    assert 'return struct.unpack("!H", octets)' in text
    assert "Traceback" not in text
    assert "cases.py" not in text


def test_an_endless_recursion_is_an_outcome(check):
    def again(n):
        return again(n)

    assert "RecursionError" in said(check, again, 1, expected=1)


def stub(name):
    raise NotImplementedError


def calls_the_stub(names):
    return [stub(name) for name in names]


class HalfWritten(Door):
    def knock(self, arriving):
        raise NotImplementedError


def test_a_stub_is_not_written_yet(check):
    assert said(check, stub, "a", expected=b"").startswith("Not written yet: stub.")
    assert "stub, which calls_the_stub needs" in said(check, calls_the_stub, "a", expected=b"")
    assert "Not written yet: stub." in said(check.refuses, stub, "a")
    steps = [step("knock", KNOCK, sends=[ANSWER])]
    text = said(check.script, HalfWritten, start={"isn": 1}, steps=steps)
    assert "Not written yet: HalfWritten.knock." in text


def test_the_number_of_wrong_cases_is_told(check):
    text = said(
        check.each, lambda n: n if n < 3 else -n, [1, 2, 3, 4], expected=lambda n: n, rule="Same."
    )
    assert "(3)" in text
    assert "2 of 4 cases differ; this is the first." in text


def test_notebooks_show_the_message_alone(check, capsys):
    with pytest.raises(CheckFailed) as caught:
        check(lambda: 1, expected=2, rule="Two.")
    assert "Two." in caught.value._render_traceback_()
    assert isinstance(caught.value, AssertionError)
    assert capsys.readouterr().err == ""


# --- refusals, probes, conditions ----------------------------------------------------------------


def test_refusals(check):
    def strict(text):
        if not text:
            raise UnicodeError("empty")
        return text

    check.refuses(strict, "")
    check.refuses_each(strict, ["", ("",)])
    text = said(check.refuses, strict, "a", rule="Never a.")
    assert "ValueError raised" in text
    assert "returned 'a'" in text
    assert "KeyError" in said(check.refuses, strict, "", error=KeyError)


def test_probes(check):
    check.probe(len, lambda f: f("abc"), expected=3)
    check.probe(len, lambda f: f("abc"), accepts=lambda n: n > 2)
    check.probe((len, sum), lambda f, g: g([f("ab"), 1]), expected=3)
    assert "Three of them." in said(
        check.probe, len, lambda f: f("ab"), accepts=lambda n: n > 2, says="Three of them."
    )
    with pytest.raises(TypeError, match="either"):
        check.probe(len, lambda f: 1)


def test_a_condition_is_a_bool_that_the_test_worked_out(check):
    check.that(True, "Yes.")
    assert said(check.that, False, "It must be so.", "RFC 9293").startswith("It must be so.")
    with pytest.raises(TypeError):
        check.that(EqualsAll(), "No.")


# --- scripts -------------------------------------------------------------------------------------


def test_a_machine_that_does_as_scripted_passes(check):
    steps = [step("knock", KNOCK, sends=[ANSWER], state="SYN-RECEIVED", isn=100)]
    check.script(Door, start={"isn": 100}, steps=steps)


def test_a_failing_script_shows_the_ladder_the_step_and_the_fields(check):
    calm = step("knock", KNOCK, sends=None)
    wanted = {"flags": SYN | ACK, "ack": 301}
    steps = [calm, step("knock", KNOCK, sends=[wanted], state="SYN-RECEIVED")]
    text = said(check.script, DoorOffByOne, start={"isn": 100}, steps=steps)
    assert "|<-- SYN seq=300" in text
    assert "step 2 of 2: knock(<SYN seq=300>)" in text
    assert "ack    301       300" in text
    assert "flags" not in text.partition("field")[2].partition("\n")[2]


def test_a_script_that_expects_silence_or_a_refusal(check):
    assert "sends nothing" in said(
        check.script, Door, start={"isn": 1}, steps=[step("knock", KNOCK)]
    )
    check.script(Door, start={"isn": 1}, steps=[step("knock", None, error=AttributeError)])
    assert "KeyError raised" in said(
        check.script, Door, start={"isn": 1}, steps=[step("knock", KNOCK, error=KeyError)]
    )


# --- diagnosis -----------------------------------------------------------------------------------


def test_a_misconception_is_named_however_the_wrong_answer_is_written(check):
    def mine(name):
        octets = bytearray()
        for label in name.split("."):
            octets.append(len(label))
            octets += label.encode("ascii")
        return octets

    encode_name = mine  # a notebook's global name; here the function is named by hand
    encode_name.__name__ = "encode_name"
    text = one_line(said(check, encode_name, "example.com", expected=NAME, rule="The rule."))
    assert ROOT_SENTENCE in text
    assert "RFC 1035 section 3.1" in text
    assert "The rule." not in text


def test_the_caller_s_name_for_it_counts(check, monkeypatch):
    monkeypatch.setitem(globals(), "encode_name", lambda name: NAME[:-1])
    text = said(check, globals()["encode_name"], "example.com", expected=NAME)
    assert ROOT_SENTENCE in text


def test_the_misconception_that_agrees_on_all_cases_is_preferred(check):
    def encode_name(name):
        labels = [label for label in name.split(".") if label]
        octets = b"".join(bytes([len(label)]) + label.encode() for label in labels)
        return octets + b"\0" * (1 + name.endswith("."))

    right = {"a.b.": b"\1a\1b\0", "a.b": b"\1a\1b\0"}
    text = said(check.each, encode_name, list(right), expected=right.__getitem__)
    assert DOT_SENTENCE in text
    assert "1 of 2 cases differs" in text


def test_no_misconception_is_blamed_for_something_else(check):
    def encode_name(name):
        return b"?"

    text = said(check, encode_name, "example.com", expected=NAME, rule="The rule.", rfc="RFC 1035")
    assert text.endswith("The rule.  RFC 1035")
    assert ROOT_SENTENCE not in text


def test_a_machine_s_misconception_is_named(check):
    DoorOffByOne.__name__ = "Door"
    wanted = {"seq": 100, "ack": 301, "flags": SYN | ACK}
    text = said(
        check.script, DoorOffByOne, start={"isn": 100}, steps=[step("knock", KNOCK, sends=[wanted])]
    )
    assert SYN_SENTENCE in text


def test_a_probe_runs_the_planted_answers_too(check):
    def encode_name(name):
        return NAME[:-1]

    def ends_with_the_root(encode_name):
        return encode_name("example.com")[-1] == 0

    assert ROOT_SENTENCE in said(check.probe, encode_name, ends_with_the_root, expected=True)


def test_no_misconception_is_blamed_where_the_right_answer_fails_as_well(check):
    def encode_name(name):
        return NAME

    def broken_machine(encode_name):
        raise OSError("no network here")

    text = said(check.probe, encode_name, broken_machine, expected=1, rule="The rule.")
    assert text.endswith("The rule.")


def test_a_planted_answer_that_crashes_breaks_no_check(sample):
    path = sample.lessons / "12_handshake" / "misconceptions.py"
    crashing = '\n\n@misconception(of="encode_name", says="X.")\ndef crashes(name):\n    exit(3)\n'
    path.write_text(path.read_text() + crashing)

    def encode_name(name):
        return NAME[:-1]

    text = said(Checks("12_handshake"), encode_name, "example.com", expected=NAME)
    assert ROOT_SENTENCE in text


def test_without_lessons_the_rule_has_to_do(check, monkeypatch, tmp_path):
    monkeypatch.setenv("WIRELAB_LESSONS", str(tmp_path / "nowhere"))

    def encode_name(name):
        return NAME[:-1]

    assert "The rule." in said(check, encode_name, "example.com", expected=NAME, rule="The rule.")


def test_a_key_with_braces_is_told_like_any_other(check):
    text = said(check, lambda: {"{}": [1]}, expected={"{}": [2]})
    assert "'{}'" in text


def test_a_wrapped_line_that_begins_like_a_magic_is_kept(tmp_path):
    lesson = tmp_path / "99_none" / "lesson.py"
    lesson.parent.mkdir()
    lesson.write_text(
        '# %% role="answer" id="differ-answer"\n'
        "def differ(a, b):\n    return (\n        a\n        != b\n    )\n\n\n"
        '# %% role="given" id="setup"\n%matplotlib inline\nready = True\n'
    )
    right = right_answers(lesson)
    assert right.differ(1, 2)
    assert right.ready
