"""Reads a frame into layers and fields with their bit positions, by scapy's own field tables.

It draws nothing. Fields come in the order of the wire; a field with parts (control bits, options)
is followed by its parts, one level deeper.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass

from wirelab.protocols.segment import Flag
from wirelab.views.field_notes import (
    FIELDS,
    IN_HEX,
    LAYERS,
    TCP_FLAGS,
    TCP_OPTIONS,
    WORDED,
    WORDS,
)

# scapy warns of the host's missing routes while it loads; nothing here sends.
logging.getLogger("scapy.runtime").setLevel(logging.ERROR)

from scapy.layers.inet import TCP  # noqa: E402 - after the line above
from scapy.layers.inet6 import IPv6  # noqa: E402, F401 - binds IPv6 to its EtherType
from scapy.layers.l2 import Ether  # noqa: E402
from scapy.packet import NoPayload, Packet, Padding  # noqa: E402


@dataclass(frozen=True)
class Field:
    """A run of bits with a name: `first_bit` counts from the frame's first bit, `bits` its length.

    `depth` is 1 for a field of a header, 2 for a part of one; `layer` names the header.
    """

    layer: str
    name: str
    first_bit: int
    bits: int
    value: str
    note: str = ""
    depth: int = 1

    @property
    def octets(self) -> str:
        """The octets it touches, counted from 0: `12` or `12-13`."""
        first, last = self.first_bit // 8, (self.first_bit + self.bits - 1) // 8
        return str(first) if first == last else f"{first}-{last}"


def fields_of_frame(octets: bytes) -> list[Field]:
    """Return the fields of an Ethernet frame. What cannot be read is one field of data."""
    return list(_fields(octets, Ether))


def fields_of_segment(octets: bytes) -> list[Field]:
    """Return the fields of a bare TCP segment. What cannot be read is one field of data."""
    return list(_fields(octets, TCP))


def _fields(octets: bytes, first: type[Packet]) -> Iterator[Field]:
    try:
        layer = first(octets)
    except Exception:  # scapy's own, of many types, for octets that are too few or make no sense
        layer = NoPayload()
    at = 0
    while not isinstance(layer, NoPayload) and layer.name in LAYERS:
        fields = list(_header(layer, octets[at:], at * 8))
        if not fields:
            break
        yield from fields
        at = max((f.first_bit + f.bits) // 8 for f in fields)
        layer = layer.payload
    padding = 0
    if not isinstance(layer, NoPayload) and layer.haslayer(Padding):
        padding = len(layer[Padding].load)
    end = len(octets) - padding
    if at < end:
        yield _blob("Data", at, octets[at:end], "What the layers above carry.")
    if at < len(octets) and padding:
        note = "Fills the frame up to Ethernet's least length; no layer counts it."
        yield _blob("Padding", end, octets[end:], note)


def _blob(name: str, at: int, octets: bytes, note: str) -> Field:
    shown = "".join(chr(o) if 0x20 <= o < 0x7F else "." for o in octets[:24])
    count = "1 octet" if len(octets) == 1 else f"{len(octets)} octets"
    value = f"{count}: {shown}" + ("..." if len(octets) > 24 else "")
    return Field(name, name, at * 8, len(octets) * 8, value, note)


def _header(layer: Packet, octets: bytes, begin: int) -> Iterator[Field]:
    """Yield one header's fields: scapy reads each from what the one before has left."""
    title = LAYERS[layer.name][0]
    left: object = octets
    for description in layer.fields_desc:
        try:
            rest, value = description.getfield(layer, left)
        except Exception:  # cut short: scapy's own errors, of many types
            return
        first, after = begin + _read(octets, left), begin + _read(octets, rest)
        left = rest
        if after > first:
            field = Field(title, description.name, first, after - first, "")
            yield from _named(layer.name, field, value, octets[(first - begin) // 8 :])


def _read(octets: bytes, left: object) -> int:
    """Return how many bits scapy has consumed; within an octet it keeps (octets, bits used)."""
    rest, used = left if isinstance(left, tuple) else (left, 0)
    return (len(octets) - len(rest)) * 8 + used


def _named(layer: str, field: Field, value: object, octets: bytes) -> Iterator[Field]:
    """Yield the field under its RFC name, and its parts."""
    first = field.first_bit
    if (layer, field.name) == ("TCP", "flags"):
        # scapy still counts RFC 3540's bit, now historic, as a ninth flag: it is reserved again.
        yield _field(layer, "flags", field.layer, first + 1, 8, Flag(int(value) & 0xFF).names())
        for position, (name, note) in enumerate(TCP_FLAGS):
            bit = int(value) >> (7 - position) & 1
            said = "1 (set)" if bit else "0"
            yield Field(field.layer, name, first + 1 + position, 1, said, note, depth=2)
    elif (layer, field.name) == ("TCP", "reserved"):
        yield _field(layer, "reserved", field.layer, first, 4, str(octets[0] & 0x0F))
    elif (layer, field.name) == ("TCP", "options"):
        options = list(_options(field, octets[: field.bits // 8]))
        count = "1 option" if len(options) == 1 else f"{len(options)} options"
        yield _field(layer, "options", field.layer, first, field.bits, count)
        yield from options
    elif (layer, field.name) == ("IP", "tos"):
        yield _field(layer, "dscp", field.layer, first, 6, str(int(value) >> 2))
        yield _field(layer, "ecn", field.layer, first + 6, 2, str(int(value) & 3))
    else:
        said = _said(layer, field.name, value)
        yield _field(layer, field.name, field.layer, first, field.bits, said)


def _field(layer: str, scapy_name: str, title: str, first: int, bits: int, value: str) -> Field:
    name, note = FIELDS.get((layer, scapy_name), (scapy_name, ""))
    return Field(title, name, first, bits, value, note)


def _said(layer: str, name: str, value: object) -> str:
    """Return a value in words, never by this machine's own tables (as /etc/services)."""
    if (layer, name) == ("IP", "flags"):
        return ", ".join(word for bit, word in ((2, "DF"), (1, "MF")) if int(value) & bit) or "none"
    if isinstance(value, int):
        icmp = layer.startswith("ICMP")
        digits = f"0x{int(value):04x}" if name in IN_HEX and not icmp else str(int(value))
        if name in ("chksum", "cksum"):
            digits = f"0x{int(value):04x}"
        words = WORDS.get(WORDED.get((layer, name), ""), {})
        return f"{digits} ({words[value]})" if value in words else digits
    return str(value)


def _options(field: Field, octets: bytes) -> Iterator[Field]:
    """Yield the options one by one (RFC 9293 section 3.2); scapy gives no positions here."""
    at = 0
    while at < len(octets):
        kind = octets[at]
        length = 1 if kind in (0, 1) else octets[at + 1] if at + 1 < len(octets) else 0
        first = field.first_bit + at * 8
        name, note = TCP_OPTIONS.get(kind, (f"Option {kind}", ""))
        if length < 1 or (length < 2 and kind > 1) or at + length > len(octets):
            bits = (len(octets) - at) * 8
            yield Field(field.layer, name, first, bits, "malformed length", note, depth=2)
            return
        value = octets[at + 2 : at + length]
        if kind == 0:  # the list ends here; the padding belongs to it
            length = len(octets) - at
        said = str(int.from_bytes(value)) if len(value) in (1, 2) else value.hex(" ")
        if kind == 8 and len(value) == 8:
            said = f"{int.from_bytes(value[:4])}, echo {int.from_bytes(value[4:])}"
        yield Field(field.layer, name, first, length * 8, said, note, depth=2)
        at += length
