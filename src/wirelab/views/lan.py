"""The LAN: hosts on one link, a frame at a time, and what each host has noted down afterwards.

It must not know a protocol: who takes a frame and what it teaches is said by its steps.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import traitlets

from wirelab.views.lan_drawing import Scene, draw_lan
from wirelab.views.view import View, front_end


@dataclass(frozen=True)
class LanHost:
    """A host: `LanHost("you", "10.9.0.2", "02:00:00:00:00:02")`; `notes` are its first ones."""

    name: str
    ip: str
    mac: str
    notes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class LanStep:
    """One frame: `sender` and `to` are names of hosts; `to=()` is everybody.

    `takes` are the hosts that take it up (all it is addressed to, if None); `learns` maps a host to
    what it notes down, address to text; a text of "" strikes the entry out.
    """

    sender: str
    label: str
    to: tuple[str, ...] = ()
    takes: tuple[str, ...] | None = None
    note: str = ""
    learns: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


class Lan(View):
    """A link with its hosts: `Lan(hosts, steps)`; `step` is the frame shown first, 0 for none.

    Raises ValueError if a step names a host that is not there.
    """

    _esm = front_end("lan")

    step = traitlets.Int(0).tag(sync=True)
    """The frame that is shown, counted from 1; 0 shows the hosts before the first."""
    sayings = traitlets.List(traitlets.Dict()).tag(sync=True)
    """For the beginning and for each step: `said`, one sentence, and `note`."""

    def __init__(
        self,
        hosts: Iterable[LanHost],
        steps: Iterable[LanStep] = (),
        *,
        title: str = "",
        step: int = 0,
    ) -> None:
        self._hosts, self._steps = tuple(hosts), tuple(steps)
        names = [host.name for host in self._hosts]
        for each in self._steps:
            for name in (each.sender, *each.to, *(each.takes or ()), *each.learns):
                if name not in names:
                    raise ValueError(f"no host is called {name!r}; there are: {', '.join(names)}")
        self._title = title or f"One link with {', '.join(names)}"
        self._scenes = _scenes(self._hosts, self._steps)
        sayings = [{"said": "Before the first frame.", "note": ""}]
        sayings += [
            {"said": _sentence(s), "note": e.note}
            for s, e in zip(self._scenes[1:], self._steps, strict=True)
        ]
        super().__init__(
            step=min(max(step, 0), len(self._steps)),
            sayings=sayings,
            drawing=self._drawn(live=True),
            alternative=self.text(),
        )

    def svg(self) -> str:
        """Return every frame, one below the other, as an SVG file that needs nothing else."""
        return self._drawn(live=False)

    def text(self) -> str:
        """Return the hosts, the frames as numbered lines, and what was noted down."""
        lines = [f"{self._title}."]
        lines += [f"  {host.name}: {host.ip}, {host.mac}" for host in self._hosts]
        for number, (scene, step) in enumerate(zip(self._scenes[1:], self._steps, strict=True), 1):
            lines.append(f"{number}. {_sentence(scene)}")
            if step.note:
                lines.append(f"   {step.note}")
            for name in scene.changed:
                entries = ", ".join(f"{ip} {what}" for ip, what in scene.notes[name].items())
                lines.append(f"   Noted by {name}: {entries or 'nothing'}.")
        return "\n".join(lines)

    def _drawn(self, *, live: bool) -> str:
        return draw_lan(
            [(host.name, host.ip, host.mac) for host in self._hosts],
            self._scenes,
            title=self._title,
            description=self.text(),
            live=live,
        )


def _scenes(hosts: tuple[LanHost, ...], steps: tuple[LanStep, ...]) -> list[Scene]:
    """Return what is to be seen before the first step and at each."""
    notes = {host.name: dict(host.notes) for host in hosts}
    scenes = [Scene(notes={name: dict(each) for name, each in notes.items()})]
    for step in steps:
        to = step.to or tuple(host.name for host in hosts if host.name != step.sender)
        for name, learnt in step.learns.items():
            notes[name].update(learnt)
            notes[name] = {ip: what for ip, what in notes[name].items() if what}
        scenes.append(
            Scene(
                sender=step.sender,
                label=step.label,
                to=to,
                everybody=not step.to,
                takes=to if step.takes is None else step.takes,
                note=step.note,
                notes={name: dict(each) for name, each in notes.items()},
                changed=tuple(name for name in notes if step.learns.get(name)),
            )
        )
    return scenes


def _sentence(scene: Scene) -> str:
    whom = "everybody" if scene.everybody else " and ".join(scene.to)
    said = f"{scene.sender} to {whom}: {scene.label}."
    if scene.everybody:
        drops = [name for name in scene.to if name not in scene.takes]
        if scene.takes:
            said += f" Taken up by {' and '.join(scene.takes)}"
            said += f", dropped by {' and '.join(drops)}." if drops else "."
        else:
            said += " Nobody takes it up."
    return said
