"""The message view in JupyterLab: a segment, an octet, a part; chosen, it lights the other two."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from lab_server import LabPage
from nbformat.v4 import new_code_cell, new_notebook

pytestmark = pytest.mark.browser
expect = pytest.importorskip("playwright.sync_api").expect

MESSAGES = """
from wirelab.views import MessageView
MessageView([
    ("left", b"GET / HTTP/1.1\\r\\nHo"),
    ("left", b"st: a.example\\r\\n\\r\\n"),
    ("right", b"HTTP/1.1 200 OK\\r\\nContent-Length: 5\\r\\n\\r\\nhello"),
], left="client", right="server")
"""


@pytest.fixture(scope="module")
def notebook(course_folder: Path) -> str:
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    cells = [new_code_cell(MESSAGES.strip())]
    made = new_notebook(cells=cells, metadata={"kernelspec": kernel})
    nbformat.write(made, course_folder / "messages.ipynb")
    return "messages.ipynb"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_messages_by_pointer_and_keyboard(
    lab_page: Callable[..., LabPage], notebook: str, theme: str
) -> None:
    lab = lab_page(notebook, theme=theme)
    lab.run_all()
    view = lab.show(".wl-message")
    segments, lit = view.locator(".wl-segment.wl-lit"), view.locator(".wl-part.wl-lit")
    octets = view.locator(".wl-octet.wl-lit")
    expect(segments).to_have_count(0)
    view.locator(".wl-part", has_text="a.example").click()
    expect(segments).to_have_count(2)  # the field lies in both segments
    expect(octets.first).to_have_text("48")
    expect(view).to_contain_text("in segment 1 and 2")
    view.locator(".wl-octet").nth(0).click()
    expect(octets).to_have_text(["47", "45", "54", "20"])  # the whole part
    expect(segments).to_have_count(1)
    lab.page.keyboard.press("End")
    expect(view).to_contain_text("in segment 2")
    view.locator(".wl-segment").nth(0).click()
    lab.page.keyboard.press("End")
    expect(segments).to_have_attribute("data-side", "right")
    expect(lit.last).to_contain_text("hello")
    lab.screenshot(f"message-{theme}", view)
    assert lab.errors == []
    assert lab.strangers == []


def test_messages_fit_a_narrow_window(lab_page: Callable[..., LabPage], notebook: str) -> None:
    lab = lab_page(notebook, width=900)
    lab.run_all()
    view = lab.show(".wl-message")
    inside, room = view.evaluate("v => [v.scrollWidth, v.clientWidth]")
    assert inside <= room, f"the view is {inside} wide where {room} is"
    lab.screenshot("message-narrow", view)
