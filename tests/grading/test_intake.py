"""Taking in what was handed in: whatever it is, it comes out fit for grading, or with a reason."""

from __future__ import annotations

import contextlib
import copy
import json
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wirelab.grading.engine import extras
from wirelab.grading.engine.edition import Edition, Recorded
from wirelab.grading.engine.intake import NOT_HANDED_IN, Intake, take_in
from wirelab.grading.engine.outputs import CUT, sound
from wirelab.grading.engine.reading import FILE_BYTES, Unreadable, parse

HIDDEN = "### BEGIN HIDDEN TESTS\nassert f(2) == 4\n### END HIDDEN TESTS\n"


def cell(name: str, source: str, kind: str = "code", **flags: Any) -> dict[str, Any]:
    about = {"grade": False, "solution": False, "locked": False, "task": False, **flags}
    made = {"id": name, "cell_type": kind, "metadata": {}, "source": source}
    if flags:
        made["metadata"] = {"nbgrader": {"grade_id": name, "schema_version": 3, **about}}
    return made | ({"outputs": [], "execution_count": None} if kind == "code" else {})


def source_notebook() -> dict[str, Any]:
    test = cell("f-test-b", f"assert f(1) == 2\n{HIDDEN}", grade=True, locked=True, points=3)
    test["metadata"]["tags"] = ["raises-exception"]
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        "cells": [
            cell("f-brief", "# Exercise", "markdown", locked=True),
            cell("setup", "import math", locked=True),
            cell("demo-1", "1 + 1"),
            cell("f-answer", "def f(x):\n    return 2 * x", solution=True),
            cell("f-test-a", "assert f(0) == 0\n", grade=True, locked=True, points=1),
            test,
            cell("g-answer", "def g(): ...", solution=True),
            cell("why-essay", "", "markdown", grade=True, solution=True, points=2),
        ],
    }


def handed_out() -> dict[str, Any]:
    notebook = source_notebook()
    for each in notebook["cells"]:
        each["source"] = each["source"].replace(HIDDEN, "")
    return notebook


EDITION = Edition.of(source_notebook())
ORDER = [known.id for known in EDITION.known]


def taken(tmp_path: Path, notebook: Any) -> Intake:
    path = tmp_path / "n.ipynb"
    path.write_text(notebook if isinstance(notebook, str) else json.dumps(notebook), "utf-8")
    return take_in(path, EDITION, below=tmp_path)


def sources(intake: Intake) -> dict[str, str]:
    return {each.id: each.source for each in intake.notebook.cells}


def kinds(intake: Intake) -> list[tuple[str, str]]:
    return [(found.kind, found.cell) for found in intake.findings]


def known_order(intake: Intake) -> list[str]:
    return [each.id for each in intake.notebook.cells if each.id in EDITION.by_id]


def sane(intake: Intake) -> None:
    """Every cell that counts is there once, in order, of its kind and with our tests."""
    nbformat.validate(intake.notebook)
    assert known_order(intake) == ORDER
    for each in intake.notebook.cells:
        if each.id in EDITION.by_id:
            ours = EDITION.by_id[each.id]
            assert each.cell_type == ours.cell["cell_type"]
            assert each.metadata.nbgrader == ours.cell["metadata"]["nbgrader"]
            assert each.metadata.get("tags") == ours.cell["metadata"].get("tags")
            if ours.ours:
                assert each.source == ours.cell["source"]
        else:
            assert "nbgrader" not in each.metadata
            assert "tags" not in each.metadata


def test_an_honest_notebook_passes_without_a_finding(tmp_path: Path) -> None:
    notebook = handed_out()
    notebook["cells"][3]["source"] = "def f(x): return x + x"
    notebook["cells"].insert(3, cell("mine", "y = 1"))
    notebook["cells"][2]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "2"}]
    intake = taken(tmp_path, notebook)
    sane(intake)
    assert intake.findings == ()
    ids = [each.id for each in intake.notebook.cells]
    assert ids[:5] == ["f-brief", "setup", "demo-1", "mine", "f-answer"]
    assert sources(intake)["f-answer"] == "def f(x): return x + x"
    assert not intake.notebook.cells[2].outputs


def change(**how: Any) -> Callable[[dict[str, Any]], None]:
    """A change of one cell: of its keys, or of its nbgrader metadata."""
    number, about = how.pop("at"), how.pop("about", {})

    def apply(notebook: dict[str, Any]) -> None:
        target = notebook["cells"][number]
        target.update(how)
        target["metadata"].setdefault("nbgrader", {}).update(about)

    return apply


