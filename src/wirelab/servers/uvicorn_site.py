"""uvicorn, the ASGI server, as a coroutine to be run beside the code that talks to it.

It knows no application; its own log stays silent.
"""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import uvicorn


async def serve_uvicorn(listener: socket.socket, app: Any) -> None:
    """Serve an ASGI application until cancelled; connections that are open then are closed."""
    settings = uvicorn.Config(
        app, log_config=None, log_level="critical", access_log=False, http="h11", ws="none",
        loop="asyncio", lifespan="off", timeout_graceful_shutdown=1,
    )  # fmt: skip
    server = uvicorn.Server(settings)
    serving = asyncio.ensure_future(server.serve(sockets=[listener]))
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        server.should_exit = server.force_exit = True
        await serving
        raise
