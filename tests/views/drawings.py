"""Examples of every view, and a reader of their SVG, for the tests of this folder."""

from __future__ import annotations

from types import SimpleNamespace
from xml.etree import ElementTree as ET

from wirelab.protocols.segment import ACK, SYN, Segment
from wirelab.protocols.table import Transition
from wirelab.views import Arrow, HeightsCall

HANDSHAKE = (
    Arrow("left", "SYN seq=100", note="I count from 100.", time_s=0.0, left_state="SYN-SENT"),
    Arrow(
        "right",
        "SYN, ACK seq=300 ack=101",
        time_s=0.05,
        fate="lost",
        right_state="SYN-RECEIVED",
    ),
    Arrow(
        "right",
        "SYN, ACK seq=300 ack=101",
        time_s=1.05,
        left_state="ESTABLISHED",
        right_state="SYN-RECEIVED",
    ),
    Arrow("left", "ACK seq=101 ack=301", time_s=1.06, right_state="ESTABLISHED"),
)
DOOR = (
    Transition("open", "push", "creak", "closed", "House rule 1"),
    Transition("closed", "pull", "", "open", "House rule 2"),
    Transition("closed", "turn key", "click", "locked", "House rule 3"),
    Transition("closed", "knock", "", "closed", "House rule 4"),
    Transition("locked", "turn key", "click", "closed", "House rule 5"),
)
ROUNDS = [
    SimpleNamespace(waits={"door": "read"}, ready={"door": "read"}),
    SimpleNamespace(waits={"door": "read", "A": "read"}, ready={"A": "read"}),
    SimpleNamespace(waits={"door": "read", "A": "read, write"}, ready={"A": "write"}),
    SimpleNamespace(waits={"door": "read", "A": "read"}, ready={"A": "read"}),
    SimpleNamespace(waits={"door": "read"}, ready={"door": "read"}),
]
JAR = (
    [("a", "a=1; Path=/", "http://x.localhost/"), ("b", "b=2; Path=/b", "http://x.localhost/")],
    [
        ("you type", "GET http://x.localhost/b", ["b=2", "a=1"], {}),
        ("later", "GET http://y.localhost/", [], {"a": "another host", "b": "too old"}),
    ],
)
SYN_SEGMENT = Segment(source_port=40000, destination_port=80, seq=100, flags=SYN)
SYN_ACK = Segment(source_port=80, destination_port=40000, seq=300, ack=101, flags=SYN | ACK)
EXCHANGE = (
    HeightsCall("left", "connect", opens=True),
    HeightsCall("right", "accept", after=3, opened=True),
    HeightsCall("left", "send(2)", after=3, wrote=b"hi"),
    HeightsCall("right", "recv(1)", after=4, read=b"h"),
    HeightsCall("right", "recv(9)", after=4, read=b"i"),
    HeightsCall("left", "close", after=5, ends=True),
    HeightsCall("right", "recv(9)", after=6, read=b""),
)


def words(svg: str) -> str:
    """Return what is written in a drawing, one line per text element; it must be well-formed."""
    root = ET.fromstring(svg)
    texts = root.iter("{http://www.w3.org/2000/svg}text")
    return "\n".join("".join(text.itertext()) for text in texts)
