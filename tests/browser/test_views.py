"""The views in JupyterLab: by pointer and by keyboard, in both themes, and when narrow."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from lab_server import LabPage
from nbformat.v4 import new_code_cell, new_notebook

pytestmark = pytest.mark.browser
expect = pytest.importorskip("playwright.sync_api").expect

LADDER = """
from wirelab.views import Arrow, FrameInspector, Ladder, StateMachine
arrows = [
    Arrow("left", "SYN seq=100", note="I count from 100.", time_s=0.0, left_state="SYN-SENT"),
    Arrow("right", "SYN, ACK seq=300 ack=101", note="So do I, from 300.", time_s=0.04, fate="lost",
          right_state="SYN-RECEIVED"),
    Arrow("right", "SYN, ACK seq=300 ack=101", note="Once more.", time_s=1.04,
          left_state="ESTABLISHED", right_state="SYN-RECEIVED"),
]
ladder = Ladder(arrows, left="client", right="server", left_state="CLOSED", right_state="LISTEN")
ladder
"""
INSPECTOR = """
from wirelab.protocols.codec import encode
from wirelab.protocols.segment import ACK, SYN, Segment
segment = Segment(source_port=80, destination_port=40000, seq=300, ack=101, flags=SYN | ACK,
                  options=((2, b"\\x05\\xb4"),))
