"""An IPython shell in this process whose cells give the outputs that a notebook would hold.

For grading without a kernel: nothing is started or shut down, and the process may be forked
between two cells. It knows no lesson and no marks.
"""

from __future__ import annotations

import asyncio
import builtins
import contextlib
import io
import os
import selectors
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.error import StdinNotImplementedError
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Type

LIMIT = 1 << 20  # characters of output kept of one cell


class _Stream(io.TextIOBase):
    """Stands for sys.stdout or sys.stderr; the outputs get what is written."""

    encoding = "utf-8"

    def __init__(self, outputs: list[dict], name: str, room: int, cut: str):
        self._outputs, self._name = outputs, name
        self._room, self._cut = room, cut
        self._parts: list[str] = []

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        kept = text[: self._room]
        self._room -= len(kept)
        if len(kept) < len(text):
            kept, self._cut = kept + self._cut, ""
        if kept:
            last = self._outputs[-1] if self._outputs else {}
            if last.get("parts") is not self._parts or not self._parts:
                self._parts = []
                last = {"output_type": "stream", "name": self._name, "parts": self._parts}
                self._outputs.append(last)
            self._parts.append(kept)
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
        self.room, self.cut = LIMIT, ""
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
        return self.watched(lambda: self._run_whole(source))

    def watched(self, work: Callable[[], None]) -> list[dict]:
        """Do some work as a cell: what it prints and shows, as outputs."""
        self.outputs.clear()
        before = sys.stdout, sys.stderr, builtins.input
        sys.stdout, sys.stderr = (
            _Stream(self.outputs, name, self.room, self.cut) for name in ("stdout", "stderr")
        )
        builtins.input = _no_input
        try:
            work()
            self.events.trigger("post_execute")
        finally:
            sys.stdout, sys.stderr, builtins.input = before
        return [_whole(output) for output in self.outputs]

    def _run_whole(self, source: str) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_until_complete(self._run(source))

    def renew(self) -> None:
        """After a fork: have an event loop that is not the other process's too."""
        self.loop = asyncio.SelectorEventLoop(_selector())

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


def _no_input(*_: Any) -> str:
    raise StdinNotImplementedError("a notebook that is being graded has nobody to ask")


def _whole(output: dict) -> dict:
    if "parts" not in output:
        return output
    return {
        "output_type": "stream",
        "name": output["name"],
        "text": "".join(output["parts"]),
    }


class Descriptors:
    """Captures what is written to descriptors 1 and 2 themselves, by programs a cell starts."""

    def __init__(self, room: int = LIMIT):
        self._room = room
        # open as long as this process lives
        self._files = [tempfile.TemporaryFile(buffering=0) for _ in range(2)]  # noqa: SIM115

    @contextlib.contextmanager
    def capture(self, outputs: list[dict]) -> Iterator[None]:
        """Append what comes in the block to `outputs`, as text."""
        saved = [os.dup(1), os.dup(2)]
        for number, file in enumerate(self._files, start=1):
            os.dup2(file.fileno(), number)
        try:
            yield
        finally:
            for number, (file, before) in enumerate(zip(self._files, saved, strict=True), start=1):
                os.dup2(before, number)
                os.close(before)
                if written := os.lseek(file.fileno(), 0, os.SEEK_END):
                    text = os.pread(file.fileno(), min(written, self._room), 0).decode(
                        errors="replace"
                    )
                    os.ftruncate(file.fileno(), 0)
                    os.lseek(file.fileno(), 0, os.SEEK_SET)
                    name = "stdout" if number == 1 else "stderr"
                    outputs.append({"output_type": "stream", "name": name, "text": text})


def _selector() -> selectors.BaseSelector:
    return getattr(selectors, "PollSelector", selectors.DefaultSelector)()


def new_shell() -> Shell:
    """A fresh shell, the only one of this process."""
    InteractiveShell.clear_instance()
    Shell.clear_instance()
    shell = Shell.instance(colors="nocolor")
    shell.set_hook("show_in_pager", lambda *_, **__: None, 0)
    return shell
