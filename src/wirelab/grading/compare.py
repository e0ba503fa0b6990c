"""Plain values: what a learner's result is turned into before anything is compared.

It never asks the result: no `__eq__`, `__hash__`, `__len__` or `__iter__` of a learner's class is
called where the built-in one will do. It knows neither checks nor messages.
"""

from __future__ import annotations

import collections
import dataclasses
import enum
import ipaddress
import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

MAX_DEPTH = 40
MAX_ITEMS = 200_000

# For a kind of object that stands for one in another process: what that one consists of, as
# ("record", name, [(field, value), ...]), ("value", name, value) or ("opaque", name, None).
elsewhere: dict[type, Callable[[Any], tuple]] = {}


@dataclass(frozen=True)
class Record:
    """A dataclass, named tuple, enum member or exception, as its type's name and its fields."""

    name: str
    fields: tuple[tuple[str, Any], ...]
    is_tuple: bool = False


@dataclass(frozen=True)
class Table:
    """A dictionary, as its entries sorted by key."""

    entries: tuple[tuple[Any, Any], ...]


@dataclass(frozen=True)
class Group:
    """A set, as its sorted members."""

    members: tuple[Any, ...]


@dataclass(frozen=True)
class Opaque:
    """A value that cannot be looked into; it equals nothing, not even itself."""

    name: str


def plain(value: Any, renamed: dict[str, str] | None = None) -> Any:
    """Turn `value` into plain values that can be compared, shown and digested.

    Bytes-like objects become `bytes`; an iterator counts as the list of its items (and is used up);
    `IntFlag` and `IntEnum` become `int`; a dataclass or named tuple becomes a `Record` named after
    its type (`renamed` maps such names). What is none of these becomes `Opaque`.
    """
    return _Normaliser(renamed or {}).turn(value, 0)


class _Normaliser:
    def __init__(self, renamed: dict[str, str]):
        self.renamed = renamed
        self.items_left = MAX_ITEMS

    def turn(self, value: Any, depth: int) -> Any:
        # type(value), not isinstance: a `__class__` property can lie to isinstance.
        kind = type(value)
        self.items_left -= 1
        if depth > MAX_DEPTH or self.items_left < 0:
            return Opaque(f"{kind.__name__}, too deep or too large")
        if value is None or kind in (bool, int, str, bytes, float):
            return value
        if kind in elsewhere:
            form, name, consists = elsewhere[kind](value)
            if form == "record":
                return self._record(name, consists, depth + 1)
            return self.turn(consists, depth + 1) if form == "value" else Opaque(name)
        for base, turn in _TURNS:
            if issubclass(kind, base):
                return turn(self, value, depth + 1)
        if "__dataclass_fields__" in vars(kind) or dataclasses.is_dataclass(kind):
            return self._fields(value, dataclasses.fields(kind), depth + 1)
        if kind.__module__.partition(".")[0] == "numpy" and hasattr(kind, "__index__"):
            return int(value)
        if ("scapy.packet", "Packet") in (
            (base.__module__, base.__name__) for base in kind.__mro__
        ):
            return Record("Packet", (("octets", bytes(value)),))
        return Opaque(kind.__name__)

    def _fields(self, value: Any, fields: Any, depth: int) -> Record:
        named = (
            (field.name, getattr(value, field.name, None)) for field in fields if field.compare
        )
        return self._record(type(value).__name__, named, depth)

    def _record(self, name: str, named: Any, depth: int, is_tuple: bool = False) -> Record:
        fields = tuple((field, self.turn(item, depth)) for field, item in named)
        return Record(self.renamed.get(name, name), fields, is_tuple)

    def member(self, value: enum.Enum, depth: int) -> Any:
        raw = value._value_
        if issubclass(type(value), int):
            return int.__index__(value)
        if issubclass(type(value), str):
            return str.__getitem__(value, slice(None))
        return self._record(type(value).__name__, [("value", raw)], depth)

    def octets(self, value: Any, depth: int) -> bytes:
        return bytes(memoryview(value))

    def sequence(self, value: Any, depth: int) -> list:
        items = next(b for b in (list, collections.deque, range) if issubclass(type(value), b))
        return [self.turn(item, depth) for item in items.__iter__(value)]

    def row(self, value: Any, depth: int) -> Any:
        items = tuple.__iter__(value)
        names = getattr(type(value), "_fields", None)
        if names is not None:
            return self._record(type(value).__name__, zip(names, items, strict=False), depth, True)
        return tuple([self.turn(item, depth) for item in items])

    def iterator(self, value: Any, depth: int) -> list:
        items = itertools.islice(value, max(self.items_left, 0) + 1)
        return [self.turn(item, depth) for item in items]

    def table(self, value: Any, depth: int) -> Table:
        entries = [(self.turn(k, depth), self.turn(v, depth)) for k, v in dict.items(value)]
        return Table(tuple(sorted(entries, key=lambda entry: canonical(entry[0]))))

    def group(self, value: Any, depth: int) -> Group:
        base = set if issubclass(type(value), set) else frozenset
        members = [self.turn(member, depth) for member in base.__iter__(value)]
        return Group(tuple(sorted(members, key=canonical)))

    def error(self, value: BaseException, depth: int) -> Record:
        return Record(type(value).__name__, (("message", str(value)),))

    def address(self, value: Any, depth: int) -> Record:
        return Record(type(value).__name__, (("value", str(value)),))


