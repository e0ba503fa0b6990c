"""Diagnoses without the planted answers: digests of the wrong results they give, and the sentences.

`diagnoses.json` lies beside a released notebook, where no `lessons/` are at hand. It holds no code:
a key is a digest of what was asked and what came. It covers the visible tests only.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from wirelab.grading.cases import Case
from wirelab.grading.misconceptions import Misconception
from wirelab.grading.outcomes import SLIPS, Outcome, Raised

FILE = "diagnoses.json"


def result_key(of: str, rule: str, case: Case, outcome: Outcome) -> str:
    """The digest of one question to the answer `of` and one outcome."""
    return _digest(of, rule, case.identity(), outcome.digestible())


def check_key(of: str, rule: str, cases: Sequence[Case]) -> str:
    """The digest of a whole check."""
    return _digest(of, rule, *(case.identity() for case in cases))


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]


class Recorder:
    """Notes, while the right answers pass the visible tests, what each planted one gives there."""

    def __init__(self) -> None:
        self.sentences: dict[tuple[str, str], int] = {}
        self.results: dict[str, set[int]] = {}
        self.counts: dict[str, dict[int, int]] = {}

    def note(
        self,
        candidates: Sequence[tuple[Misconception, tuple]],
        cases: Sequence[Case],
        rule: str,
    ) -> None:
        """Run each candidate, a misconception and the answers with it in place, on every case.

        A check that opens sockets is left out: what comes then is a matter of time as well, and a
        table is the same each time it is made.
        """
        found: list[tuple[Misconception, list[str]]] = []
        for planted, answers in candidates:
            keys = []
            for case in cases:
                opened = _sockets_opened()
                outcome = case.run(answers, planted.renamed)
                if _sockets_opened() != opened:
                    return
                # Python words its own complaints anew with each version.
                if not case.accepts(outcome) and not _is_slip(outcome):
                    keys.append(result_key(planted.of, rule, case, outcome))
            found.append((planted, keys))
        for planted, keys in found:
            number = self.sentences.setdefault((planted.says, planted.rfc), len(self.sentences))
            for key in keys:
                self.results.setdefault(key, set()).add(number)
            if keys:
                check = check_key(planted.of, rule, cases)
                self.counts.setdefault(check, {})[number] = len(keys)

    def as_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "sentences": [list(each) for each in self.sentences],
            "results": {key: sorted(numbers) for key, numbers in self.results.items()},
            "counts": {key: {str(n): c for n, c in of.items()} for key, of in self.counts.items()},
        }


_opened: list[int] = []


def _sockets_opened() -> int:
    """How many sockets this process has opened since it was first asked."""
    if not _opened:
        _opened.append(0)

        def hear(event: str, _: Any) -> None:
            _opened[0] += event == "socket.__new__"

        sys.addaudithook(hear)
    return _opened[0]


def _is_slip(outcome: Outcome) -> bool:
    return isinstance(outcome, Raised) and outcome.type_name in SLIPS | {"RecursionError"}


recorder: Recorder | None = None
"""Set while a table is made, and only then."""


def look_up(
    topic: str,
    names: Sequence[set[str]],
    cases: Sequence[Case],
    outcomes: Sequence[Outcome],
    wrong: Sequence[int],
    rule: str,
) -> list[tuple[str, str]]:
    """The sentences, with their sources, of those that gave the same on every case.

    `wrong` lists the cases whose outcome is not right. Empty where there is no table.
    """
    table = _load(Path.cwd() / FILE, topic)
    if not table:
        return []
    known = sorted(set().union(*names))
    common: set[int] | None = None
    for i in wrong:
        keys = (result_key(name, rule, cases[i], outcomes[i]) for name in known)
        numbers = {number for key in keys for number in table["results"].get(key, ())}
        common = numbers if common is None else common & numbers
    counts: dict[str, int] = {}
    for name in known:
        counts |= table["counts"].get(check_key(name, rule, cases), {})
    whole = [n for n in sorted(common or ()) if counts.get(str(n)) == len(wrong)]
    return [tuple(table["sentences"][n]) for n in whole]


@lru_cache(maxsize=2)
def _load(path: Path, topic: str) -> dict[str, Any]:
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        sound = table["topic"] == topic and all(
            isinstance(table[part], kind)
            for part, kind in (("sentences", list), ("results", dict), ("counts", dict))
        )
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return table if sound else {}
