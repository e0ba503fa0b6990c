"""Draw the figures of `15_c10k`: an event loop's rounds, and what connections cost.

`reference` is the lesson's set-up; the costs are one measurement on two processors under Linux,
written down, since a figure is the same each time.
"""

import reference

from wirelab.views import LoopRounds
from wirelab.views.plots import Panel, Plot

# connections: (KiB grown since empty, ms until 99 % are answered)
MEASURED = {
    "threads": {10: (116, 1.1), 100: (1928, 14.0), 1000: (23_732, 115.4)},
    "pool of 64": {10: (36, 0.33), 60: (300, 11.2)},
    "your loop": {10: (4, 0.21), 100: (80, 0.7), 1000: (440, 1.9), 10_000: (4616, 2.2)},
    "asyncio": {10: (52, 0.98), 100: (576, 1.4), 1000: (6048, 30.4), 10_000: (59_476, 5.8)},
    "nginx": {10: (16, 0.2), 100: (64, 0.66), 1000: (532, 1.04), 10_000: (5172, 0.89)},
    "Apache event": {10: (372, 0.92), 100: (4027, 14.8), 1000: (40_609, 23.4)},
    "Apache prefork": {10: (586, 1.42), 40: (2593, 2.98)},
}


def lines(which):
    """One of the two numbers, against the connections."""
    return {
        name: [(count, pair[which]) for count, pair in row.items()]
        for name, row in MEASURED.items()
    }


X, AXES = "open connections", {"log_x": True, "log_y": True}
FIGURES = {
    "rounds.svg": LoopRounds(reference.ROUNDS, title="One thread, three clients").svg(),
    "cost.svg": Plot(
        "What connections cost",
        Panel(
            "Memory",
            X,
            "KiB grown since empty",
            lines(0),
            marked={"descriptor limit": 20_000},
            **AXES,
        ),
        Panel("Waiting", X, "ms until 99 % are answered", lines(1), **AXES),
    ).svg(),
}
