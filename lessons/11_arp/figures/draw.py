"""Draw the figures of `11_arp` from the data of the lesson's own cells.

`reference` is the lesson's set-up and its right answers; `FIGURES` maps a file name to its SVG.
`wirelab draw` writes them, and a test compares.
"""

import reference

from wirelab.views import FrameInspector, Lan

PEER = "02:00:00:00:00:01"

FIGURES = {
    "request.svg": FrameInspector(reference.build_request(PEER, "10.9.0.1", "10.9.0.2")).svg(),
    "lan.svg": Lan(reference.lan_hosts, reference.lan_steps).svg(),
    "forger.svg": Lan(reference.forged_hosts, reference.forged_steps).svg(),
    "solicitation.svg": FrameInspector(
        reference.build_solicitation(PEER, "fd00:9::1", "fd00:9::2")
    ).svg(),
}
