"""The table of diagnoses: the same every time, without code, and of use where no lesson is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from wirelab.authoring.build import build
from wirelab.grading.checks import CheckFailed, Checks
from wirelab.grading.course import Course

TOPIC = "12_handshake"
NAME = b"\x07example\x03com\0"
RULE = "Each label as one length octet and its octets, then the empty label."


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    from shutil import copy, copytree

    from support import ROOT

    course = Course(tmp_path_factory.mktemp("sample") / "course")
    copytree(ROOT / "tests" / "grading" / "sample", course.root)
    copy(ROOT / "nbgrader_config.py", course.root)
    build(course, TOPIC)
    return course


@pytest.fixture
def student(course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checks:
    """The checks in a folder that holds the release alone."""
    table = course.release(TOPIC).with_name("diagnoses.json")
    (tmp_path / table.name).write_bytes(table.read_bytes())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WIRELAB_LESSONS", str(tmp_path / "lessons"))
    return Checks(TOPIC)


def said(check: Checks, result: bytes) -> str:
    def encode_name(name):
        return result

    with pytest.raises(CheckFailed) as caught:
        check(encode_name, "example.com", expected=NAME, rule=RULE)
    return str(caught.value)


def test_a_student_without_lessons_reads_the_same_sentence(student: Checks):
    assert "The name has no end." in said(student, NAME[:-1])
    assert "Dots stay dots." in said(student, b"example.com")


def test_another_mistake_gets_the_rule(student: Checks):
    text = said(student, b"?")
    assert "Each label" in text
    assert "The name has no end." not in text


@pytest.mark.parametrize("table", ["", "[]", '{"topic": "12_handshake", "results": 3}'])
def test_a_damaged_table_counts_as_none(student: Checks, tmp_path: Path, table: str):
    (tmp_path / "diagnoses.json").write_text(table)
    from wirelab.grading import table as module

    module._load.cache_clear()
    assert "Each label" in said(student, NAME[:-1])


def test_it_lies_beside_both_editions_and_holds_no_code(course: Course):
    octets = course.source(TOPIC).with_name("diagnoses.json").read_bytes()
    assert octets == course.release(TOPIC).with_name("diagnoses.json").read_bytes()
    table = json.loads(octets)
    assert set(table) == {"topic", "sentences", "results", "counts"}
    assert "reference" not in octets.decode()
    assert "A stray segment" not in str(
        [table["sentences"][n] for numbers in table["results"].values() for n in numbers]
    ), "the hidden tests leave no trace"


def test_it_is_the_same_every_time(course: Course):
    before = course.release(TOPIC).with_name("diagnoses.json").read_bytes()
    (course.state / f"diagnoses-{TOPIC}.json").unlink()
    code = f"""
from pathlib import Path
from wirelab.authoring.build import build
from wirelab.grading.course import Course
build(Course(Path({str(course.root)!r})), {TOPIC!r}, force=True)
"""
    environment = os.environ | {"PYTHONHASHSEED": "7"}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, timeout=120)
    assert course.release(TOPIC).with_name("diagnoses.json").read_bytes() == before
