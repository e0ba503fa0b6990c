"""Draw the figures of `14_sockets` from the lesson's own exchange, on the embedded network.

`reference` is the lesson's set-up; `FIGURES` maps a file name to its SVG. `wirelab draw` writes
them, and a test compares.
"""

import reference

from wirelab.lab.embedded import EmbeddedNetwork
from wirelab.views import Heights

with EmbeddedNetwork(seed=14) as net:
    calls = reference.three_heights(net)
    HEIGHTS = Heights(calls, net.trace, left="client", right="server")

FIGURES = {"heights.svg": HEIGHTS.svg()}
