"""The gradebook in PostgreSQL: a real server, started without root on a socket of its own."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from classroom import MAX, RIGHT, TOPIC, Classroom, hand_in, make_course
from nbgrader.api import Gradebook
from support import ROOT, require

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


def programs() -> Path | None:
    """The newest PostgreSQL of Debian, or the one on PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    there = shutil.which("initdb")
    return found[-1].parent if found else Path(there).parent if there else None


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A server that ends with the tests; its URL for SQLAlchemy."""
    pytest.importorskip("psycopg", reason="install the extra postgresql: pip install psycopg")
    bin_ = programs()
    require(bin_ is not None, "install postgresql")
    with tempfile.TemporaryDirectory(prefix="wirelab-pg-") as name:
        folder = Path(name)
        user = None
        if os.getuid() == 0:  # PostgreSQL refuses to run as root
            user = "nobody"
            entry = pwd.getpwnam(user)
            os.chown(folder, entry.pw_uid, entry.pw_gid)
        options = {
            "cwd": folder, "user": user, "stdout": subprocess.DEVNULL,
            "env": {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
        }  # fmt: skip
        data = folder / "data"
        subprocess.run(
            [bin_ / "initdb", "-D", data, "-U", "wirelab", "-A", "trust", "-N"],
            check=True,
            **options,
        )
        control = [bin_ / "pg_ctl", "-D", data, "-l", folder / "log", "-w"]
        settings = f"-k {folder} -c listen_addresses='' -c fsync=off"
        subprocess.run([*control, "-o", settings, "start"], check=True, **options)
        try:
            yield f"postgresql+psycopg://wirelab@/postgres?host={folder}"
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], check=True, **options)


def test_a_class_is_graded_into_postgresql(server: str, tmp_path: Path) -> None:
    course = make_course(tmp_path / "course", ROOT / "nbgrader_config.py")
    config = course.root / "nbgrader_config.py"
    setting = f"c.CourseDirectory.db_url = {server!r}"
    config.write_text(f"{config.read_text('utf-8')}\n{setting}\n", "utf-8")
    room = Classroom(course)
    hand_in(course, "ann", RIGHT)
    hand_in(course, "bob", {"encode-answer": "right"})
    hand_in(course, "eve\N{SNOWMAN}").write_text("{", "utf-8")
    rows = room.grade()
    assert [rows[name].score for name in ("ann", "bob", "eve\N{SNOWMAN}")] == [MAX, 3.0, 0.0]
    assert not (course.root / "gradebook.db").exists()
    with Gradebook(server) as gradebook:
        found = {s.student_id: s.score for s in gradebook.assignment_submissions(TOPIC)}
    assert found == {"ann": MAX, "bob": 3.0, "eve\N{SNOWMAN}": 0.0}

    assert room.grade()["ann"].state == "unchanged"
    hand_in(course, "bob", RIGHT)
    assert room.grade()["bob"].score == MAX
    with Gradebook(server) as gradebook:
        assert len(gradebook.assignment_submissions(TOPIC)) == 3
