"""Wait for messages in an SQS queue, in the triggerer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseEventTrigger, TriggerEvent

LONG_POLL = 20
"""Seconds that SQS holds a request open until a message is there; the longest that it allows."""

AGAIN = 15.0
"""Seconds until the next try when the queue could not be reached."""


class QueueTrigger(BaseEventTrigger):
    """Emit an asset event when messages are in the queue: of the bucket's own notifications, or of anybody.

    What a message says does not matter, and it is deleted as soon as it is read: it is a wake-up. Receiving is left to
    Amazon's provider for Airflow, which is imported in the triggerer only, since it brings boto3.

    :param queue: the URL of the queue.
    :param connection: the Airflow connection (type aws) with keys, `region_name` and, if it is not Amazon's,
        `endpoint_url`.
    """

    def __init__(self, *, queue: str, connection: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.queue, self.connection = queue, connection

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """How the triggerer makes this trigger again, and by what it knows equal ones."""
        path = f"{type(self).__module__}.{type(self).__qualname__}"
        return path, {"queue": self.queue, "connection": self.connection}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Receive for ever; a queue that does not answer is asked again."""
        from airflow.providers.amazon.aws.triggers.sqs import SqsSensorTrigger
        from botocore.exceptions import BotoCoreError, ClientError

        while True:
            receiving = SqsSensorTrigger(
                self.queue, self.connection, max_messages=10, wait_time_seconds=LONG_POLL, waiter_delay=0
            )
            try:
                async for event in receiving.run():
                    messages = len(event.payload["message_batch"])
                    yield TriggerEvent({"messages": messages})  # type: ignore[no-untyped-call]
            except (BotoCoreError, ClientError, OSError) as error:
                self.log.warning("cannot reach the queue %s now: %s", self.queue, error)
                await asyncio.sleep(AGAIN)
