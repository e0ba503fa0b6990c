"""nginx and Apache on loopback: started without root, judged by requests, gone afterwards."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest
from support import require

from wirelab.servers.frames import Frame
from wirelab.servers.programs import (
    APACHE,
    NGINX,
    NotStarted,
    Program,
    complaints,
    descendants,
    started,
)
from wirelab.servers.site import a_place, get

SITES = {
    NGINX: "server {{ listen 127.0.0.1:{port}; root {root}; }}",
    APACHE: "DocumentRoot {root}\n<Directory {root}>\nRequire all granted\n</Directory>",
}


@pytest.fixture(params=[NGINX, APACHE], ids=["nginx", "apache"])
def program(request):
    require(request.param.path, f"install {request.param.name}: {request.param.install}")
    return request.param


@pytest.fixture
def place():
    with a_place() as made:
        yield made


def soon(holds, within_s=10.0):
    """Whether it holds within some seconds: nobody says when a process has begun."""
    never, end = threading.Event(), time.monotonic() + within_s
    while not holds() and time.monotonic() < end:
        never.wait(0.01)
    return holds()


def test_serves_files_and_leaves_nothing(program, place):
    text = SITES[program].format(port=place.port, root=place.root)
    with started(program, text, port=place.port) as server:
        answer = get(place.port, "/style.css")
        pids, folder = descendants(server.pid), server.folder
        assert len(pids) > 1
        if psutil.Process().uids().effective == 0:
            workers = (psutil.Process(pid).uids().effective for pid in pids)
            assert 0 not in workers, "it does not run as root"
    assert (answer.status, answer.kind) == (200, "text/css")
    assert not [pid for pid in pids if psutil.pid_exists(pid)]
    assert not Path(folder).exists()


def test_it_ends_with_a_process_that_is_killed(program, place):
    require(shutil.which("setpriv"), "install util-linux")
    text = SITES[program].format(port=place.port, root=place.root)
    code = (
        "import sys\nfrom wirelab.servers.programs import *\n"
        "program = {each.name: each for each in (NGINX, APACHE)}[sys.argv[1]]\n"
        "with started(program, sys.argv[2], port=int(sys.argv[3])) as server:\n"
        "    print(server.pid, flush=True)\n    sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", code, program.name, text, str(place.port)]
    pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with subprocess.Popen(command, **pipes) as killed:
        server = psutil.Process(int(killed.stdout.readline()))
        killed.kill()
    with contextlib.suppress(psutil.NoSuchProcess):
        server.wait(10)


def test_a_wrong_word_is_named(program, place):
    assert complaints(program, "Lisen 80") != []
    with pytest.raises(NotStarted, match="Lisen"), started(program, "Lisen 80;", port=place.port):
        pass


def test_a_right_text_gives_no_complaint(program, place):
    assert complaints(program, SITES[program].format(port=place.port, root=place.root)) == []


def test_prefork_has_a_process_for_each_client(place):
    require(APACHE.path, f"install {APACHE.name}: {APACHE.install}")
    text = SITES[APACHE].format(port=place.port, root=place.root)
    with started(APACHE, text, port=place.port, frame=Frame("prefork", workers=5)) as server:
        assert get(place.port, "/").status == 200
        assert soon(lambda: len(descendants(server.pid)) == 6)


def test_what_is_missing_is_said_in_one_line():
    nowhere = Program("Nowhere", ("no-such-program-anywhere",), "install it")
    assert nowhere.path is None
    assert "install it" in nowhere.missing
    assert "\n" not in nowhere.missing
    with pytest.raises(NotStarted, match="install it"), started(nowhere, ""):
        pass


def test_the_application_tells_what_it_was_asked(place):
    seen = json.loads(get(place.app_port, "/x?y=1", {"X-Test": "z"}).body)
    assert (seen["path"], seen["headers"]["x-test"]) == ("/x?y=1", "z")
    assert get(place.app_port, "/moved").location == f"http://127.0.0.1:{place.app_port}/list"
