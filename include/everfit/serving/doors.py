"""What stands before the model server: who may come in, and with how much. Pure ASGI, so that any server runs it."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from starlette.requests import ClientDisconnect

from everfit.serving.asgi import App, Message, Receive, Send
from everfit.serving.questions import MOST_BYTES
from everfit.serving.tokens import Keys

OPEN_TO_ALL = "/healthz"
READING = ("GET", "HEAD")


@dataclass(frozen=True)
class Doors:
    """`app` behind its doors: a token, and a body that is not too large, before any of the body is read.

    Without `keys` the doors are open, but only to names of this machine: a page in a browser that has its own name
    point here (DNS rebinding) is refused. `refused` is told the status of each request that is turned away.

    Scopes: `predict` for /predict, `read` for all that is only looked at, `manage` for whatever changes something;
    /healthz is open to all. A path that nobody has thought of asks for the most.
    """

    app: App
    keys: Keys | None
    refused: Callable[[int], None]
    most_bytes: int = MOST_BYTES

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Let the request in, or turn it away."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":  # nothing here speaks WebSocket
            await send({"type": "websocket.close", "code": 1008})
            return
        seen = _Seen.of(scope["headers"])
        said = self._objection(scope, seen)
        if said:
            self.refused(said[0])
            await _say(send, *said)
            return
        if seen.chunked:
            counted = _Counted(receive, send, self.most_bytes, self.refused)
            receive, send = counted.receive, counted.send
        try:
            await self.app(scope, receive, send)
        except ClientDisconnect:
            return  # the caller has gone: there is nobody to tell

    def _objection(self, scope: Message, seen: _Seen) -> tuple[int, str, str] | None:
        """Status, message and challenge for a request that does not come in; None for one that does."""
        path, method = scope["path"], scope["method"]
        if path != OPEN_TO_ALL or method not in READING:
            if self.keys is None:
                if not _names_this_machine(seen.host):
                    return 403, "this server is open to its own machine only: ask it as localhost", ""
            elif said := _unknown(self.keys, wanted(path, method), seen.authorization):
                return said
        if seen.length > self.most_bytes:
            return 413, _too_large(self.most_bytes), ""
        return None


def wanted(path: str, method: str) -> str:
    """The scope that a request asks for.

    >>> wanted("/predict", "POST"), wanted("/metrics", "GET"), wanted("/models/late/refresh", "POST")
    ('predict', 'read', 'manage')
    """
    if path == "/predict":
        return "predict"
    return "read" if method in READING else "manage"


def is_loopback(host: str) -> bool:
    """Whether an address can be reached from this machine alone.

    >>> is_loopback("localhost"), is_loopback("127.0.0.2"), is_loopback("::1"), is_loopback("0.0.0.0")
    (True, True, True, False)
    """
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class _Seen(NamedTuple):
    """What the doors look at in a request's head."""

    authorization: list[bytes]
    host: bytes
    length: int
    chunked: bool

    @classmethod
    def of(cls, headers: Sequence[tuple[bytes, bytes]]) -> _Seen:
        authorization = [value for name, value in headers if name == b"authorization"]
        found = dict(headers)
        length = found.get(b"content-length", b"")
        size = int(length) if length.isdigit() else 0  # the server has refused all others by now
        return cls(authorization, found.get(b"host", b""), size, b"transfer-encoding" in found)


def _unknown(keys: Keys, scope: str, authorization: list[bytes]) -> tuple[int, str, str] | None:
    kind, _, token = authorization[0].partition(b" ") if len(authorization) == 1 else (b"", b"", b"")
    if kind.lower() != b"bearer" or not token:
        return 401, "wanted one header `Authorization: Bearer TOKEN`", 'Bearer realm="everfit"'
    may = keys.scopes(token.strip())
    if may is None:
        return 401, "this token is not known here", 'Bearer realm="everfit", error="invalid_token"'
    if scope not in may:
        challenge = f'Bearer realm="everfit", error="insufficient_scope", scope="{scope}"'
        return 403, f"this token has not the scope {scope!r}", challenge
    return None


class _Counted:
    """A body whose length nobody has said: one that grows too large is answered here, and the app hears no more."""

    def __init__(self, receive: Receive, send: Send, most: int, refused: Callable[[int], None]) -> None:
        self._receive, self._send, self._most, self._refused = receive, send, most, refused
        self._bytes = 0
        self._begun = self._over = False

    async def receive(self) -> Message:
        if self._over:
            return {"type": "http.disconnect"}
        message = await self._receive()
        self._bytes += len(message.get("body", b""))
        if self._bytes <= self._most:
            return message
        self._over = True
        if not self._begun:
            self._refused(413)
            await _say(self._send, 413, _too_large(self._most), "")
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self._begun = True
        if not self._over:
            await self._send(message)


def _names_this_machine(host: bytes) -> bool:
    name = host.decode("latin-1")
    name = name[1 : name.find("]")] if name.startswith("[") else name.partition(":")[0]
    return not host or is_loopback(name.lower())


def _too_large(most: int) -> str:
    return f"the body is larger than {most:,} bytes: ask in parts"


async def _say(send: Send, status: int, message: str, challenge: str) -> None:
    body = json.dumps({"error": message}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if challenge:
        headers.append((b"www-authenticate", challenge.encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
