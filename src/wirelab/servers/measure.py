"""What a server costs: memory, tasks and waiting, against the number of its connections.

A server function is measured in a fork of this process, so that nobody else's memory is counted and
nothing of it stays behind; a program is measured from outside. Kernel memory is not counted.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import gc
import inspect
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wirelab.servers.crowd import Answers, Crowd
from wirelab.servers.programs import Started, descendants
from wirelab.servers.running import LOOPBACK

CAN_FORK = sys.platform == "linux"  # elsewhere a fork of a notebook's kernel is not safe
BACKLOG = 4096
HTTP = {"ask": "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "ends": "hello\n"}


@dataclass(frozen=True)
class Load:
    """One measurement: `connections` were open, on all of them a question was asked.

    `memory_kib` is what the server grew by since it was empty, `tasks` its threads and processes;
    `median_ms` and `p99_ms` are None where nobody was answered.
    """

    model: str
    connections: int
    answered: int
    memory_kib: int
    tasks: int
    median_ms: float | None
    p99_ms: float | None


def measure(
    model: str,
    serve: Callable[..., Any],
    *args: Any,
    counts: Sequence[int],
    within_s: float = 3.0,
    **kwargs: Any,
) -> list[Load]:
    """Measure `serve(listener, *args, **kwargs)` with so many connections, in rising order.

    It stops where the descriptor limit or an unanswered question does. [] where forks are not safe
    or the server is not written yet.
    """
    if not CAN_FORK:
        return []
    with _forked(serve, args, kwargs) as (address, pid), Crowd(address) as crowd:
        return list(_loads(model, crowd, lambda: _own(pid), counts, within_s))


def measure_program(
    model: str, program: Started, *, counts: Sequence[int], within_s: float = 3.0
) -> list[Load]:
    """Measure a web server program whose `/` is a text that ends with "hello" and a new line."""
    with Crowd(program.address, **HTTP) as crowd:
        return list(_loads(model, crowd, lambda: _all_of(program.pid), counts, within_s))


def _loads(
    model: str,
    crowd: Crowd,
    cost: Callable[[], tuple[int, int]],
    counts: Iterable[int],
    within_s: float,
) -> Iterator[Load]:
    crowd.open(1)
    if not crowd.ask(within_s=within_s).answered:  # the first question warms it up
        return
    empty, _ = cost()
    held = 1
    for count in sorted(counts):
        if count > min(crowd.room, room_here()):
            return
        held += crowd.open(count - held, within_s=10.0).opened
        answers = crowd.ask(order="reverse", within_s=within_s)
        memory, tasks = cost()
        yield _load(model, held, answers, max(0, memory - empty), tasks)
        if answers.answered < count:
            return


def _load(model: str, held: int, answers: Answers, memory_kib: int, tasks: int) -> Load:
    times = (answers.median_s, answers.p99_s)
    median_ms, p99_ms = (None if time is None else round(time * 1000, 2) for time in times)
    return Load(model, held, answers.answered, memory_kib, tasks, median_ms, p99_ms)


def room_here() -> int:
    """How many connections the descriptor limit of this very process leaves room for, as it is."""
    try:
        import resource
    except ImportError:
        return 400
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 1_000_000 if soft == resource.RLIM_INFINITY else soft - 100


# --- a server function in a fork ------------------------------------------------------------------


@contextlib.contextmanager
def _forked(
    serve: Callable[..., Any], args: tuple, kwargs: dict[str, Any]
) -> Iterator[tuple[tuple[str, int], int]]:
    listener = socket.create_server((LOOPBACK, 0), backlog=BACKLOG)
    address = listener.getsockname()
    child = os.fork()
    if not child:
        _be_server(serve, listener, args, kwargs)
    listener.close()
    try:
        yield address, child
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _be_server(serve: Callable, listener: socket.socket, args: tuple, kwargs: dict) -> None:
    """Serve, and never return: the rest of a notebook's kernel must not run twice."""
    try:
        nowhere = os.open(os.devnull, os.O_RDWR)
        for descriptor in (1, 2):
            os.dup2(nowhere, descriptor)
        sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115
        gc.freeze()
        _ballast = _fill_holes()
        # In a thread of its own: the main thread may stand in somebody's event loop.
        thread = threading.Thread(target=_serve, args=(serve, listener, args, kwargs), daemon=True)
        thread.start()
        thread.join()
    finally:
        os._exit(0)


def _fill_holes() -> list[list[Any]]:
    """Take up the free places in the memory that this fork inherited, so that growth shows."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
    kept = []
    for size in range(48, 513, 16):  # the size classes of Python's small objects
        for _ in range(60):
            before = _resident_pages()
            kept.append([bytes(size - 33) for _ in range(65536 // size)])
            if _resident_pages() - before > 8:
                break
    return kept


def _resident_pages() -> int:
    """Of this process; much quicker than its map."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])


def _serve(serve: Callable, listener: socket.socket, args: tuple, kwargs: dict) -> None:
    if inspect.iscoroutinefunction(serve):
        listener.setblocking(False)
        asyncio.run(serve(listener, *args, **kwargs))
    else:
        serve(listener, *args, **kwargs)


# --- what processes hold --------------------------------------------------------------------------


def _own(pid: int) -> tuple[int, int]:
    """KiB of anonymous memory of a fork: a page that it only writes to was counted before."""
    return _smaps(pid, "Anonymous"), _threads(pid)


def _all_of(pid: int) -> tuple[int, int]:
    """KiB of a program and its workers, what they share counted once; and all their threads."""
    pids = descendants(pid)
    return sum(_smaps(each, "Pss") for each in pids), sum(map(_threads, pids))


def _smaps(pid: int, field: str) -> int:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
        return next(
            int(line.split()[1]) for line in text.splitlines() if line.startswith(f"{field}:")
        )
    except (OSError, StopIteration):
        return _resident_kib(pid)


def _resident_kib(pid: int) -> int:
    import psutil

    try:
        return psutil.Process(pid).memory_info().rss // 1024
    except psutil.Error:
        return 0


def _threads(pid: int) -> int:
    import psutil

    try:
        return psutil.Process(pid).num_threads()
    except psutil.Error:
        return 0
