"""The ways to people: Airflow's notifiers, and addresses that Apprise understands (mail, Slack, Teams, a webhook, ...).

Addresses hold passwords and tokens. None of them gets into a log, an error or the ledger: a channel is called by its
kind, such as `mailto`, and what Apprise says of a failure is shown without any part of the address but the host.
"""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from copy import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from everfit.errors import SpecError, Unreachable

if TYPE_CHECKING:
    from airflow.sdk import Context

    from everfit.alerts import Message
    from everfit.steps.alert import Channel

Notifier = Callable[[Any], Any]
"""An Airflow notifier, or a function of a context: `alert` in it is the `Message`."""

SECRET = 4
"""A part of an address that is shorter keeps no secret, and would be found in any sentence."""


@dataclass(frozen=True)
class NotifierChannel:
    """An Airflow notifier, which finds the message in its templates as `alert`."""

    name: str
    notifier: Notifier
    context: Context = field(repr=False)

    def send(self, message: Message) -> None:
        """Call it. What it says of a failure is in the log, where Airflow hides the secrets of its connections."""
        try:
            # a notifier renders its templates in place, so each message needs one of its own
            copy(self.notifier)({**self.context, "alert": message})
        except Exception as error:
            raise Unreachable(f"it failed with {type(error).__name__}; the log has its words") from None


@dataclass(frozen=True)
class AppriseChannel:
    """An address that Apprise understands: `mailto://`, `slack://`, `json://` and a hundred more."""

    name: str
    url: str = field(repr=False)

    def send(self, message: Message) -> None:
        """Send the message: as a page where the service shows one, else as text."""
        import apprise

        server = _opened(self.name, self.url)
        as_page = server.notify_format[0] is apprise.NotifyFormat.HTML
        kinds = {"critical": apprise.NotifyType.FAILURE, "warning": apprise.NotifyType.WARNING}
        to = apprise.Apprise()
        to.add(server)
        with _kept_to_itself() as said:
            taken = to.notify(
                title=message.title,
                body=message.html if as_page else message.text,
                body_format=apprise.NotifyFormat.HTML if as_page else apprise.NotifyFormat.TEXT,
                notify_type=kinds.get(message.severity, apprise.NotifyType.SUCCESS),
            )
        if not taken:
            raise Unreachable(without_secrets("; ".join(said) or "it did not take the message", self.url, server.host))


def channels(urls: Sequence[str], notifiers: Sequence[Notifier], context: Context) -> tuple[Channel, ...]:
    """Every way to people that there is, each with a name of its own."""
    kinds = [getattr(one, "__name__", type(one).__name__) for one in notifiers]
    found: list[Channel] = [
        NotifierChannel(name, one, context) for name, one in zip(_numbered(kinds), notifiers, strict=True)
    ]
    schemes = [url.partition("://")[0] if "://" in url else "url" for url in urls]
    return (*found, *(AppriseChannel(name, url) for name, url in zip(_numbered(schemes), urls, strict=True)))


def without_secrets(said: str, url: str, host: str | None) -> str:
    """What was said, with no part of the address in it but its scheme and the host.

    >>> without_secrets("401 from hooks/T0k3n as ann", "json://ann:pa%40ss@example.org/hooks/T0k3n", "example.org")
    '401 from ****/**** as ann'
    """
    parts = re.split(r"[/?&=:@#,;\s]+", url.partition("://")[2] or url)
    hidden = {text for part in parts for text in (part, unquote(part)) if len(text) >= SECRET and text != host}
    for text in sorted(hidden, key=len, reverse=True):
        said = said.replace(text, "****")
    return said


def _opened(name: str, url: str) -> Any:
    import apprise

    with _kept_to_itself() as said:
        server = apprise.Apprise.instantiate(url)
    if server is None:
        why = without_secrets("; ".join(said), url, None)
        raise SpecError(
            f"Apprise does not understand this address{f' ({why})' if why else ''}; wanted one such as "
            f"mailto://user:password@host?to=ann@example.org in the connection, and found one that begins with {name}"
        )
    return server


@contextmanager
def _kept_to_itself() -> Iterator[list[str]]:
    """What Apprise says meanwhile, instead of in the log; what is below it says nothing."""
    listener = _Listener(logging.WARNING)
    heard: dict[str, list[logging.Handler]] = {"apprise": [listener], "urllib3": []}
    with ExitStack() as stack:
        for name, handlers in heard.items():
            logger = logging.getLogger(name)
            stack.callback(_set, logger, logger.level, logger.handlers, propagate=logger.propagate)
            _set(logger, logging.WARNING, handlers, propagate=False)
        yield listener.said


def _set(logger: logging.Logger, level: int, handlers: list[logging.Handler], *, propagate: bool) -> None:
    logger.setLevel(level)
    logger.handlers, logger.propagate = handlers, propagate


class _Listener(logging.Handler):
    def __init__(self, level: int) -> None:
        super().__init__(level)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the words only: a traceback has values in it."""
        self.said.append(record.getMessage())


def _numbered(names: Sequence[str]) -> list[str]:
    """Names that differ: the second of the same gets a number.

    >>> _numbered(["mailto", "slack", "mailto"])
    ['mailto', 'slack', 'mailto_2']
    """
    seen: Counter[str] = Counter()
    found = []
    for name in names:
        seen[name] += 1
        found.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return found
