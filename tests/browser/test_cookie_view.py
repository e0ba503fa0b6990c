"""The jar in JupyterLab: a request is chosen, and each cookie says whether it goes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from lab_server import LabPage
from nbformat.v4 import new_code_cell, new_notebook

pytestmark = pytest.mark.browser
expect = pytest.importorskip("playwright.sync_api").expect

JAR = """
from wirelab.views import CookieView
here, there = "http://a.localhost/", "http://b.localhost/"
CookieView(
    [("id", "id=1; Path=/", here), ("docs", "docs=2; Path=/docs", here)],
    [
        ("you type the address", f"GET {here}", ["id=1"], {"docs": "is for /docs and below"}),
        ("you follow a link", f"GET {here}docs/x", ["docs=2", "id=1"], {}),
        ("you go elsewhere", f"GET {there}", [], {"id": "another host", "docs": "another host"}),
    ],
)
"""


@pytest.fixture(scope="module")
def notebook(course_folder: Path) -> str:
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    cells = [new_code_cell(JAR.strip())]
    made = new_notebook(cells=cells, metadata={"kernelspec": kernel})
    nbformat.write(made, course_folder / "jar.ipynb")
    return "jar.ipynb"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_requests_by_pointer_and_keyboard(
    lab_page: Callable[..., LabPage], notebook: str, theme: str
) -> None:
    lab = lab_page(notebook, theme=theme)
    lab.run_all()
    view = lab.show(".wl-jar")
    goes, chosen = view.locator(".wl-goes"), view.locator(".wl-request[aria-selected=true]")
    expect(chosen).to_have_text("you type the address")
    expect(goes).to_have_count(1)
    expect(view).to_contain_text("is for /docs and below")
    view.locator(".wl-request", has_text="follow a link").click()
    expect(goes).to_have_count(2)
    expect(view).to_contain_text("Cookie: docs=2; id=1")
    lab.screenshot(f"jar-{theme}", view)
    view.locator("[role=listbox]").focus()
    lab.page.keyboard.press("ArrowDown")
    expect(chosen).to_have_text("you go elsewhere")
    expect(view).to_contain_text("no Cookie field")
    lab.page.keyboard.press("ArrowDown")
    expect(chosen).to_have_text("you go elsewhere")
    lab.page.keyboard.press("Home")
    expect(chosen).to_have_text("you type the address")
    assert lab.errors == []
    assert lab.strangers == []


def test_the_jar_fits_a_narrow_window(lab_page: Callable[..., LabPage], notebook: str) -> None:
    lab = lab_page(notebook, width=900)
    lab.run_all()
    view = lab.show(".wl-jar")
    inside, room = view.evaluate("v => [v.scrollWidth, v.clientWidth]")
    assert inside <= room, f"the view is {inside} wide where {room} is"
    lab.screenshot("jar-narrow", view)
