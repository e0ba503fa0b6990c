"""A crowd of clients on loopback, in a process of its own: it opens, asks, waits, counts.

Bounded in number and time. It knows no server and no protocol: an answer is what ends with given
octets. The clients themselves are in `crowd_helper.py`.
"""

from __future__ import annotations

import contextlib
import json
import selectors
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HELPER = Path(__file__).with_name("crowd_helper.py")
MOST = 12_000
LONGEST_S = 60.0


@dataclass(frozen=True)
class Opened:
    """What became of connections that were to be opened; `why` says what stopped it, or nothing."""

    opened: int
    failed: int
    why: str
    took_s: float


@dataclass(frozen=True)
class Answers:
    """What came back: on `closed` connections an end instead, on `silent` ones nothing in time.

    Times are in seconds; `median_s` and `p99_s` are None where nothing was answered.
    """

    asked: int
    answered: int
    closed: int
    silent: int
    median_s: float | None
    p99_s: float | None
    took_s: float


class Crowd:
    """Clients of `address`, numbered from 0 in the order in which they connect.

    `ask` is what one sends and `ends` what its answer ends with; `{n}` in either is its number.
    `room` is how many connections this system's descriptor limit allows one process.
    """

    def __init__(
        self, address: tuple[str, int], *, ask: str = "hello {n}\n", ends: str = "HELLO {n}\n"
    ):
        self._ask, self._ends = ask, ends
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(HELPER), address[0], str(address[1])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        # Made once: the learner's server may soon have all descriptors.
        self._waiting = selectors.DefaultSelector()
        if sys.platform != "win32":
            self._waiting.register(self._process.stdout, selectors.EVENT_READ)
        self.room: int = self._answer(LONGEST_S)["room"]

    def __enter__(self) -> Crowd:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def open(self, count: int, within_s: float = 20.0) -> Opened:
        """Open `count` more connections, at most 12,000."""
        if not 0 <= count <= MOST:
            raise ValueError(f"a crowd has at most {MOST} clients, not {count}")
        return Opened(**self._do("open", within_s, count=count))

    def ask(
        self,
        *,
        order: str = "as opened",
        at_once: int = 50,
        within_s: float = 20.0,
        first: int | None = None,
        last: int | None = None,
    ) -> Answers:
        """Ask on every connection, at most `at_once` under way, and wait for the answers.

        `order` may be "reverse". `first` and `last` choose some, as in a slice. A connection that
        was silent or ended is not asked again.
        """
        return Answers(
            **self._do(
                "ask",
                within_s,
                ask=self._ask,
                ends=self._ends,
                order=order,
                at_once=at_once,
                first=first,
                last=last,
            )
        )

    def say(self, text: str, *, first: int | None = None, last: int | None = None) -> None:
        """Send `text` on some connections, half a request perhaps, and wait for nothing."""
        self._do("say", None, text=text, first=first, last=last)

    def leave(self, first: int | None = None, last: int | None = None) -> None:
        """Close some connections; those that stay are numbered anew."""
        self._do("leave", None, first=first, last=last)

    def close(self) -> None:
        """Send everybody home."""
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._waiting.close()
        self._process.stdout.close()

    def _do(self, what: str, within_s: float | None, **order: Any) -> dict[str, Any]:
        if within_s is not None:
            order["within_s"] = min(within_s, LONGEST_S)
        self._process.stdin.write(json.dumps({"do": what, **order}) + "\n")
        self._process.stdin.flush()
        return self._answer(LONGEST_S + 5)

    def _answer(self, patience_s: float) -> dict[str, Any]:
        if sys.platform != "win32" and not self._waiting.select(patience_s):
            self.close()
            raise TimeoutError(f"the crowd says nothing for {patience_s:.0f} s")
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the crowd has gone home before its time")
        return json.loads(line)
