"""Octets taken apart into named fields by scapy, to say which field of two packets differs.

It knows nothing of checks; scapy is imported on first use only.
"""

from __future__ import annotations

import contextlib
import io
import logging
from typing import Any

from wirelab.protocols.segment import Flag

VIEWS = ("segment", "packet", "frame")

# scapy's short names, in the words of the RFCs
_NAMES = {
    ("TCP", "sport"): "source port",
    ("TCP", "dport"): "destination port",
    ("TCP", "dataofs"): "data offset",
    ("TCP", "chksum"): "checksum",
    ("TCP", "urgptr"): "urgent pointer",
    ("IP", "ihl"): "header length",
    ("IP", "tos"): "type of service",
    ("IP", "len"): "total length",
    ("IP", "id"): "identification",
    ("IP", "frag"): "fragment offset",
    ("IP", "ttl"): "time to live",
    ("IP", "proto"): "protocol",
    ("IP", "chksum"): "header checksum",
    ("IP", "src"): "source address",
    ("IP", "dst"): "destination address",
    ("IPv6", "tc"): "traffic class",
    ("IPv6", "fl"): "flow label",
    ("IPv6", "plen"): "payload length",
    ("IPv6", "nh"): "next header",
    ("IPv6", "hlim"): "hop limit",
    ("IPv6", "src"): "source address",
    ("IPv6", "dst"): "destination address",
    ("Ethernet", "src"): "source address",
    ("Ethernet", "dst"): "destination address",
    ("Ethernet", "type"): "EtherType",
}
_AS_HEX = {"chksum", "type"}


def flag_names(flags: Any) -> str:
    """The control bits by name: `SYN, ACK`."""
    try:
        return Flag(flags).names()
    except (ValueError, TypeError):
        return repr(flags)


def compare(view: str, expected: bytes, got: bytes) -> list[tuple[str, str, str]]:
    """The fields that differ as (name, expected, yours); empty when scapy finds no header."""
    left, right = fields(view, expected), fields(view, got)
    if not left or not right:
        return []
    names = list(dict.fromkeys([*left, *right]))
    rows = [(name, left.get(name, "none"), right.get(name, "none")) for name in names]
    return [row for row in rows if row[1] != row[2]]


def fields(view: str, octets: bytes) -> dict[str, str]:
    """Field names and values as text, layer after layer; empty when there is no whole header."""
    shortest = {"segment": 20, "packet": 20, "frame": 14}[view]
    if len(octets) < shortest:
        return {}
    try:
        packet = _first_layer(view, octets)(octets)
        return _walk(packet)
    except Exception:
        return {}


def _first_layer(view: str, octets: bytes) -> Any:
    with contextlib.redirect_stderr(io.StringIO()):
        logging.getLogger("scapy.runtime").setLevel(logging.ERROR)
        from scapy.layers.inet import IP, TCP
        from scapy.layers.inet6 import IPv6
        from scapy.layers.l2 import Ether
    if view == "frame":
        return Ether
    if view == "packet":
        return IPv6 if octets[0] >> 4 == 6 else IP
    return TCP


def _walk(packet: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    layer = packet
    while layer:
        kind = type(layer).__name__
        label = {"Ether": "Ethernet"}.get(kind, layer.name if kind != "TCP" else "TCP")
        prefix = "" if layer is packet else f"{label} "
        if label in ("Raw", "Padding"):
            found["data" if label == "Raw" else "padding"] = repr(layer.load)
            break
        for description in layer.fields_desc:
            name = description.name
            value = layer.getfieldval(name)
            found[prefix + _NAMES.get((label, name), name)] = _text(kind, name, value)
        layer = layer.payload
    return found


def _text(kind: str, name: str, value: Any) -> str:
    if kind == "TCP" and name == "flags":
        return flag_names(int(value))
    if name in _AS_HEX and isinstance(value, int):
        return f"0x{value:04x}"
    if name == "options":
        return ", ".join(_option(option) for option in value) or "none"
    return str(value)


def _option(option: Any) -> str:
    name, value = option if isinstance(option, tuple) else (option, None)
    return str(name) if value in (None, b"") else f"{name} {value}"
