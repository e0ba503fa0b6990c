"""Work done in forks of this process, which end with it or at a deadline; JSON values come back.

Where there is no fork (`CAN_FORK`), the work is done here: then it must be the process's only work.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

CAN_FORK = hasattr(os, "fork")


def apart(work: Callable[[], Any], timeout_s: float) -> Any:
    """Do it in a fork of this process.

    Raises `TimeoutError`, or `EOFError` if the fork ended without a result.
    """
    return all_apart([work], timeout_s)[0]


def all_apart(works: Sequence[Callable[[], Any]], timeout_s: float) -> list[Any]:
    """Do several things at once, each in a fork of this process; errors as in `apart`."""
    if not CAN_FORK:
        return [work() for work in works]
    deadline = time.monotonic() + timeout_s
    forks = [_fork(work) for work in works]
    try:
        return [json.loads(_read_all(reader, deadline)) for _, reader in forks]
    finally:
        for child, reader in forks:
            _end(child, reader)


def _fork(work: Callable[[], Any]) -> tuple[int, int]:
    reader, writer = os.pipe()
    child = os.fork()
    if child:
        os.close(writer)
        return child, reader
    status = 1
    try:
        os.close(reader)
        os.setpgid(0, 0)
        _write(writer, json.dumps(work()).encode())
        status = 0
    except BaseException as error:
        with contextlib.suppress(OSError, ValueError, AttributeError):
            print(repr(error), file=sys.__stderr__, flush=True)
    finally:
        os._exit(status)


def _end(child: int, reader: int) -> None:
    os.close(reader)
    for kill in (os.killpg, os.kill):  # the group may not be there yet
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def _write(descriptor: int, octets: bytes) -> None:
    while octets:
        octets = octets[os.write(descriptor, octets) :]


def _read_all(descriptor: int, deadline: float) -> bytes:
    octets = b""
    while True:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([descriptor], [], [], left)[0]:
            raise TimeoutError
        part = os.read(descriptor, 65536)
        if not part and not octets:
            raise EOFError
        if not part:
            return octets
        octets += part
