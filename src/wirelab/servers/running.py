"""A server function running beside the code that talks to it, on loopback, and gone afterwards.

It knows neither protocols nor checks. A function that serves until its listener is shut down runs
in a thread; a coroutine function runs in an event loop of its own until it is cancelled.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import socket
import sys
import threading
from collections.abc import Callable
from typing import Any

LOOPBACK = "127.0.0.1"
GRACE_S = 5.0


class running:
    """Run `serve(listener, *args, **kwargs)` in the background of a `with` block.

    `listener` listens on a loopback port that the system chose. At the end of the block the clients
    that `connect` made are closed, the listener is shut down (a coroutine function is cancelled as
    well), and the server has `GRACE_S` seconds to return.

    A server that raises listens no more. What it raised is `error`; the end of the block raises it
    too if the block broke off for want of the server, or if the server is not written yet.
    """

    def __init__(self, serve: Callable[..., Any], *args: Any, backlog: int = 128, **kwargs: Any):
        self._serve, self._args, self._kwargs = serve, args, kwargs
        self._clients: list[socket.socket] = []
        self._listener = _Listener(socket.AF_INET, socket.SOCK_STREAM)
        self._listener.bind((LOOPBACK, 0))
        self._listener.listen(backlog)
        self.address: tuple[str, int] = self._listener.getsockname()
        self.error: BaseException | None = None
        self._is_async = asyncio.iscoroutinefunction(serve) or inspect.iscoroutinefunction(serve)
        self._cancel: Callable[[], Any] | None = None
        self._begun, self._ended = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="server", daemon=True)

    def __enter__(self) -> running:
        self._thread.start()
        self._begun.wait(GRACE_S)
        return self

    def __exit__(self, _: object, reason: BaseException | None, __: object) -> None:
        for client in self._clients:
            client.close()
        self.shut_down()
        if self._ended.wait(GRACE_S):
            self._thread.join()
        self._listener.close()
        unwritten = isinstance(self.error, NotImplementedError)
        if unwritten or (self.error and isinstance(reason, ConnectionError)):
            raise self.error from None

    def connect(self, timeout_s: float = 5.0) -> socket.socket:
        """A new connection to the server, closed at the end of the block at the latest."""
        client = socket.create_connection(self.address, timeout_s)
        self._clients.append(client)
        return client

    def shut_down(self) -> None:
        """Shut the listener down, or cancel the coroutine, now: the server should return."""
        if self._cancel:
            self._cancel()
        else:
            self._listener.stop()

    def stopped(self, timeout_s: float = GRACE_S) -> bool:
        """Whether the server has returned, or does so within `timeout_s` seconds."""
        return self._ended.wait(timeout_s)

    def _run(self) -> None:
        try:
            if self._is_async:
                asyncio.run(self._run_coroutine())
            else:
                self._begun.set()
                self._serve(self._listener, *self._args, **self._kwargs)
        except BaseException as error:
            self.error = error
            self._listener.stop()  # as if its process had ended: nobody waits for it in vain
        finally:
            self._begun.set()
            self._ended.set()

    async def _run_coroutine(self) -> None:
        loop = asyncio.get_running_loop()
        self._listener.setblocking(False)
        task = loop.create_task(self._serve(self._listener, *self._args, **self._kwargs))

        def cancel() -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended already
                loop.call_soon_threadsafe(task.cancel)

        self._cancel = cancel
        self._begun.set()
        with contextlib.suppress(asyncio.CancelledError):
            await task


class _Listener(socket.socket):
    """A listening socket whose waiting `accept` ends with OSError once it is stopped.

    On Linux shutting a listener down does that. Elsewhere a connection of its own wakes it.
    """

    _stopped = False

    def accept(self) -> tuple[socket.socket, Any]:
        connection, address = super().accept()
        if self._stopped:
            connection.close()
            raise OSError("the listener has been shut down")
        return connection, address

    def stop(self) -> None:
        if self._stopped:
            return
        self._stopped = True
        with contextlib.suppress(OSError):
            if sys.platform == "linux":
                self.shutdown(socket.SHUT_RDWR)
            else:
                socket.create_connection(self.getsockname(), 1).close()
