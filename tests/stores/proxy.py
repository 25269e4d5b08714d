"""A wire with a fault: it passes requests on to a real server, and does something to the first answer of a kind."""

from __future__ import annotations

import http.client
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import urlsplit

Fault = Callable[[str, int], str]


@contextmanager
def faulty(upstream: str, fault: Fault) -> Iterator[str]:
    """The address of the wire; `fault(method, count)` says `pass`, `drop`, `cut` or `409` for each request."""
    at, counts = urlsplit(upstream), dict.fromkeys(("GET", "PUT", "HEAD"), 0)

    class Wire(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one packet: the second of two waits 40 ms until the first is acknowledged

        def _serve(self) -> None:
            counts[self.command] += 1
            what = fault(self.command, counts[self.command])
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if what == "409":
                self._answer(409, {}, b"<Error><Code>ConditionalRequestConflict</Code></Error>")
                return
            behind = http.client.HTTPConnection(at.hostname or "", at.port)
            behind.request(self.command, self.path, body, dict(self.headers))
            answer = behind.getresponse()
            data = answer.read()
            behind.close()
            if what == "drop":
                self.close_connection = True
                return
            self._answer(answer.status, dict(answer.getheaders()), data[: len(data) // 2] if what == "cut" else data)

        def _answer(self, status: int, headers: dict[str, str], data: bytes) -> None:
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(data))} | headers).items():
                if name.lower() not in {"transfer-encoding", "connection", "date", "server"}:
                    self.send_header(name, value)
            self.send_header("Connection", "close")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(data)
            self.close_connection = True

        do_GET = do_PUT = do_HEAD = _serve  # noqa: N815

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Wire)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
