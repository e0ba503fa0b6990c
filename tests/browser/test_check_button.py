"""The check button in a real JupyterLab: it saves the notebook, marks it, shows the report."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator

import pytest
from lab_server import LabPage, LabServer
from support import ROOT

from wirelab.authoring.build import build
from wirelab.grading.course import Course

TOPIC = "12_handshake"
WRONG = """def encode_name(name):
    labels = [label for label in name.split(".") if label]
    return b"".join(bytes([len(label)]) + label.encode() for label in labels)
"""

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def lab_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    """JupyterLab on the small course of the grading tests."""
    course = Course(tmp_path_factory.mktemp("sample") / "course")
    shutil.copytree(ROOT / "tests" / "grading" / "sample", course.root)
    shutil.copy(ROOT / "nbgrader_config.py", course.root)
    build(course, TOPIC, draft=True)
    server = LabServer(course.root, tmp_path_factory.mktemp("lab"))
    yield server
    server.close()


def answer(lab: LabPage, cell_id: str, source: str) -> None:
    lab.page.wait_for_function(  # JupyterLab fills a notebook bit by bit
        """([id, source]) => {
            const cells = jupyterapp.shell.currentWidget?.content?.widgets ?? [];
            const own = (cell) => cell.model.getMetadata("nbgrader")?.grade_id === id;
            cells.find(own)?.model.sharedModel.setSource(source);
            return cells.some(own);
        }""",
        arg=[cell_id, source],
    )


def run_check_cell(lab: LabPage) -> None:
    lab.page.wait_for_function(
        """() => {
            const notebook = jupyterapp.shell.currentWidget.content;
            const source = (cell) => cell.model.sharedModel.getSource();
            const at = notebook.widgets.findIndex((cell) => source(cell).includes("check_button("));
            if (at < 0) return false;
            notebook.activeCellIndex = at;
            void jupyterapp.commands.execute("notebook:run-cell");
            return true;
        }"""
    )


def test_an_unsaved_answer_is_saved_marked_and_explained(
    lab_page: Callable[..., LabPage], lab_server: LabServer
) -> None:
    lab = lab_page(f"notebooks/{TOPIC}.ipynb", theme="dark", width=1100)
    answer(lab, "encode-answer", WRONG)
    run_check_cell(lab)
    button = lab.page.get_by_role("button", name="Check my answers")
    lab.wait_idle()
    button.click()

    report = lab.page.locator(".wl-report")
    report.wait_for(timeout=120_000)

    saved = json.loads((lab_server.course / "notebooks" / f"{TOPIC}.ipynb").read_text())
    assert WRONG.strip() in ["".join(cell["source"]).strip() for cell in saved["cells"]]
    assert "0 of 6 points" in lab.page.locator(".wl-headline").inner_text()
    report.locator("summary").first.click()
    assert "The name has no end." in report.locator("pre").first.inner_text()
    assert button.get_attribute("aria-disabled") == "false"
    assert report.locator("tbody td").last.is_visible()
    lab.screenshot("report", lab.page.locator(".wl-check"))
    assert not lab.strangers
