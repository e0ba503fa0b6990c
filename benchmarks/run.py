"""A few speeds, each as a ratio to a peer measured in the same run: `make bench`.

A peer does the same work another way, in turns with ours, so that a slow machine slows both.
It asserts nothing; the figures are for the closing notes of a change.
"""

from __future__ import annotations

import argparse
import ipaddress
import json
import statistics
import struct
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from rich import box
from rich.console import Console
from rich.progress import track
from rich.table import Table

from wirelab.grading.course import Course
from wirelab.grading.quick import skip_uri_grammar
from wirelab.lab.embedded import EmbeddedNetwork
from wirelab.lab.network import Network, NetworkUnavailable
from wirelab.protocols import codec
from wirelab.protocols.segment import ACK, SYN, Flag, Segment

A, B = "10.0.0.1", "10.0.0.2"
HELLO = Segment(
    source_port=40000, destination_port=80, seq=7, flags=SYN, options=((2, b"\x05\xb4"),)
)


@dataclass
class Row:
    """One comparison: medians in milliseconds, and ours divided by the peer's."""

    what: str
    ours: str
    peer: str
    ours_ms: float
    peer_ms: float
    ratio: float


Work = Callable[[], object]


def compare(
    what: str, ours: tuple[str, Work], peer: tuple[str, Work], rounds: int, each: int
) -> Row:
    """Time both in turns, `each` calls a round; the first round warms up and does not count."""
    taken: dict[str, list[float]] = {"ours": [], "peer": []}
    for _ in range(rounds + 1):
        for side, work in (("ours", ours[1]), ("peer", peer[1])):
            start = time.perf_counter()
            for _ in range(each):
                work()
            taken[side].append((time.perf_counter() - start) * 1000 / each)
    medians = {side: statistics.median(times[1:]) for side, times in taken.items()}
    ratio = statistics.median(
        a / b for a, b in zip(taken["ours"][1:], taken["peer"][1:], strict=True)
    )
    return Row(what, ours[0], peer[0], medians["ours"], medians["peer"], ratio)


def checksum(octets: bytes) -> int:
    """RFC 1071 over the IPv4 pseudo-header and a segment; 0 over a segment that arrived whole."""
    pseudo = ipaddress.ip_address(A).packed + ipaddress.ip_address(B).packed
    covered = pseudo + struct.pack("!HH", 6, len(octets)) + octets + b"\0" * (len(octets) % 2)
    total = sum(struct.unpack(f"!{len(covered) // 2}H", covered))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF


