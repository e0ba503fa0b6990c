"""uvicorn in the background: it answers, and is gone at the end of the block."""

import http.client

from wirelab.servers import running
from wirelab.servers.uvicorn_site import serve_uvicorn


async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": scope["path"].encode()})


def test_it_answers_and_ends():
    with running(serve_uvicorn, app) as server:
        client = http.client.HTTPConnection(*server.address, timeout=5)
        client.request("GET", "/tea")
        assert client.getresponse().read() == b"/tea"
        client.close()
        server.shut_down()
        assert server.stopped()
    assert server.error is None
