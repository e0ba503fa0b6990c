"""What of a TCP endpoint can be set, with Linux's defaults and Linux's names where it has them.

It knows no segments. Times are seconds.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """The numbers a TCP endpoint runs by; `replace()` of dataclasses makes variants."""

    #: RFC 6298 section 2.1: the first timeout.
    initial_rto_s: float = 1.0
    #: RFC 6298 section 2.4 says a second at least; Linux takes 0.2 s once it has measured.
    min_rto_s: float = 0.2
    max_rto_s: float = 120.0
    #: RFC 6298 section 5.7: the timeout after a handshake that gave no measurement.
    fallback_rto_s: float = 3.0
    #: Retransmissions before giving up. RFC 9293 section 3.8.3 wants 3 minutes for a SYN;
    #: six of them last 127 s.
    syn_retries: int = 6
    synack_retries: int = 5
    retries2: int = 15
    orphan_retries: int = 8
    #: Since 6.5 Linux repeats the first SYNs every second (4) before it doubles; the RFC doubles.
    syn_linear_timeouts: int = 0
    #: Linux waits 60 s in TIME-WAIT; RFC 9293 section 3.4.2 takes an MSL of two minutes.
    msl_s: float = 30.0
    fin_timeout_s: float = 60.0
    #: RFC 5961 section 7: at most one answer in this time to segments that prove nothing. Linux
    #: takes 0.5; the lab's kernels take 0, so that each wrong segment shows its answer.
    invalid_ratelimit_s: float = 0.0
    #: Linux resends its SYN at once (two clock ticks) after it has reset a stale acknowledgment.
    soon_s: float = 0.01
    mss: int = 1460
    receive_buffer: int = 64240
    window_scale: int = 7


class Timeout:
    """The retransmission timeout of one connection (RFC 6298 sections 2 and 5)."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._srtt_s: float | None = None
        self._rttvar_s = 0.0
        self.seconds = settings.initial_rto_s

    @property
    def measured(self) -> bool:
        """Whether a round trip has been measured."""
        return self._srtt_s is not None

    def measure(self, rtt_s: float) -> None:
        """Take one round trip, in seconds, of a segment sent once (Karn: section 3)."""
        if self._srtt_s is None:
            self._srtt_s, self._rttvar_s = rtt_s, rtt_s / 2
        else:
            self._rttvar_s = 0.75 * self._rttvar_s + 0.25 * abs(self._srtt_s - rtt_s)
            self._srtt_s = 0.875 * self._srtt_s + 0.125 * rtt_s
        self.relax()

    def relax(self) -> None:
        """Take the backing off back: something new has been acknowledged."""
        if self._srtt_s is not None:
            # Linux puts the least timeout where section 2.2 has the clock's granularity.
            spread = max(self._settings.min_rto_s, 4 * self._rttvar_s)
            self.seconds = min(self._srtt_s + spread, self._settings.max_rto_s)

    def fall_back(self) -> None:
        """Start the data phase without a measurement (section 5.7)."""
        if not self.measured:
            self.seconds = self._settings.fallback_rto_s

    def back_off(self) -> None:
        """Double the timeout (section 5.5)."""
        self.seconds = min(self.seconds * 2, self._settings.max_rto_s)