def tag(number: int, *names: str) -> Callable[[dict[str, Any]], None]:
    return lambda notebook: notebook["cells"][number]["metadata"].update(tags=list(names))


def drop(number: int) -> Callable[[dict[str, Any]], None]:
    return lambda notebook: notebook["cells"].pop(number)


def repeat(number: int) -> Callable[[dict[str, Any]], None]:
    return lambda notebook: notebook["cells"].append(copy.deepcopy(notebook["cells"][number]))


def move(number: int, to: int) -> Callable[[dict[str, Any]], None]:
    return lambda notebook: notebook["cells"].insert(to, notebook["cells"].pop(number))


def strip(number: int) -> Callable[[dict[str, Any]], None]:
    return lambda notebook: notebook["cells"][number].update(metadata={})


REPAIRED = {
    "test edited": (change(at=5, source="assert True"), ("edited", "f-test-b")),
    "given edited": (change(at=1, source="import evil"), ("edited", "setup")),
    "test deleted": (drop(5), ("deleted", "f-test-b")),
    "given deleted": (drop(1), ("deleted", "setup")),
    "answer deleted": (drop(3), ("deleted", "f-answer")),
    "test twice": (repeat(5), ("duplicate", "f-test-b")),
    "answer twice": (repeat(3), ("duplicate", "f-answer")),
    "answer as text": (change(at=3, cell_type="markdown"), ("retyped", "f-answer")),
    "test as raw": (change(at=5, cell_type="raw"), ("retyped", "f-test-b")),
    "test first": (move(5, 0), ("moved", "f-test-b")),
    "answer last": (move(3, 7), ("moved", "f-answer")),
    "more points": (change(at=5, about={"points": 100}), ("metadata", "f-test-b")),
    "huge points": (change(at=5, about={"points": 10**400}), ("metadata", "f-test-b")),
    "no grade": (change(at=5, about={"grade": False}), ("metadata", "f-test-b")),
    "test unlocked": (change(at=5, about={"solution": True}), ("metadata", "f-test-b")),
    "skip tag": (tag(5, "skip-execution"), ("tags", "f-test-b")),
    "raises tag": (tag(4, "raises-exception"), ("tags", "f-test-a")),
    "metadata gone": (strip(3), ("metadata", "f-answer")),
    "points of one's own": (
        lambda n: n["cells"].append(cell("bonus", "1", grade=True, locked=True, points=9)),
        ("unknown", "bonus"),
    ),
}


@pytest.mark.parametrize("name", REPAIRED)
def test_it_is_repaired_and_reported(name: str, tmp_path: Path) -> None:
    damage, expected = REPAIRED[name]
    notebook = handed_out()
    damage(notebook)
    intake = taken(tmp_path, notebook)
    sane(intake)
    assert expected in kinds(intake)
    assert all(finding.evidence for finding in intake.findings)


def test_an_edited_test_shows_what_was_changed_and_not_the_hidden_part(tmp_path: Path) -> None:
    notebook = handed_out()
    notebook["cells"][5]["source"] = "assert True"
    (finding,) = taken(tmp_path, notebook).findings
    assert "-assert f(1) == 2" in finding.evidence
    assert "+assert True" in finding.evidence
    assert "f(2)" not in finding.evidence


def test_of_an_answer_split_in_two_both_parts_run_in_order(tmp_path: Path) -> None:
    notebook = handed_out()
    second = copy.deepcopy(notebook["cells"][3])
    notebook["cells"][3]["source"], second["source"] = "def h(x): return x", "f = h"
    notebook["cells"].insert(4, second)
    intake = taken(tmp_path, notebook)
    sane(intake)
    texts = [each.source for each in intake.notebook.cells]
    assert texts.index("def h(x): return x") == texts.index("f = h") - 1
    assert sources(intake)["f-answer"] == "f = h"


def test_a_deleted_answer_defines_nothing_so_that_one_elsewhere_counts(tmp_path: Path) -> None:
    notebook = handed_out()
    notebook["cells"][3] = cell("mine", "def f(x): return 2 * x")
    intake = taken(tmp_path, notebook)
    assert sources(intake)["f-answer"] == NOT_HANDED_IN


