"""The course: its topics in order, and the folder that holds them.

It knows names and paths, and reads no notebook. Ids are final: grades are keyed by them.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from wirelab.grading.errors import CourseError

PARTS = {
    0: "Before you begin",
    1: "Links and transport",
    2: "HTTP and what stands on it",
    3: "Security",
}


@dataclass(frozen=True)
class Topic:
    """One notebook of the course; `headings` are those of the study notes that it covers."""

    id: str
    title: str
    headings: str = ""

    @property
    def part(self) -> int:
        """The part it belongs to, 0 to 3: the first digit of its id."""
        return int(self.id[0])

    @property
    def graded(self) -> bool:
        """Whether its points count; those of `00_start` do not."""
        return self.part > 0


TOPICS = (
    Topic("00_start", "Start here"),
    Topic("11_arp", "ARP, and NDP after it", "ARP"),
    Topic("12_handshake", "The three-way handshake", "三次握手"),
    Topic("13_teardown", "The four-way teardown", "四次挥手"),
    Topic("14_sockets", "The socket as façade", "Socket"),
    Topic("15_c10k", "Ten thousand connections", "C10K; apache/nginx"),
    Topic("21_http", "HTTP messages, methods, status codes", "POST/GET"),
    Topic("22_clients", "HTTP clients", "urllib/urllib2"),
    Topic("23_sessions", "Cookies and sessions", "cookie/session"),
    Topic("24_wsgi", "CGI, WSGI, and ASGI after them", "CGI/WSGI"),
    Topic("25_rest", "REST", "RESTful"),
    Topic("26_rpc", "RPC, SOAP, and how REST came", "SOAP/RPC"),
    Topic("27_ajax", "Ajax, same origin, CORS", "Ajax"),
    Topic("31_crypto", "Encoding, hashing, encrypting, signing", "web 加密"),
    Topic("32_https", "HTTP and HTTPS", "Http/Https"),
    Topic("33_mitm", "Man in the middle", "中间人攻击"),
    Topic("34_xss", "Cross-site scripting", "CSRF/XSS"),
    Topic("35_csrf", "Cross-site request forgery", "CSRF/XSS"),
)

_BY_ID = {topic.id: topic for topic in TOPICS}


def topic(topic_id: str) -> Topic:
    """The topic of that id.

    Raises `CourseError` if there is none; a trailing slash or a path to its folder is forgiven.
    """
    name = Path(topic_id).name
    if name not in _BY_ID:
        raise CourseError(
            f"{topic_id!r} is not a topic of this course. Topics: {', '.join(_BY_ID)}"
        )
    return _BY_ID[name]


def is_topic(topic_id: str) -> bool:
    """Whether the course has a topic of exactly that id."""
    return topic_id in _BY_ID


@dataclass(frozen=True)
class Course:
    """A course folder: where each topic's one truth and its editions lie."""

    root: Path

    @classmethod
    def find(cls, start: Path | None = None) -> Course:
        """The course that `start` (default: the working folder) is in.

        Raises `CourseError` where no folder upwards has `lessons/` and `nbgrader_config.py`.
        """
        start = (start or Path.cwd()).resolve()
        for folder in (start, *start.parents):
            if (folder / "lessons").is_dir() and (folder / "nbgrader_config.py").is_file():
                return cls(folder)
        raise CourseError(
            f"{start} is not inside a Wirelab course: no folder upwards has lessons/ and "
            "nbgrader_config.py. Change into your clone of the course first."
        )

    @property
    def lessons(self) -> Path:
        return self.root / "lessons"

    def lesson(self, topic_id: str) -> Path:
        """The one truth of a topic."""
        return self.lessons / topic_id / "lesson.py"

    def source(self, topic_id: str) -> Path:
        """The instructor edition."""
        return self.root / "source" / topic_id / f"{topic_id}.ipynb"

    def release(self, topic_id: str) -> Path:
        """The course edition, as nbgrader releases it."""
        return self.root / "release" / topic_id / f"{topic_id}.ipynb"

    def notebook(self, topic_id: str) -> Path:
        """The self-study edition."""
        return self.root / "notebooks" / f"{topic_id}.ipynb"

    @property
    def state(self) -> Path:
        """The ignored folder of caches and progress; nothing in it is needed."""
        return self.root / ".wirelab"

    def written(self) -> tuple[Topic, ...]:
        """The topics whose lesson exists, in the course's order."""
        return tuple(each for each in TOPICS if self.lesson(each.id).is_file())


def course_root(start: Path | None = None) -> Path | None:
    """Find the course folder, or the checkout that this package is installed from.

    `WIRELAB_LESSONS` names its `lessons/`; else it is looked for upwards from `start`, by default
    the working folder. `None` when there is no `lessons/` anywhere, as on a student's machine.
    """
    if named := os.environ.get("WIRELAB_LESSONS"):
        return Path(named).resolve().parent
    start = (start or Path.cwd()).resolve()
    checkout = Path(__file__).resolve().parents[3]
    for folder in (start, *start.parents, checkout):
        if (folder / "lessons").is_dir() and (folder / "nbgrader_config.py").is_file():
            return folder
    return checkout if (checkout / "lessons").is_dir() else None


def lesson_folder(topic: str, start: Path | None = None) -> Path | None:
    """The folder `lessons/<topic>`, or `None` where the course's truth is not at hand."""
    if named := os.environ.get("WIRELAB_LESSONS"):
        folder = Path(named) / topic
        return folder if folder.is_dir() else None
    root = course_root(start)
    folder = root / "lessons" / topic if root else None
    return folder if folder and folder.is_dir() else None
