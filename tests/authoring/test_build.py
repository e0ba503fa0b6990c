"""A build makes three editions of one truth, the same octets every time, and loses no work."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest

from wirelab.authoring import editions
from wirelab.authoring.build import Edited, build
from wirelab.grading.course import Course

TOPIC = "11_arp"


def files(root: Path) -> dict[str, bytes]:
    """Every built file of a course by its path."""
    found = {}
    for edition in ("source", "release", "notebooks"):
        for path in sorted((root / edition).rglob("*")):
            if path.is_file():
                found[path.relative_to(root).as_posix()] = path.read_bytes()
    return found


def cells(path: Path) -> dict[str, nbformat.NotebookNode]:
    return {cell.id: cell for cell in editions.loads(path.read_bytes()).cells}


@pytest.fixture
def built(course: Course) -> Course:
    build(course, TOPIC)
    return course


def edit(path: Path, cell_id: str, old: str, new: str) -> None:
    """Change a cell as JupyterLab would save it, outputs and language information included."""
    notebook = editions.loads(path.read_bytes())
    (cell,) = [cell for cell in notebook.cells if cell.id == cell_id]
    assert old in cell.source
    cell.source = cell.source.replace(old, new)
    run(notebook)
    path.write_bytes(editions.dumps(notebook))


def run(notebook: nbformat.NotebookNode) -> None:
    notebook.metadata["language_info"] = {"name": "python", "version": "3.11.2"}
    for n, cell in enumerate(notebook.cells):
        if cell.cell_type == "code":
            cell.execution_count = n
            cell.outputs = [nbformat.v4.new_output("stream", text="ran\n")]


# --- what is built -------------------------------------------------------------------------


def test_every_edition_is_written(built: Course) -> None:
    assert set(files(built.root)) == {
        "source/11_arp/11_arp.ipynb",
        "source/11_arp/figures/frame.svg",
        "source/11_arp/diagnoses.json",
        "release/11_arp/11_arp.ipynb",
        "release/11_arp/diagnoses.json",
        "release/11_arp/figures/frame.svg",
        "notebooks/11_arp.ipynb",
        "notebooks/figures/11_arp/frame.svg",
    }


def test_two_builds_give_the_same_octets(built: Course, other_course: Course) -> None:
    build(other_course, TOPIC)
    assert files(other_course.root) == files(built.root)


def test_notebooks_are_clean(built: Course) -> None:
    for name, octets in files(built.root).items():
        if not name.endswith(".ipynb"):
            continue
        assert octets.endswith(b"}\n"), name
        assert b"\r" not in octets, name
        notebook = json.loads(octets)
        nbformat.validate(notebook)
        assert notebook["metadata"]["kernelspec"]["name"] == "python3"
        assert "jupytext" not in notebook["metadata"]
        for cell in notebook["cells"]:
            assert not cell.get("outputs"), name
            assert cell.get("execution_count") is None
            assert not {"role", "points", "id", "lines_to_next_cell"} & cell["metadata"].keys()


def test_ids_are_those_given_or_count_the_rest(built: Course) -> None:
    ids = list(cells(built.source(TOPIC)))
    assert ids[:4] == ["opening", "setup", "11_arp-01", "type-brief"]
    assert "11_arp-02" in ids
    assert not any("hint" in cell_id for cell_id in ids)


@pytest.mark.parametrize(
    ("cell_id", "grade", "solution", "locked", "points"),
    [
        ("opening", False, False, True, None),
        ("type-answer", False, True, False, None),
        ("type-test-example", True, False, True, 1),
        ("type-test-short", True, False, True, 0.5),
        ("why-essay", True, True, False, 3),
    ],
)
def test_roles_are_nbgraders_flags(cell_id, grade, solution, locked, points, built) -> None:
    flags = cells(built.source(TOPIC))[cell_id].metadata.nbgrader
    assert (flags.grade, flags.solution, flags.locked, flags.get("points")) == (
        grade,
        solution,
        locked,
        points,
    )
    assert (flags.schema_version, flags.grade_id) == (3, cell_id)


def test_plain_cells_are_nobodys(built: Course) -> None:
    assert "nbgrader" not in cells(built.source(TOPIC))["11_arp-01"].metadata


def test_the_release_has_no_solution_and_no_hidden_test(built: Course) -> None:
    for path in (built.release(TOPIC), built.notebook(TOPIC)):
        found = cells(path)
        assert "raise NotImplementedError()" in found["type-answer"].source
        assert "from_bytes" not in found["type-answer"].source
        assert '"""Return octets 12 and 13' in found["type-answer"].source
        assert "0x0806" in found["type-test-example"].source
        assert "must know" not in found["why-essay"].source
        assert "a hidden case" not in path.read_text("utf-8")
        assert "check.refuses" not in path.read_text("utf-8")
        assert "HIDDEN" not in path.read_text("utf-8")
    assert "must know the network" not in built.release(TOPIC).read_text("utf-8")
    assert "from_bytes" not in built.release(TOPIC).read_text("utf-8")
    assert "a hidden case" in cells(built.source(TOPIC))["type-test-example"].source


