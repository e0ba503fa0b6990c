"""Which values cross between examiner and learner as plain values, and under which names.

Both ends build the same tables from the same code; nothing is looked up by a name that the other
end chose freely.
"""

from __future__ import annotations

import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import ipaddress
import socket
import sys
from collections.abc import Callable, Iterator
from typing import Any

MAX_FRAME = 16 << 20
MAX_NODES = 200_000
MAX_DEPTH = 40
MAX_INT_BYTES = 8192
MAX_DESCRIPTORS = 8

PLAIN = (bool, int, float, str, bytes, bytearray, list, tuple, dict, set, frozenset)
MUTABLE = (list, dict, bytearray, set)
TYPES = {kind.__name__: kind for kind in (*PLAIN, complex, type(None))}

# kind: what its constructor is to be given, as plain values
BUILT: dict[type, Callable[[Any], tuple]] = {
    complex: lambda x: (x.real, x.imag),
    range: lambda x: (x.start, x.stop, x.step),
    datetime.timedelta: lambda x: (x.days, x.seconds, x.microseconds),
    datetime.date: lambda x: (x.year, x.month, x.day),
    datetime.datetime: lambda x: (*x.timetuple()[:6], x.microsecond, _utc_offset(x)),
    decimal.Decimal: lambda x: (str(x),),
    fractions.Fraction: lambda x: (x.numerator, x.denominator),
    collections.Counter: lambda x: (dict(x),),
    collections.OrderedDict: lambda x: (list(x.items()),),
    collections.deque: lambda x: (list(x), x.maxlen),
    memoryview: lambda x: (bytes(x),),
    **{
        getattr(ipaddress, name): lambda x: (str(x),)
        for name in (
            "IPv4Address",
            "IPv6Address",
            "IPv4Network",
            "IPv6Network",
            "IPv4Interface",
            "IPv6Interface",
        )
    },
}
BUILT_NAMES = {kind.__name__: kind for kind in BUILT}

_OURS = ("wirelab.protocols", "wirelab.lab", "wirelab.servers")


def _utc_offset(moment: datetime.datetime) -> Any:
    offset = moment.utcoffset()
    return None if offset is None else offset.total_seconds()


def build(name: str, arguments: tuple) -> Any:
    """Make a value of one of the `BUILT` kinds; raises what its constructor raises."""
    kind = BUILT_NAMES[name]
    if kind is datetime.datetime:
        *parts, offset = arguments
        zone = None
        if offset is not None:
            zone = datetime.timezone(datetime.timedelta(seconds=offset))
        return kind(*parts, tzinfo=zone)
    if kind is decimal.Decimal and len(arguments[0]) > 1000:
        raise ValueError("a decimal number too long")
    return kind(*arguments)


def ours() -> dict[str, type]:
    """The dataclasses and enumerations of this package that are loaded, by a name of their own.

    Those of `socket` as well: its addresses are full of them.
    """
    found: dict[str, type] = {
        f"socket:{kind.__name__}": kind for kind in (socket.AddressFamily, socket.SocketKind)
    }
    for module_name, module in list(sys.modules.items()):
        if module_name.startswith(_OURS):
            for kind in _declared(vars(module), module_name):
                found[f"{module_name}:{kind.__qualname__}"] = kind
    return found


def given(names: dict[str, Any]) -> dict[str, type]:
    """The dataclasses and enumerations that a notebook's own given cells define."""
    return {f"__main__:{kind.__qualname__}": kind for kind in _declared(names, "__main__")}


def _declared(names: dict[str, Any], module: str) -> Iterator[type]:
    for value in list(names.values()):
        if isinstance(value, type) and value.__module__ == module and _by_value(value):
            yield value


def _by_value(kind: type) -> bool:
    return dataclasses.is_dataclass(kind) or issubclass(kind, enum.Enum)
