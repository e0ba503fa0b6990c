"""Each mistake in a lesson gets one error that names the file, the line and what to do."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from wirelab.authoring.build import build, check_lesson, topics_to_build
from wirelab.authoring.lesson import LessonProblems
from wirelab.grading.course import Course
from wirelab.grading.errors import CourseError

TOPIC = "11_arp"

# what is changed in the sample lesson, into what; text on the line that is named, as it stands
# after the change (at its last place); words of the message
MISTAKES = {
    "duplicate id": (
        'id="tag-brief"',
        'id="type-brief"',
        'id="type-brief"',
        'duplicate id "type-brief", first used in line 22',
    ),
    "malformed id": ('id="opening"', 'id="The_opening"', "The_opening", "malformed id"),
    "no id": ('role="given" id="opening"', 'role="given"', 'role="given"\n', 'add id="..."'),
    "unknown role": ('role="given" id="opening"', 'role="gvien" id="o"', "gvien", "unknown role"),
    "id of another role": (
        'id="type-test-short"',
        'id="type-short"',
        "type-short",
        "name it <exercise>-test-<behaviour>",
    ),
    "answer without a solution": (
        "    ### BEGIN SOLUTION\n    return ether_type(frame) == 0x8100\n    ### END SOLUTION\n",
        "    return ether_type(frame) == 0x8100\n",
        'id="tag-answer"',
        "has no solution",
    ),
    "test that is text": (
        '# %% role="test" id="type-test-short"',
        '# %% [markdown] role="test" id="type-test-short"',
        "type-test-short",
        "is code",
    ),
    "hint that is code": (
        '# %% [markdown] role="hint" id="type-hint-2"',
        '# %% role="hint" id="type-hint-2"',
        "type-hint-2",
        "a hint is text",
    ),
    "points missing": (" points=0.5", "", "type-test-short", 'no points: add "points=1"'),
    "points no number": ("points=0.5", 'points="half"', "half", "points='half' is not a number"),
    "points below zero": ("points=0.5", "points=-1", "points=-1", "0 or more"),
    "points without a test": ('id="opening"', 'id="opening" points=1', "opening", "points on a"),
    "comparison not asserted": (
        'assert ether_type(bytes(12) + b"\\x08',
        'ether_type(bytes(12) + b"\\x08',
        'b"\\x08\\x06") ==',
        "decides nothing",
    ),
    "test ends in an expression": (
        "check.refuses(ether_type, bytes(13))",
        "check.refuses(ether_type, bytes(13))\nlen(dir())",
        "len(dir())",
        "partial credit",
    ),
    "test as released ends in an expression": (
        'check(tagged, bytes(12) + b"\\x81',
        'print(tagged, bytes(12) + b"\\x81',
        "tag-test-both",
        'the test "tag-test-both" as learners get it',
    ),
    "solution not ended": (
        "    return ether_type(frame) == 0x8100\n    ### END SOLUTION\n",
        "    return ether_type(frame) == 0x8100\n",
        "    ### BEGIN SOLUTION",
        "without an END SOLUTION",
    ),
    "solution not begun": (
        "    ### BEGIN SOLUTION\n    return ether_type(frame) == 0x8100\n",
        "    return ether_type(frame) == 0x8100\n",
        "    ### END SOLUTION",
        "without a BEGIN SOLUTION",
    ),
    "solution twice begun": (
        "    return ether_type(frame) == 0x8100\n",
        "    ### BEGIN SOLUTION\n    return ether_type(frame) == 0x8100\n",
        "    ### BEGIN SOLUTION",
        "inside SOLUTION",
    ),
    "marker misspelt": (
        "### BEGIN HIDDEN TESTS\ncheck(tagged",
        "### BEGIN HIDDEN TEST\ncheck(tagged",
        "BEGIN HIDDEN TEST\n",
        'write "### BEGIN HIDDEN TESTS"',
    ),
    "solution in a given cell": (
        'print("a demo")',
        '### BEGIN SOLUTION\nprint("a demo")\n### END SOLUTION',
        '# %%\n### BEGIN SOLUTION\nprint("a demo")',
        'belongs in a cell with role="answer or essay"',
    ),
    "syntax error": ('print("a demo")', 'print("a demo"', 'print("a demo"', "syntax error"),
    "syntax error in the stub": (
        "    ### BEGIN SOLUTION\n    return ether_type(frame) == 0x8100\n",
        "    if frame:\n    ### BEGIN SOLUTION\n        return ether_type(frame) == 0x8100\n",
        'id="tag-answer"',
        "what learners get of this cell is not Python",
    ),
    "missing figure": ("/frame.svg", "/farme.svg", "farme.svg", "no figures/farme.svg"),
    "exercise without a brief": ('id="tag-brief"', 'id="tag-text"', "tag-answer", 'no "tag-brief"'),
    "hint for no exercise": (
        'id="tag-hint-3"',
        'id="tga-hint-3"',
        "tga-hint-3",
        'a hint for "tga", but there is no such exercise',
    ),
    "too few hints": ('role="hint" id="tag-hint-3"', 'id="more"', "tag-brief", "2 of 3 hints"),
    "no minutes": ("minutes: 20", "hours: 20", "# ---\n# wirelab", "minutes: 90"),
    "builds on nothing": ("[00_start]", "[01_begin]", "# ---\n# wirelab", "not another topic"),
}


def problems(course: Course) -> list[str]:
    with pytest.raises(LessonProblems) as caught:
        build(course, TOPIC)
    return str(caught.value).splitlines()


def test_the_sample_lesson_has_no_mistake(course: Course) -> None:
    assert check_lesson(course, TOPIC).topic == TOPIC


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistake(mistake: str, course: Course, replace: Callable[..., None]) -> None:
    old, new, anchor, words = MISTAKES[mistake]
    replace(old, new)
    text = course.lesson(TOPIC).read_text("utf-8")
    line = text[: text.rindex(anchor)].count("\n") + 1
    found = problems(course)
    assert any(
        each.startswith(f"lessons/{TOPIC}/lesson.py:{line}: ") and words in each for each in found
    ), found
    assert not course.source(TOPIC).exists()


def test_a_test_keeps_its_names_to_itself(course: Course, replace) -> None:
    replace("points=1\n", "points=1\nshort = 13\n")
    found = problems(course)
    assert "defines short, which a learner may use" in found[0]


def test_names_inside_a_test_function_are_its_own(course: Course, replace) -> None:
    replace(
        "check.refuses(ether_type, bytes(13))",
        "@check.test\ndef _():\n    short = 13\n    check.refuses(ether_type, bytes(short))",
    )
    assert check_lesson(course, TOPIC)


def test_an_exercise_needs_a_test(course: Course, replace) -> None:
    replace('role="test" id="tag-test-both" points=2', 'id="tag-demo"')
    replace("### BEGIN HIDDEN TESTS\ncheck(tagged", "check(tagged")
    replace("expected=False)\n### END HIDDEN TESTS", "expected=False)")
    assert any('the exercise "tag" has no "tag-test"' in each for each in problems(course))


def test_all_mistakes_are_told_at_once(course: Course, replace) -> None:
    replace("points=0.5", "")
    replace('id="opening"', 'id="Opening"')
    replace('says="Not every frame has a tag."', "", "misconceptions.py")
    found = problems(course)
    assert len(found) == 3
    assert [each.split(":")[0].rpartition("/")[2] for each in found] == [
        "lesson.py",
        "lesson.py",
        "misconceptions.py",
    ]


def test_a_draft_may_be_incomplete_but_not_wrong(course: Course, replace) -> None:
    course.lesson(TOPIC).with_name("misconceptions.py").unlink()
    replace('role="hint" id="tag-hint-3"', 'id="tag-more"')
    assert check_lesson(course, TOPIC, draft=True)
    replace("points=0.5", "")
    with pytest.raises(LessonProblems, match="no points"):
        check_lesson(course, TOPIC, draft=True)


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ('of="tagged", says="Some', 'of="taged", says="Some', 32, "which no answer cell defines"),
        ("def never(", "def always(", 32, "stands in line 27 already"),
        ('of="tagged", says="Some', 'says="Some', 32, 'say @misconception(of="NAME"'),
        ("return False", "return (", 33, "syntax error"),
    ],
)
def test_misconception(old, new, line, words, course: Course, replace) -> None:
    replace(old, new, "misconceptions.py")
    found = problems(course)
    where = f"lessons/{TOPIC}/misconceptions.py:{line}: "
    assert any(each.startswith(where) and words in each for each in found), found


def test_three_misconceptions_an_exercise(course: Course, replace) -> None:
    replace(
        '@misconception(of="tagged", says="Some frames have a tag.")\n', "", "misconceptions.py"
    )
    (found,) = problems(course)
    assert 'the exercise "tag" has 2 of 3 misconceptions' in found


def test_a_folder_that_is_not_a_topic(course: Course) -> None:
    (course.lessons / "11_apr").mkdir()
    with pytest.raises(LessonProblems, match=r'lessons/11_apr: "11_apr" is not a topic'):
        topics_to_build(course)


def test_a_topic_without_a_lesson(course: Course) -> None:
    (course.lessons / "12_handshake").mkdir()
    with pytest.raises(LessonProblems, match=r"lessons/12_handshake: there is no lesson\.py"):
        topics_to_build(course)


def test_a_topic_that_is_not_there(course: Course) -> None:
    with pytest.raises(LessonProblems, match="33_mitm: there is no lesson"):
        topics_to_build(course, ["33_mitm"])
    with pytest.raises(LessonProblems, match="34_css: this is not a topic"):
        topics_to_build(course, ["34_css"])


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("# ---\n# wirelab: [\n# ---\n", "is not YAML"),
        ("# ---\n# wirelab:\n#   minutes: 20\n", 'two "# ---" lines'),
        ("import os\n", "code before the first cell"),
    ],
)
def test_header(header: str, words: str, course: Course) -> None:
    path = course.lesson(TOPIC)
    text = path.read_text("utf-8")
    path.write_text(header + text[text.index("# %%") :], "utf-8")
    with pytest.raises(LessonProblems, match=words):
        build(course, TOPIC)


def test_magics_and_await_are_python_enough(course: Course, replace) -> None:
    replace('print("a demo")', "# %matplotlib inline\nimport asyncio\nawait asyncio.sleep(0)")
    assert check_lesson(course, TOPIC)


def test_what_nbgrader_refuses_is_told_in_its_words(course: Course) -> None:
    config = course.root / "nbgrader_config.py"
    config.write_text(config.read_text("utf-8") + "c.ClearSolutions.code_stub = {}\n", "utf-8")
    with pytest.raises(CourseError, match=r"nbgrader cannot release 11_arp: .*code_stub"):
        build(course, TOPIC)
