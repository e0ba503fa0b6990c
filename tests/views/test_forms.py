"""What holds for every view: cheap to import, three forms, legible, nothing from elsewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from base64 import b64encode
from html import escape
from xml.etree import ElementTree as ET

import pytest
from drawings import DOOR, EXCHANGE, HANDSHAKE, JAR, ROUNDS, SYN_SEGMENT
from nbconvert import HTMLExporter
from nbformat.v4 import new_code_cell, new_notebook, new_output

from wirelab.lab.trace import Record
from wirelab.views import (
    CookieView,
    FrameInspector,
    Heights,
    Ladder,
    Lan,
    LanHost,
    LanStep,
    LoopRounds,
    StateMachine,
)
from wirelab.views.style import DARK, LIGHT, live_style, static_style

LAN = [LanHost(name, f"10.0.0.{n}", f"02:00:00:00:00:0{n}") for n, name in enumerate("abc", 1)]
WIDGET = "application/vnd.jupyter.widget-view+json"
PAIRS = [
    *((ink, "panel") for ink in ("ink", "muted", "left", "right", "lost")),
    *(("ink", ground) for ground in ("left-tint", "right-tint", "chosen", "band")),
    *(("muted", ground) for ground in ("left-tint", "right-tint", "band")),
]


@pytest.fixture(params=["ladder", "inspector", "machine", "lan", "rounds", "heights", "jar"])
def view(request, frame):
    return {
        "ladder": lambda: Ladder(HANDSHAKE),
        "jar": lambda: CookieView(*JAR),
        "inspector": lambda: FrameInspector(frame),
        "machine": lambda: StateMachine(DOOR, current="closed"),
        "rounds": lambda: LoopRounds(ROUNDS),
        "heights": lambda: Heights(EXCHANGE, [Record(0.0, True, b"", segment=SYN_SEGMENT)]),
        "lan": lambda: Lan(LAN, [LanStep(sender="a", label="who-has", note="Asks.")]),
    }[request.param]()


def test_display_has_widget_picture_and_words(view):
    data, _ = view._repr_mimebundle_()
    assert WIDGET in data
    assert data["image/svg+xml"] == view.svg()
    assert data["text/plain"] == view.text() == view.alternative


def test_page_made_without_widgets_shows_picture_and_words(view):
    data, metadata = view._repr_mimebundle_()
    output = new_output("display_data", data=data, metadata=metadata)
    notebook = new_notebook(cells=[new_code_cell("view", outputs=[output])])
    page, _ = HTMLExporter().from_notebook_node(notebook)
    assert b64encode(view.svg().encode()).decode() in page
    assert escape(view.text().splitlines()[-1]) in page
    assert data[WIDGET]["model_id"] not in page


def test_picture_says_what_it_is_and_needs_nothing_else(view):
    root = ET.fromstring(view.svg())
    names = [child.tag.rpartition("}")[2] for child in root]
    assert names[:3] == ["title", "desc", "style"]
    assert root.get("role") == "img"
    assert root.get("aria-label")
    assert "prefers-color-scheme: dark" in view.svg()
    addresses = re.findall(r"https?://[^\s\"'<)]+", view.svg())
    assert set(addresses) == {"http://www.w3.org/2000/svg"}
    assert not re.search(r"\bid=|var\(|url\(|currentColor", view.svg())


def test_front_end_asks_no_other_machine(view):
    assert not re.search(r"https?://|@import|url\(", str(view._esm) + str(view._css))


def test_every_class_that_is_drawn_has_a_rule(view):
    drawn = set(" ".join(re.findall(r'class="([^"]*)"', view.svg())).split())
    marks_only = {"wl-arrow", "wl-ends", "wl-state", "wl-state-box", "wl-edge", "wl-round"}
    assert {css for css in drawn - marks_only if f".{css}" not in static_style()} == set()


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), PAIRS)
def test_inks_are_legible_on_their_grounds(palette, ink, ground):
    assert contrast(palette[ink], palette[ground]) >= 4.5


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_lines_stand_out_from_the_panel(palette):
    assert contrast(palette["line"], palette["panel"]) >= 3


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of WCAG 2.2."""

    def luminance(colour: str) -> float:
        shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
        return sum(w * s for w, s in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_both_styles_know_every_colour():
    assert LIGHT.keys() == DARK.keys()
    used = set(re.findall(r"var\(--wl-([a-z-]+)\)", live_style()))
    assert used <= LIGHT.keys() | {"sans", "mono"}


def test_importing_the_package_loads_no_widget_code():
    program = (
        "import sys, wirelab.views as views\n"
        "heavy = {'ipywidgets', 'anywidget', 'scapy'}\n"
        "assert not heavy & set(sys.modules), 'on import'\n"
        "views.Arrow\n"
        "assert not heavy & set(sys.modules), 'for an arrow'\n"
        "assert {'Ladder', 'StateMachine'} <= set(dir(views))\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_hash_order_does_not_show(frame):
    program = (
        "import sys\n"
        "from wirelab.protocols.tcp_table import TRANSITIONS\n"
        "from wirelab.views import *\n"
        "arrows = [Arrow('left', 'SYN', fate='lost', left_state='SYN-SENT')]\n"
        "print(Ladder(arrows).svg(), StateMachine(TRANSITIONS).svg())\n"
        "print(FrameInspector(bytes.fromhex(sys.argv[1])).svg())\n"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program, frame.hex()],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1
