"""A mail server and a webhook on this machine, real ones: they keep what they were sent."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Post:
    """A server that was started: where it is, and what came in. Mails, or JSON that was posted, in order.

    While it `refuses`, it takes nothing.
    """

    port: int
    came: list[Any] = field(default_factory=list)
    refuses: bool = False


@contextmanager
def mail_server() -> Iterator[Post]:
    """SMTP as RFC 5321 has it, for one message after the other, with a user whom any password lets in."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self._say("220 mail.example ready")
            while line := self.rfile.readline().decode().strip():
                word = line.split()[0].upper()
                if word == "DATA":
                    self._say("354 go on")
                    self._say(self._take())
                elif word == "EHLO":
                    self._say("250-mail.example", "250-AUTH PLAIN LOGIN", "250 8BITMIME")
                elif word == "AUTH":
                    self._say("535 5.7.8 wrong user or password" if post.refuses else "235 2.7.0 welcome")
                elif word == "QUIT":
                    self._say("221 bye")
                    return
                else:
                    self._say("550 5.7.1 no mail today" if post.refuses and word == "MAIL" else "250 fine")

        def _take(self) -> str:
            lines = []
            while (line := self.rfile.readline()) != b".\r\n":
                lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
            post.came.append(message_from_bytes(b"".join(lines), policy=policy.default))
            return "250 taken"

        def _say(self, *lines: str) -> None:
            self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())

    socketserver.ThreadingTCPServer.allow_reuse_address = True
    with _running(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)) as port:
        post = Post(port)
        yield post


@contextmanager
def webhook() -> Iterator[Post]:
    """HTTP: each POST is a message, kept as (path, what its JSON says)."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if not post.refuses:
                post.came.append((self.path, said))
            self.send_response(403 if post.refuses else 200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Nothing on the terminal."""

    with _running(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as port:
        post = Post(port)
        yield post


def page_in(mail: EmailMessage) -> str:
    """The HTML of a mail."""
    body = mail.get_body(("html",))
    assert body is not None
    return str(body.get_content())


@contextmanager
def _running(server: socketserver.TCPServer) -> Iterator[int]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    with server:
        thread.start()
        try:
            yield int(server.server_address[1])
        finally:
            server.shutdown()
            thread.join()
