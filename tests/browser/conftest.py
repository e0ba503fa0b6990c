"""Fixtures that open notebooks in a real JupyterLab in a real Chromium.

`lab_page(notebook_path, theme="dark")` opens a notebook of `course_folder`, a temporary copy of
the course, and gives a `LabPage`. Pictures go to `test-output/`.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support import ROOT, require

sys.path.insert(0, str(Path(__file__).parent))  # importlib mode adds no folder by itself

from lab_server import LabPage, LabServer

COURSE_PARTS = ("lessons", "notebooks", "source", "release", "nbgrader_config.py")
CHROMIUM_OPTIONS = (
    "--no-sandbox",  # Chromium refuses to run as root otherwise
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def course_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what a course is made of, that tests may write into."""
    folder = tmp_path_factory.mktemp("course")
    for part in COURSE_PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, folder / part)
        elif (ROOT / part).exists():
            shutil.copy(ROOT / part, folder / part)
    return folder


@pytest.fixture(scope="session")
def lab_server(
    course_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LabServer]:
    """One JupyterLab for all browser tests, on `course_folder`."""
    server = LabServer(course_folder, tmp_path_factory.mktemp("lab"))
    yield server
    server.close()


@pytest.fixture(scope="session")
def chromium() -> Iterator[object]:
    """A headless Chromium, Playwright's `Browser`."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    program = next((found for name in names if (found := shutil.which(name))), None)
    require(program, "install Chromium (Debian: apt install chromium) for the browser tests")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as player:
        browser = player.chromium.launch(
            executable_path=program, headless=True, args=list(CHROMIUM_OPTIONS)
        )
        yield browser
        browser.close()


@pytest.fixture
def lab_page(
    chromium: object, lab_server: LabServer, request: pytest.FixtureRequest
) -> Iterator[Callable[..., LabPage]]:
    """Open a notebook: `lab_page("notebooks/12_handshake.ipynb", theme="dark", width=1300)`."""
    contexts = []
    pictures = ROOT / "test-output" / request.node.path.stem

    def open_page(
        notebook: str, *, theme: str = "light", width: int = 1300, height: int = 1000, **options
    ) -> LabPage:
        lab_server.set_theme(theme)
        context = chromium.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        return LabPage(context.new_page(), lab_server, notebook, pictures)

    yield open_page
    for context in contexts:
        context.close()
