"""The numbers a TCP endpoint draws: initial sequence numbers, cookies, ports.

All come from one key, made from a seed, so that equal seeds give equal conversations. It
knows no states.
"""

from __future__ import annotations

import hashlib
import random

from wirelab.protocols.seq import CIRCLE, plus

#: RFC 9293 section 3.4.1: the clock "increments at least once every roughly 4 microseconds".
TICKS_PER_S = 250_000
COOKIE_LIFE_S = 64
#: The sizes a cookie can remember, by two of its bits.
COOKIE_MSS = (536, 1220, 1440, 1460)
EPHEMERAL_PORTS = range(32768, 61000)


class Numbers:
    """The endpoint's source of numbers; `seed` decides all of them."""

    def __init__(self, seed: int) -> None:
        self._key = hashlib.blake2b(f"wirelab tcp {seed}".encode(), digest_size=32).digest()
        self._dice = random.Random(f"wirelab ports {seed}")

    def initial_sequence(self, conversation: tuple, now_s: float) -> int:
        """Return M + F(conversation, key), M being the clock (RFC 9293 section 3.4.1)."""
        return plus(self._keyed("isn", *conversation), int(now_s * TICKS_PER_S))

    def timestamp_base(self, conversation: tuple) -> int:
        """Return where the timestamps of a conversation begin (RFC 7323 section 5.4)."""
        return self._keyed("timestamp", *conversation)

    def ports(self):
        """Yield every ephemeral port once, in random order (RFC 6056 section 3.3.1)."""
        # a shuffle (Fisher and Yates) that goes only as far as it is asked
        moved: dict[int, int] = {}
        for left in range(len(EPHEMERAL_PORTS), 0, -1):
            drawn, last = self._dice.randrange(left), left - 1
            yield EPHEMERAL_PORTS[moved.get(drawn, drawn)]
            moved[drawn] = moved.pop(last, last)

    def seal(self, conversation: tuple, remote_sequence: int, mss: int, now_s: float) -> int:
        """Return a sequence number that remembers the SYN it answers (RFC 4987 section 3.6)."""
        index = max((i for i, size in enumerate(COOKIE_MSS) if size <= mss), default=0)
        return self._sealed(conversation, remote_sequence, index, int(now_s / COOKIE_LIFE_S))

    def unseal(
        self, conversation: tuple, remote_sequence: int, cookie: int, now_s: float
    ) -> int | None:
        """Return the MSS that a cookie remembers, or None if it is not ours or too old."""
        period = int(now_s / COOKIE_LIFE_S)
        for made_in in (period, period - 1):
            for index, mss in enumerate(COOKIE_MSS):
                if self._sealed(conversation, remote_sequence, index, made_in) == cookie:
                    return mss
        return None

    def _sealed(self, conversation: tuple, sequence: int, index: int, period: int) -> int:
        digest = self._keyed("cookie", *conversation, sequence, index, period)
        return digest & ~0b11 | index

    def _keyed(self, *parts: object) -> int:
        said = repr(parts).encode()
        digest = hashlib.blake2b(said, key=self._key, digest_size=4).digest()
        return int.from_bytes(digest, "big") % CIRCLE
