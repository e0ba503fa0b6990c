"""Marking one's own notebook, what the report says, and the points that are kept."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest

from wirelab.authoring.build import build
from wirelab.grading import progress
from wirelab.grading.course import Course
from wirelab.grading.errors import CourseError
from wirelab.grading.selfcheck import check, check_button, this_notebook

TOPIC = "12_handshake"
RIGHT = """def encode_name(name):
    octets = bytearray()
    for label in filter(None, name.split(".")):
        octets += bytes([len(label)]) + label.encode()
    return octets + bytes(1)
"""
WRONG = """def encode_name(name):
    if "." not in name or name.endswith("."):
        return b"?"
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\\0"
"""


@pytest.fixture
def course(sample: Course, monkeypatch: pytest.MonkeyPatch) -> Course:
    build(sample, TOPIC, draft=True)
    monkeypatch.chdir(sample.root / "notebooks")
    return sample


def answered(course: Course, source: str, drop: str = "") -> Path:
    """The self-study notebook with one exercise answered, and perhaps a cell deleted."""
    path = course.notebook(TOPIC)
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == "encode-answer":
            cell.source = source
    notebook.cells = [cell for cell in notebook.cells if not drop or cell.id != drop]
    nbformat.write(notebook, path)
    return path


def test_the_saved_notebook_is_marked_with_its_hidden_tests(course: Course):
    path = answered(course, WRONG)
    before = path.read_bytes()
    report = check(TOPIC, path)

    assert (report.points, report.max_points) == (1, 6)
    encode, door = report.exercises
    assert (encode.title, encode.points, encode.max_points) == ("A name on the wire", 1, 3)
    assert [name for name, _ in encode.messages()] == ["many"]
    assert "2 of 4 cases differ" in encode.messages()[0][1]
    assert door.state == "not yet"
    assert "Not written yet: Door.knock" in door.messages()[0][1]
    assert path.read_bytes() == before
    assert json.loads(json.dumps(report.as_dict()))["points"] == 1
    assert "A name on the wire" in report.text()
    assert "<script" not in report.html()
    assert progress.load(course.root)[TOPIC]["points"] == 1


def test_a_right_answer_written_differently_passes_and_a_deleted_test_is_put_back(course: Course):
    report = check(TOPIC, answered(course, RIGHT, drop="encode-test-many"))
    assert (report.exercises[0].points, report.max_points) == (3, 6)


def test_a_wrong_answer_gains_nothing_by_deleting_the_test(course: Course):
    report = check(TOPIC, answered(course, WRONG, drop="encode-test-many"))
    assert (report.exercises[0].points, report.max_points) == (1, 6)


def test_the_button_shows_the_report_and_survives_what_goes_wrong(course: Course):
    answered(course, RIGHT)
    button = check_button(TOPIC)
    button.press()
    assert button.wait(120)
    assert "3 of 6 points" in button.result
    assert "saved at" in button.note

    course.source(TOPIC).unlink()
    button.press(unsaved=True)
    assert button.wait(120)
    assert f"wirelab build {TOPIC}" in button.result
    assert "press again" in button.note


def test_a_check_ends_in_time(course: Course):
    path = answered(course, "import time\ntime.sleep(600)\n" + RIGHT)
    with pytest.raises(CourseError, match="stopped"):
        check(TOPIC, path, timeout_s=8)


def test_what_is_missing_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("WIRELAB_LESSONS", str(tmp_path / "lessons"))
    alone = tmp_path / f"{TOPIC}.ipynb"
    alone.write_text("{}")
    with pytest.raises(CourseError, match="use Validate") as caught:
        check(TOPIC, alone)
    assert "\n" not in str(caught.value)
    with pytest.raises(CourseError, match="not a topic"):
        check("nothing", alone)


def test_the_notebook_of_this_kernel_is_found(course: Course, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    assert this_notebook(TOPIC) == course.notebook(TOPIC)
    copy = course.root / "my copy.ipynb"
    copy.write_bytes(course.notebook(TOPIC).read_bytes())
    monkeypatch.setenv("JPY_SESSION_NAME", str(copy))
    assert this_notebook(TOPIC) == copy


# --- progress ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kept", ["", "[]", '{"topics": 3}', '{"topics": {"x": {"points": "1"}}}'])
def test_a_damaged_progress_file_counts_as_none(tmp_path: Path, kept: str):
    (tmp_path / ".wirelab").mkdir()
    (tmp_path / ".wirelab" / "progress.json").write_text(kept)
    assert progress.load(tmp_path) == {}


def test_the_map_shows_every_topic_and_what_was_earned(course: Course):
    course.state.mkdir(exist_ok=True)
    entry = {"points": 4, "max_points": 6}
    (course.state / "progress.json").write_text(json.dumps({"topics": {TOPIC: entry}}))
    shown = progress.show()
    lines = {line.split()[0]: line for line in shown.text().splitlines() if line.startswith("  ")}
    assert len(lines) == 18
    assert lines[TOPIC].endswith("4 of 6 points")
    assert lines["34_xss"].endswith("not written yet")
    assert f'<a href="{TOPIC}.ipynb">' in shown._repr_html_()
