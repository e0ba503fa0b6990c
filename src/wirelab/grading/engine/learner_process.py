"""The learner's process as its supervisor sees it: started, asked, watched, interrupted, ended.

Nothing that it says is believed further than a learner's own outputs are. It knows no tests.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from wirelab.grading.engine import mail
from wirelab.grading.sandbox import messages
from wirelab.grading.sandbox.watch import Watch

TICK_S = 0.15
GRACE_S = 1.0
INTERRUPTS = 3
START_S = 60.0


class Stopped(Exception):
    """The learner's process is no more; the argument says why in words for the learner.

    `final` if no more of the notebook may run.
    """

    def __init__(self, message: str, kind: str, final: bool = False):
        super().__init__(message)
        self.kind, self.final = kind, final


class Gone(Exception):
    """Nobody waits for the result any more."""


@dataclass
class Clone:
    """A fork of the learner's process that answers one test; `pidfd` is -1 if it is no fork."""

    main: socket.socket
    control: socket.socket
    pidfd: int
    handed: bool = False

    def hand_over(self) -> list[int]:
        """The descriptors that the asking process needs; none if it has them already."""
        return [] if self.handed else [self.main.fileno(), self.control.fileno()]

    def let_go(self) -> None:
        """The asking process has them: here they are not needed."""
        self.handed = True
        self.main.close()
        self.control.close()

    def close(self) -> None:
        """End it."""
        self.let_go()
        if self.pidfd >= 0:
            with contextlib.suppress(OSError):
                signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)
            os.close(self.pidfd)
            self.pidfd = -1


class Budget:
    """What a submission has used so far, over all processes it was run in."""

    def __init__(self, policy: dict[str, Any]):
        self.policy = policy
        self.start = time.monotonic()
        self.cpu_s = 0.0
        self.peak_bytes = 0
        self.keeper_s = 0.0

    @property
    def end(self) -> float:
        """When the wall time is over."""
        return self.start + self.policy["wall_s"]


