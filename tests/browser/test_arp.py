"""The topic of ARP in a real JupyterLab: its first frame and its LAN, as the notebook has them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from lab_server import CELLS_RAN, LabPage

pytestmark = pytest.mark.browser
expect = pytest.importorskip("playwright.sync_api").expect


def test_the_topics_own_pictures(lab_page: Callable[..., LabPage]) -> None:
    lab = lab_page("notebooks/11_arp.ipynb", theme="dark", height=1100)
    lab.run_all(errors_allowed=True)  # nothing is answered yet
    lab.page.wait_for_function(CELLS_RAN, timeout=120_000)

    inspector = lab.show(".wl-inspector")
    inspector.locator(".wl-field", has_text="Sender IP").click()
    expect(inspector.locator(".wl-octet.wl-lit")).to_have_text(["0a", "09", "00", "01"])
    lab.screenshot("inspector", inspector)

    lan = lab.show(".wl-lan")
    expect(lan).to_contain_text("Step 1 of 4")
    expect(lan).to_contain_text("Taken up by you, dropped by printer.")
    lab.screenshot("lan", lan)
    lan.get_by_role("button", name="Next").click()
    expect(lan).to_contain_text("you to peer: 10.9.0.2 is-at 02:00:00:00:00:02")
    assert lab.strangers == []
