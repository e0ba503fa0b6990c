"""A frame that scapy built, for the tests of this folder."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # importlib mode adds no folder by itself


@pytest.fixture(scope="session")
def frame() -> bytes:
    """An Ethernet frame with a SYN-ACK that carries five options and five octets of data."""
    from scapy.layers.inet import IP, TCP
    from scapy.layers.l2 import Ether

    options = [("MSS", 1460), ("NOP", None), ("WScale", 7), ("SAckOK", b""), ("Timestamp", (9, 0))]
    tcp = TCP(sport=80, dport=40000, seq=300, ack=101, flags="SA", window=512, options=options)
    ip = IP(src="10.0.0.2", dst="10.0.0.1", flags="DF", tos=0xB9)
    return bytes(Ether(src="02:00:00:00:00:02", dst="02:00:00:00:00:01") / ip / tcp / b"hello")
