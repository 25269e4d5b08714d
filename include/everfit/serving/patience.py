"""How long the model server waits for a request to arrive, and how large its head may be; uvicorn has no such limits.

Limits on the line itself: a caller that sends a byte now and then holds a connection, and an endless header holds
memory, before any application is asked.
"""

from __future__ import annotations

import asyncio
import json
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

GRACE = 10.0
"""Seconds in which a request has arrived, or its caller has sent at least `RATE` for each second beyond them."""

RATE = 32 * 1024
"""Bytes a second (the largest body may take a quarter of an hour)."""

MOST_HEAD = 32 * 1024
"""Bytes of a request's first line and headers together."""

MOST_HEADERS = 100


class Impatient(Exception):
    """Ends the parsing of a request whose head is too large."""


class PatientProtocol(HttpToolsProtocol):
    """uvicorn's protocol with a deadline for each request, and a largest head.

    The deadline follows what has arrived, as Apache's `RequestReadTimeout` with a `MinRate`. A request that arrives in
    one piece costs no timer.
    """

    grace = GRACE

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._timer: asyncio.TimerHandle | None = None
        self._begun = 0.0
        self._arrived = 0
        self._in_head = self._waiting = False
        self._status = 400

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for a first request, but not for ever."""
        super().connection_made(transport)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._relax()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take in what has come, and go on waiting if that was not all."""
        self._arrived += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._in_head and self._arrived > MOST_HEAD:
            self._refuse(self._too_large)
        elif self._waiting and self._timer is None:
            self._watch()

    def on_message_begin(self) -> None:
        """A new request."""
        super().on_message_begin()
        self._in_head = self._waiting = True

    def on_headers_complete(self) -> None:
        """The application is asked now, if the head is not too large."""
        self._in_head = False
        head = len(self.url)
        for name, value in self.headers:
            head += len(name) + len(value) + 4
        if head > MOST_HEAD or len(self.headers) > MOST_HEADERS:
            self._status = self._too_large
            raise Impatient
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """All of it is here."""
        self._waiting = False
        self._arrived = 0
        self._relax()
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Say what is wrong with the head, as all refusals of this server do."""
        self._refuse(self._status, msg)

    @property
    def _too_large(self) -> int:
        return 414 if len(self.url) > MOST_HEAD else 431

    def _watch(self) -> None:
        self._begun = self.loop.time()
        self._timer = self.loop.call_later(self.grace, self._look)

    def _relax(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        """The time is over, unless enough has come, or it is this server that does not read."""
        self._timer = None
        if self.transport.is_closing():
            return
        left = self._begun + self.grace + self._arrived / RATE - self.loop.time()
        if self.flow.read_paused:
            left = max(left, self.grace)
        if left > 0:
            self._timer = self.loop.call_later(left, self._look)
        elif self._waiting:
            self._refuse(408)
        else:
            self.transport.close()

    def _refuse(self, status: int, why: str = "") -> None:
        """Answer, unless an answer is on its way already, and hang up."""
        self._relax()
        if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
            body = json.dumps({"error": why if status == HTTPStatus.BAD_REQUEST else SAID[status]}).encode()
            length = str(len(body)).encode()
            head = b"content-type: application/json\r\nconnection: close\r\ncontent-length: " + length
            self.transport.write(STATUS_LINE[status] + head + b"\r\n\r\n" + body)
        self.transport.close()


SAID = {
    408: f"the request has not arrived in {GRACE:g} seconds, and came with less than {RATE:,} bytes a second",
    414: f"the address is longer than {MOST_HEAD:,} bytes",
    431: f"the request's head has more than {MOST_HEAD:,} bytes or {MOST_HEADERS} headers",
}