def test_the_gradebook_wins_over_the_file(tmp_path: Path) -> None:
    recorded = {"f-test-a": Recorded("code", "assert f(5) == 10", "sum", 7.0)}
    test = Edition.of(source_notebook(), recorded).by_id["f-test-a"]
    assert test.cell["source"] == "assert f(5) == 10"
    assert test.cell["metadata"]["nbgrader"]["points"] == 7.0
    assert test.cell["metadata"]["nbgrader"]["checksum"] == "sum"
    assert EDITION.in_step(
        {
            each.id: Recorded(
                "code", each.cell["source"], None, each.cell["metadata"]["nbgrader"].get("points")
            )
            for each in EDITION.known
        }
    )
    assert not EDITION.in_step(recorded)


OLD = {
    "nbformat": 3,
    "nbformat_minor": 0,
    "metadata": {"name": ""},
    "worksheets": [
        {
            "metadata": {},
            "cells": [
                {
                    "cell_type": "code",
                    "input": "def f(x): return 2 * x",
                    "language": "python",
                    "outputs": [],
                    "collapsed": False,
                    "metadata": source_notebook()["cells"][3]["metadata"],
                }
            ],
        }
    ],
}


def test_an_old_format_is_brought_up_to_date(tmp_path: Path) -> None:
    intake = taken(tmp_path, OLD)
    sane(intake)
    assert sources(intake)["f-answer"] == "def f(x): return 2 * x"
    assert ("format", "") in kinds(intake)