FrameInspector.of_segment(encode(segment, "10.0.0.2", "10.0.0.1"))
"""
MACHINE = """
from wirelab.protocols.tcp_table import TRANSITIONS
opening = ("CLOSED", "LISTEN", "SYN-SENT", "SYN-RECEIVED", "ESTABLISHED")
machine = StateMachine(TRANSITIONS, current="CLOSED", states=opening)
machine
"""
LAN = """
from wirelab.views import Lan, LanHost, LanStep
hosts = [LanHost(name, f"10.0.0.{n}", f"02:00:00:00:00:0{n}") for n, name in enumerate("abc", 1)]
Lan(hosts, [
    LanStep(sender="a", label="who-has 10.0.0.2", takes=("b",), note="To everybody.",
            learns={"b": {"10.0.0.1": "02:00:00:00:00:01"}}),
    LanStep(sender="b", to=("a",), label="is-at 02:00:00:00:00:02",
            learns={"a": {"10.0.0.2": "02:00:00:00:00:02"}}),
])
"""
MOVED = """
machine.current = "SYN-SENT"
ladder.append(Arrow("left", "ACK seq=101 ack=301", time_s=1.05, right_state="ESTABLISHED"))
"""


@pytest.fixture(scope="module")
def notebook(course_folder: Path) -> str:
    cells = [new_code_cell(source.strip()) for source in (LADDER, INSPECTOR, MACHINE, LAN, MOVED)]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    made = new_notebook(cells=cells, metadata={"kernelspec": kernel})
    nbformat.write(made, course_folder / "views.ipynb")
    return "views.ipynb"


@pytest.fixture(params=["light", "dark"])
def lab(request, lab_page: Callable[..., LabPage], notebook: str) -> LabPage:
    opened = lab_page(notebook, theme=request.param)
    opened.run_all()
    opened.theme = request.param
    return opened


def test_views_by_pointer_and_keyboard(lab: LabPage) -> None:
    walk_the_ladder(lab)
    inspect_the_segment(lab)
    ask_the_machine(lab)
    step_through_the_lan(lab)
    assert lab.errors == []
    assert lab.strangers == []


def walk_the_ladder(lab: LabPage) -> None:
    view = lab.show(".wl-ladder")
    shown = view.locator(".wl-arrow:not(.wl-later)")
    expect(shown).to_have_count(4)  # the arrow that a later cell appended is shown
    view.get_by_role("button", name="First").click()
    expect(view).to_contain_text("Step 0 of 4")
    expect(shown).to_have_count(0)
    button = view.get_by_role("button", name="Next")
    button.click()
    expect(view).to_contain_text("I count from 100.")
    button.click()
    expect(view).to_contain_text("server now SYN-RECEIVED")
    expect(view.locator(".wl-held")).to_have_text(["SYN-SENT", "SYN-RECEIVED"])
    lab.page.keyboard.press("Tab")  # from Next to All, a real button
    lab.page.keyboard.press("Enter")
    expect(view).to_contain_text("Step 4 of 4")
    expect(button).to_have_attribute("aria-disabled", "true")
    for key, step in (("Home", 0), ("ArrowRight", 1), ("End", 4), ("ArrowLeft", 3)):
        lab.page.keyboard.press(key)
        expect(view).to_contain_text(f"Step {step} of 4")
    lab.page.keyboard.press("p")  # plays on from step 3, and stops at the end by itself
    expect(view.get_by_role("button", name="Pause")).to_be_visible()
    expect(view).to_contain_text("Step 4 of 4")
    expect(view.get_by_role("button", name="Play")).to_be_visible()
    view.get_by_text("In words").click()
    expect(view.locator("details")).to_contain_text("2. at 0.040 s, server to client")
    view.get_by_text("In words").click()
    lab.screenshot(f"ladder-{lab.theme}", view)


def inspect_the_segment(lab: LabPage) -> None:
    view = lab.show(".wl-inspector")
    lit_octets = view.locator(".wl-octet.wl-lit")
    lit_fields = view.locator(".wl-field.wl-lit")
    view.locator(".wl-field", has_text="Sequence number").click()
    expect(lit_octets).to_have_text(["00", "00", "01", "2c"])
    lab.page.keyboard.press("ArrowDown")
    expect(lit_octets).to_have_text(["00", "00", "00", "65"])
    expect(view).to_contain_text("Acknowledgment number = 101")
    view.locator(".wl-octet").nth(12).click()
    names = lit_fields.locator(".wl-field-name")
    expect(names).to_have_text(["Data offset", "Reserved"])
    lab.page.keyboard.press("ArrowRight")
    expect(names).to_have_text(["Control bits"])
    view.locator(".wl-octet").nth(14).hover()
    expect(names).to_have_text(["Window"])
    lab.screenshot(f"inspector-{lab.theme}", view)


def ask_the_machine(lab: LabPage) -> None:
    view = lab.show(".wl-machine")
    expect(view.locator(".wl-here")).to_have_attribute("data-state", "SYN-SENT")
    view.locator("[data-state='LISTEN']").click()
    expect(view).to_contain_text("RFC 9293 section 3.10.7.2, third")
    lab.page.keyboard.press("Tab")  # the next state in the drawing has the focus
    expect(view).to_contain_text("SYN-SENT (current state)")
    expect(view).to_contain_text("RFC 9293 section 3.10.7.3, fourth")
    lab.screenshot(f"machine-{lab.theme}", view)


def step_through_the_lan(lab: LabPage) -> None:
    view = lab.show(".wl-lan")
    now = view.locator(".wl-scene.wl-now")
    expect(view).to_contain_text("Step 0 of 2")
    view.get_by_role("button", name="Next").click()
    expect(now).to_have_count(1)
    expect(now.get_by_text("drops it")).to_be_visible()
    expect(now.get_by_text("10.0.0.1 02:00:00:00:00:01")).to_be_visible()
    expect(view).to_contain_text("Taken up by b, dropped by c.")
    for key, step in (("End", 2), ("Home", 0), ("ArrowRight", 1), ("ArrowRight", 2)):
        lab.page.keyboard.press(key)
        expect(view).to_contain_text(f"Step {step} of 2")
    expect(now.get_by_text("drops it")).to_have_count(0)
    expect(view.locator(".wl-scene:not(.wl-now)").first).to_be_hidden()
    view.get_by_text("In words").click()
    expect(view.locator("details")).to_contain_text("2. b to a: is-at 02:00:00:00:00:02.")
    view.get_by_text("In words").click()
    lab.screenshot(f"lan-{lab.theme}", view)


def test_views_fit_a_narrow_window(lab_page: Callable[..., LabPage], notebook: str) -> None:
    lab = lab_page(notebook, width=900)
    lab.run_all()
    for name in ("ladder", "inspector", "machine", "lan"):
        view = lab.show(f".wl-{name}")
        inside, room = view.evaluate("v => [v.scrollWidth, v.clientWidth]")
        assert inside <= room, f"{name} is {inside} wide where {room} is"
        lab.screenshot(f"{name}-narrow", view)


def test_colours_follow_the_theme(lab: LabPage) -> None:
    view = lab.show(".wl-ladder")
    panel = view.locator(".wl-stage").evaluate("v => getComputedStyle(v).backgroundColor")
    bright = sum(int(part) for part in panel.strip("rgb()").split(",")[:3]) > 3 * 128
    assert bright == (lab.theme == "light")
