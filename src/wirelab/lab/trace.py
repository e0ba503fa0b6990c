"""What crossed a link, in order: the raw material of ladders and captures.

It knows neither kind of network.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from wirelab.protocols.segment import Segment


@dataclass(frozen=True)
class Record:
    """One frame on the learner's link.

    `time_s` counts from the making of the network; `sent` is True for the learner's own frames;
    `fate` is `delivered`, `lost`, `duplicated`, `delayed` or `reordered`; `segment` is the TCP
    segment inside, if there is one; `states` maps a host's name to its TCP state afterwards,
    where that is known.
    """

    time_s: float
    sent: bool
    frame: bytes
    fate: str = "delivered"
    segment: Segment | None = None
    states: dict[str, str] = field(default_factory=dict)
