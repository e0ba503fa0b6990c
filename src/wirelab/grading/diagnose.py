"""Which misconception explains a wrong result: the planted wrong answer that gives the very same.

It runs planted answers on the cases that failed; a planted answer that crashes or cannot be loaded
never breaks a check. It knows nothing of how a message is laid out.
"""

from __future__ import annotations

import contextlib
import io
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wirelab.grading import explain, table
from wirelab.grading.cases import Case
from wirelab.grading.course import lesson_folder
from wirelab.grading.misconceptions import Misconception
from wirelab.grading.outcomes import Outcome, Raised

BUDGET_S = 10.0  # then the rule has to do
STRICT_BUDGET_S = 120.0  # a proof asks what would be said, not how busy its machine is
AMBIGUOUS = 2  # explanations that are still worth saying, with "or" between them
TRIED = 12  # wrong cases on which an explanation is looked for


@dataclass(frozen=True)
class Sentence:
    """What is wrong, and where the rule stands."""

    says: str
    rfc: str = ""

    def lines(self) -> list[str]:
        """The sentence in lines of at most 80 columns, its source at the end."""
        # the source of the rule is not broken over two lines
        text = "  ".join(filter(None, (self.says, self.rfc.replace(" ", "\N{NO-BREAK SPACE}"))))
        return [line.replace("\N{NO-BREAK SPACE}", " ") for line in explain.wrap(text)]


def spoken(sentences: Sequence[Sentence]) -> list[str]:
    """One sentence, or two with "or" between them."""
    lines: list[str] = []
    for sentence in sentences[:2]:
        lines += (["or"] if lines else []) + sentence.lines()
    return lines


def name_of(answer: Any) -> str:
    """What the learner calls an answer."""
    return str(getattr(answer, "__name__", None) or type(answer).__name__)


def names_of(answers: tuple, names: dict[str, Any]) -> list[set[str]]:
    """For each answer its own name and every global name of the test cell that is bound to it."""
    return [{name_of(a)} | {name for name, value in names.items() if value is a} for a in answers]


def diagnose(
    topic: str,
    answers: tuple,
    names: Sequence[set[str]],
    cases: Sequence[Case],
    outcomes: Sequence[Outcome],
    wrong: Sequence[int],
    rule: str = "",
) -> list[Sentence]:
    """At most two sentences that explain the wrong cases; none where too many would.

    A planted answer explains if it agrees with the learner's on every case of the check, the right
    ones as well: one that explains some of the mistakes is another mistake. Where there are no
    planted answers, on a student's machine, the table beside the notebook has to do.
    """
    if os.environ.get("WIRELAB_DIAGNOSE") == "off":  # only whether it is wrong is asked
        return []
    if lesson_folder(topic) is None:
        found = table.look_up(topic, names, cases, outcomes, wrong, rule)
        sentences = list(dict.fromkeys(Sentence(*each) for each in found))
    else:
        planted = _explanations(topic, answers, names, cases, outcomes, wrong[:TRIED])
        sentences = list(dict.fromkeys(Sentence(each.says, each.rfc) for each in planted))
    return sentences if len(sentences) <= AMBIGUOUS else []


def _explanations(
    topic: str,
    answers: tuple,
    names: Sequence[set[str]],
    cases: Sequence[Case],
    outcomes: Sequence[Outcome],
    wrong: Sequence[int],
) -> list[Misconception]:
    strict = os.environ.get("WIRELAB_DIAGNOSE") == "strict"
    deadline = time.monotonic() + (STRICT_BUDGET_S if strict else BUDGET_S)
    found = []
    with _silence():
        if _right_answer_fails_too(topic, answers, names, cases[wrong[0]], outcomes[wrong[0]]):
            return []
        for planted, place, stand_in in stand_ins(topic, answers, names):

            def agrees(
                i: int, stand_in: tuple = stand_in, planted: Misconception = planted
            ) -> bool:
                return _agrees(cases[i], stand_in, planted.renamed, outcomes[i])

            explained = [i for i in wrong if time.monotonic() < deadline and agrees(i)]
            if len(answers) > 1:
                # of several answers, one that is right would have given the same result: no cause
                right = (*answers[:place], right_answer(topic, planted.of), *answers[place + 1 :])
                explained = [i for i in explained if not _agrees(cases[i], right, {}, outcomes[i])]
            if len(explained) == len(wrong) and all(
                time.monotonic() < deadline and agrees(i)
                for i in range(len(cases))
                if i not in explained
            ):
                found.append(planted)
    return found


def stand_ins(
    topic: str, answers: tuple, names: Sequence[set[str]]
) -> Iterator[tuple[Misconception, int, tuple]]:
    """Each planted answer to one of `answers`, its place, and all answers with it in that place."""
    for planted in candidates(topic):
        place = next((i for i, known in enumerate(names) if planted.of in known), None)
        if place is not None:
            stand_in = (*answers[:place], planted.implementation, *answers[place + 1 :])
            yield planted, place, stand_in


def _right_answer_fails_too(
    topic: str, answers: tuple, names: Sequence[set[str]], case: Case, outcome: Outcome
) -> bool:
    """Whether it is this machine or the test that raises, so that no misconception explains it."""
    if not isinstance(outcome, Raised):
        return False
    right = _right_answers(topic)
    known = [next((right[n] for n in sorted(each) if n in right), None) for each in names]
    stand_in = tuple(
        answer if mine is None else mine for answer, mine in zip(answers, known, strict=True)
    )
    return None not in known and _agrees(case, stand_in, {}, outcome)


def _agrees(case: Case, answers: tuple, renamed: dict[str, str], outcome: Outcome) -> bool:
    if isinstance(outcome, Raised) and outcome.type_name in ("NameError", "ImportError"):
        return False
    try:
        return case.run(answers, renamed).agrees(outcome)
    except KeyboardInterrupt:
        raise
    except BaseException:
        return False


def candidates(topic: str) -> Sequence[Misconception]:
    """The planted wrong answers of a topic; none where its `lessons/` are not at hand.

    With `WIRELAB_DIAGNOSE=strict`, as the proof sets it, a broken misconceptions.py is an error.
    """
    from wirelab.grading.reference import planted_answers

    return _from_lessons(topic, planted_answers, ())


def _right_answers(topic: str) -> dict[str, Any]:
    from wirelab.grading.reference import right_answers

    return _from_lessons(topic, lambda folder: vars(right_answers(folder / "lesson.py")), {})


def _from_lessons(topic: str, read: Callable[[Path], Any], otherwise: Any) -> Any:
    folder = lesson_folder(topic)
    if folder is None:
        return otherwise
    try:
        return read(folder)
    except Exception:
        if os.environ.get("WIRELAB_DIAGNOSE") == "strict":
            raise
        return otherwise


def right_answer(topic: str, name: str) -> Any:
    """The reference answer of that name; `candidates` of the topic must not be empty."""
    from wirelab.grading.reference import right_answers

    return vars(right_answers(lesson_folder(topic) / "lesson.py"))[name]


@contextlib.contextmanager
def _silence() -> Any:
    sink = io.StringIO()
    with contextlib.redirect_stdout(sink), contextlib.redirect_stderr(sink):
        yield
