"""Requests that are malformed or can be read in two ways, each with what a server may do.

Data only, from the two files beside it. It knows no server; `allowed` is the standard's word, not
one server's: a request may be refused with one of several codes, or be taken, where a leniency is
permitted.
"""

from __future__ import annotations

from dataclasses import dataclass

from wirelab.servers.malformed_bodies import BODIES
from wirelab.servers.malformed_heads import HEADS


@dataclass(frozen=True)
class Malformed:
    """One such request: `allowed` are the codes of the answers that the standard allows.

    "2xx" stands for any answer that takes the request; "close" for closing without an answer.
    `second` says whether what follows may be answered as a request of its own: where it is False a
    server that does so has been led astray, or has gone on where it must close.
    """

    name: str
    octets: bytes
    allowed: frozenset[str]
    rfc: str
    second: bool = False

    def permits(self, outcome: list[str]) -> bool:
        """Whether what a server did (see `http_answers.outcome_of`) is allowed."""
        *codes, state = outcome or [""]
        if state != "close":
            return False
        if not codes:
            return "close" in self.allowed
        if len(codes) > 1 and not self.second:
            return False
        return codes[0] in self.allowed or ("2xx" in self.allowed and codes[0] in TAKEN)


TAKEN = frozenset({"200", "201", "202", "204", "404", "405"})
"""Answers that show a request was understood, whatever became of it."""


def _read(rows) -> tuple[Malformed, ...]:
    return tuple(
        Malformed(name, octets, frozenset(allowed.split()), rfc, *more)
        for name, octets, allowed, rfc, *more in rows
    )


CORPUS: tuple[Malformed, ...] = _read(HEADS) + _read(BODIES)