_TURNS = (
    (enum.Enum, _Normaliser.member),
    (int, lambda self, value, depth: int.__add__(value, 0)),
    (float, lambda self, value, depth: float.__add__(value, 0.0)),
    (str, lambda self, value, depth: str.__getitem__(value, slice(None))),
    ((bytes, bytearray, memoryview), _Normaliser.octets),
    (tuple, _Normaliser.row),
    ((list, collections.deque, range), _Normaliser.sequence),
    (dict, _Normaliser.table),
    ((set, frozenset), _Normaliser.group),
    (BaseException, _Normaliser.error),
    (
        (
            ipaddress.IPv4Address,
            ipaddress.IPv6Address,
            ipaddress.IPv4Network,
            ipaddress.IPv6Network,
        ),
        _Normaliser.address,
    ),
    # dict views and the built-in iterators; a learner's own iterator class counts as well
    ((type({}.keys()), type({}.values()), type({}.items()), Iterator), _Normaliser.iterator),
)


def same(expected: Any, got: Any) -> bool:
    """Whether two plain values are the same: lists equal tuples, an int is a valid float."""
    return first_difference(expected, got) is None


@dataclass(frozen=True)
class Difference:
    """Where two plain values first differ: a path such as `[2].flags`, and what stands there."""

    path: str
    expected: Any
    got: Any


MISSING = Opaque("nothing")


def first_difference(expected: Any, got: Any, path: str = "") -> Difference | None:
    """Find the first place where two plain values differ; `None` if they are the same."""
    here = Difference(path, expected, got)
    if isinstance(expected, Opaque) or isinstance(got, Opaque):
        return here
    if isinstance(expected, float) and isinstance(got, (int, float)):
        equal = math.isclose(expected, got, rel_tol=1e-9) or (expected != expected and got != got)
        return None if equal else here
    if isinstance(expected, int) and isinstance(got, int):
        return None if expected == got else here
    if isinstance(expected, (list, tuple)):
        if isinstance(got, Record) and got.is_tuple:
            got = tuple(value for _, value in got.fields)
        if not isinstance(got, (list, tuple)):
            return here
        return _in_items(
            list(enumerate(expected)), list(enumerate(got)), lambda at: f"{path}[{at}]"
        )
    if type(expected) is not type(got):
        return here
    if isinstance(expected, Table):
        return _in_entries(expected.entries, got.entries, path)
    if isinstance(expected, Record):
        if expected.name != got.name or [n for n, _ in expected.fields] != [
            n for n, _ in got.fields
        ]:
            return here
        return _in_items(expected.fields, got.fields, lambda name: f"{path}.{name}")
    if isinstance(expected, Group):
        alike = len(expected.members) == len(got.members) and all(
            same(a, b) for a, b in zip(expected.members, got.members, strict=True)
        )
        return None if alike else here
    return None if expected == got else here


def _in_items(expected: Any, got: Any, path_of: Callable) -> Difference | None:
    for left, right in itertools.zip_longest(expected, got):
        place = path_of((left or right)[0])
        if left is None or right is None:
            a, b = (MISSING if left is None else left[1], MISSING if right is None else right[1])
            return Difference(place, a, b)
        if found := first_difference(left[1], right[1], place):
            return found
    return None


def _in_entries(expected: Any, got: Any, path: str) -> Difference | None:
    theirs = {canonical(key): value for key, value in got}
    for key, value in expected:
        place = f"{path}[{key!r}]"
        other = theirs.pop(canonical(key), MISSING)
        if found := first_difference(value, other, place):
            return found
    for key, value in got:
        if canonical(key) in theirs:
            return Difference(f"{path}[{key!r}]", MISSING, value)
    return None


def canonical(value: Any) -> str:
    """Write a plain value down so that values that are the same read the same (see `same`)."""
    match value:
        case bool():
            return repr(int(value))
        case float() if value.is_integer():
            return repr(int(value))
        case list() | tuple():
            return "[" + ",".join(map(canonical, value)) + "]"
        case Record():
            fields = ",".join(f"{name}={canonical(item)}" for name, item in value.fields)
            return f"{value.name}({fields})"
        case Table():
            pairs = ",".join(f"{canonical(k)}:{canonical(v)}" for k, v in value.entries)
            return "{" + pairs + "}"
        case Group():
            return "{" + ",".join(map(canonical, value.members)) + "}"
        case _:
            return repr(value)
