"""Octets of segments: the round trip, scapy's own octets, and what is refused."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wirelab.protocols.codec import decode, encode, layers
from wirelab.protocols.segment import ACK, SYN, Flag, Segment

steady = settings(deadline=None, derandomize=True)
V4, V6 = ("10.9.0.2", "10.9.0.1"), ("2001:db8::2", "2001:db8::1")


@st.composite
def options(draw: st.DrawFn) -> tuple[tuple[int, bytes], ...]:
    """Options that fit into the 40 octets there are."""
    chosen, room = [], 40
    for kind, value in draw(
        st.lists(st.tuples(st.integers(2, 255), st.binary(max_size=38)), max_size=8)
    ):
        if len(value) + 2 <= room:
            chosen.append((kind, value))
            room -= len(value) + 2
    return tuple(chosen)


segments = st.builds(
    Segment,
    source_port=st.integers(0, 2**16 - 1),
    destination_port=st.integers(0, 2**16 - 1),
    seq=st.integers(0, 2**32 - 1),
    ack=st.integers(0, 2**32 - 1),
    flags=st.integers(0, 255).map(Flag),
    window=st.integers(0, 2**16 - 1),
    options=options(),
    data=st.binary(max_size=100),
)
hosts = st.sampled_from([V4, V6])


@steady
@given(segments, hosts)
def test_decoding_undoes_encoding(segment, ends):
    assert decode(encode(segment, *ends), *ends) == segment


@steady
@given(segments, hosts, st.data())
def test_one_wrong_bit_is_never_a_different_segment(segment, ends, data):
    octets = bytearray(encode(segment, *ends))
    octets[data.draw(st.integers(0, len(octets) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(ValueError):
        decode(bytes(octets), *ends)


@steady
@given(st.binary(max_size=80), hosts)
def test_noise_is_refused_or_decoded_but_breaks_nothing(octets, ends):
    try:
        segment = decode(octets, *ends)
    except ValueError:
        return
    assert segment.data == octets[len(octets) - len(segment.data) :]


@pytest.mark.parametrize("ends", [V4, V6])
def test_octets_are_those_of_scapy(ends):
    scapy = layers()
    ip = scapy.IP if ends is V4 else scapy.IPv6
    theirs = scapy.TCP(
        sport=5000,
        dport=80,
        seq=7,
        ack=9,
        flags="SA",
        window=1000,
        options=[("MSS", 1460), ("WScale", 7)],
    )
    mine = Segment(
        source_port=5000,
        destination_port=80,
        seq=7,
        ack=9,
        flags=SYN | ACK,
        window=1000,
        options=((2, b"\x05\xb4"), (3, b"\x07")),
        data=b"odd",
    )
    whole = bytes(ip(src=ends[0], dst=ends[1]) / theirs / b"odd")
    assert encode(mine, *ends) == whole[-len(encode(mine, *ends)) :]
    assert decode(whole[40 if ends is V6 else 20 :], *ends) == mine


def sealed(octets: bytes) -> bytes:
    """Give octets, whatever they are, the right checksum, so that it is not what is refused."""
    scapy = layers()
    zeroed = octets[:16] + b"\0\0" + octets[18:]
    total = scapy.in4_chksum(6, scapy.IP(src=V4[0], dst=V4[1]), zeroed)
    return octets[:16] + total.to_bytes(2) + octets[18:]


def with_options(octets: bytes) -> bytes:
    padded = octets + bytes(-len(octets) % 4)
    header = encode(Segment(source_port=1, destination_port=2, seq=3), *V4)
    return sealed(header[:12] + bytes([(5 + len(padded) // 4) << 4]) + header[13:] + padded)


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        (b"", "20 octets"),
        (bytes(19), "20 octets"),
        (sealed(bytes(12) + b"\x40" + bytes(7)), "data offset says 16"),
        (sealed(bytes(12) + b"\x60" + bytes(7)), "data offset says 24"),
        (with_options(b"\x02\x00\x05\xb4"), "option 2 says 0"),
        (with_options(b"\x02\x01\x05\xb4"), "option 2 says 1"),
        (with_options(b"\x01\x01\x02\x04"), "option 2 says 4"),
        (with_options(b"\x01\x01\x01\x02"), "option 2 says 0"),
        (with_options(b"\x02\x04\x05\xb4")[:-1] + b"\xb5", "checksum"),
    ],
)
def test_malformed_octets_are_refused(octets, reason):
    with pytest.raises(ValueError, match=reason):
        decode(octets, *V4)


def test_padding_options_are_left_out():
    octets = with_options(b"\x01\x01\x04\x02" + b"\x01\x03\x03\x07" + b"\x00\x02\x63\x63")
    assert decode(octets, *V4).options == ((4, b""), (3, b"\x07"))


def test_wrong_addresses_fail_the_checksum():
    octets = encode(Segment(source_port=1, destination_port=2, seq=3), *V4)
    with pytest.raises(ValueError, match="checksum"):
        decode(octets, "10.9.0.3", "10.9.0.1")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("source_port", 2**16),
        ("destination_port", -1),
        ("seq", 2**32),
        ("ack", -1),
        ("window", 2**16),
        ("seq", 1.0),
        ("options", ((2, bytes(39)),)),
        ("options", ((1, b""),)),
        ("options", ((2, bytes(20)), (3, bytes(20)))),
        ("data", bytes(65516)),
    ],
)
def test_field_that_does_not_fit_is_refused(field, value):
    fields = {"source_port": 1, "destination_port": 2, "seq": 3} | {field: value}
    with pytest.raises(ValueError):
        encode(Segment(**fields), *V4)


def test_mixed_addresses_are_refused():
    with pytest.raises(ValueError, match="different IP versions"):
        encode(Segment(source_port=1, destination_port=2, seq=3), V4[0], V6[1])


def test_first_use_is_silent():
    program = (
        "from wirelab.protocols.codec import encode; "
        "from wirelab.protocols.segment import Segment; "
        "encode(Segment(source_port=1, destination_port=2, seq=3), '::1', '::2')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"", b"")


def test_scapy_is_loaded_on_first_use_only():
    program = "import sys, wirelab.lab, wirelab.protocols.codec; print('scapy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout == b"False\n"