class LearnerProcess:
    """One process of a learner's; `alive` is called while waiting and raises `Gone`."""

    def __init__(
        self,
        spawner: socket.socket,
        policy: dict[str, Any],
        budget: Budget,
        alive: Callable[[], None],
    ):
        self.policy, self.budget, self._alive = policy, budget, alive
        channel, theirs = socket.socketpair()
        keeper, keepers = socket.socketpair()
        with theirs, keepers:
            socket.send_fds(spawner, [b"spawn"], [theirs.fileno(), keepers.fileno()])
        self.channel, self._keeper = channel, keeper
        self._inbox, self._kept = mail.Inbox(channel), b""
        self._watch: Watch | None = None
        self.pidfd = -1
        self.threads = 1
        self._used_s = 0.0
        self._begin()

    def _begin(self) -> None:
        import json

        self._keeper.settimeout(START_S)
        told, descriptors, _, _ = socket.recv_fds(self._keeper, 4096, 1)
        if not descriptors:
            said = json.loads(told).get("error", "") if told else "it ended at once"
            raise RuntimeError(f"the learner's process did not start: {said}")
        self.pidfd = descriptors[0]
        os.set_inheritable(self.pidfd, False)
        self._wait(time.monotonic() + START_S)
        if self._inbox.descriptors:
            self._watch = Watch(self._inbox.descriptors.pop(0))

    # --- asking

    def give(self, name: str, content: bytes) -> None:
        """Put a file beside the notebook."""
        mail.send(self.channel, {"op": "file", "name": name, "content": content.hex()})

    def run(self, source: str, given: list[str]) -> tuple[list[Any], str]:
        """Run one cell: its outputs, and why it was interrupted, if it was. Raises `Stopped`."""
        seconds = self.policy["cell_s"]
        try:
            mail.send(self.channel, {"op": "run", "source": source, "given": given})
        except OSError:
            raise self._ended() from None
        said = ""
        deadline = time.monotonic() + seconds
        for _ in range(INTERRUPTS + 1):
            try:
                answer = self._wait(deadline)
            except TimeoutError:
                said = messages.cell_took_too_long(seconds)
                self._signal(signal.SIGINT)
                deadline = time.monotonic() + GRACE_S
                continue
            outputs, threads = answer.get("outputs"), answer.get("threads")
            self.threads = threads if type(threads) is int else 1
            return outputs if type(outputs) is list else [], said
        self.kill()
        raise Stopped(said, "limit")

    def clone(self, beside: str | None = None) -> Clone:
        """Have it fork for a test, with new channels; raises `Stopped`."""
        ours, theirs = zip(*(socket.socketpair() for _ in range(2)), strict=True)
        order = {"op": "clone"} | ({} if beside is None else {"beside": beside})
        try:
            mail.send(self.channel, order, [each.fileno() for each in theirs])
            self._wait(time.monotonic() + START_S)
        except OSError:  # a TimeoutError too
            for each in ours:
                each.close()
            self.kill()
            raise Stopped(messages.ended(), "ended") from None
        finally:
            for each in theirs:
                each.close()
        pidfd = self._inbox.descriptors.pop(0) if self._inbox.descriptors else -1
        return Clone(*ours, pidfd)

    # --- waiting

    def _wait(self, deadline: float) -> dict[str, Any]:
        value = self.wait_for(self.channel, self._inbox.take, deadline)
        if type(value) is not dict:
            self.kill()
            raise Stopped(messages.ended(), "breach")
        return value

    def wait_for(self, source: socket.socket, take: Callable[[], Any], deadline: float) -> Any:
        """Wait for a message on `source`, watching limits; raises `Stopped`, TimeoutError, Gone."""
        poll = select.poll()
        poll.register(source, select.POLLIN)
        poll.register(self.pidfd, select.POLLIN)
        while True:
            left = min(deadline, self.budget.end) - time.monotonic()
            ready = dict(poll.poll(max(0.0, min(left, TICK_S)) * 1000))
            if source.fileno() in ready:
                try:
                    value = take()
                except (EOFError, OSError, ValueError):
                    raise self._ended() from None
                if value is not None:
                    return value
            elif self.pidfd in ready:
                raise self._ended()
            elif left <= 0:
                self._check()
                raise TimeoutError
            else:
                self._check()

    def _check(self) -> None:
        """Raise `Stopped` if the submission has used more than it may."""
        self._alive()
        policy = self.policy
        if time.monotonic() > self.budget.end:
            self.kill()
            raise Stopped(messages.wall(policy["wall_s"]), "limit", final=True)
        if self._watch is None:
            return
        usage = self._watch.look(policy["memory_bytes"])
        self.budget.peak_bytes = max(self.budget.peak_bytes, usage.memory_bytes)
        if usage.memory_bytes > policy["memory_bytes"]:
            self.kill()
            raise Stopped(messages.memory(policy["memory_bytes"]), "limit")
        if self.budget.cpu_s + usage.cpu_s > policy["cpu_s"]:
            self.kill()
            raise Stopped(messages.cpu(policy["cpu_s"]), "limit", final=True)

    def _ended(self) -> Stopped:
        before = self.budget.cpu_s
        self.kill()
        if self.budget.cpu_s - before > self.policy["cpu_s"]:
            return Stopped(messages.cpu(self.policy["cpu_s"]), "limit", final=True)
        return Stopped(messages.ended(), "ended")

    # --- ending

    def _signal(self, number: int) -> None:
        with contextlib.suppress(OSError):
            signal.pidfd_send_signal(self.pidfd, number)

    def kill(self) -> None:
        """End it and all it has started; what it used is added to the budget."""
        import json

        if self.pidfd < 0:
            return
        self._signal(signal.SIGKILL)
        self.channel.close()
        self._inbox.close_descriptors()
        with contextlib.suppress(OSError, ValueError):
            self._keeper.settimeout(START_S)
            told = json.loads(self._keeper.recv(4096) or b"{}")
            self.budget.cpu_s += told.get("cpu_s", 0.0)
            self.budget.keeper_s += told.get("keeper_s", 0.0)
            self.budget.peak_bytes = max(self.budget.peak_bytes, told.get("peak_bytes", 0))
        self._keeper.close()
        os.close(self.pidfd)
        self.pidfd = -1
        if self._watch:
            self._watch.close()
            self._watch = None
