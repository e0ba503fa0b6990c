"""The hostile site, met by clients that nobody here wrote: each trap does what its text says."""

from __future__ import annotations

import http.client
import json
import threading
import time

import pytest
import requests
from urllib3.exceptions import IncompleteRead

from wirelab.servers import running
from wirelab.servers.hostile_answers import ITEMS, file_content
from wirelab.servers.hostile_site import TRAPS, serve_hostile


@pytest.fixture
def log():
    return []


@pytest.fixture
def site(log):
    with running(serve_hostile, log, 0.02) as server:
        yield server
    assert server.stopped()
    assert server.error is None


@pytest.fixture
def ask(site):
    with requests.Session() as session:
        session.trust_env = False

        def asked(path, method="GET", **options):
            base = f"http://127.0.0.1:{site.address[1]}"
            return session.request(method, base + path, **({"timeout": 5} | options))

        yield asked


def test_honest_pages(ask, log):
    assert ask("/good").json() == {"name": "Zoë", "n": 1}
    assert ask("/echo", "POST", data=b"hi").json()["content"] == "hi"
    assert ask("/none").status_code == 404
    assert ask("/good", "HEAD").content == b""
    assert [each.connection for each in log] == [0, 0, 0, 0]
    assert log[1].content == b"hi"


@pytest.mark.parametrize("path", ["/cut", "/cut-chunks"])
def test_what_is_cut(ask, path):
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        ask(path)


def test_reset(ask):
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        ask("/reset")


def test_read_with_a_size_does_not_tell_that_it_was_cut(site):
    client = http.client.HTTPConnection(*site.address, timeout=5)
    client.request("GET", "/cut")
    assert len(client.getresponse().read(4000)) == 400  # the lesson's opening says so
    client.close()


@pytest.mark.parametrize("path", ["/drip", "/huge"])
def test_a_drip_outlives_the_timeout(ask, path):
    began, got = time.monotonic(), 0
    for piece in ask(path, timeout=0.15, stream=True).iter_content(1):
        got += len(piece)
        if time.monotonic() - began > 0.3:
            break
    assert got > 2


@pytest.mark.parametrize("path", ["/silent"])
def test_silence(ask, path):
    with pytest.raises(requests.Timeout):
        ask(path, timeout=0.1)


@pytest.mark.parametrize("path", ["/loop", "/maze"])
def test_redirects_without_end(ask, log, path):
    with pytest.raises(requests.TooManyRedirects):
        ask(path)
    assert len({each.target for each in log}) == (1 if path == "/loop" else 31)


def test_bomb(ask):
    answer = ask("/bomb", stream=True)
    assert int(answer.headers["content-length"]) < 100_000
    assert sum(len(piece) for piece in answer.iter_content(1 << 20)) == 20_000_000


def test_endless(ask):
    answer = ask("/endless", stream=True)
    assert len(answer.raw.read(1_000_000)) == 1_000_000
    answer.close()


@pytest.mark.parametrize("path", ["/fields", "/junk"])
def test_heads_that_are_none(ask, path):
    with pytest.raises(requests.RequestException):
        ask(path)


def test_charsets(ask):
    with pytest.raises(UnicodeDecodeError):
        ask("/latin").content.decode()
    assert json.loads(ask("/label").content) == {"name": "Zoë"}
    with pytest.raises(ValueError):
        ask("/html").json()


def test_more_than_promised(ask):
    assert ask("/more").json() == {"more": 1}


def test_busy_and_drops(ask):
    codes = [ask("/busy?n=2&wait=7") for _ in range(3)]
    assert [each.status_code for each in codes] == [503, 503, 200]
    assert codes[0].headers["retry-after"] == "7"
    with pytest.raises(requests.ConnectionError):
        ask("/drops")
    assert ask("/drops").json() == {"done": True}


def test_pages(ask):
    found, path = [], "/items"
    while path:
        answer = ask(path)
        found += answer.json()
        path = answer.links.get("next", {}).get("url")
    assert found == ITEMS
    assert ask("/items-loop?page=2").links["next"]["url"] == "/items-loop?page=1"
    assert ask("/items-away?to=http://b.example/").links["next"]["url"] == "http://b.example/"
    assert ask("/away?to=http://127.0.0.1:1/", allow_redirects=False).status_code == 307


def test_file_in_parts(ask):
    whole = ask("/file")
    assert whole.content == file_content()
    tag = whole.headers["etag"]
    with pytest.raises((requests.exceptions.ChunkedEncodingError, IncompleteRead)):
        ask("/file?cut=30000")
    rest = ask("/file", headers={"Range": "bytes=99990-", "If-Range": tag})
    assert rest.status_code == 206
    assert rest.content == file_content()[99_990:]
    assert rest.headers["content-range"] == "bytes 99990-99999/100000"
    other = ask("/file", headers={"Range": "bytes=99990-", "If-Range": '"other"'})
    assert other.status_code == 200
    assert ask("/file", headers={"Range": "bytes=100000-"}).status_code == 416


def test_a_connection_ends_without_a_word(log):
    with running(serve_hostile, log, 0.02, 2) as server:
        client = http.client.HTTPConnection(*server.address, timeout=5)
        for _ in range(2):
            client.request("GET", "/good")
            assert client.getresponse().read()
        client.request("GET", "/good")
        with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
            client.getresponse()
        client.close()


def test_it_ends_at_once_and_leaves_nothing(site):
    before = threading.active_count()
    for path in ("/drip", "/drip-head", "/silent", "/endless", "/fields"):
        site.connect().sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    site.shut_down()
    assert site.stopped(5)
    assert threading.active_count() <= before


def test_each_trap_is_described_once():
    assert len({trap.path for trap in TRAPS}) == len(TRAPS) >= 18
    assert all(trap.does and trap.danger for trap in TRAPS)
