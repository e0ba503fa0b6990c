"""Planted wrong answers of `00_start`, each with the sentence that cures it."""

import reference

from wirelab.grading.misconceptions import misconception


@misconception(
    of="octets_on_the_wire",
    rfc="RFC 3629 section 3",
    says="You counted characters. A character is one octet only in ASCII; in UTF-8 others take "
    "two, three or four.",
)
def counts_characters(text):
    return len(text)


@misconception(
    of="octets_on_the_wire",
    rfc="RFC 3629 section 3",
    says="You counted two octets for each character that is not ASCII. Many take three, and an "
    "emoji takes four.",
)
def two_for_each(text):
    return sum(1 if character.isascii() else 2 for character in text)


@misconception(
    of="octets_on_the_wire",
    rfc="RFC 3629 section 3",
    says="Characters outside ASCII are dropped before you count. Encode them, do not ignore them.",
)
def drops_what_it_cannot(text):
    return reference.octets_on_the_wire(text.encode("ascii", "ignore").decode())