def test_a_stub_says_that_it_is_not_written(built: Course) -> None:
    names: dict = {}
    exec(cells(built.release(TOPIC))["type-answer"].source, names)
    with pytest.raises(NotImplementedError):
        names["ether_type"](bytes(14))


def test_self_study_adds_folded_hints_and_solution(built: Course) -> None:
    help_text = cells(built.notebook(TOPIC))["type-help"].source
    assert re.findall(r"<details><summary>(.*?)</summary>", help_text) == [
        "Hint 1: Nudge",
        "Hint 2: Way",
        "Hint 3: Almost",
        "Solution",
    ]
    assert "How many octets come before it?" in help_text
    solution = help_text.rpartition("<details>")[2]
    code = re.search(r"\n\n```python\n(.*?)\n```\n\n</details>", solution, re.DOTALL)[1]
    names: dict = {}
    exec(code, names)
    assert names["ether_type"](bytes(12) + b"\x08\x06") == 0x0806
    assert "SOLUTION" not in code


def test_self_study_has_its_help_below_the_answer_and_a_check_at_the_end(built: Course) -> None:
    ids = list(cells(built.notebook(TOPIC)))
    assert ids.index("type-help") == ids.index("type-answer") + 1
    assert ids[-1] == "11_arp-check"
    assert 'check_button("11_arp")' in cells(built.notebook(TOPIC))["11_arp-check"].source


def test_links_fit_each_edition(built: Course) -> None:
    for path in (built.source(TOPIC), built.release(TOPIC), built.notebook(TOPIC)):
        text = cells(path)["opening"].source
        figure = re.search(r"!\[.*?\]\((.*?)\)", text)[1]
        assert (path.parent / figure).is_file()
    assert "](12_handshake.ipynb)" in cells(built.notebook(TOPIC))["opening"].source
    assert "](../12_handshake/12_handshake.ipynb)" in cells(built.source(TOPIC))["opening"].source


