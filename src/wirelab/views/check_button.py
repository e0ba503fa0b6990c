"""A button that does something long in the background and shows the HTML that comes of it.

The front end has JupyterLab save the notebook first. It knows nothing of marks and grading.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from html import escape
from typing import Any

import anywidget
import traitlets

from wirelab.views.style import live_style
from wirelab.views.view import front_end


class CheckButton(anywidget.AnyWidget):
    """A button; `press()` runs in a thread when it is pressed and returns HTML.

    `describe()` gives the line beside the button, as when the notebook was saved. An exception of
    `expected_errors` is shown as its text, any other with its type.
    """

    _css = live_style()
    _esm = front_end("check_button")

    label = traitlets.Unicode().tag(sync=True)
    busy_label = traitlets.Unicode().tag(sync=True)
    busy = traitlets.Bool(False).tag(sync=True)
    note = traitlets.Unicode().tag(sync=True)
    result = traitlets.Unicode().tag(sync=True)
    """The HTML below the button."""

    def __init__(
        self,
        *,
        label: str,
        press: Callable[[], str],
        busy_label: str = "Working",
        describe: Callable[[], str] = lambda: "",
        expected_errors: tuple[type[Exception], ...] = (),
    ):
        super().__init__(label=label, busy_label=busy_label)
        self._press, self._describe, self._expected = press, describe, expected_errors
        self._thread: threading.Thread | None = None
        self.on_msg(self._receive)

    def _receive(self, _: Any, content: Any, __: Any) -> None:
        if isinstance(content, dict) and content.get("kind") == "press":
            self.press(bool(content.get("unsaved")))

    def press(self, unsaved: bool = False) -> None:
        """Do what a press of the button does; a press while one is being served is ignored."""
        if self._thread and self._thread.is_alive():
            return
        self.busy, self.result = True, ""
        self.note = self._describe()
        if unsaved:
            self.note += ". It could not be saved by itself: save it (Ctrl+S) and press again"
        self._thread = threading.Thread(target=self._work, name="check-button", daemon=True)
        self._thread.start()

    def wait(self, timeout_s: float) -> bool:
        """Wait until the press is served; `False` if it is not within `timeout_s`."""
        if self._thread:
            self._thread.join(timeout_s)
        return not self.busy

    def _work(self) -> None:
        try:
            self.result = self._press()
        except self._expected as error:
            self.result = _message(str(error))
        except Exception as error:
            self.result = _message(f"This went wrong: {type(error).__name__}: {error}")
        finally:
            self.busy = False

    def _repr_mimebundle_(self, **kwargs: object) -> tuple[dict, dict] | None:
        bundle = super()._repr_mimebundle_(**kwargs)
        if bundle is not None:
            bundle[0]["text/plain"] = f"[{self.label}]"
        return bundle


def _message(text: str) -> str:
    return f'<p class="wl-message" role="alert">{escape(text)}</p>'
