"""Wrong answers of the sample lesson."""

from wirelab.grading.misconceptions import misconception


@misconception(of="ether_type", says="The high octet comes first.")
def little_end_first(frame):
    return int.from_bytes(frame[12:14], "little")


@misconception(of="ether_type", says="Six and six octets come before it.")
def too_early(frame):
    return int.from_bytes(frame[:2], "big")


@misconception(of="ether_type", says="A short frame is refused.")
def takes_anything(frame):
    return int.from_bytes(frame[12:14].ljust(2, b"\0"), "big")


@misconception(of="tagged", says="0x8100 is the tag, 0x0800 is IPv4.")
def takes_ipv4(frame):
    return frame[12:14] == b"\x08\x00"


@misconception(of="tagged", says="Not every frame has a tag.")
def always(frame):
    return True


@misconception(of="tagged", says="Some frames have a tag.")
def never(frame):
    return False
