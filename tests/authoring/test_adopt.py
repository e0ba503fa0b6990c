"""An edit made in the instructor's notebook comes home into lesson.py, and nothing else moves."""

from __future__ import annotations

import difflib
from collections.abc import Callable

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell

from wirelab.authoring import editions
from wirelab.authoring.adopt import accept, propose
from wirelab.authoring.build import Edited, build
from wirelab.authoring.lesson import LessonProblems
from wirelab.grading.course import Course
from wirelab.grading.errors import CourseError

TOPIC = "11_arp"


@pytest.fixture
def built(course: Course) -> Course:
    build(course, TOPIC)
    return course


@pytest.fixture
def in_notebook(built: Course) -> Callable[[Callable], None]:
    """`in_notebook(change)`: change the notebook's list of cells, run it, save it."""

    def save(change: Callable[[list], None]) -> None:
        notebook = editions.loads(built.source(TOPIC).read_bytes())
        change(notebook.cells)
        for n, cell in enumerate(notebook.cells):
            if cell.cell_type == "code":
                cell.execution_count = n
                cell.outputs = [nbformat.v4.new_output("stream", text="ran\n")]
        notebook.metadata["language_info"] = {"name": "python", "version": "3.12.1"}
        built.source(TOPIC).write_bytes(editions.dumps(notebook))

    return save


def adopted(course: Course) -> tuple[list[str], list[str]]:
    """Adopt and build; the lines that went from lesson.py and those that came."""
    before = lesson(course).splitlines()
    accept(course, propose(course, TOPIC))
    build(course, TOPIC)
    diff = list(difflib.unified_diff(before, lesson(course).splitlines(), n=0))[2:]
    gone = [line[1:] for line in diff if line.startswith("-")]
    came = [line[1:] for line in diff if line.startswith("+")]
    return gone, came


def lesson(course: Course) -> str:
    return course.lesson(TOPIC).read_text("utf-8")


def at(cells: list, cell_id: str) -> int:
    return [cell.id for cell in cells].index(cell_id)


def put(cell_id: str, old: str, new: str) -> Callable[[list], None]:
    def change(cells: list) -> None:
        cell = cells[at(cells, cell_id)]
        assert cell.source.count(old) == 1
        cell.source = cell.source.replace(old, new)

    return change


def test_nothing_to_adopt(built: Course) -> None:
    assert propose(built, TOPIC).diff == ""


def test_a_notebook_that_was_only_run_has_nothing_to_adopt(built: Course, in_notebook) -> None:
    in_notebook(lambda cells: None)
    assert propose(built, TOPIC).diff == ""


@pytest.mark.parametrize(
    ("cell_id", "old", "new", "gone", "came"),
    [
        (
            "type-answer",
            '"a frame has 14 octets at least"',
            '"too short"',
            ['        raise ValueError("a frame has 14 octets at least")'],
            ['        raise ValueError("too short")'],
        ),
        (
            "type-brief",
            "the high one first.",
            "the high one first.\n\n- and so *on*",
            [],
            ["#", "# - and so *on*"],
        ),
        (
            "11_arp-01",
            'print("a demo")',
            '%matplotlib inline\nprint("a demo")\n',
            [],
            ["# %matplotlib inline"],
        ),
        (
            "type-test-example",
            '"a hidden case"',
            '"another"',
            ['assert ether_type(bytes(12) + b"\\x86\\xdd" + bytes(40)) == 0x86DD, "a hidden case"'],
            ['assert ether_type(bytes(12) + b"\\x86\\xdd" + bytes(40)) == 0x86DD, "another"'],
        ),
    ],
)
def test_an_edited_cell_changes_its_own_lines_only(
    cell_id, old, new, gone, came, built: Course, in_notebook
) -> None:
    in_notebook(put(cell_id, old, new))
    assert adopted(built) == (gone, came)
    assert propose(built, TOPIC).diff == ""


def test_the_diff_is_a_unified_one(built: Course, in_notebook) -> None:
    in_notebook(put("opening", "Two small things", "Two large things"))
    diff = propose(built, TOPIC).diff.splitlines()
    assert diff[:2] == [
        f"--- lessons/{TOPIC}/lesson.py",
        f"+++ lessons/{TOPIC}/lesson.py (adopted)",
    ]
    assert {"-# # Two small things about frames", "+# # Two large things about frames"} < set(diff)


def test_adopting_then_building_gives_what_the_notebook_said(built: Course, in_notebook) -> None:
    in_notebook(put("tag-answer", "== 0x8100", "== 33024"))
    wanted = editions.fingerprints(editions.loads(built.source(TOPIC).read_bytes()))
    adopted(built)
    notebook = editions.loads(built.source(TOPIC).read_bytes())
    assert editions.fingerprints(notebook) == wanted
    assert "33024" in built.notebook(TOPIC).read_text("utf-8")
    assert "33024" not in built.release(TOPIC).read_text("utf-8")
    assert not any(cell.get("outputs") for cell in notebook.cells)


def test_points_come_home(built: Course, in_notebook) -> None:
    def change(cells: list) -> None:
        cells[at(cells, "tag-test-both")].metadata.nbgrader.points = 4.0

    in_notebook(change)
    assert adopted(built) == (
        ['# %% role="test" id="tag-test-both" points=2'],
        ['# %% role="test" id="tag-test-both" points=4'],
    )


