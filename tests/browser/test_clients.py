"""The widgets of `22_clients` in JupyterLab: the progress bar, the crowd of retries, the traps."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from lab_server import LabPage

pytestmark = pytest.mark.browser
expect = pytest.importorskip("playwright.sync_api").expect

NOTEBOOK = "source/22_clients/22_clients.ipynb"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_widgets_of_the_lesson(lab_page: Callable[..., LabPage], theme: str) -> None:
    lab = lab_page(NOTEBOOK, theme=theme)
    lab.run_all()
    lab.page.evaluate("() => jupyterapp.shell.currentWidget.content.scrollToItem(0, 'start')")

    herd = lab.show(".widget-interact:has(input[type=checkbox])")
    expect(herd).to_contain_text("without jitter")
    herd.locator("input[type=checkbox]").check()
    expect(herd).to_contain_text("with jitter:")
    expect(herd.locator("img")).to_be_visible()
    lab.screenshot(f"herd-{theme}", herd)

    bar = lab.show(".widget-hbox:has(.progress)")
    expect(bar).to_contain_text("100,000 of 100,000 octets (100%)")
    lab.screenshot(f"bar-{theme}", bar)
    broken = lab.page.locator(".widget-hbox:has(.progress)").nth(1)
    expect(broken).to_contain_text("of 100,000 octets (30%)")
    lab.screenshot(f"bar-broken-{theme}", broken)

    traps = lab.show(".widget-interact:has(select)")
    traps.locator("select").select_option("/cut")
    expect(traps).to_contain_text("IncompleteRead")
    expect(traps).to_contain_text("ChunkedEncodingError")
    lab.show(".widget-interact:has(select)")  # what it said has moved it
    lab.screenshot(f"traps-{theme}", traps)
    assert lab.errors == []
    assert lab.strangers == []
