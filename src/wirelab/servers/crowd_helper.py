"""The crowd itself: many clients in one process of its own, driven by orders on standard input.

Run as `python -I -S crowd_helper.py`; it imports the standard library only. One JSON order a line,
one JSON answer a line. It opens connections to loopback only and ends with its standard input.
"""

import contextlib
import json
import selectors
import socket
import sys
import time

READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE
AT_ONCE = 64  # connections being opened: fewer than the shortest usual backlog


def room() -> int:
    """Raise the soft limit of descriptors to the hard one; how many connections fit below it."""
    try:
        import resource
    except ImportError:
        return 400  # Windows: select() takes 512
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
            soft = hard
        except (OSError, ValueError):  # macOS: "unlimited" is more than the kernel takes
            pass
    return 1_000_000 if soft == resource.RLIM_INFINITY else max(0, soft - 60)


class Crowd:
    """All connections, in the order in which they were opened."""

    def __init__(self, host, port):
        self.address = (host, port)
        self.sockets = []
        self.broken = set()

    def open(self, count, within_s):
        """Open `count` more connections; what became of them."""
        begun = time.monotonic()
        before, failed, why = len(self.sockets), 0, ""
        waiting = selectors.DefaultSelector()
        started = 0
        while time.monotonic() - begun < within_s:
            while started < count and len(waiting.get_map()) < AT_ONCE and not why:
                try:
                    sock = socket.socket()
                except OSError as error:
                    why = str(error)
                    break
                sock.setblocking(False)
                sock.connect_ex(self.address)
                waiting.register(sock, WRITE)
                started += 1
            if not waiting.get_map():
                break
            for key, _ in waiting.select(0.1):
                waiting.unregister(key.fileobj)
                error = key.fileobj.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if error:
                    key.fileobj.close()
                    failed += 1
                else:
                    self.sockets.append(key.fileobj)
        for key in list(waiting.get_map().values()):
            key.fileobj.close()
        waiting.close()
        return {
            "opened": len(self.sockets) - before,
            "failed": failed,
            "why": why,
            "took_s": time.monotonic() - begun,
        }

    def ask(self, ask, ends, order, at_once, within_s, first, last):
        """Ask on each connection and wait for its answer, at most `at_once` under way."""
        numbers = [n for n in range(len(self.sockets))[first:last] if n not in self.broken]
        if order == "reverse":
            numbers.reverse()
        asked, late = len(numbers), []
        queue = iter(numbers)
        under_way, latencies, silent, closed = {}, [], [], []
        waiting = selectors.DefaultSelector()
        begun = time.monotonic()

        def begin(n):
            octets = ask.replace("{n}", str(n)).encode()
            under_way[n] = [bytearray(), ends.replace("{n}", str(n)).encode(), time.monotonic()]
            waiting.register(self.sockets[n], READ, n)
            try:
                self.sockets[n].send(octets)
            except OSError:
                end(n, closed)

        def end(n, where):
            waiting.unregister(self.sockets[n])
            del under_way[n]
            where.append(n)

        def refill():
            while len(under_way) < at_once:
                n = next(queue, None)
                if n is None:
                    return
                begin(n)

        refill()
        while under_way and time.monotonic() - begun < within_s:
            for key, _ in waiting.select(0.1):
                n = key.data
                answer, wanted, since = under_way[n]
                try:
                    octets = self.sockets[n].recv(65536)
                except BlockingIOError:
                    continue
                except OSError:
                    octets = b""
                if not octets:
                    end(n, closed)
                    continue
                answer += octets
                if answer.endswith(wanted):
                    latencies.append(time.monotonic() - since)
                    end(n, late)
            refill()
        silent = list(under_way)
        for n in silent:
            waiting.unregister(self.sockets[n])
        waiting.close()
        self.broken.update(silent, closed)
        latencies.sort()
        part = lambda share: latencies[int(share * (len(latencies) - 1))] if latencies else None  # noqa: E731
        return {
            "asked": asked,
            "answered": len(latencies),
            "closed": len(closed),
            "silent": asked - len(latencies) - len(closed),
            "median_s": part(0.5),
            "p99_s": part(0.99),
            "took_s": time.monotonic() - begun,
        }

    def say(self, text, first, last):
        """Send something on some connections, and wait for nothing."""
        for sock in self.sockets[first:last]:
            with contextlib.suppress(OSError):
                sock.send(text.encode())
        return {"said": len(self.sockets[first:last])}

    def leave(self, first, last):
        """Close some connections."""
        gone = self.sockets[first:last]
        for sock in gone:
            sock.close()
        del self.sockets[first:last]
        self.broken.clear()
        return {"left": len(gone)}


def main():
    """Follow orders until there are no more."""
    crowd = Crowd(sys.argv[1], int(sys.argv[2]))
    print(json.dumps({"room": room()}), flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        result = getattr(crowd, order.pop("do"))(**order)
        print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
