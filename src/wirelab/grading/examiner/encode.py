"""Values as octets: what may cross between the examiner and the learner's process.

What is not a plain value crosses as a number that stands for it. It knows no channels.
"""

from __future__ import annotations

import dataclasses
import enum
import socket
import struct
from collections.abc import Callable, Sequence
from typing import Any

from wirelab.grading.examiner import kinds
from wirelab.grading.examiner.kinds import MAX_DEPTH, MAX_FRAME

_U32, _I64, _F64 = struct.Struct("<I"), struct.Struct("<q"), struct.Struct("<d")


class Encoder:
    """Appends values to `out`; mutable ones are noted in `kept`, so that changes can go back.

    `end` is the `Peer` whose objects these are.
    """

    def __init__(self, end: Any, kept: Sequence[Any] = ()):
        self.end = end
        self.out = bytearray()
        self.descriptors: list[int] = []
        self.kept = list(kept)
        self.memo = {id(value): i for i, value in enumerate(self.kept)}
        self.alive: list[Any] = []  # or an id could be used again

    def put(self, value: Any, depth: int = 0) -> None:
        """Write one value; raises `ValueError` if it is too large or nested too deep."""
        write = _WRITE.get(type(value))
        if write is not None:
            write(self, value, depth)
        else:
            self._other(value, depth)

    def octets(self, tag: bytes, octets: bytes) -> None:
        self.out += tag + _U32.pack(len(octets))
        self.out += octets

    def row(self, tag: bytes, items: Sequence[Any], depth: int) -> None:
        if depth > MAX_DEPTH:
            raise ValueError("a value is nested too deep to be passed")
        if len(self.out) > MAX_FRAME:
            raise ValueError("a value is too large to be passed")
        self.out += tag + _U32.pack(len(items))
        for item in items:
            write = _WRITE.get(type(item))
            if write is not None:
                write(self, item, depth + 1)
            else:
                self._other(item, depth + 1)

    def seen(self, value: Any) -> bool:
        """Whether a mutable value stands in the frame already; if not, it is noted now."""
        at = self.memo.get(id(value))
        if at is None:
            self.memo[id(value)] = len(self.kept)
            self.kept.append(value)
            return False
        self.out += b"B" + _U32.pack(at)
        return True

    def named(self, tag: bytes, name: str, value: Any, depth: int) -> None:
        self.octets(tag, name.encode())
        self.alive.append(value)
        self.put(value, depth + 1)

    def _other(self, value: Any, depth: int) -> None:
        kind, end = type(value), self.end
        name = end.type_names.get(kind)
        number = end.number_of(value)
        if number is not None:
            self.out += b"R" + _U32.pack(number)
        elif method := end.method_of(value):
            self.out += b"M"
            self.put(method, depth + 1)
        elif isinstance(value, BaseException):
            self.out += b"X"
            self.put(end.describe(value), depth + 1)
        elif name is not None and issubclass(kind, enum.Enum):
            by_value = issubclass(kind, int)
            self.named(b"E", name, int(value) if by_value else value.name, depth)
        elif name is not None:
            fields = tuple(getattr(value, field.name) for field in dataclasses.fields(kind))
            self.named(b"D", name, fields, depth)
        elif kind in kinds.BUILT:
            self.named(b"V", kind.__name__, kinds.BUILT[kind](value), depth)
        elif kind is type and value in kinds.PLAIN:
            self.octets(b"K", value.__name__.encode())
        elif isinstance(value, type) and value in end.type_names:
            self.octets(b"K", end.type_names[value].encode())
        elif isinstance(value, socket.socket):
            self.descriptors.append(value.fileno())
            self.alive.append(value)
            self.out += b"S"
            self.put(value.gettimeout(), depth)
        elif isinstance(value, tuple) and hasattr(kind, "_fields"):
            self.named(b"U", kind.__name__, (tuple(kind._fields), tuple(value)), depth)
        elif layers := packet_layers(value):
            self.out += b"P"
            self.alive.append(layers)
            self.put(layers, depth + 1)
        elif (plain := end.plain_base(value)) is not None:
            self.alive.append(plain)
            self.put(plain, depth)
        else:
            self.out += b"H"
            self.put(end.export(value), depth + 1)


def packet_layers(value: Any) -> list[tuple[str, dict[str, Any]]]:
    """A scapy packet as its layers and the fields that are set: unset ones stay unset."""
    kind = type(value)
    if not kind.__module__.startswith("scapy.") or not hasattr(kind, "fields_desc"):
        return []
    layers = []
    while type(value).__name__ != "NoPayload":
        fields = {key: getattr(each, "value", each) for key, each in value.fields.items()}
        layers.append((type(value).__name__, fields))
        value = value.payload
    return layers


def _row_writer(tag: bytes, items: Callable[[Any], Sequence[Any]]) -> Callable:
    def write(encoder: Encoder, value: Any, depth: int) -> None:
        if not encoder.seen(value):
            encoder.row(tag, items(value), depth)

    return write


def _int(encoder: Encoder, value: int, _: int) -> None:
    if -(1 << 63) <= value < 1 << 63:
        encoder.out += b"q" + _I64.pack(value)
    else:
        octets = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
        encoder.octets(b"i", octets)


def _bytearray(encoder: Encoder, value: bytearray, _: int) -> None:
    if not encoder.seen(value):
        encoder.octets(b"a", bytes(value))


def _append(tag: bytes) -> Callable:
    def write(encoder: Encoder, _: Any, __: int) -> None:
        encoder.out += tag

    return write


def _bool(encoder: Encoder, value: bool, _: int) -> None:
    encoder.out += b"T" if value else b"F"


def _float(encoder: Encoder, value: float, _: int) -> None:
    encoder.out += b"f" + _F64.pack(value)


_WRITE: dict[type, Callable[[Encoder, Any, int], None]] = {
    type(None): _append(b"N"),
    type(...): _append(b"."),
    bool: _bool,
    int: _int,
    float: _float,
    str: lambda e, value, _: e.octets(b"s", value.encode("utf-8", "surrogatepass")),
    bytes: lambda e, value, _: e.octets(b"b", value),
    tuple: lambda e, value, depth: e.row(b"t", value, depth),
    frozenset: lambda e, value, depth: e.row(b"z", list(value), depth),
    list: _row_writer(b"l", lambda value: value),
    set: _row_writer(b"e", list),
    dict: _row_writer(b"d", lambda value: [each for pair in value.items() for each in pair]),
    bytearray: _bytearray,
}
