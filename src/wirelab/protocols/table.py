"""A state machine as a table: code runs it, diagrams draw it.

It knows no protocol; each protocol module holds its own rows.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Transition:
    """One row: in `state`, on `event`, send `sends` and go to `next_state`; `rfc` says where."""

    state: str
    event: str
    sends: str
    next_state: str
    rfc: str = ""
