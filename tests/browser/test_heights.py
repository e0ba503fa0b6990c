"""The three heights in JupyterLab: by pointer and by keyboard, in both themes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from lab_server import LabPage
from nbformat.v4 import new_code_cell, new_notebook

pytestmark = pytest.mark.browser
expect = pytest.importorskip("playwright.sync_api").expect

EXCHANGE = """
from wirelab.lab.trace import Record
from wirelab.protocols.segment import ACK, FIN, PSH, SYN, Segment
from wirelab.views import Heights, HeightsCall
def record(sent, flags, seq, ack=0, data=b""):
    ports = (40000, 80) if sent else (80, 40000)
    return Record(0.0, sent, b"", segment=Segment(source_port=ports[0], destination_port=ports[1],
                  seq=seq, ack=ack, flags=flags, data=data))
calls = [
    HeightsCall("left", "connect", opens=True),
    HeightsCall("left", "send(3)", after=3, wrote=b"GET"),
    HeightsCall("right", "recv(2)", after=5, read=b"GE"),
    HeightsCall("right", "recv(9)", after=5, read=b"T"),
    HeightsCall("left", "close", after=5, ends=True),
]
records = [record(True, SYN, 100), record(False, SYN | ACK, 300, 101), record(True, ACK, 101, 301),
           record(True, PSH | ACK, 101, 301, b"GET"), record(False, ACK, 301, 104),
           record(True, FIN | ACK, 104, 301)]
Heights(calls, records, left="client", right="server")
"""


@pytest.fixture(scope="module")
def notebook(course_folder: Path) -> str:
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    cells = [new_code_cell(EXCHANGE.strip())]
    nbformat.write(
        new_notebook(cells=cells, metadata={"kernelspec": kernel}), course_folder / "heights.ipynb"
    )
    return "heights.ipynb"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_heights_step_by_step(lab_page: Callable[..., LabPage], notebook: str, theme: str) -> None:
    lab = lab_page(notebook, theme=theme)
    lab.run_all()
    view = lab.show(".wl-heights")
    shown = view.locator("g[data-step]:not([data-place]):not(.wl-later)")
    expect(view).to_contain_text("Step 11 of 11")
    expect(shown).to_have_count(11)
    lab.screenshot(f"heights-all-{theme}", view)
    view.get_by_role("button", name="First").click()
    expect(shown).to_have_count(0)
    for key in ("ArrowRight",) * 5:
        lab.page.keyboard.press(key)
    expect(view).to_contain_text("client calls send(3) with b'GET'.")
    expect(view.locator("[data-place].wl-now")).to_have_text(["G", "E", "T"])
    lab.page.keyboard.press("ArrowRight")
    expect(view).to_contain_text("client sends a segment: 3 octets.")
    lab.page.keyboard.press("End")
    expect(shown).to_have_count(11)
    lab.page.keyboard.press("ArrowLeft")
    lab.page.keyboard.press("ArrowLeft")
    expect(view).to_contain_text("server: recv(9) gives b'T'.")
    lab.screenshot(f"heights-step-{theme}", view)
    assert lab.errors == []
    assert lab.strangers == []
