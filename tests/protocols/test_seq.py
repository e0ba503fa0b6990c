"""Sequence arithmetic on the circle of 2**32: laws, not examples."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wirelab.protocols.seq import CIRCLE, HALF, after, before, later, offset, plus

numbers = st.integers(0, CIRCLE - 1)
counts = st.integers(-HALF, HALF - 1)


@given(numbers, counts)
def test_offset_undoes_plus(number, count):
    assert offset(plus(number, count), number) == count


@given(numbers, st.integers())
def test_plus_stays_on_the_circle(number, count):
    assert 0 <= plus(number, count) < CIRCLE


@given(numbers, counts, counts)
def test_plus_is_a_walk(number, first, second):
    assert plus(plus(number, first), second) == plus(number, first + second)


@given(numbers, st.integers(1, HALF - 1))
def test_what_lies_ahead_is_after(number, count):
    ahead = plus(number, count)
    assert after(ahead, number)
    assert before(number, ahead)
    assert not before(ahead, number)
    assert later(number, ahead) == later(ahead, number) == ahead


@given(numbers)
def test_a_number_is_neither_before_nor_after_itself(number):
    assert not before(number, number)
    assert not after(number, number)


@given(numbers, numbers, counts)
def test_only_the_distance_counts(left, right, turn):
    assert before(plus(left, turn), plus(right, turn)) == before(left, right)


@pytest.mark.parametrize(
    ("left", "right"), [(2**32 - 1, 0), (2**32 - 1, 5), (0, 1), (2**31 - 1, 2**31)]
)
def test_circle_closes_without_a_seam(left, right):
    assert before(left, right)
