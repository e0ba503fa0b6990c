"""Fields of frames and segments, their bit positions, and the inspector's forms."""

from __future__ import annotations

import pytest
from drawings import words

from wirelab.views import FrameInspector
from wirelab.views.dissection import fields_of_frame, fields_of_segment


def by_name(octets: bytes) -> dict[str, object]:
    return {f"{field.layer}/{field.name}": field for field in fields_of_frame(octets)}


def test_fields_stand_where_the_headers_have_them(frame):
    fields = by_name(frame)
    places = {
        "Ethernet/EtherType": (96, 16, "0x0800 (IPv4)"),
        "IPv4/Header length": (116, 4, "5"),
        "IPv4/DSCP": (120, 6, "46"),
        "IPv4/ECN": (126, 2, "1"),
        "IPv4/Flags": (160, 3, "DF"),
        "IPv4/Source address": (208, 32, "10.0.0.2"),
        "TCP/Source port": (272, 16, "80"),
        "TCP/Sequence number": (304, 32, "300"),
        "TCP/Reserved": (372, 4, "0"),
        "TCP/Control bits": (376, 8, "SYN, ACK"),
        "TCP/SYN": (382, 1, "1 (set)"),
        "TCP/Window scale": (472, 24, "7"),
        "TCP/Timestamps": (512, 80, "9, echo 0"),
        "Data/Data": (592, 40, "5 octets: hello"),
    }
    for name, expected in places.items():
        field = fields[name]
        assert (field.first_bit, field.bits, field.value) == expected, name


def test_each_bit_belongs_to_one_field_however_much_is_cut_off(frame):
    for read, whole in ((fields_of_frame, frame), (fields_of_segment, frame[34:])):
        for length in range(1, len(whole) + 1):
            at = 0
            for field in (field for field in read(whole[:length]) if field.depth == 1):
                assert field.first_bit == at
                at += field.bits
            assert at == 8 * length


def test_nonsense_is_data():
    assert [field.name for field in fields_of_segment(b"\xff" * 7)] == ["Data"]


def test_options_that_claim_too_much_are_said_to_be_malformed(frame):
    segment = bytearray(frame[34:])
    segment[21] = 99  # the length octet of the first option
    options = [field for field in fields_of_segment(bytes(segment)) if field.depth == 2]
    assert options[-1].value == "malformed length"


def test_padding_of_a_short_frame_is_no_data():
    from scapy.layers.l2 import ARP, Ether

    arp = bytes(Ether(dst="ff:ff:ff:ff:ff:ff") / ARP(psrc="10.0.0.1", pdst="10.0.0.2"))
    last = fields_of_frame(arp.ljust(60, b"\0"))[-1]
    assert (last.name, last.octets) == ("Padding", "42-59")


def test_forms_show_every_octet_and_field(frame):
    inspector = FrameInspector(frame)
    seen = words(inspector.svg()).splitlines()
    assert [word for word in seen if len(word) == 2 and word == word.lower()].count("ff") == 0
    for expected in ("Ethernet", "IPv4", "TCP", "Sequence number", "300", "Window scale", "6f"):
        assert expected in seen
    said = inspector.text()
    for field in fields_of_frame(frame):
        assert field.name in said
        assert field.note in said
    assert inspector.octets == [f"{octet:02x}" for octet in frame]


def test_segment_needs_no_frame(frame):
    inspector = FrameInspector.of_segment(frame[34:])
    assert "Ethernet" not in inspector.text()
    assert "Source port, octets 0-1, 16 bits: 80." in inspector.text()


def test_equal_frames_give_equal_files(frame):
    assert FrameInspector(frame).svg() == FrameInspector(bytearray(frame)).svg()


def test_select_lights_a_field_up_and_names_those_there_are(frame):
    inspector = FrameInspector(frame)
    inspector.select("Window")
    assert inspector.fields[inspector.chosen]["name"] == "Window"
    with pytest.raises(ValueError, match="Window scale"):
        inspector.select("Widnow")


@pytest.mark.parametrize(("octets", "error"), [(b"", ValueError), ("00", TypeError)])
def test_what_is_no_frame_is_refused(octets, error):
    with pytest.raises(error, match="octets"):
        FrameInspector(octets)
