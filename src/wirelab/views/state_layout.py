"""Where the states of a machine stand in its drawing, and which way its arrows run.

TCP's states have the places that RFC 9293 figure 5 gave them in readers' minds; any other machine
is laid out in layers from its first state. It draws nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from wirelab.protocols.table import Transition

Point = tuple[float, float]
Pair = tuple[str, str]

BOX = (138, 38)

# Centres; the drawing is cropped to the states that are there.
TCP_PLACES: dict[str, Point] = {
    "CLOSED": (480, 40),
    "LISTEN": (480, 195),
    "SYN-RECEIVED": (130, 330),
    "SYN-SENT": (830, 330),
    "ESTABLISHED": (480, 465),
    "FIN-WAIT-1": (130, 605),
    "CLOSE-WAIT": (830, 605),
    "FIN-WAIT-2": (130, 790),
    "CLOSING": (480, 745),
    "LAST-ACK": (830, 790),
    "TIME-WAIT": (480, 890),
}
# Without these, there is nothing between CLOSED and ESTABLISHED: what stands above comes down.
TCP_OPENING = ("LISTEN", "SYN-SENT", "SYN-RECEIVED")
OPENING_FLOOR, OPENING_HEIGHT = 100, 290
# The corners of each arrow of the figure; no corner is a straight line. Arrows that are not here
# (a RST may close from anywhere) would cross half the drawing: they are said in words below it.
TCP_ROUTES: dict[Pair, tuple[Point, ...]] = {
    ("CLOSED", "LISTEN"): (),
    ("LISTEN", "CLOSED"): (),
    ("CLOSED", "SYN-SENT"): ((855, 31),),
    ("SYN-SENT", "CLOSED"): ((805, 49),),
    ("LISTEN", "SYN-RECEIVED"): (),
    ("SYN-RECEIVED", "LISTEN"): (),
    ("SYN-RECEIVED", "CLOSED"): ((105, 40),),
    ("LISTEN", "SYN-SENT"): (),
    ("SYN-SENT", "SYN-RECEIVED"): (),
    ("SYN-RECEIVED", "ESTABLISHED"): (),
    ("SYN-SENT", "ESTABLISHED"): (),
    ("SYN-RECEIVED", "FIN-WAIT-1"): (),
    ("ESTABLISHED", "FIN-WAIT-1"): (),
    ("ESTABLISHED", "CLOSE-WAIT"): (),
    ("FIN-WAIT-1", "FIN-WAIT-2"): (),
    ("FIN-WAIT-1", "CLOSING"): (),
    ("FIN-WAIT-1", "TIME-WAIT"): (),
    ("FIN-WAIT-2", "TIME-WAIT"): ((130, 890),),
    ("CLOSING", "TIME-WAIT"): (),
    ("CLOSE-WAIT", "LAST-ACK"): (),
    ("LAST-ACK", "CLOSED"): ((990, 790), (990, -12), (500, -12)),
    ("TIME-WAIT", "CLOSED"): ((480, 946), (-30, 946), (-30, -12), (460, -12)),
}
# Which part of a cornered arrow carries the label, if not the longest.
TCP_LABELLED: dict[Pair, int] = {
    ("LAST-ACK", "CLOSED"): 1,
    ("CLOSED", "SYN-SENT"): 1,
    ("TIME-WAIT", "CLOSED"): 1,
    ("FIN-WAIT-2", "TIME-WAIT"): 1,
    ("SYN-RECEIVED", "CLOSED"): 0,
}
# The side of these arrows on which the label stands, as (right, down); else it is the outer one.
TCP_SIDES: dict[Pair, Point] = {
    ("FIN-WAIT-1", "CLOSING"): (1, -1),
    ("LAST-ACK", "CLOSED"): (-1, 0),
    ("CLOSED", "SYN-SENT"): (1, 0),
    ("CLOSING", "TIME-WAIT"): (1, 0),
    ("ESTABLISHED", "CLOSE-WAIT"): (1, -1),
    ("SYN-RECEIVED", "CLOSED"): (1, 0),
    ("SYN-SENT", "SYN-RECEIVED"): (0, 1),
    ("TIME-WAIT", "CLOSED"): (0, -1),
    ("SYN-RECEIVED", "ESTABLISHED"): (-1, 1),
    ("SYN-SENT", "ESTABLISHED"): (1, 1),
    ("SYN-SENT", "CLOSED"): (-1, 0),
    ("FIN-WAIT-1", "FIN-WAIT-2"): (-1, 0),
}
APART = 6.5
"""How far each of two opposite arrows stands off the line between the centres."""
LAYER_GAP = 140
COLUMN_GAP = 290


@dataclass(frozen=True)
class Layout:
    """Centres of the states; the corners of each arrow that is drawn; label parts and sides."""

    places: dict[str, Point]
    routes: dict[Pair, tuple[Point, ...]]
    labelled: dict[Pair, int]
    sides: dict[Pair, Point]


def states_of(transitions: Sequence[Transition]) -> tuple[str, ...]:
    """Return the states of a table in the order in which it names them."""
    named = [state for row in transitions for state in (row.state, row.next_state)]
    return tuple(dict.fromkeys(named))


def layout_of(transitions: Sequence[Transition]) -> Layout:
    """Return TCP's own layout for a table of TCP's states, else layers from the first state."""
    states = states_of(transitions)
    pairs = dict.fromkeys((row.state, row.next_state) for row in transitions)
    drawn = [pair for pair in pairs if pair[0] != pair[1]]
    if all(state in TCP_PLACES for state in states):
        drop = 0 if any(state in TCP_OPENING for state in states) else OPENING_HEIGHT
        routes = {
            pair: tuple(_lowered(corner, drop) for corner in TCP_ROUTES[pair])
            for pair in drawn
            if pair in TCP_ROUTES
        }
        places = {state: _lowered(TCP_PLACES[state], drop) for state in states}
        return Layout(places, routes, TCP_LABELLED, TCP_SIDES)
    places = _layers(states, drawn)
    return Layout(places, _routes(places, drawn), {}, {})


def _lowered(point: Point, drop: float) -> Point:
    """Return the point moved down if it is one of the top, where CLOSED is."""
    x, y = point
    return (x, y + drop) if y < OPENING_FLOOR else point


def _layers(states: Sequence[str], pairs: Sequence[Pair]) -> dict[str, Point]:
    """Return centres by distance from the first state, each layer centred."""
    layers, seen = [list(states[:1])], set(states[:1])
    while len(seen) < len(states):
        reached = dict.fromkeys(b for a, b in pairs if a in layers[-1] and b not in seen)
        layer = list(reached) or [next(state for state in states if state not in seen)]
        layers.append(layer)
        seen.update(layer)
    return {
        state: ((place - (len(layer) - 1) / 2) * COLUMN_GAP, depth * LAYER_GAP)
        for depth, layer in enumerate(layers)
        for place, state in enumerate(layer)
    }


def _routes(places: dict[str, Point], pairs: Sequence[Pair]) -> dict[Pair, tuple[Point, ...]]:
    """Return straight lines, and ways round on the right for those that a box stands in."""
    routes: dict[Pair, tuple[Point, ...]] = {}
    margin = max((x for x, _ in places.values()), default=0) + BOX[0] / 2 + 50
    gap = BOX[1] / 2 + 24
    for a, b in pairs:
        others = [place for state, place in places.items() if state not in (a, b)]
        if any(_meets(places[a], places[b], other) for other in others):
            (xa, ya), (xb, yb) = places[a], places[b]
            below, above = (xa + 34, ya + gap), (xb + 34, yb - gap)
            routes[a, b] = (below, (margin, ya + gap), (margin, yb - gap), above)
            margin, gap = margin + 150, gap + 9
        else:
            routes[a, b] = ()
    return routes


def _meets(start: Point, end: Point, box: Point) -> bool:
    """Tell whether the line comes within a box, by trying points along it."""
    for step in range(1, 40):
        x = start[0] + (end[0] - start[0]) * step / 40
        y = start[1] + (end[1] - start[1]) * step / 40
        if abs(x - box[0]) < BOX[0] / 2 + 8 and abs(y - box[1]) < BOX[1] / 2 + 8:
            return True
    return False


def line_of(layout: Layout, pair: Pair) -> list[Point]:
    """Return the points of an arrow from box edge to box edge; opposite arrows keep apart."""
    start, end = (layout.places[state] for state in pair)
    corners = layout.routes[pair]
    if corners:
        return [_edge(start, corners[0]), *corners, _edge(end, corners[-1])]
    shift = (0.0, 0.0)
    opposite = layout.routes.get(pair[::-1])
    if opposite == ():
        across, down = end[0] - start[0], end[1] - start[1]
        length = (across**2 + down**2) ** 0.5
        shift = (-down / length * APART, across / length * APART)
    start, end = ((x + shift[0], y + shift[1]) for x, y in (start, end))
    centre_a, centre_b = (layout.places[state] for state in pair)
    return [_leaves(start, end, centre_a), _leaves(end, start, centre_b)]


def _edge(centre: Point, corner: Point) -> Point:
    """Return where a line that runs straight across or down from `corner` meets the box."""
    half_width, half_height = BOX[0] / 2, BOX[1] / 2
    if abs(corner[0] - centre[0]) < half_width:
        return corner[0], centre[1] + (half_height if corner[1] > centre[1] else -half_height)
    return centre[0] + (half_width if corner[0] > centre[0] else -half_width), corner[1]


def _leaves(inside: Point, outside: Point, centre: Point) -> Point:
    """Return the last point within the box on the way from `inside` to `outside`."""
    low, high = 0.0, 1.0
    for _ in range(30):
        share = (low + high) / 2
        x = inside[0] + (outside[0] - inside[0]) * share
        y = inside[1] + (outside[1] - inside[1]) * share
        within = abs(x - centre[0]) < BOX[0] / 2 and abs(y - centre[1]) < BOX[1] / 2
        low, high = (share, high) if within else (low, share)
    return (
        inside[0] + (outside[0] - inside[0]) * high,
        inside[1] + (outside[1] - inside[1]) * high,
    )


def longest_part(points: Sequence[Point]) -> int:
    """Return the number of the longest straight part of a line."""
    lengths = [abs(b[0] - a[0]) + abs(b[1] - a[1]) for a, b in pairwise(points)]
    return lengths.index(max(lengths))
