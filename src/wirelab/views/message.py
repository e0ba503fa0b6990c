"""The message view: an HTTP exchange as segments, as octets and as parts, each lighting the others.

It must not know where the octets come from, but for `MessageView.of`, which takes a trace.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

import traitlets

from wirelab.lab.trace import Record
from wirelab.views.message_drawing import draw_message, glyph
from wirelab.views.message_parts import Part, parts_of
from wirelab.views.style import HERE, live_style
from wirelab.views.view import View, front_end


@dataclass(frozen=True)
class Segmented:
    """One segment: octets `first` up to, not including, `end` of its direction."""

    side: str
    first: int
    end: int
    label: str

    def touches(self, part: Part) -> bool:
        """Whether it carries an octet of the part."""
        return part.side == self.side and self.first < part.end and part.first < self.end


class MessageView(View):
    """An HTTP exchange: `MessageView([("left", b"GET / ..."), ("right", b"HTTP/1.1 200 ...")])`.

    `pieces` are (sender, octets) or (sender, octets, label) in the order they crossed, one for each
    segment; the sender is "left", the client, or "right". Octets that are no HTTP are shown all
    the same. Raises ValueError for another sender, TypeError for anything but octets.
    """

    _esm = front_end("message")
    _css = live_style() + (HERE / "message.css").read_text(encoding="utf-8")

    names = traitlets.Dict().tag(sync=True)
    """What the two ends are called."""
    streams = traitlets.Dict().tag(sync=True)
    """For each side its octets: two hexadecimal digits and one character each."""
    parts = traitlets.List(traitlets.Dict()).tag(sync=True)
    """The parts of `message_parts.Part`, requests first."""
    segments = traitlets.List(traitlets.Dict()).tag(sync=True)
    """The segments in the order they crossed."""
    chosen = traitlets.Int(-1).tag(sync=True)
    """Index of the part that is lit up, -1 for none."""

    def __init__(
        self,
        pieces: Iterable[tuple],
        *,
        left: str = "client",
        right: str = "server",
        title: str = "",
    ) -> None:
        self._streams = {"left": b"", "right": b""}
        self._segments: list[Segmented] = []
        for side, octets, *label in pieces:
            self._add(side, octets, *label)
        self._parts = parts_of(self._streams["left"], self._streams["right"])
        self._names = {"left": left, "right": right}
        self._title = title or f"HTTP exchange of {left} and {right}"
        super().__init__(
            names=self._names,
            streams={side: _cells(octets) for side, octets in self._streams.items()},
            parts=[asdict(part) | {"octets": part.octets} for part in self._parts],
            segments=[asdict(segment) for segment in self._segments],
            alternative=self.text(),
        )

    @classmethod
    def of(cls, records: Iterable[Record], *, left: str = "you", right: str = "peer", **options):
        """Return the view of a network's trace: each segment that arrived, the learner left."""
        pieces = []
        seen: set[tuple[bool, int]] = set()
        for record in records:
            segment = record.segment
            if segment is None or record.fate == "lost":
                continue
            again = segment.data and (record.sent, segment.seq) in seen
            seen.add((record.sent, segment.seq if segment.data else -1))
            data = b"" if again else segment.data
            pieces.append(("left" if record.sent else "right", data, str(segment)))
        return cls(pieces, left=left, right=right, **options)

    def _add(self, side: str, octets: bytes, label: str = "") -> None:
        if side not in self._streams:
            raise ValueError(f'the sender is {side!r}: give "left" or "right"')
        if not isinstance(octets, (bytes, bytearray, memoryview)):
            raise TypeError(f"octets must be bytes, not {type(octets).__name__}")
        first = len(self._streams[side])
        self._streams[side] += bytes(octets)
        end = len(self._streams[side])
        label = label or f"{end - first} octets" + (
            f" ({first} to {end - 1})" if end > first else ""
        )
        self._segments.append(Segmented(side, first, end, label))

    def select(self, name: str) -> None:
        """Light up the first part of that name, as `Host`. Raises ValueError if there is none."""
        found = [i for i, part in enumerate(self._parts) if part.name.lower() == name.lower()]
        if not found:
            names = ", ".join(dict.fromkeys(part.name for part in self._parts))
            raise ValueError(f"no part is called {name!r}; there are: {names}")
        self.chosen = found[0]

    def svg(self) -> str:
        """Return ladder, octets and parts as an SVG file that needs nothing else."""
        return draw_message(
            self._segments,
            self._streams,
            self._parts,
            self._names,
            title=self._title,
            description=self._summary(),
        )

    def text(self) -> str:
        """Return segments and parts in words: who sent which octets, and what they say."""
        lines = [f"{self._title}. {self._summary()}"]
        for number, segment in enumerate(self._segments, 1):
            lines.append(f"{number}. {self._names[segment.side]} sends {segment.label}")
        for side in ("left", "right"):
            own = [part for part in self._parts if part.side == side]
            lines += [f"Octets of {self._names[side]}:"] if own else []
            for part in own:
                said = f"  {part.octets}: {part.name} {part.value}".rstrip()
                lines.append(f"{said}. {part.note}" if part.note else said)
        return "\n".join(lines)

    def _summary(self) -> str:
        counts = [f"{len(self._streams[s])} octets of {self._names[s]}" for s in ("left", "right")]
        return f"{len(self._segments)} segments, {counts[0]}, {counts[1]}."


def _cells(octets: bytes) -> list[str]:
    return [f"{octet:02x}{glyph(octet)}" for octet in octets]
