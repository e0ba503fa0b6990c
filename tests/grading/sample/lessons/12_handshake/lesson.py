# ---
# wirelab: {title: Names, minutes: 5, builds_on: []}
# ---

# %% [markdown] role="given" id="names-intro"
# # Names on the wire

# %% role="given" id="names-setup"
from wirelab.grading.checks import Checks, step
from wirelab.protocols.segment import ACK, RST, SYN, Segment

check = Checks("12_handshake")

# %% [markdown] role="given" id="encode-brief"
# ### Exercise 1: a name on the wire
# Write `encode_name(name: str) -> bytes`.


# %% role="answer" id="encode-answer"
def encode_name(name):
    """Encode a name."""
    ### BEGIN SOLUTION
    labels = [label for label in name.split(".") if label]
    return b"".join(bytes([len(label)]) + label.encode() for label in labels) + b"\0"
    ### END SOLUTION


# %% [markdown] role="hint" id="encode-hint-1"
# Write the octets down by hand first.

# %% [markdown] role="hint" id="encode-hint-2"
# Split at the dots.

# %% [markdown] role="hint" id="encode-hint-3"
# Three lines.

# %% role="test" id="encode-test-example" points=1
check(
    encode_name,
    "example.com",
    expected=b"\x07example\x03com\0",
    rule="Each label as one length octet and its octets, then the empty label.",
    rfc="RFC 1035 section 3.1",
)

# %% role="test" id="encode-test-many" points=2
### BEGIN HIDDEN TESTS
check.each(
    encode_name,
    ["a.b", "a.b.", "xn.org", "wire"],
    expected=[b"\1a\1b\0", b"\1a\1b\0", b"\2xn\3org\0", b"\4wire\0"],
    rule="A trailing dot changes nothing.",
)
### END HIDDEN TESTS
assert callable(encode_name)

# %% [markdown] role="given" id="door-brief"
# ### Exercise 2: a door
# Write the class `Door(isn)`: `knock(segment)` answers a SYN with a SYN-ACK.


# %% role="answer" id="door-answer"
class Door:
    """A passive opener."""

    def __init__(self, isn):
        self.state = "LISTEN"
        self.isn = isn

    def knock(self, segment):
        ### BEGIN SOLUTION
        ports = {"source_port": segment.destination_port, "destination_port": segment.source_port}
        if not segment.flags & SYN:
            return [Segment(**ports, seq=segment.ack, flags=RST)]
        self.state = "SYN-RECEIVED"
        return [Segment(**ports, seq=self.isn, ack=segment.seq + 1, flags=SYN | ACK)]
        ### END SOLUTION


# %% [markdown] role="hint" id="door-hint-1"
# What counts?

# %% [markdown] role="hint" id="door-hint-2"
# Look at the flags.

# %% [markdown] role="hint" id="door-hint-3"
# One `if`.


# %% role="test" id="door-test-syn" points=2
@check.test
def _():
    syn = Segment(source_port=40000, destination_port=80, seq=300, flags=SYN)
    wanted = {"seq": 100, "ack": 301, "flags": SYN | ACK}
    check.script(
        Door,
        start={"isn": 100},
        steps=[step("knock", syn, sends=[wanted], state="SYN-RECEIVED")],
        rule="A SYN takes one sequence number.",
        rfc="RFC 9293 section 3.4",
    )


# %% role="test" id="door-test-stray" points=1
### BEGIN HIDDEN TESTS
@check.test
def _():
    stray = Segment(source_port=40000, destination_port=80, seq=300, ack=7, flags=ACK)
    steps = [step("knock", stray, sends=[{"seq": 7, "flags": RST}])]
    check.script(Door, start={"isn": 100}, steps=steps)


### END HIDDEN TESTS
assert callable(Door)
