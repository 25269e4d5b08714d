"""The two paths at which SageMaker asks a container, on top of our application's own."""

from __future__ import annotations

from everfit.serving.asgi import App, Message, Receive, Send

PATHS = {"/ping": "/healthz", "/invocations": "/predict"}
"""https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html"""


def hosted(app: App) -> App:
    """The application, which answers `/ping` and `/invocations` too."""

    async def ask(scope: Message, receive: Receive, send: Send) -> None:
        path = PATHS.get(scope.get("path", ""))
        await app({**scope, "path": path, "raw_path": path.encode()} if path else scope, receive, send)

    return ask