def pack(segment: Segment) -> bytes:
    """The octets of a segment by `struct`, as one would write it for this one case."""
    options = b"".join(bytes((kind, 2 + len(value))) + value for kind, value in segment.options)
    ports = (segment.source_port, segment.destination_port)
    head = (*ports, segment.seq, segment.ack, (5 + len(options) // 4) << 4, segment.flags)
    octets = struct.pack("!HHIIBBHHH", *head, segment.window, 0, 0) + options + segment.data
    return octets[:16] + struct.pack("!H", checksum(octets)) + octets[18:]


def unpack(octets: bytes) -> Segment:
    """A segment from octets that the same way of writing would accept."""
    source, destination, seq, ack, offset, flags, window, _, _ = struct.unpack_from(
        "!HHIIBBHHH", octets
    )
    if checksum(octets):
        raise ValueError("wrong sum")
    options, at, end = [], 20, (offset >> 4) * 4
    while at < end:
        options.append((octets[at], octets[at + 2 : at + octets[at + 1]]))
        at += octets[at + 1]
    return Segment(
        source_port=source, destination_port=destination, seq=seq, ack=ack, flags=Flag(flags),
        window=window, options=tuple(options), data=octets[end:],
    )  # fmt: skip


def handshakes(network: Network) -> Work:
    """One opening towards a listening port of the peer, three segments, with each call."""
    port, wire = network.peer.listen(), network.wire()
    ports = iter(range(20000, 60000))

    def open_one() -> None:
        here = next(ports)
        wire.send(Segment(source_port=here, destination_port=port, seq=99, flags=SYN))
        answer = wire.receive(timeout_s=2.0)
        if answer is None or answer.flags != SYN | ACK:
            raise RuntimeError(f"no handshake: {answer}")
        wire.send(
            Segment(source_port=here, destination_port=port, seq=100, ack=answer.seq + 1, flags=ACK)
        )
        if (connection := network.peer.accept(port)) is None:
            raise RuntimeError("the peer has accepted nothing")
        connection.abort()
        wire.receive(timeout_s=2.0)

    return open_one


def make(kind: type[Network]) -> Work:
    """A network made and taken down."""
    return lambda: kind().close()


def lesson_builds(course: Course, topic_id: str) -> tuple[Work, Work]:
    """A whole build of a topic, and jupytext's plain conversion of the same text."""
    skip_uri_grammar()
    import jupytext

    from wirelab.authoring.build import build

    lesson = course.lesson(topic_id)
    out = Path(tempfile.gettempdir(), f"{topic_id}-bench.ipynb")

    def convert() -> None:
        jupytext.write(jupytext.read(lesson), out)
        out.unlink()

    return (lambda: build(course, topic_id, force=True, draft=True)), convert


def rows(rounds: int) -> Iterator[Callable[[], Row]]:
    """Each comparison as something to call."""
    octets = codec.encode(HELLO, A, B)
    if pack(HELLO) != octets or unpack(octets) != codec.decode(octets, A, B):
        raise RuntimeError("the peer of the codec does other work than the codec")
    yield lambda: compare(
        "octets of a SYN", ("codec (scapy)", lambda: codec.encode(HELLO, A, B)),
        ("struct by hand", lambda: pack(HELLO)), rounds, 100,
    )  # fmt: skip
    yield lambda: compare(
        "a SYN from octets", ("codec (scapy)", lambda: codec.decode(octets, A, B)),
        ("struct by hand", lambda: unpack(octets)), rounds, 100,
    )  # fmt: skip
    course = Course.find()
    ours, peer = lesson_builds(course, "12_handshake")
    yield lambda: compare(
        "build 12_handshake", ("wirelab build --force", ours), ("jupytext --to ipynb", peer), 3, 1
    )
    try:
        from wirelab.lab.kernel import KernelNetwork

        kernel = KernelNetwork()
    except NetworkUnavailable as refusal:
        Console(stderr=True).print(f"without the kernel network: {refusal}")
        return
    with kernel, EmbeddedNetwork() as embedded:
        both = ("embedded", handshakes(embedded)), ("kernel", handshakes(kernel))
        yield lambda: compare("a handshake, accept, reset", *both, rounds, 20)
    yield lambda: compare(
        "a network made, taken down", ("embedded", make(EmbeddedNetwork)),
        ("kernel", make(KernelNetwork)), rounds, 1,
    )  # fmt: skip


def main() -> None:
    """Measure, and print a table or, with --json, one object on the last line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="rounds a comparison (default 9)")
    parser.add_argument("--json", action="store_true", help="one JSON object on the last line")
    options = parser.parse_args()
    progress = Console(stderr=True)
    found = [
        row() for row in track(rows(options.rounds), "Measuring", console=progress, transient=True)
    ]
    if options.json:
        print(json.dumps({"rows": [asdict(row) for row in found]}))
        return
    table = Table(box=box.SIMPLE, padding=(0, 1, 0, 0))
    for column in ("what", "ours", "ms", "peer", "ms", "ours / peer"):
        table.add_column(column, justify="right" if column in ("ms", "ours / peer") else "left")
    for row in found:
        figures = f"{row.ours_ms:.3g}", f"{row.peer_ms:.3g}", f"{row.ratio:.3g}"
        table.add_row(row.what, row.ours, figures[0], row.peer, figures[1], figures[2])
    Console().print(table)


if __name__ == "__main__":
    main()
