"""Many calls of one function asked at once; the answers are taken one by one, as they come.

Only for answers that leave nothing behind, so that it cannot matter when a call is made. It knows
the cases of a check, and no frames.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

from wirelab.grading.cases import CallCase, Case, RefusalCase
from wirelab.grading.examiner.channel import HOSTILE
from wirelab.grading.examiner.encode import Encoder
from wirelab.grading.examiner.kinds import MAX_FRAME
from wirelab.grading.examiner.proxies import Remote, called_by
from wirelab.grading.examiner.wire import QUESTION, Ended


class Ahead:
    """Calls of `remote` that are under way; `next` gives what the next of them came to."""

    def __init__(self, session: Any, remote: Remote, asked: list[Encoder]):
        self.session, self.remote = session, remote
        self.channel = session.main
        self._kept = deque(each.kept for each in asked)
        self._come: deque[tuple] = deque()
        self._path = session.path_of("call", remote, ())
        self._number = next(self.channel.numbers)
        question = Encoder(session)
        question.put(("calls", remote, tuple(bytes(each.out) for each in asked), {}, ""))
        self._guarded(lambda: self.channel.send(QUESTION, self._number, question))

    @property
    def left(self) -> int:
        """How many have not been taken yet."""
        return len(self._kept) + len(self._come)

    def next(self) -> Any:
        """The result of the next call; raises what it raised."""
        status, value, _, frame = self._come.popleft() if self._come else self._receive()
        return self.session.result("call", status, value, frame)

    def drain(self) -> None:
        """Take in all that is under way, so that something else may be asked."""
        while self._kept:
            self._come.append(self._receive())

    def _receive(self) -> tuple:
        kept = self._kept.popleft()
        return self._guarded(
            lambda: self.session.awaited(self.channel, self._number, kept, self._path)
        )

    def _guarded(self, work: Any) -> Any:
        try:
            return work()
        except (Ended, *HOSTILE) as error:
            self.session.failed(error)
        except BaseException:
            self.session.interrupted()
            raise


@contextlib.contextmanager
def asked(session: Any, answers: tuple, cases: Sequence[Case]) -> Iterator[None]:
    """In the block, calls of the answer are those of `cases`, in order, and already under way."""
    remote = called_by(answers[0]) if len(answers) == 1 else None
    plain = [getattr(case, "case", case) for case in cases]
    fits = len(cases) > 1 and all(isinstance(each, (CallCase, RefusalCase)) for each in plain)
    if remote is None or not fits or session.ahead or session.dead:
        yield
        return
    encoders = []
    for each in plain:
        encoder = Encoder(session)
        with contextlib.suppress(ValueError):
            encoder.put((each.args, each.kwargs))
        encoders.append(encoder)
    large = sum(len(each.out) for each in encoders) > MAX_FRAME // 2
    if large or any(each.descriptors or not each.out for each in encoders):
        yield
        return
    session.ahead = Ahead(session, remote, encoders)
    try:
        yield
    finally:
        ahead, session.ahead = session.ahead, None
        if not session.dead:
            ahead.drain()
