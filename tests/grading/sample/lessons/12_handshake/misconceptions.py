"""Planted wrong answers of the sample topic."""

from dataclasses import replace

import reference

from wirelab.grading.misconceptions import misconception
from wirelab.protocols.segment import ACK, SYN


@misconception(
    of="encode_name",
    says="The name has no end. The root has a name too, the empty label, and its length octet, 0, "
    "is how a reader knows where to stop.",
    rfc="RFC 1035 section 3.1",
)
def forgets_the_root(name):
    return reference.encode_name(name)[:-1]


@misconception(
    of="encode_name",
    says="A trailing dot is the root itself, not one more empty label.",
    rfc="RFC 1035 section 3.1",
)
def doubles_the_root(name):
    return reference.encode_name(name) + b"\0" * name.endswith(".")


@misconception(
    of="Door",
    says="The SYN itself takes one sequence number: acknowledge the number after it.",
    rfc="RFC 9293 section 3.4",
)
class acknowledges_the_syn(reference.Door):
    def knock(self, segment):
        return [replace(s, ack=s.ack - 1) if s.flags & SYN else s for s in super().knock(segment)]


@misconception(of="Door", says="A stray segment is answered with RST, not ignored.")
class ignores_strays(reference.Door):
    def knock(self, segment):
        return super().knock(segment) if segment.flags & SYN else []


@misconception(of="Door", says="The answer carries SYN as well: this side's number is new, too.")
class answers_without_syn(reference.Door):
    def knock(self, segment):
        return [replace(s, flags=ACK) if s.flags & SYN else s for s in super().knock(segment)]


@misconception(of="encode_name", says="Dots stay dots. On the wire a length stands for each.")
def keeps_the_dots(name):
    return name.encode()
