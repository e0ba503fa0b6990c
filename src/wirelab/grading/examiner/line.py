"""The two sockets that lead to a clone of the learner's process, whichever session uses them.

It knows no rules.
"""

from __future__ import annotations

import contextlib
import socket
from typing import Any

from wirelab.grading.examiner.channel import accept_channels


class Line:
    """The two sockets that lead to a clone, and the session that uses them now."""

    def __init__(self, main: socket.socket, control: socket.socket):
        self.main, self.control = main, control
        self.session: Any = None
        self._accepting = False

    def accept(self) -> None:
        """From now on threads of the learner's may call back."""
        if not self._accepting:
            self._accepting = True
            accept_channels(self.control, lambda: self.session)

    def close(self) -> None:
        """No call through these sockets any more, from whatever thread."""
        for each in (self.main, self.control):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
