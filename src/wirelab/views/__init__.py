"""What learners look at: each view is a widget, a static SVG and a text; the only widget code.

It must not know how a network works. Names load when they are asked for, so that importing this
package costs nothing where no view is shown.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wirelab.views.arrows import Arrow
    from wirelab.views.cookie_view import CookieView
    from wirelab.views.frame_inspector import FrameInspector
    from wirelab.views.heights import Heights, HeightsCall
    from wirelab.views.ladder import Ladder
    from wirelab.views.lan import Lan, LanHost, LanStep
    from wirelab.views.loop_rounds import LoopRounds
    from wirelab.views.message import MessageView
    from wirelab.views.state_machine import StateMachine

_HOMES = {
    "Arrow": "arrows",
    "CookieView": "cookie_view",
    "FrameInspector": "frame_inspector",
    "Heights": "heights",
    "HeightsCall": "heights_events",
    "Ladder": "ladder",
    "Lan": "lan",
    "LanHost": "lan",
    "LanStep": "lan",
    "LoopRounds": "loop_rounds",
    "MessageView": "message",
    "StateMachine": "state_machine",
}

__all__ = [
    "Arrow",
    "CookieView",
    "FrameInspector",
    "Heights",
    "HeightsCall",
    "Ladder",
    "Lan",
    "LanHost",
    "LanStep",
    "LoopRounds",
    "MessageView",
    "StateMachine",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
