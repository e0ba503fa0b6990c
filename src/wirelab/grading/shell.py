"""An IPython shell in this process whose cells give the outputs that a notebook would hold.

For grading without a kernel: nothing is started or shut down, and the process may be forked
between two cells. It knows no lesson and no marks.
"""

from __future__ import annotations

import asyncio
import io
import selectors
import sys
from collections.abc import Sequence
from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Type

LIMIT = 1 << 20  # characters of output kept of one cell


class _Stream(io.TextIOBase):
    """Stands for sys.stdout or sys.stderr; the outputs get what is written."""

    encoding = "utf-8"

    def __init__(self, outputs: list[dict], name: str):
        self._outputs, self._name = outputs, name
        self._room = LIMIT

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        kept = text[: self._room]
        self._room -= len(kept)
        last = self._outputs[-1] if self._outputs else {}
        if last.get("output_type") == "stream" and last["name"] == self._name:
            last["text"] += kept
        elif kept:
            stream = {"output_type": "stream", "name": self._name, "text": kept}
            self._outputs.append(stream)
        return len(text)


class _Publisher(DisplayPublisher):
    def publish(self, data: dict, metadata: dict | None = None, **_: Any) -> None:
        output = {"output_type": "display_data", "data": data, "metadata": metadata or {}}
        self.shell.outputs.append(output)

    def clear_output(self, wait: bool = False) -> None:
        self.shell.outputs.clear()


class _Hook(DisplayHook):
    def write_output_prompt(self) -> None:
        pass

    def write_format_data(self, format_dict: dict, md_dict: dict | None = None) -> None:
        output = {"output_type": "execute_result", "data": format_dict, "metadata": md_dict or {}}
        self.shell.outputs.append(output)


class Shell(InteractiveShell):
    """IPython without a kernel: `run(source)` gives a cell's outputs as notebook values."""

    displayhook_class = Type(_Hook)
    display_pub_class = Type(_Publisher)

    def __init__(self, **options: Any):
        self.outputs: list[dict] = []
        # A poll object, unlike epoll, holds nothing in the system that a fork would share.
        self.loop = asyncio.SelectorEventLoop(_selector())
        super().__init__(**options)
        self.user_ns["__name__"] = "__main__"

    def init_history(self) -> None:
        from IPython.core.history import HistoryManager

        self.history_manager = HistoryManager(
            shell=self, parent=self, hist_file=":memory:", enabled=False
        )

    def init_io(self) -> None:
        pass

    def enable_gui(self, gui: str | None = None) -> None:
        self.active_eventloop = gui

    def _showtraceback(self, etype: type, evalue: BaseException, stb: Sequence[str]) -> None:
        error = {"output_type": "error", "ename": etype.__name__, "evalue": str(evalue)}
        self.outputs.append({**error, "traceback": list(stb)})

    def run(self, source: str) -> list[dict]:
        """Run one cell as a notebook would; its outputs."""
        self.outputs.clear()
        before = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = (_Stream(self.outputs, name) for name in ("stdout", "stderr"))
        try:
            asyncio.set_event_loop(self.loop)
            self.loop.run_until_complete(self._run(source))
            self.events.trigger("post_execute")
        finally:
            sys.stdout, sys.stderr = before
        return list(self.outputs)

    async def _run(self, source: str) -> None:
        try:
            transformed, error = self.transform_cell(source), None
        except Exception:
            transformed, error = source, sys.exc_info()
        await self.run_cell_async(
            source,
            store_history=True,
            transformed_cell=transformed,
            preprocessing_exc_tuple=error,
        )


def _selector() -> selectors.BaseSelector:
    return getattr(selectors, "PollSelector", selectors.DefaultSelector)()


def new_shell() -> Shell:
    """A fresh shell, the only one of this process."""
    InteractiveShell.clear_instance()
    Shell.clear_instance()
    shell = Shell.instance(colors="nocolor")
    shell.set_hook("show_in_pager", lambda *_, **__: None, 0)
    return shell
