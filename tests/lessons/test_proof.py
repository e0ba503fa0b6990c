"""Every topic is proven, but for its mutants: those take longer, see CONTRIBUTING."""

from __future__ import annotations

import pytest
from support import ROOT

from wirelab.authoring.prove import prove
from wirelab.grading.course import Course

COURSE = Course(ROOT)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("topic", [each.id for each in COURSE.written()])
def test_the_topic_is_proven(topic: str) -> None:
    report = prove(topic, COURSE)
    # How long Run All takes is for `wirelab prove` to say: here other tests run beside it.
    assert [why for why in report.get("failures", []) if "Run All takes" not in why] == []
    assert report["solution_score"] == report["points"]
    assert report["blank_score"] == 0
