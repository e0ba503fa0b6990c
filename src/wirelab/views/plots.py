"""Measurements as line plots: one style for all topics, legible in light and dark, as SVG.

A thin layer over matplotlib. It knows numbers and units, and not what was measured.
"""

from __future__ import annotations

import io
import logging
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

from wirelab.views.style import DARK, FONTS, LIGHT

Points = Sequence[tuple[float, float]]

# Inks of the palette, each with a marker and a dash of its own: no line is told by colour alone.
INKS = ("left", "right", "ink", "lost", "muted")
MARKS = ("o", "s", "^", "D", "v", "P", "X")
DASHES = ("-", "--", "-.", ":", (0, (6, 2, 1, 2, 1, 2)), (0, (9, 3)), (0, (2, 2)))
WIDTH_IN, HEIGHT_IN = 4.6, 3.8


@dataclass(frozen=True)
class Panel:
    """One pair of axes: `series` maps a name to its points; both labels name their unit."""

    title: str
    x: str
    y: str
    series: Mapping[str, Points]
    log_x: bool = False
    log_y: bool = False
    marked: Mapping[str, float] = field(default_factory=dict)
    """Vertical lines: what stands there, and where."""


class Plot:
    """Panels side by side under one title; a name has the same line in all of them.

    As the last expression of a cell it shows itself; `svg()` is the picture, `text()` the numbers.
    """

    def __init__(self, title: str, *panels: Panel):
        if not panels or not any(panel.series for panel in panels):
            raise ValueError("there is nothing to plot: every panel is empty")
        self.title = title
        self.panels = panels
        names = dict.fromkeys(name for panel in panels for name in panel.series)
        self._names = list(names)

    def svg(self) -> str:
        """The picture as SVG, the same each time; light, and dark where that is preferred."""
        figure = self._figure()
        sheet = io.StringIO()
        with _quiet(), _settings():
            figure.savefig(sheet, format="svg", metadata={"Date": None, "Creator": None})
        return _in_both_themes(sheet.getvalue(), self.title, self.text())

    def text(self) -> str:
        """The numbers that are plotted, panel by panel."""
        lines = [self.title]
        for panel in self.panels:
            lines.append(f"{panel.title}: {panel.y} against {panel.x}")
            for name, points in panel.series.items():
                pairs = ", ".join(f"{x:g}: {y:g}" for x, y in points)
                lines.append(f"  {name}: {pairs or 'nothing measured'}")
            lines += [f"  marked at {x:g}: {says}" for says, x in panel.marked.items()]
        return "\n".join(lines)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        picture, words = self.svg(), self.text()
        encoded = b64encode(picture.encode()).decode()
        page = (
            f'<img alt="{escape(self.title)}" src="data:image/svg+xml;base64,{encoded}" '
            'style="max-width: 100%">\n'
            f"<details><summary>In words</summary><pre>{escape(words)}</pre></details>"
        )
        return {"text/html": page, "text/plain": words}

    def _figure(self) -> Any:
        with _quiet():
            from matplotlib.figure import Figure
        with _settings():
            size = (WIDTH_IN * len(self.panels), HEIGHT_IN)
            figure = Figure(figsize=size, layout="constrained", facecolor=LIGHT["panel"])
            figure.suptitle(self.title, color=LIGHT["ink"], fontweight="bold", fontsize=11)
            for at, panel in enumerate(self.panels):
                self._draw(figure.add_subplot(1, len(self.panels), at + 1), panel)
            lines = {
                line.get_label(): line
                for axes in figure.axes
                for line in axes.lines
                if line.get_label() in self._names
            }
            known = [name for name in self._names if name in lines]
            figure.legend(
                [lines[name] for name in known],
                known,
                loc="outside lower center",
                ncols=min(5, max(1, len(known))),
                frameon=False,
                labelcolor=LIGHT["ink"],
                handlelength=4,
            )
            return figure

    def _draw(self, axes: Any, panel: Panel) -> None:
        axes.set_facecolor(LIGHT["panel"])
        axes.set_title(panel.title, color=LIGHT["ink"], fontsize=10, loc="left")
        axes.set_xlabel(panel.x, color=LIGHT["ink"])
        axes.set_ylabel(panel.y, color=LIGHT["ink"])
        axes.tick_params(colors=LIGHT["muted"], which="both")
        axes.grid(True, color=LIGHT["edge"], linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
        axes.spines[["left", "bottom"]].set_color(LIGHT["line"])
        axes.set_xscale("log" if panel.log_x else "linear")
        axes.set_yscale("log" if panel.log_y else "linear")
        for axis, log in ((axes.xaxis, panel.log_x), (axes.yaxis, panel.log_y)):
            axis.set_major_formatter(lambda value, _: f"{value:,.6g}")
            if log:
                axis.set_minor_formatter(lambda *_: "")
        for name, points in panel.series.items():
            n = self._names.index(name)
            axes.plot(
                [x for x, _ in points],
                [y for _, y in points],
                label=name,
                color=LIGHT[INKS[n % len(INKS)]],
                marker=MARKS[n % len(MARKS)],
                linestyle=DASHES[n % len(DASHES)],
                linewidth=1.8,
                markersize=5,
                # what stands at the edge stays whole, and no path needs a name of its own
                clip_on=False,
            )
        for says, x in panel.marked.items():
            axes.axvline(x, color=LIGHT["lost"], linewidth=1, linestyle=(0, (3, 3)))
            top = axes.get_xaxis_transform()
            axes.annotate(
                says,
                (x, 0.98),
                xycoords=top,
                xytext=(-4, 0),
                textcoords="offset points",
                color=LIGHT["lost"],
                fontsize=8,
                ha="right",
                va="top",
                rotation=90,
            )


def _in_both_themes(svg: str, title: str, words: str) -> str:
    """Give matplotlib's drawing a name, a description, our face, and its colours in the dark."""
    svg = svg[svg.index("<svg") :]
    rules = "\n".join(
        f'[style*="{what}: {LIGHT[name]}"] {{ {what}: {DARK[name]} !important }}'
        for name in LIGHT
        for what in ("fill", "stroke")
        if f"{what}: {LIGHT[name]}" in svg
    )
    style = f"text {{ font-family: {FONTS['sans']} !important }}"
    style += f"\n@media (prefers-color-scheme: dark) {{\n{rules}\n}}"
    head = (
        f"<title>{escape(title)}</title>\n<desc>{escape(words)}</desc>\n<style>\n{style}\n</style>"
    )
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.S)
    svg = re.sub(r"<svg ", f'<svg role="img" aria-label="{escape(title)}" ', svg, count=1)
    svg = re.sub(r"(<svg[^>]*>)", lambda found: f"{found[1]}\n{head}", svg, count=1)
    return "\n".join(line.rstrip() for line in svg.splitlines()) + "\n"


def _settings() -> Any:
    import matplotlib

    return matplotlib.rc_context(
        {
            "svg.fonttype": "none",
            "svg.hashsalt": "wirelab",
            "font.family": "DejaVu Sans",
            "font.size": 9,
            "path.simplify": False,
        }
    )


class _quiet:
    """No word of matplotlib's on stderr about caches and fonts while it loads and draws."""

    def __enter__(self) -> None:
        self.logger = logging.getLogger("matplotlib")
        self.before = self.logger.level
        self.logger.setLevel(logging.CRITICAL)

    def __exit__(self, *_: object) -> None:
        self.logger.setLevel(self.before)
