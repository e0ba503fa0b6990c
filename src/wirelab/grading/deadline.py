"""A deadline for code that may never come back: it is broken off with an exception.

It knows neither checks nor learners. On a main thread with alarms the code is interrupted wherever
it is, in a blocking call too; elsewhere as soon as it runs Python again.
"""

from __future__ import annotations

import ctypes
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

AGAIN_S = 0.5  # for code that swallows the first interruption


class TookTooLong(BaseException):
    """The code did not come back in time; not an `Exception`, so that few handlers swallow it."""


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Raise `TookTooLong` in the block when it takes longer than `seconds`."""
    told = TookTooLong(f"no answer within {seconds:g} s")
    on_main = threading.current_thread() is threading.main_thread()
    limit = _alarm if on_main and hasattr(signal, "setitimer") else _watchdog
    with limit(seconds, told):
        yield


@contextmanager
def _alarm(seconds: float, told: TookTooLong) -> Iterator[None]:
    over = False

    def ring(*_: object) -> None:
        if not over:
            raise told

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN_S)
    try:
        yield
    finally:
        rings = None
        while not over:
            # The alarm may still ring here, until `over` is set: it counts, and the timer ends.
            try:
                over = True
                signal.setitimer(signal.ITIMER_REAL, 0)
                signal.signal(signal.SIGALRM, before)
            except TookTooLong as error:
                rings, over = error, False
        if rings:
            raise rings


@contextmanager
def _watchdog(seconds: float, told: TookTooLong) -> Iterator[None]:
    thread = ctypes.c_ulong(threading.get_ident())
    raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc
    done, lock = threading.Event(), threading.Lock()

    def watch() -> None:
        wait = seconds
        while not done.wait(wait):
            with lock:
                if not done.is_set():
                    raise_in(thread, ctypes.py_object(_saying(told)))
            wait = AGAIN_S

    watcher = threading.Thread(target=watch, name="deadline", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        with lock:
            done.set()
            raise_in(thread, None)  # one that is under way has come too late
        watcher.join()


def _saying(told: TookTooLong) -> type[TookTooLong]:
    """A class, since that is all that can be raised in another thread."""

    class Told(TookTooLong):
        def __init__(self) -> None:
            super().__init__(*told.args)

    Told.__name__ = Told.__qualname__ = TookTooLong.__name__
    return Told
