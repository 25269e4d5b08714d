"""The door: predictions are answered here, without a framework, and everything else goes on to the application."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter

from everfit.serving.asgi import App, Message, Receive, Send
from everfit.serving.predicting import Asked, Predicting, Reply, refusal, status_of
from everfit.serving.questions import MOST_BYTES, Refusal

PATH = "/predict"

GONE = 499
"""What is counted for a caller that hung up before it had asked; nobody hears it."""


class Gone(Exception):
    """The caller hung up before all was said."""


@dataclass(frozen=True)
class Front:
    """An ASGI application in front of another one."""

    predicting: Predicting
    behind: App

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer POST /predict, and pass on what is not that."""
        if scope["type"] != "http" or scope["path"] != PATH or scope["method"] != "POST":
            await self.behind(scope, receive, send)
            return
        begun = perf_counter()
        try:
            reply = await self.predicting.reply(await body_of(receive), begun)
        except Gone:
            self.predicting.count(Asked(begun, status=GONE))
            return
        except Refusal as error:
            self.predicting.count(Asked(begun, status=status_of(error)))
            reply = refusal(error)
        await send({"type": "http.response.start", "status": reply.status, "headers": _headers(reply)})
        await send({"type": "http.response.body", "body": reply.body})


async def body_of(receive: Receive) -> bytes:
    """All of a request's body. Errors: `Refusal` for one that is too large, `Gone` where its end never came."""
    message = await receive()
    body: bytes = message.get("body", b"")
    if message.get("more_body"):
        whole = bytearray(body)
        while message.get("more_body") and len(whole) <= MOST_BYTES:
            message = await receive()
            whole += message.get("body", b"")
        body = bytes(whole)
    if message["type"] == "http.disconnect":
        raise Gone
    if len(body) > MOST_BYTES:
        raise Refusal(413, f"the body is larger than {MOST_BYTES:,} bytes: ask in parts")
    return body


def _headers(reply: Reply) -> list[tuple[bytes, bytes]]:
    said = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(reply.body))]
    for name, value in reply.headers.items():
        said.append((name.lower().encode(), value.encode()))
    return said