BROKEN = {
    "empty": "",
    "half": json.dumps(handed_out())[:500],
    "no json": "def f(x): return 1",
    "a list": "[]",
    "a number": "7",
    "null": "null",
    "no cells": '{"nbformat": 4}',
    "cells a string": '{"nbformat": 4, "cells": "x"}',
    "from the future": '{"nbformat": 99, "cells": []}',
    "format a word": '{"nbformat": "four", "cells": []}',
    "deep": "[" * 100_000,
    "digits": '{"nbformat": ' + "9" * 5000 + "}",
    "conflict": "<<<<<<< HEAD\n" + json.dumps(handed_out()),
    "too many": json.dumps({"nbformat": 4, "cells": [cell("x", "1")] * 5001}),
    "zip": "PK\x03\x04",
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_cannot_be_read_is_one_finding(name: str, tmp_path: Path) -> None:
    intake = taken(tmp_path, BROKEN[name])
    assert kinds(intake) == [("unreadable", "")]
    assert intake.unreadable
    assert intake.unreadable in intake.notebook.cells[0].source
    sane(intake)


ODD = {
    "cells that are none": {"nbformat": 4, "cells": [1, None, "x", [], {}]},
    "source a number": {"nbformat": 4, "cells": [{"cell_type": "code", "source": 5}]},
    "metadata a list": {"nbformat": 4, "cells": [{**cell("x", "1"), "metadata": []}]},
    "nbgrader a list": {
        "nbformat": 4,
        "cells": [{**cell("x", "1"), "metadata": {"nbgrader": [1], "tags": 7}}],
    },
    "id an object": {"nbformat": 4, "cells": [{**cell("x", "1"), "id": {"a": 1}}]},
    "id too long": {"nbformat": 4, "cells": [{**cell("x", "1"), "id": "x" * 999}]},
    "ids alike": {"nbformat": 4, "cells": [cell("x", "1"), cell("x", "2")]},
    "half a surrogate": {"nbformat": 4, "cells": [cell("x", "s = '\ud800'")]},
    "no number": '{"nbformat": 4, "metadata": {"a": NaN}, "cells": [], "x": Infinity}',
    "unknown kind": {"nbformat": 4, "cells": [{**cell("x", "1"), "cell_type": "heading"}]},
    "deep metadata": {
        "nbformat": 4,
        "cells": [{**cell("x", "1"), "metadata": {"a": json.loads("[" * 300 + "]" * 300)}}],
    },
    "grade id a list": {
        "nbformat": 4,
        "cells": [{**cell("x", "1"), "metadata": {"nbgrader": {"grade_id": ["f-answer"]}}}],
    },
}


@pytest.mark.parametrize("name", ODD)
def test_odd_values_do_no_harm(name: str, tmp_path: Path) -> None:
    intake = taken(tmp_path, ODD[name])
    sane(intake)
    assert intake.unreadable == ""
    nbformat.writes(intake.notebook).encode()


def test_every_mixture_of_damage_is_repaired(tmp_path: Path) -> None:
    for seed in range(150):
        rng = random.Random(seed)
        notebook = handed_out()
        for name in rng.sample(sorted(REPAIRED), 5):
            try:
                REPAIRED[name][0](notebook)
            except IndexError:  # so many are gone already
                continue
        sane(taken(tmp_path, notebook))


@given(st.binary(max_size=200))
def test_any_octets_come_out_as_a_notebook(content: bytes) -> None:
    with contextlib.suppress(Unreadable):
        assert isinstance(parse(content).cells, tuple)


# --- files ----------------------------------------------------------------------------------------


def reason(path: Path, below: Path) -> str:
    intake = take_in(path, EDITION, below)
    assert len(intake.findings) == 1
    return intake.unreadable


@pytest.mark.skipif(os.name != "posix", reason="links and pipes as POSIX has them")
def test_links_pipes_folders_and_locked_files_are_not_read(tmp_path: Path) -> None:
    inside = tmp_path / "submitted" / "eve" / "topic"
    inside.mkdir(parents=True)
    below = tmp_path / "submitted"
    secret = tmp_path / "secret.ipynb"
    secret.write_text(json.dumps(handed_out()), "utf-8")

    (inside / "link.ipynb").symlink_to(secret)
    assert "link" in reason(inside / "link.ipynb", below)
    (below / "mal").symlink_to(inside.parent)
    assert "link" in reason(below / "mal" / "topic" / "link.ipynb", below)
    assert "link" in reason(below / "eve" / ".." / ".." / "secret.ipynb", below)
    os.mkfifo(inside / "pipe.ipynb")
    assert "not a file" in reason(inside / "pipe.ipynb", below)
    (inside / "folder.ipynb").mkdir()
    assert "not a file" in reason(inside / "folder.ipynb", below)
    (inside / "locked.ipynb").write_text(json.dumps(handed_out()), "utf-8")
    (inside / "locked.ipynb").chmod(0)
    reason(inside / "locked.ipynb", below)
    assert "no gone.ipynb" in reason(inside / "gone.ipynb", below)
    with (inside / "large.ipynb").open("wb") as file:
        file.truncate(FILE_BYTES + 1)
    assert "larger" in reason(inside / "large.ipynb", below)


@pytest.mark.skipif(os.name != "posix", reason="links and pipes as POSIX has them")
def test_of_the_files_beside_it_only_plain_ones_are_taken(tmp_path: Path) -> None:
    folder = tmp_path / "topic"
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "mine.csv").write_text("1,2", "utf-8")
    (folder / "n.ipynb").write_text("{}", "utf-8")
    (folder / "passwd").symlink_to("/etc/passwd")
    (folder / "up").symlink_to("../..", target_is_directory=True)
    os.mkfifo(folder / "pipe")
    (folder / "locked").write_text("x", "utf-8")
    (folder / "locked").chmod(0)
    with (folder / "bomb.zip").open("wb") as file:
        file.truncate(extras.FILE_BYTES + 1)

    files, findings = extras.collect(folder)
    assert files == {"data/mine.csv": b"1,2"}
    left_out = sorted(finding.evidence.split()[0] for finding in findings)
    assert left_out == ["bomb.zip", "locked", "passwd", "pipe", "up"]


# --- outputs --------------------------------------------------------------------------------------


def test_whatever_a_worker_sends_becomes_sound_outputs() -> None:
    outputs = [
        {"output_type": "stream", "name": "stdin", "text": ["a", "b"]},
        {"output_type": "error", "ename": 5, "evalue": None, "traceback": "x"},
        {"output_type": "execute_result", "data": {"text/plain": "1"}, "metadata": {"a": 1}},
        {"output_type": "update_display_data", "data": {}},
        "nonsense",
        {"output_type": "stream", "name": "stdout", "text": "\ud800"},
    ]
    made = sound(outputs, 3)
    assert [each["output_type"] for each in made] == ["stream", "error", "execute_result", "stream"]
    assert made[0] == {"output_type": "stream", "name": "stdout", "text": "ab"}
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1", outputs=made)])
    nbformat.validate(nbformat.from_dict(json.loads(json.dumps(notebook))))


def test_outputs_have_a_bound() -> None:
    line = {"output_type": "stream", "name": "stdout", "text": "x" * 1_000_000}
    made = sound([line] * 50)
    assert made[-1]["text"] == CUT
    assert len(json.dumps(made)) < 5_000_000
    assert len(sound([{**line, "text": "y"}] * 10_000)) < 600
