"""HTTP messages as values, and the refusal of one.

It must not know how octets become a message, nor which message deserves which answer: that is
what learners write.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Fields = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Request:
    """A request: `fields` are (name, value) pairs in the order they came, names in lower case."""

    method: str
    target: str
    version: str = "HTTP/1.1"
    fields: Fields = ()
    content: bytes = b""

    def values(self, name: str) -> list[str]:
        """The values of every field line of that name, in order; the name in lower case."""
        return values_of(self.fields, name)


@dataclass(frozen=True)
class Response:
    """A response without its reason phrase, which no program may rely on (RFC 9112 section 4)."""

    status: int
    fields: Fields = ()
    content: bytes = b""

    def values(self, name: str) -> list[str]:
        """The values of every field line of that name, in order; the name in lower case."""
        return values_of(self.fields, name)


class Refused(ValueError):
    """A message that is not taken: `status` is the code to answer with, `why` is for a person."""

    def __init__(self, status: int, why: str = ""):
        super().__init__(status, why)
        self.status, self.why = status, why

    def __str__(self) -> str:
        return f"{self.status} {self.why}".strip()


def values_of(fields: Sequence[tuple[str, str]], name: str) -> list[str]:
    """The values of the fields of that name in order, whatever the case of the names."""
    return [value for own, value in fields if own.lower() == name]
