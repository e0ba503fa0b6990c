"""Octets back to values: plain ones of known kinds only, within bounds.

It meets hostile octets, and calls nothing that the other side named. It knows no channels.
"""

from __future__ import annotations

import dataclasses
import enum
import os
import socket
import stat
import struct
from collections.abc import Callable, Sequence
from typing import Any

from wirelab.grading.examiner import kinds
from wirelab.grading.examiner.kinds import MAX_DEPTH, MAX_INT_BYTES, MAX_NODES

_U32, _I64, _F64 = struct.Struct("<I"), struct.Struct("<q"), struct.Struct("<d")
_FAMILIES = (socket.AF_INET, socket.AF_INET6, getattr(socket, "AF_UNIX", socket.AF_INET))


class Breach(Exception):
    """The other side sent what the rules do not allow."""


class Decoder:
    """Reads the values of one frame; raises `Breach`, or what a wrong value makes Python raise."""

    def __init__(self, end: Any, octets: bytes, descriptors: list[int], kept: Sequence[Any] = ()):
        self.end = end
        self.octets, self.at, self.nodes = octets, 0, 0
        self.descriptors = descriptors
        self.kept = list(kept)
        self.handles: list[Any] = []
        self.path = ""

    def whole(self) -> Any:
        """The one value of the frame."""
        value = self.get(0)
        if self.at != len(self.octets) or self.descriptors:
            raise Breach("more in a frame than its value")
        return value

    def get(self, depth: int) -> Any:
        """Read one value."""
        self.nodes += 1
        if self.nodes > MAX_NODES or depth > MAX_DEPTH:
            raise Breach("a value too large or nested too deep")
        at = self.at
        self.at = at + 1
        if at >= len(self.octets):
            raise Breach("a frame that is too short")
        return _READ[self.octets[at]](self, depth)

    def number(self) -> int:
        at = self.at
        self.at = at + 4
        return _U32.unpack_from(self.octets, at)[0]

    def some(self) -> bytes:
        size = self.number()
        at = self.at
        self.at = at + size
        if self.at > len(self.octets):
            raise Breach("a frame that is too short")
        return self.octets[at : self.at]

    def items(self, depth: int) -> list[Any]:
        count = self.number()
        if count > len(self.octets) - self.at:
            raise Breach("a count that cannot be")
        return [self.get(depth + 1) for _ in range(count)]


def _read_into(make: Callable[[], Any], fill: Callable[[Any, list], None]) -> Callable:
    def read(decoder: Decoder, depth: int) -> Any:
        value = make()
        decoder.kept.append(value)
        fill(value, decoder.items(depth))
        return value

    return read


def _fill_dict(value: dict, items: list) -> None:
    if len(items) % 2:
        raise Breach("half an entry of a dictionary")
    value.update(zip(items[::2], items[1::2], strict=True))


def _read_int(decoder: Decoder, _: int) -> int:
    octets = decoder.some()
    if len(octets) > MAX_INT_BYTES:
        raise Breach("an integer too large")
    return int.from_bytes(octets, "little", signed=True)


def _read_small(decoder: Decoder, _: int) -> int:
    at = decoder.at
    decoder.at = at + 8
    return _I64.unpack_from(decoder.octets, at)[0]


def _read_float(decoder: Decoder, _: int) -> float:
    at = decoder.at
    decoder.at = at + 8
    return _F64.unpack_from(decoder.octets, at)[0]


def _read_bytearray(decoder: Decoder, _: int) -> bytearray:
    value = bytearray(decoder.some())
    decoder.kept.append(value)
    return value


def _read_fields(decoder: Decoder, depth: int) -> Any:
    kind = decoder.end.types[decoder.some().decode()]
    values, fields = decoder.get(depth + 1), dataclasses.fields(kind)
    if type(values) is not tuple or len(values) != len(fields):
        raise Breach("fields that do not fit their class")
    made = object.__new__(kind)
    for field, value in zip(fields, values, strict=True):
        object.__setattr__(made, field.name, value)
    return made


def _read_method(decoder: Decoder, depth: int) -> Any:
    target, name = decoder.get(depth + 1)
    return decoder.end.bound(target, name)


def _read_member(decoder: Decoder, depth: int) -> Any:
    kind, which = decoder.end.types[decoder.some().decode()], decoder.get(depth + 1)
    if not issubclass(kind, enum.Enum) or type(which) not in (int, str):
        raise Breach("no member of an enumeration")
    return kind(which) if issubclass(kind, int) else kind[which]


def _read_type(decoder: Decoder, _: int) -> Any:
    name = decoder.some().decode()
    return decoder.end.types.get(name) or kinds.TYPES[name]


def _read_socket(decoder: Decoder, depth: int) -> Any:
    descriptor = decoder.descriptors.pop(0)
    if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise Breach("a descriptor that is no socket")
    made = socket.socket(fileno=descriptor)
    if made.family not in _FAMILIES:
        made.close()
        raise Breach("a socket of another family")
    timeout = decoder.get(depth + 1)
    if timeout is not None and type(timeout) not in (int, float):
        raise Breach("no timeout")
    made.settimeout(timeout)
    return made


def _read_built(decoder: Decoder, depth: int) -> Any:
    return kinds.build(decoder.some().decode(), decoder.get(depth + 1))


def _read_named_tuple(decoder: Decoder, depth: int) -> Any:
    name = decoder.some().decode()
    fields, values = decoder.get(depth + 1)
    return decoder.end.named_tuple(name, fields)(*values)


def _read_packet(decoder: Decoder, depth: int) -> Any:
    from scapy import all as scapy

    packet = None
    for name, fields in decoder.get(depth + 1):
        kind = getattr(scapy, name) if type(name) is str else None
        if not (isinstance(kind, type) and issubclass(kind, scapy.Packet)):
            raise Breach("no layer of a packet")
        if not set(fields) <= {field.name for field in kind.fields_desc}:
            raise Breach("no field of a layer")
        packet = kind(**fields) if packet is None else packet / kind(**fields)
    return packet


def _unknown(_: Decoder, __: int) -> Any:
    raise Breach("octets that are no value")


_READ: list[Callable[[Decoder, int], Any]] = [_unknown] * 256
for _tag, _reader in {
    "N": lambda decoder, depth: None,
    ".": lambda decoder, depth: ...,
    "T": lambda decoder, depth: True,
    "F": lambda decoder, depth: False,
    "q": _read_small,
    "i": _read_int,
    "f": _read_float,
    "s": lambda decoder, depth: decoder.some().decode("utf-8", "surrogatepass"),
    "b": lambda decoder, depth: decoder.some(),
    "a": _read_bytearray,
    "t": lambda decoder, depth: tuple(decoder.items(depth)),
    "z": lambda decoder, depth: frozenset(decoder.items(depth)),
    "l": _read_into(list, list.extend),
    "e": _read_into(set, set.update),
    "d": _read_into(dict, _fill_dict),
    "B": lambda decoder, depth: decoder.kept[decoder.number()],
    "R": lambda decoder, depth: decoder.end.mine[decoder.number()],
    "M": _read_method,
    "D": _read_fields,
    "E": _read_member,
    "K": _read_type,
    "X": lambda decoder, depth: decoder.end.rebuild(decoder.get(depth + 1)),
    "S": _read_socket,
    "V": _read_built,
    "U": _read_named_tuple,
    "P": _read_packet,
    "H": lambda decoder, depth: decoder.end.imported(decoder.get(depth + 1), decoder),
}.items():
    _READ[ord(_tag)] = _reader
