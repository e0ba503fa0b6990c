"""Draw the figures of `13_teardown` from the data of the lesson's own cells.

`reference` is the lesson's set-up; `FIGURES` maps a file name to its SVG. `wirelab draw`
writes them, and a test compares.
"""

import reference

from wirelab.views import Ladder

BOTH_OPEN = dict(left="you", right="peer", left_state="ESTABLISHED", right_state="ESTABLISHED")

FIGURES = {
    "four_way.svg": Ladder(reference.four_way, **BOTH_OPEN).svg(),
    "simultaneous.svg": Ladder(reference.crossing, **BOTH_OPEN).svg(),
}
