"""Sequence numbers on their circle of 2**32 values (RFC 9293 section 3.4).

It knows neither segments nor states. `offset` is the one primitive; the rest reads well.
"""

from __future__ import annotations

CIRCLE = 1 << 32
HALF = 1 << 31


def plus(number: int, count: int) -> int:
    """Return the sequence number `count` octets after `number`; `count` may be negative."""
    return (number + count) % CIRCLE


def offset(number: int, base: int) -> int:
    """Return how far `number` lies after `base`, from -2**31 to 2**31 - 1: negative is before."""
    return (number - base + HALF) % CIRCLE - HALF


def before(left: int, right: int) -> bool:
    """Say whether `left` comes before `right` (RFC 9293 section 3.4: arithmetic modulo 2**32)."""
    return offset(left, right) < 0


def after(left: int, right: int) -> bool:
    """Say whether `left` comes after `right`."""
    return before(right, left)


def later(left: int, right: int) -> int:
    """Return whichever of the two comes later on the circle."""
    return left if after(left, right) else right
