"""Values as octets and back: what may cross between the examiner and the learner's process.

The decoder meets hostile octets: it builds plain values of known kinds only, within bounds, and
calls nothing that the other side named. It knows no channels.
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
from wirelab.grading.examiner.kinds import MAX_DEPTH, MAX_FRAME, MAX_INT_BYTES, MAX_NODES

_U32, _I64, _F64 = struct.Struct("<I"), struct.Struct("<q"), struct.Struct("<d")
_FAMILIES = (socket.AF_INET, socket.AF_INET6, getattr(socket, "AF_UNIX", socket.AF_INET))


class Breach(Exception):
    """The other side sent what the rules do not allow."""


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
