"""Draw the figures of `12_handshake` from the data of the lesson's own cells.

`reference` is the lesson's set-up; `FIGURES` maps a file name to its SVG. `wirelab draw`
writes them, and a test compares.
"""

import reference

from wirelab.views import FrameInspector, Ladder

SYN = reference.build_syn("10.9.0.2", "10.9.0.1", 40000, 80, 100, 65535, 1460, 7)

FIGURES = {
    "syn.svg": FrameInspector.of_segment(SYN).svg(),
    "handshake.svg": Ladder(
        reference.handshake, left="you", right="peer", left_state="CLOSED", right_state="LISTEN"
    ).svg(),
    "simultaneous.svg": Ladder(
        reference.crossing, left="you", right="peer", left_state="CLOSED", right_state="CLOSED"
    ).svg(),
}
