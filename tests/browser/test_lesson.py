"""The first topic in a real JupyterLab: as a learner takes it, and as an instructor sees it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from lab_server import CELLS_RAN, LabPage, LabServer

pytestmark = pytest.mark.browser
expect = pytest.importorskip("playwright.sync_api").expect

TOPIC = "12_handshake"
SET_ANSWER = """([id, source]) => {
    const cells = jupyterapp.shell.currentWidget?.content?.widgets ?? [];
    const own = (cell) => cell.model.getMetadata("nbgrader")?.grade_id === id;
    cells.find(own)?.model.sharedModel.setSource(source);
    return cells.some(own);
}"""
RUN_CHECK_BUTTON = """() => {
    const notebook = jupyterapp.shell.currentWidget.content;
    const source = (cell) => cell.model.sharedModel.getSource();
    const button = (cell) => source(cell).includes("check_button(");
    notebook.activeCellIndex = notebook.widgets.findIndex(button);
    void jupyterapp.commands.execute("notebook:run-cell");
}"""


def right_answer(course: Path, cell_id: str) -> str:
    source = json.loads((course / "source" / TOPIC / f"{TOPIC}.ipynb").read_text())
    cell = next(cell for cell in source["cells"] if cell["id"] == cell_id)
    return "".join(cell["source"])


def test_a_learner_runs_steps_answers_validates_and_checks(
    lab_page: Callable[..., LabPage], course_folder: Path
) -> None:
    lab = lab_page(f"notebooks/{TOPIC}.ipynb", theme="light", height=1100)
    lab.run_all(errors_allowed=True)  # nothing is answered yet
    lab.page.wait_for_function(CELLS_RAN, timeout=120_000)

    lab.page.evaluate("() => jupyterapp.shell.currentWidget.content.scrollToItem(0, 'start')")
    inspector = lab.show(".wl-inspector")
    inspector.locator(".wl-field", has_text="Sequence number").click()
    expect(inspector.locator(".wl-octet.wl-lit")).to_have_text(["00", "00", "00", "64"])
    lab.screenshot("opening")

    ladder = lab.show(".wl-ladder")
    ladder.get_by_role("button", name="First").click()
    ladder.get_by_role("button", name="Next").click()
    expect(ladder).to_contain_text("Step 1 of 3")
    expect(ladder).to_contain_text("I count from 100.")
    lab.screenshot("ladder", ladder)

    lab.page.wait_for_function(
        SET_ANSWER, arg=["checksum-answer", right_answer(course_folder, "checksum-answer")]
    )
    lab.page.get_by_role("button", name="Validate").click()
    dialog = lab.page.locator(".jp-Dialog")
    expect(dialog).to_contain_text("Not written yet: build_syn", timeout=120_000)
    expect(dialog).not_to_contain_text("internet_checksum")
    lab.screenshot("validate")
    dialog.locator("button").last.click()

    lab.page.evaluate(RUN_CHECK_BUTTON)
    button = lab.page.get_by_role("button", name="Check my answers")
    button.wait_for()
    lab.wait_idle()
    button.click()
    expect(lab.page.locator(".wl-headline")).to_contain_text("4 of 62 points", timeout=180_000)
    lab.screenshot("checked", lab.page.locator(".wl-check"))
    assert lab.strangers == []


def test_an_instructor_finds_the_grade_in_formgrader(
    lab_page: Callable[..., LabPage], lab_server: LabServer, course_folder: Path, tmp_path: Path
) -> None:
    handed_in = course_folder / "submitted" / "ada" / TOPIC
    handed_in.mkdir(parents=True)
    shutil.copy(course_folder / "source" / TOPIC / f"{TOPIC}.ipynb", handed_in)
    environment = os.environ | {
        "HOME": str(tmp_path),
        "JUPYTER_CONFIG_DIR": str(tmp_path / "config"),
        "JUPYTER_DATA_DIR": str(tmp_path / "data"),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
    }
    for command in ("generate_assignment", "autograde"):
        subprocess.run(
            [sys.executable, "-m", "nbgrader", command, TOPIC],
            cwd=course_folder,
            env=environment,
            check=True,
            capture_output=True,
            timeout=240,
        )
    lab = lab_page("notebooks/00_start.ipynb")
    lab.page.goto(f"{lab_server.url}/formgrader/manage_assignments")
    expect(lab.page.locator("body")).to_contain_text(TOPIC)
    lab.screenshot("formgrader-assignments")
    lab.page.goto(f"{lab_server.url}/formgrader/manage_submissions/{TOPIC}")
    row = lab.page.locator("tr", has_text="ada")
    expect(row).to_contain_text("62 / 62")
    lab.screenshot("formgrader-grade")