def test_nbgraders_own_command_makes_the_same_release(built: Course, home: Path) -> None:
    made = built.release(TOPIC)
    wanted = files(made.parent.parent.parent)
    for path in sorted(made.parent.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    made.parent.rmdir()
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    subprocess.run(
        [sys.executable, "-m", "nbgrader", "generate_assignment", TOPIC],
        cwd=built.root,
        check=True,
        capture_output=True,
        env={**os.environ, "PATH": path},
    )
    assert files(built.root) == wanted


def test_native_metadata_passes_through(course: Course, replace) -> None:
    flags = (
        '{"grade": true, "grade_id": "cell-1", "locked": true, "points": 4, '
        '"schema_version": 3, "solution": false, "task": false}'
    )
    replace("# %% [markdown]\n# A paragraph", f"# %% nbgrader={flags}\n# A paragraph")
    build(course, TOPIC)
    assert cells(course.source(TOPIC))["cell-1"].metadata.nbgrader == json.loads(flags)


# --- building again ------------------------------------------------------------------------


def test_an_unchanged_topic_is_not_touched(built: Course) -> None:
    before = {name: (built.root / name).stat().st_mtime_ns for name in files(built.root)}
    assert build(built, TOPIC).changed == ()
    assert build(built, TOPIC, force=True).changed == ()
    after = {name: (built.root / name).stat().st_mtime_ns for name in files(built.root)}
    assert after == before


def test_an_unchanged_topic_needs_no_nbgrader(built: Course) -> None:
    """The warm build is fast because the slow imports are not made at all."""
    code = (
        "import sys; from pathlib import Path; from wirelab.authoring.build import build;"
        "from wirelab.grading.course import Course;"
        f"build(Course(Path({str(built.root)!r})), {TOPIC!r});"
        "print([name for name in ('nbgrader', 'nbformat', 'nbconvert') if name in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60
    )
    assert run.stdout.strip() == "[]"


def test_a_warm_build_of_a_changed_topic_is_fast(built: Course, replace) -> None:
    replace("A paragraph between.", "Another paragraph.")
    start = time.perf_counter()
    assert len(build(built, TOPIC).changed) == 3
    assert time.perf_counter() - start < 3


def test_a_change_of_a_hint_changes_self_study_only(built: Course, replace) -> None:
    replace("Compare it with a number.", "Compare it with 0x8100.")
    assert build(built, TOPIC).changed == ("notebooks/11_arp.ipynb",)


def test_figures_that_go_are_removed(built: Course, replace) -> None:
    replace("![Six octets, six octets, two octets](figures/frame.svg)", "No figure.")
    (built.lessons / TOPIC / "figures" / "frame.svg").unlink()
    build(built, TOPIC)
    assert not [name for name in files(built.root) if name.endswith(".svg")]


def test_a_damaged_state_costs_nothing_but_time(built: Course) -> None:
    (built.state / "build.json").write_text("{ not json", "utf-8")
    assert build(built, TOPIC).changed == ()


def test_a_missing_edition_comes_back(built: Course) -> None:
    built.release(TOPIC).unlink()
    assert build(built, TOPIC).changed == ("release/11_arp/11_arp.ipynb",)


def test_a_build_leaves_no_gradebook(built: Course) -> None:
    assert {path.name for path in built.root.iterdir()} == {
        ".wirelab",
        "lessons",
        "nbgrader_config.py",
        "notebooks",
        "release",
        "source",
    }


# --- nobody's work is lost --------------------------------------------------------------------


@pytest.mark.parametrize("fresh_clone", [False, True], ids=["with state", "fresh clone"])
def test_an_edit_in_source_is_never_overwritten(fresh_clone, built: Course, replace) -> None:
    edit(built.source(TOPIC), "type-answer", "14 octets at least", "14 or more octets")
    if fresh_clone:
        (built.state / "build.json").unlink()
    replace("A paragraph between.", "Another paragraph.")
    before = files(built.root)
    with pytest.raises(Edited, match=r"type-answer.*wirelab adopt 11_arp.*--discard-edits"):
        build(built, TOPIC, force=True)
    assert files(built.root) == before


def test_running_the_source_is_no_edit(built: Course) -> None:
    pristine = files(built.root)
    edit(built.source(TOPIC), "type-answer", "", "")
    assert build(built, TOPIC).changed == ("source/11_arp/11_arp.ipynb",)
    assert files(built.root) == pristine


def test_points_changed_in_formgrader_are_an_edit(built: Course) -> None:
    notebook = editions.loads(built.source(TOPIC).read_bytes())
    notebook.cells[-3].metadata.nbgrader.points = 5
    built.source(TOPIC).write_bytes(editions.dumps(notebook))
    with pytest.raises(Edited, match="tag-test-both"):
        build(built, TOPIC)


def test_edits_are_given_up_when_asked(built: Course) -> None:
    pristine = files(built.root)
    edit(built.source(TOPIC), "type-answer", "14 octets at least", "14 or more octets")
    build(built, TOPIC, discard_edits=True)
    assert files(built.root) == pristine


def test_a_figure_edited_in_source_is_never_overwritten(built: Course) -> None:
    figure = built.source(TOPIC).parent / "figures" / "frame.svg"
    figure.write_text("<svg/>", "utf-8")
    with pytest.raises(Edited, match=r"figures/frame\.svg"):
        build(built, TOPIC)


def test_a_learners_answers_are_never_overwritten(built: Course, replace) -> None:
    edit(built.notebook(TOPIC), "tag-answer", "raise NotImplementedError()", "return False")
    replace("A paragraph between.", "Another paragraph.")
    before = files(built.root)
    with pytest.raises(Edited, match=r"notebooks/11_arp\.ipynb holds somebody's own work"):
        build(built, TOPIC)
    assert files(built.root) == before


def test_a_source_that_is_no_notebook_any_more_is_kept(built: Course) -> None:
    built.source(TOPIC).write_text("<<<<<<< HEAD\n", "utf-8")
    with pytest.raises(Edited, match="it is not a notebook any more"):
        build(built, TOPIC)
