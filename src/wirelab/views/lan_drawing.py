"""Draws a LAN: hosts in a row, their notes below them, the link they share, a frame on it.

It knows scenes and the pen, and no widget. What belongs to scene number k carries `data-step="k"`,
which is all that the live view needs; a static drawing shows the scenes one below the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from wirelab.views.drawing import Pen, canvas, mono_width, number, wrapped, written

MARGIN = 24
BOX = (222, 62)
GAP = 20
NOTES_TOP = BOX[1] + 14
LINE = 18
CABLE = 84
"""From the lowest note to the link."""
LABEL = 30
VERDICT_AT = 26
CAPTION = 12.5


@dataclass(frozen=True)
class Scene:
    """One frame on the link, and every host's notes after it; the first scene has no frame."""

    sender: str = ""
    label: str = ""
    to: tuple[str, ...] = ()
    everybody: bool = False
    takes: tuple[str, ...] = ()
    note: str = ""
    notes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    changed: tuple[str, ...] = ()


def draw_lan(
    hosts: Sequence[tuple[str, str, str]],
    scenes: Sequence[Scene],
    *,
    title: str,
    description: str,
    live: bool,
) -> str:
    """Return the link as SVG text; hosts are (name, IP address, MAC address)."""
    return _Lan(hosts, scenes).draw(title, description, live)


class _Lan:
    def __init__(self, hosts: Sequence[tuple[str, str, str]], scenes: Sequence[Scene]) -> None:
        self.hosts, self.scenes = hosts, scenes
        rows = max((len(n) for scene in scenes for n in scene.notes.values()), default=0)
        self.notes_height = LINE * max(rows, 1) + 26
        self.link_y = NOTES_TOP + self.notes_height + CABLE
        self.height = self.link_y + LABEL + 14
        self.left = {name: i * (BOX[0] + GAP) for i, (name, _, _) in enumerate(hosts)}
        inner = len(hosts) * (BOX[0] + GAP) - GAP
        widest = max((mono_width(s.label, 13) + 190 for s in scenes), default=0)
        self.inner = max(inner, widest)
        self.width = self.inner + 2 * MARGIN

    def draw(self, title: str, description: str, live: bool) -> str:
        if live:
            pen = canvas(
                self.width, self.height + 2 * MARGIN, title=title, description="", live=True
            )
            stage = pen.group(transform=f"translate({MARGIN} {MARGIN})")
            self.base(stage)
            for at, scene in enumerate(self.scenes):
                self.scene(stage.group("wl-scene", data_step=at), scene, live=True)
            return written(pen)
        shown = self.scenes[1:] or self.scenes
        captions = [wrapped(f"{scene.note}", self.inner, CAPTION) for scene in shown]
        tall = sum(self.height + 19 * len(lines) + 34 for lines in captions)
        pen = canvas(self.width, tall + MARGIN, title=title, description=description, live=False)
        y = MARGIN
        for at, (scene, lines) in enumerate(zip(shown, captions, strict=True), 1):
            stage = pen.group(transform=f"translate({MARGIN} {number(y)})")
            self.base(stage)
            self.scene(stage, scene, live=False)
            below = self.height + 4
            for i, line in enumerate(lines):
                head = f"{at}. " if i == 0 else ""
                stage.text(0, below + 19 * i, head + line, "wl-t wl-small")
            y += self.height + 19 * len(lines) + 34
            if at < len(shown):
                pen.line(MARGIN, y - 26, self.width - MARGIN, y - 26, "wl-rule")
        return written(pen)

    def base(self, pen: Pen) -> None:
        """The hosts and the link."""
        pen.line(0, self.link_y, self.inner, self.link_y, "wl-life")
        for name, ip, mac in self.hosts:
            x = self.left[name]
            pen.line(self.port(name), BOX[1], self.port(name), self.link_y, "wl-rule")
            pen.box(x, 0, BOX[0], BOX[1], "wl-tag")
            pen.text(x + 12, 21, name, "wl-t wl-strong")
            pen.text(x + 12, 38, ip, "wl-t wl-small wl-mono")
            pen.text(x + 12, 54, mac, "wl-t wl-small wl-mono wl-muted")
            pen.box(x, NOTES_TOP, BOX[0], self.notes_height, "wl-panel")
            pen.text(x + 10, NOTES_TOP + 16, "neighbours", "wl-t wl-small wl-muted")

    def port(self, name: str) -> float:
        return self.left[name] + BOX[0] / 2

    def scene(self, pen: Pen, scene: Scene, *, live: bool) -> None:
        for name, _, _ in self.hosts:
            self.notes(pen, name, scene)
        if not scene.sender:
            return
        top, start = NOTES_TOP + self.notes_height, self.port(scene.sender)
        pen.box(self.left[scene.sender], 0, BOX[0], BOX[1], "wl-shaft wl-shaft-left")
        pen.text(
            self.left[scene.sender] + BOX[0] - 12, 21, "sends", "wl-t wl-small wl-strong wl-end"
        )
        pen.line(start, top, start, self.link_y, "wl-shaft wl-shaft-left")
        for name in scene.to:
            end, takes = self.port(name), name in scene.takes
            dashed = "" if takes else " wl-dashed"
            pen.line(start, self.link_y, end, self.link_y, "wl-shaft wl-shaft-left")
            pen.line(end, self.link_y, end, top + 14, "wl-shaft wl-shaft-left" + dashed)
            self.verdict(pen, end, top, takes)
            if live:
                way = f"M{number(start)} {number(top)}V{number(self.link_y)}"
                way += f"H{number(end)}V{number(top + 12)}"
                pen.add(
                    "rect",
                    "wl-envelope",
                    x=-9,
                    y=-6,
                    width=18,
                    height=12,
                    rx=2,
                    style=f"offset-path: path('{way}')",
                )
        whom = "to everybody" if scene.everybody else "to " + ", ".join(scene.to)
        pen.text(4, self.link_y + 22, scene.label, "wl-label wl-strong")
        pen.text(self.inner - 4, self.link_y + 22, whom, "wl-t wl-small wl-muted wl-end")

    def verdict(self, pen: Pen, x: float, top: float, takes: bool) -> None:
        """What a host does with the frame: said, and shown by arrowhead or cross."""
        pen.text(
            x + 14, top + VERDICT_AT + 10, "takes it" if takes else "drops it", "wl-t wl-small"
        )
        if takes:
            pen.head(x, top + 2, -1.5707963, "wl-head-left", size=14)
        else:
            arm, y = 6, top + 12
            pen.path(
                f"M{number(x - arm)} {number(y - arm)}L{number(x + arm)} {number(y + arm)}"
                f"M{number(x + arm)} {number(y - arm)}L{number(x - arm)} {number(y + arm)}",
                "wl-cross",
            )

    def notes(self, pen: Pen, name: str, scene: Scene) -> None:
        x, changed = self.left[name], name in scene.changed
        if changed:
            pen.text(x + BOX[0] - 10, NOTES_TOP + 16, "new", "wl-t wl-small wl-strong wl-end")
        strong = " wl-strong" if changed else ""
        entries = list(scene.notes.get(name, {}).items())
        for i, (ip, what) in enumerate(entries):
            y = NOTES_TOP + 34 + i * LINE
            pen.text(x + 10, y, f"{ip} {what}", f"wl-note-line{strong}")
        if not entries:
            pen.text(x + 10, NOTES_TOP + 34, "none", "wl-t wl-small wl-muted")
