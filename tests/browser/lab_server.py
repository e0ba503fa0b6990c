"""A JupyterLab server of its own on a folder, and one page of it in Chromium.

It knows no lesson and no view; `conftest.py` makes fixtures of it. Nothing it starts outlives it,
and nothing of the user's own Jupyter settings is read or written.
"""

from __future__ import annotations

import json
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

START_S = 120
TOKEN = "browser-test"
OPTIONS = (
    "--no-browser",
    "--ip=127.0.0.1",
    "--ServerApp.port=0",
    f"--IdentityProvider.token={TOKEN}",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LabApp.news_url=",
    "--LabApp.extension_manager=readonly",
    "--LabApp.expose_app_in_browser=True",
)
QUIET = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "application-extension/context-menu": {},
}
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
# Cells that are out of sight are not in the page: JupyterLab's model of the notebook is asked.
NOTEBOOK = "jupyterapp.shell.currentWidget"
CODE_CELLS = f"""{NOTEBOOK}.content.widgets.map((cell) => cell.model)
    .filter((cell) => cell.type === "code" && cell.sharedModel.source.trim())"""
KERNEL_IS_IDLE = f"""() => {{
    const kernel = {NOTEBOOK}?.sessionContext?.session?.kernel;
    return kernel?.connectionStatus === "connected" && kernel.status === "idle";
}}"""
CELLS_RAN = f"""() => {CODE_CELLS}
    .every((cell) => cell.executionCount && cell.executionState !== "running")"""
CELL_ERRORS = f"""() => {CODE_CELLS}
    .flatMap((cell) => cell.sharedModel.outputs)
    .filter((output) => output.output_type === "error")
    .map((output) => (output.traceback ?? []).join("\\n"))"""


class LabServer:
    """JupyterLab on `course`; `state` holds its home and all its settings."""

    def __init__(self, course: Path, state: Path) -> None:
        self.course = course
        self.settings = state / "settings"
        self.log = state / "server.log"
        self._lines: queue.Queue[str] = queue.Queue()
        for name, values in QUIET.items():
            self._set(name, values)
        environment = os.environ | {
            "HOME": str(state),
            "IPYTHONDIR": str(state / "ipython"),
            "JUPYTER_CONFIG_DIR": str(state / "config"),
            "JUPYTER_DATA_DIR": str(state / "data"),
            "JUPYTER_RUNTIME_DIR": str(state / "runtime"),
            "JUPYTERLAB_SETTINGS_DIR": str(self.settings),
            "JUPYTERLAB_WORKSPACES_DIR": str(state / "workspaces"),
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        }
        command = [sys.executable, "-m", "jupyterlab", *OPTIONS, f"--ServerApp.root_dir={course}"]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            command.append("--allow-root")
        self._process = subprocess.Popen(
            command,
            cwd=course,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.url = self._address()

    def _set(self, name: str, values: dict[str, Any]) -> None:
        place = self.settings / "@jupyterlab" / f"{name}.jupyterlab-settings"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(json.dumps(values), encoding="utf-8")

    def _read(self) -> None:
        with self.log.open("w", encoding="utf-8") as log:
            for line in self._process.stdout:
                log.write(line)
                log.flush()
                self._lines.put(line)
        self._lines.put("")

    def _address(self) -> str:
        """Wait for the line that says where the server is."""
        deadline = time.monotonic() + START_S
        while line := self._lines.get(timeout=max(0.1, deadline - time.monotonic())):
            if found := re.search(r"(http://127\.0\.0\.1:\d+)/lab", line):
                return found[1]
        self.close()
        raise RuntimeError(f"JupyterLab did not start:\n{self.log.read_text(encoding='utf-8')}")

    def set_theme(self, theme: str) -> None:
        """Make pages that are opened from now on `light` or `dark`."""
        self._set("apputils-extension/themes", {"theme": THEMES[theme]})

    def close(self) -> None:
        """Stop the server and its kernels."""
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._reader.join(5)


class LabPage:
    """A notebook open in JupyterLab: `page` is Playwright's, the rest is what tests often do.

    `errors` are the console's error messages so far, `strangers` the addresses outside this
    machine that the page asked for.
    """

    def __init__(self, page: Any, server: LabServer, notebook: str, pictures: Path) -> None:
        self.page = page
        self.server = server
        self.errors: list[str] = []
        self.strangers: list[str] = []
        self._pictures = pictures
        page.on("console", lambda m: m.type == "error" and self.errors.append(m.text))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", self._asked)
        page.goto(f"{server.url}/lab/tree/{notebook}?token={TOKEN}&reset")
        page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=START_S * 1000)
        self.wait_idle()

    def _asked(self, request: Any) -> None:
        own = self.server.url.removeprefix("http://")
        if not request.url.startswith((f"http://{own}", f"ws://{own}", "data:", "blob:")):
            self.strangers.append(request.url)

    def wait_idle(self, timeout_s: float = 60) -> None:
        """Wait until the notebook has a kernel that has nothing to do."""
        self.page.wait_for_function(KERNEL_IS_IDLE, timeout=timeout_s * 1000)

    def run_all(self, timeout_s: float = 120, *, errors_allowed: bool = False) -> None:
        """Run every cell by JupyterLab's own menu and wait for the last.

        JupyterLab stops at a cell that raises: that is an AssertionError with the cell's
        traceback, unless `errors_allowed`.
        """
        self.page.locator(".jp-Notebook .jp-Cell").first.click()
        self.page.get_by_role("menuitem", name="Run", exact=True).click()
        self.page.locator("li[data-command='runmenu:run-all']").click()
        self.page.wait_for_function(
            f"() => ({CELLS_RAN})() || ({CELL_ERRORS})().length", timeout=timeout_s * 1000
        )
        self.wait_idle(timeout_s)
        raised = self.page.evaluate(CELL_ERRORS)
        assert errors_allowed or not raised, "\n".join(raised)

    def show(self, selector: str) -> Any:
        """Scroll to the first output that matches, which draws it if it was out of sight."""
        widget = self.page.locator(selector).first
        widget.wait_for(state="attached")
        widget.scroll_into_view_if_needed()
        widget.wait_for()
        return widget

    def screenshot(self, name: str, locator: Any = None) -> Path:
        """Keep a picture of the page, or of one element, as test output."""
        self._pictures.mkdir(parents=True, exist_ok=True)
        path = self._pictures / f"{name}.png"
        (locator or self.page).screenshot(path=path)
        return path
