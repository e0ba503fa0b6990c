"""What a cell put out, as values that a notebook may hold: whatever a worker sent, this is sound.

It judges no marks.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from wirelab.grading.engine.reading import clean

CHARACTERS = 4 << 20  # of one cell, pictures included
OUTPUTS = 500
CUT = "\n... the rest of this output was left out ...\n"


def sound(outputs: Any, number: int | None = None) -> list[dict[str, Any]]:
    """The outputs of the cell that ran as the `number`th, as nbformat has them, of bounded size."""
    found: list[dict[str, Any]] = []
    room = CHARACTERS
    for output in outputs if isinstance(outputs, list) else ():
        made = _one(output, number) if isinstance(output, Mapping) else None
        if made is None:
            continue
        size = len(json.dumps(made))
        if len(found) == OUTPUTS or size > room:
            found.append(_stream("stdout", CUT))
            break
        room -= size
        found.append(made)
    return found


def _one(output: Mapping[str, Any], number: int | None) -> dict[str, Any] | None:
    kind = output.get("output_type")
    if kind == "stream":
        name = "stderr" if output.get("name") == "stderr" else "stdout"
        return _stream(name, _text(output.get("text")))
    if kind == "error":
        trace = output.get("traceback")
        return {
            "output_type": "error",
            "ename": _text(output.get("ename"))[:200],
            "evalue": _text(output.get("evalue")),
            "traceback": [*map(_text, trace if isinstance(trace, list) else [])],
        }
    if kind in ("display_data", "execute_result"):
        made = {"output_type": kind, "metadata": {}, "data": dict(_bundle(output.get("data")))}
        return made | ({"execution_count": number} if kind == "execute_result" else {})
    return None


def _stream(name: str, text: str) -> dict[str, Any]:
    if len(text) > CHARACTERS // 2:
        text = text[: CHARACTERS // 2] + CUT
    return {"output_type": "stream", "name": name, "text": text}


def _bundle(data: Any) -> Iterator[tuple[str, Any]]:
    """A mime bundle: text, or lists of lines joined; JSON only where the type says so."""
    for kind, value in data.items() if isinstance(data, Mapping) else ():
        if str(kind).endswith("json"):
            yield str(kind), value
        else:
            yield str(kind), _text(value)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, Iterable) and all(isinstance(line, str) for line in value):
        return clean("".join(value))
    return ""
