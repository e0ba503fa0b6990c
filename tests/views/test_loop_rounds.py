"""The rounds of an event loop, drawn and told."""

from __future__ import annotations

import pytest
from drawings import ROUNDS, words

from wirelab.views import LoopRounds


def test_tells_what_was_ready_and_done():
    notes = LoopRounds(ROUNDS).notes
    assert "door is ready. The loop accepts" in notes[0]
    assert "From now on A is waited for too." in notes[0]
    assert "reads what has come from A" in notes[1]
    assert "It now waits for A (read, write)." in notes[1]
    assert "sends on to A" in notes[2]
    assert "A has ended, and the loop closes it." in notes[3]


def test_draws_a_row_for_each_socket_and_a_column_for_each_round():
    view = LoopRounds(ROUNDS, title="A loop")
    lines = words(view.svg()).splitlines()
    assert {"A loop", "door", "A", "1", "5", "R", "W"} <= set(lines)
    assert view.drawing.count("data-round") == len(ROUNDS)
    assert view.alternative == view.text()


def test_position_stays_within_the_rounds():
    view = LoopRounds(ROUNDS)
    view.position = 99
    assert view.position == len(ROUNDS) - 1
    view.position = -3
    assert view.position == 0


def test_no_rounds_are_refused():
    with pytest.raises(ValueError, match="no rounds"):
        LoopRounds([])
