"""The frame inspector: a frame's octets and its fields, each lighting up the other.

It must not know where the octets come from.
"""

from __future__ import annotations

from dataclasses import asdict

import traitlets

from wirelab.views.dissection import Field, fields_of_frame, fields_of_segment
from wirelab.views.field_notes import LAYERS
from wirelab.views.frame_drawing import draw_frame
from wirelab.views.view import View, front_end


class FrameInspector(View):
    """A frame laid open: `FrameInspector(frame)`, or `FrameInspector.of_segment(octets)` for TCP.

    `octets` is an Ethernet frame without its check sequence. Octets that make no sense are shown
    as data. Raises TypeError for anything but octets and ValueError if there are none.
    """

    _esm = front_end("frame_inspector")

    octets = traitlets.List(traitlets.Unicode()).tag(sync=True)
    """The octets as two hexadecimal digits each."""
    fields = traitlets.List(traitlets.Dict()).tag(sync=True)
    """The fields of `dissection.Field`, in the order of the wire, and where their layer stands."""
    chosen = traitlets.Int(-1).tag(sync=True)
    """Index of the field that is lit up, -1 for none."""

    def __init__(self, octets: bytes, *, title: str = "") -> None:
        self._set_up(octets, fields_of_frame, title or "Ethernet frame, octets and fields")

    @classmethod
    def of_segment(cls, octets: bytes, *, title: str = "") -> FrameInspector:
        """Return the inspector of a bare TCP segment, header and data."""
        inspector = cls.__new__(cls)
        inspector._set_up(octets, fields_of_segment, title or "TCP segment, octets and fields")
        return inspector

    def _set_up(self, octets: bytes, read, title: str) -> None:
        if not isinstance(octets, (bytes, bytearray, memoryview)):
            raise TypeError(f"octets must be bytes, not {type(octets).__name__}")
        self._octets = bytes(octets)
        if not self._octets:
            raise ValueError("there are no octets to inspect")
        self._fields = tuple(read(self._octets))
        self._title = title
        standards = dict(LAYERS.values())
        super().__init__(
            octets=[f"{octet:02x}" for octet in self._octets],
            fields=[
                asdict(field) | {"octets": field.octets, "rfc": standards.get(field.layer, "")}
                for field in self._fields
            ],
            alternative=self.text(),
        )

    def select(self, name: str) -> None:
        """Light up the last field of that name, as `Window`. Raises ValueError if there is none."""
        found = [i for i, field in enumerate(self._fields) if field.name == name]
        if not found:
            names = ", ".join(dict.fromkeys(field.name for field in self._fields))
            raise ValueError(f"no field is called {name!r}; there are: {names}")
        self.chosen = found[-1]

    def svg(self) -> str:
        """Return octets and fields as an SVG file that needs nothing else."""
        return draw_frame(
            self._octets, self._fields, title=self._title, description=self._summary()
        )

    def text(self) -> str:
        """Return the fields layer by layer: octets touched, bits, name, value, explanation."""
        lines = [f"{self._title}. {self._summary()}"]
        layer = ""
        for field in self._fields:
            if field.layer != layer:
                layer = field.layer
                lines.append(f"{layer}:")
            lines.append(_line(field))
        return "\n".join(lines)

    def _summary(self) -> str:
        layers = dict.fromkeys(field.layer for field in self._fields)
        return f"{len(self._octets)} octets: {', '.join(layers)}."


def _line(field: Field) -> str:
    bits = "1 bit" if field.bits == 1 else f"{field.bits} bits"
    many = "octets" if "-" in field.octets else "octet"
    said = (
        f"{'  ' * field.depth}{field.name}, {many} {field.octets}, {bits}: {field.value or 'set'}"
    )
    return f"{said}. {field.note}" if field.note else said
