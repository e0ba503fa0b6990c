"""The state machine's picture and words, drawn from tables."""

from __future__ import annotations

import re

import pytest
from drawings import DOOR, words

from wirelab.protocols.tcp_table import MOVES, TRANSITIONS
from wirelab.views import StateMachine
from wirelab.views.state_layout import BOX, layout_of


def test_picture_shows_states_and_labels():
    seen = words(StateMachine(DOOR, current="closed").svg()).splitlines()
    for expected in ("open", "closed", "locked", "push", "send creak", "turn key"):
        assert expected in seen
    assert "Not drawn: 1 row that stays in the same state." in " ".join(seen)


def test_text_has_every_row_with_its_source():
    said = StateMachine(DOOR, current="closed").text()
    assert "Current state: closed." in said
    assert "  turn key: send click, go to locked (House rule 3)" in said
    assert "  knock: stay (House rule 4)" in said
    assert said.count("House rule") == len(DOOR)


def test_current_state_is_marked_by_shape():
    drawn = StateMachine(DOOR, current="closed").svg()
    here = re.search(r'<g class="wl-state-box wl-here" data-state="closed">(.*?)</g>', drawn, re.S)
    assert here
    assert "wl-mark" in here[1]


def test_moving_on_keeps_a_trail():
    machine = StateMachine(DOOR, current="open")
    machine.current = "closed"
    machine.current = "locked"
    assert machine.trail == ("open", "closed", "locked")
    assert "Visited: open, closed, locked." in machine.alternative
    assert machine.drawing.count("wl-edge-visited") == 2


def test_equal_machines_give_equal_files():
    assert StateMachine(TRANSITIONS).svg() == StateMachine(TRANSITIONS).svg()


@pytest.mark.parametrize("table", [TRANSITIONS, MOVES])
def test_whole_of_tcp_is_drawn_or_said(table):
    machine = StateMachine(table)
    seen = words(machine.svg())
    for state in layout_of(table).places:
        assert state in seen.splitlines()
    hidden = [row for row in MOVES if (row.state, row.next_state) not in layout_of(table).routes]
    below = seen[seen.index("Not drawn") :].replace("\n", " ")
    for row in hidden:
        assert row.state in below
        assert row.event in below


def test_states_keep_apart():
    for table in (TRANSITIONS, DOOR):
        places = list(layout_of(table).places.values())
        for n, (x, y) in enumerate(places):
            for a, b in places[:n]:
                assert abs(x - a) > BOX[0] or abs(y - b) > BOX[1]


def test_closed_comes_down_where_nothing_is_opened():
    closing = ("ESTABLISHED", "CLOSE-WAIT", "LAST-ACK", "CLOSED")
    rows = [row for row in MOVES if {row.state, row.next_state} <= set(closing)]
    layout = layout_of(rows)
    gap = layout.places["ESTABLISHED"][1] - layout.places["CLOSED"][1]
    assert BOX[1] < gap < 150
    *_, before = layout.routes["LAST-ACK", "CLOSED"]
    assert before[1] == layout.places["CLOSED"][1] - 52  # its arrow came down with it
    whole = layout_of(MOVES)
    assert whole.places["ESTABLISHED"][1] - whole.places["CLOSED"][1] > 400


def test_states_keeps_the_rows_between_them():
    machine = StateMachine(DOOR, states=("open", "closed"))
    assert {row["event"] for row in machine.rows} == {"push", "pull", "knock"}


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(ValueError, match="nothing to draw"):
        StateMachine(())
    with pytest.raises(ValueError, match=r"ajar.*open, closed, locked"):
        StateMachine(DOOR, current="ajar")
    machine = StateMachine(DOOR)
    with pytest.raises(ValueError, match="ajar"):
        machine.current = "ajar"
