"""The two paths at which SageMaker asks a container, on top of our application's own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
App = Callable[[Scope, Callable[[], Awaitable[Any]], Callable[[Any], Awaitable[None]]], Awaitable[None]]
PATHS = {"/ping": "/healthz", "/invocations": "/predict"}
"""https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html"""


def hosted(app: App) -> App:
    """The application, which answers `/ping` and `/invocations` too."""

    async def ask(scope: Scope, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]) -> None:
        path = PATHS.get(scope.get("path", ""))
        await app({**scope, "path": path, "raw_path": path.encode()} if path else scope, receive, send)

    return ask