def test_a_new_cell_comes_home_in_its_place(built: Course, in_notebook) -> None:
    def change(cells: list) -> None:
        cells.insert(at(cells, "type-answer") + 1, new_markdown_cell("Try it first."))
        cells.append(new_code_cell('print("the end")'))

    in_notebook(change)
    gone, came = adopted(built)
    assert gone == []
    assert came == ["# %% [markdown]", "# Try it first.", "", "", "# %%", 'print("the end")']
    text = lesson(built)
    assert text.index("type-hint-3") < text.index("Try it first.") < text.index("type-test-example")
    assert text.endswith('# Why is the tag inside the frame?\n\n# %%\nprint("the end")\n')


def test_a_removed_cell_goes(built: Course, in_notebook) -> None:
    in_notebook(lambda cells: cells.pop(at(cells, "11_arp-02")))
    assert adopted(built) == (["# %% [markdown]", "# A paragraph between.", ""], [])


def test_moved_cells_take_their_hints_along(built: Course, in_notebook) -> None:
    def change(cells: list) -> None:
        first, after = at(cells, "tag-brief"), at(cells, "tag-test-both") + 1
        block = cells[first:after]
        del cells[first:after]
        cells[at(cells, "type-brief") : at(cells, "type-brief")] = block

    in_notebook(change)
    before = lesson(built)
    adopted(built)
    order = ["tag-brief", "tag-answer", "tag-hint-1", "tag-hint-3", "tag-test-both", "type-brief"]
    places = [lesson(built).index(f'id="{each}"') for each in order]
    assert places == sorted(places)
    assert sorted(lesson(built).split()) == sorted(before.split())


def test_both_sides_may_have_changed_different_cells(built, in_notebook, replace) -> None:
    in_notebook(put("opening", "Two small things", "Two large things"))
    replace('print("a demo")', 'print("a better demo")')
    replace("# Compare it with a number.", "# Compare it.")
    replace("# %% [markdown]\n# A paragraph between.\n\n", "")
    adopted(built)
    text = lesson(built)
    assert "Two large things" in text
    assert "a better demo" in text
    assert "# Compare it.\n" in text
    assert "A paragraph between" not in text


def test_both_sides_changed_one_cell(built: Course, in_notebook, replace) -> None:
    in_notebook(put("opening", "Two small things", "Two large things"))
    replace("# # Two small things", "# # Two fine things")
    with pytest.raises(Edited, match=r'both .* changed "opening"'):
        propose(built, TOPIC)


def test_the_same_change_on_both_sides_is_none(built: Course, in_notebook, replace) -> None:
    in_notebook(put("opening", "Two small things", "Two large things"))
    replace("# # Two small things", "# # Two large things")
    assert propose(built, TOPIC).diff == ""
    assert "source/11_arp/11_arp.ipynb" in build(built, TOPIC).changed


def test_an_edit_that_breaks_a_rule_is_home_and_mended_there(built, in_notebook, replace) -> None:
    def change(cells: list) -> None:
        cells[at(cells, "tag-test-both")].source += "\n1 + 1"

    in_notebook(change)
    accept(built, propose(built, TOPIC))
    with pytest.raises(LessonProblems, match="partial credit"):
        build(built, TOPIC)
    replace("\n1 + 1\n", "\n")
    build(built, TOPIC)
    assert propose(built, TOPIC).diff == ""


def test_a_new_test_cell_made_in_formgrader_comes_home(built: Course, in_notebook) -> None:
    def change(cells: list) -> None:
        cell = new_code_cell("assert tagged(bytes(14)) is False")
        cell.metadata["nbgrader"] = {
            "grade": True,
            "grade_id": "tag-test-zeros",
            "locked": True,
            "points": 1,
            "schema_version": 3,
            "solution": False,
            "task": False,
        }
        cells.insert(at(cells, "tag-test-both") + 1, cell)

    in_notebook(change)
    gone, came = adopted(built)
    assert gone == []
    assert came[:2] == [
        '# %% role="test" id="tag-test-zeros" points=1',
        "assert tagged(bytes(14)) is False",
    ]


def test_a_text_that_cannot_come_home_is_refused(built: Course, in_notebook) -> None:
    in_notebook(put("11_arp-01", 'print("a demo")', 'x = 1\n# %% and now\nprint("a demo")'))
    with pytest.raises(CourseError, match='"11_arp-01" cannot be written as lesson text'):
        propose(built, TOPIC)


def test_a_figure_comes_home(built: Course) -> None:
    (built.source(TOPIC).parent / "figures" / "frame.svg").write_text("<svg/>\n", "utf-8")
    adoption = propose(built, TOPIC)
    assert "figures/frame.svg is taken over" in adoption.diff
    accept(built, adoption)
    build(built, TOPIC)
    assert (built.lessons / TOPIC / "figures" / "frame.svg").read_text("utf-8") == "<svg/>\n"


def test_a_notebook_that_no_build_made(built: Course, in_notebook) -> None:
    """Every difference from the lesson is then the instructor's."""
    in_notebook(put("opening", "Two small things", "Two large things"))
    notebook = editions.loads(built.source(TOPIC).read_bytes())
    del notebook.metadata["wirelab"]
    built.source(TOPIC).write_bytes(editions.dumps(notebook))
    gone, came = adopted(built)
    assert (gone, came) == (
        ["# # Two small things about frames"],
        ["# # Two large things about frames"],
    )


def test_without_a_notebook_there_is_nothing_to_adopt(course: Course) -> None:
    with pytest.raises(CourseError, match=r"there is no source/11_arp/11_arp\.ipynb"):
        propose(course, TOPIC)


def test_a_broken_notebook_is_told(built: Course) -> None:
    built.source(TOPIC).write_text("{", "utf-8")
    with pytest.raises(CourseError, match=r"cannot be read .*--discard-edits"):
        propose(built, TOPIC)
