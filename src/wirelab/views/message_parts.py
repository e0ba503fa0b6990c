"""An HTTP exchange cut into its parts, each with the octets that hold it, as well as it can be.

It is for looking, not for serving: it refuses nothing, and what makes no sense is one part called
"Octets". It knows no widget.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from wirelab.views.message_notes import EMPTY_LINE, FIELDS, START

CRLF = b"\r\n"


@dataclass(frozen=True)
class Part:
    """Octets `first` up to, not including, `end` of one direction, and what they say.

    `message` counts the messages of that direction from 0; `name`, `value` and `note` are text.
    """

    side: str
    first: int
    end: int
    message: int
    name: str
    value: str
    note: str = ""

    @property
    def octets(self) -> str:
        """Where it stands, as `16-17` or `5`."""
        return str(self.first) if self.end - self.first <= 1 else f"{self.first}-{self.end - 1}"


def parts_of(left: bytes, right: bytes) -> list[Part]:
    """Return the parts of the requests in `left`, then those of the responses in `right`."""
    requests = list(_Reader(left, "left", []).parts())
    methods = [part.value for part in requests if part.name == "Method"]
    return requests + list(_Reader(right, "right", methods).parts())


class _Reader:
    """Reads one direction, message after message."""

    def __init__(self, octets: bytes, side: str, methods: list[str]) -> None:
        self.octets, self.side, self.methods = octets, side, methods
        self.at, self.message, self.answered = 0, 0, 0

    def parts(self) -> Iterator[Part]:
        while self.at < len(self.octets):
            head_end = self.octets.find(CRLF + CRLF, self.at)
            if head_end < 0:
                yield self.take(len(self.octets), "Octets", "no empty line yet ends the head")
                return
            yield from self.start_line()
            fields: list[tuple[str, str]] = []
            while self.at < head_end + 2:
                end = self.octets.index(CRLF, self.at) + 2
                name, _, value = text(self.octets[self.at : end - 2]).partition(":")
                fields.append((name.lower(), value.strip()))
                yield self.take(end, name, value.strip(), FIELDS.get(name.lower(), ""))
            yield self.take(head_end + 4, "Empty line", "", EMPTY_LINE)
            yield from self.content(dict(fields))
            self.message += 1

    def take(self, end: int, name: str, value: str, note: str = "") -> Part:
        part = Part(self.side, self.at, end, self.message, name, value, note)
        self.at = end
        return part

    def start_line(self) -> Iterator[Part]:
        end = self.octets.index(CRLF, self.at)
        names = ("Method", "Target", "Version")
        if self.side == "right":
            names = ("Version", "Status", "Reason")
        words = self.octets[self.at : end].split(b" ", 2)
        if len(words) < len(names):
            yield self.take(end + 2, "Start line", text(self.octets[self.at : end]))
            return
        for name, word in zip(names, words, strict=True):
            last = name == names[-1]
            stop = self.at + len(word) + (2 if last else 1)
            if name == "Status":
                self.status = text(word)
            yield self.take(stop, name, text(word), START[self.side, name])

    def content(self, fields: dict[str, str]) -> Iterator[Part]:
        length, coding = fields.get("content-length", ""), fields.get("transfer-encoding", "")
        if self.side == "right":
            status = getattr(self, "status", "200")
            method = self.methods[self.answered] if self.answered < len(self.methods) else "GET"
            self.answered += not status.startswith("1")
            if method == "HEAD" or status.startswith("1") or status in ("204", "304"):
                return
            if not length and not coding:
                length = str(len(self.octets) - self.at)
        if coding:
            yield from self.chunks()
        elif length.isascii() and length.isdigit() and len(length) < 16 and int(length):
            end = min(self.at + int(length), len(self.octets))
            if end > self.at:
                yield self.take(end, "Content", shown(self.octets[self.at : end]))

    def chunks(self) -> Iterator[Part]:
        while (end := self.octets.find(CRLF, self.at)) >= 0:
            line = text(self.octets[self.at : end])
            digits = line.partition(";")[0].strip()
            if not digits or len(digits) > 8 or set(digits) - set("0123456789abcdefABCDEF"):
                yield self.take(len(self.octets), "Octets", "no chunk begins here")
                return
            size = int(digits, 16)
            note = f"{digits} in base 16 is {size}: so many octets follow. RFC 9112 section 7.1"
            yield self.take(end + 2, "Chunk size", line, note)
            if size == 0:
                yield from self.trailers()
                return
            end = min(self.at + size, len(self.octets))
            yield self.take(
                min(end + 2, len(self.octets)), "Chunk", shown(self.octets[self.at : end])
            )
        if self.at < len(self.octets):
            yield self.take(len(self.octets), "Octets", "a chunk has begun")

    def trailers(self) -> Iterator[Part]:
        while (end := self.octets.find(CRLF, self.at)) > self.at:
            name, _, value = text(self.octets[self.at : end]).partition(":")
            yield self.take(end + 2, f"Trailer {name}", value.strip())
        if end == self.at:
            yield self.take(end + 2, "Empty line", "", "The chunks and the trailers end here.")


def text(octets: bytes) -> str:
    """The octets as text, one character each."""
    return octets.decode("latin-1")


def shown(octets: bytes, limit: int = 36) -> str:
    """Content as one short line of text."""
    line = "".join(chr(o) if 32 <= o < 127 else "\N{MIDDLE DOT}" for o in octets[: limit + 1])
    return line if len(octets) <= limit else line[:limit] + "\N{HORIZONTAL ELLIPSIS}"
