"""The course as a map: its topics by part, what was earned in each, a link to each notebook.

Plain HTML that needs no kernel once shown. It knows nothing of where the points come from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby

from wirelab.views.style import live_style


@dataclass(frozen=True)
class Stop:
    """One topic: `link` is "" while it has no notebook, `max_points` 0 where nothing is marked."""

    part: str
    id: str
    title: str
    points: float = 0.0
    max_points: float = 0.0
    link: str = ""

    def state(self) -> str:
        """In words: what was earned, or that there is nothing yet."""
        if not self.link:
            return "not written yet"
        if not self.max_points:
            return "no points"
        return f"{self.points:g} of {self.max_points:g} points"


class CourseMap:
    """A map of topics: HTML in a notebook, and `text()`."""

    def __init__(self, stops: Sequence[Stop]):
        self.stops = tuple(stops)

    def text(self) -> str:
        """The map in words, a line for each topic."""
        lines = []
        for part, stops in groupby(self.stops, key=lambda stop: stop.part):
            lines.append(part)
            lines += [f"  {stop.id:<14}{stop.title}: {stop.state()}" for stop in stops]
        return "\n".join(lines)

    __repr__ = text

    def _repr_html_(self) -> str:
        parts = groupby(self.stops, key=lambda stop: stop.part)
        body = "".join(
            f"<h4>{escape(part)}</h4><ul>{''.join(map(_item, stops))}</ul>" for part, stops in parts
        )
        return f'<style>{live_style()}</style><div class="wl-view wl-map">{body}</div>'


def _item(stop: Stop) -> str:
    title = escape(stop.title)
    if stop.link:
        title = f'<a href="{escape(stop.link)}">{title}</a>'
    share = 100 * stop.points / stop.max_points if stop.max_points else 0
    bar = (
        f'<span class="wl-track" aria-hidden="true"><span style="width:{share:.0f}%"></span></span>'
        if stop.max_points
        else ""
    )
    kind = "" if stop.link else ' class="wl-unwritten"'
    return (
        f"<li{kind}><code>{escape(stop.id)}</code> <span>{title}</span>"
        f'{bar}<span class="wl-points">{escape(stop.state())}</span></li>'
    )
