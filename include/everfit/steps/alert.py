"""Tells people what is wrong with a model: each incident once on each channel, and at least once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from everfit.alerts import Doubt, Incident, Message, news_for, worst_first
from everfit.alerts.incident import moment
from everfit.errors import EverfitError, StaleHead, UnknownName, Unreachable
from everfit.ledger.entries import AlertDue, Alerted, AlertSilenced

if TYPE_CHECKING:
    from datetime import datetime

    from everfit.ledger import Entry, Ledger, View
    from everfit.ports import Ports
    from everfit.spec import ModelSpec


class Channel(Protocol):
    """One way to people; its name is the same each time, and holds no secret."""

    @property
    def name(self) -> str:
        """What it is called in the ledger."""
        ...

    def send(self, message: Message) -> None:
        """Hand the message over; `EverfitError`, without any secret in it, if it is not taken."""
        ...


def incidents(view: View, spec: ModelSpec, now: datetime) -> tuple[Incident, ...]:
    """Everything that is open now of what the spec wants to know, the worst first."""
    return worst_first(one for kind in spec.alerts.kinds.values() for one in kind.incidents(view, now))


def alert(
    ports: Ports, spec: ModelSpec, channels: Sequence[Channel], attempt: str, site: str = ""
) -> tuple[Message, ...]:
    """Tell each channel what it has not heard yet, in one message; returns those that were sent.

    `attempt` is a name that nobody else has, not even the same try of a task that runs twice. Each message is claimed
    before it is sent, so that of two who look at the same time one sends it. A channel that fails holds up no other:
    `Unreachable` names all of them at the end, at each look until they have taken their messages. `site` is where
    everfit's pages are.
    """
    ledger = ports.ledger(spec.name)
    sent, failed = [], []
    for channel in channels:
        try:
            sent += _tell(ports, spec, ledger, channel, attempt, site)
        except EverfitError as error:
            failed.append(f"{channel.name}: {error}")
    if failed:
        raise Unreachable(f"{len(failed)} of {len(channels)} channels were not reached\n  " + "\n  ".join(failed))
    return tuple(sent)


def silence(ports: Ports, spec: ModelSpec, incident: str, reason: str, by: str) -> Entry:
    """Remind nobody of the open incident with this key any more; that it is over is told all the same.

    Errors: `UnknownName` if no such incident is open.
    """
    ledger, now = ports.ledger(spec.name), ports.clock()
    since = {one.key: one.since for one in incidents(ledger.view(), spec, now)}
    if incident not in since:
        raise UnknownName("open incident", incident, since)
    return ledger.append(f"silenced:{incident}:{since[incident].isoformat()}", AlertSilenced(incident, reason, by))


def _tell(ports: Ports, spec: ModelSpec, ledger: Ledger, channel: Channel, attempt: str, site: str) -> list[Message]:
    due = _claim(ports, spec, ledger, channel.name, attempt, site)
    if due is None:
        return []
    entry, message = due
    channel.send(message)
    ledger.append(f"alerted:{entry.seq}", Alerted(channel.name, entry.seq))
    return [message]


def _claim(
    ports: Ports, spec: ModelSpec, ledger: Ledger, channel: str, attempt: str, site: str
) -> tuple[Entry, Message] | None:
    """The intent to tell the channel what is due, and the message; None if nothing is, or somebody else tells it."""
    while True:
        view, now = ledger.view(), ports.clock()
        news = news_for(channel, view, incidents(view, spec, now), spec.alerts.kinds, spec.alerts.quiet, now)
        if isinstance(news, Doubt):
            raise Unreachable(
                f"a message that was due on {moment(news.since)} is not known to have arrived after {news.tries} "
                f"attempt{'s' * (news.tries > 1)}; the next one is on {moment(news.again)}"
            )
        if not news:
            return None
        number = len(view.entries) + 1
        try:  # whoever decides meanwhile changes what is to be told: then think again
            body = AlertDue(channel, tuple(one.told for one in news))
            entry = ledger.append(f"alert:{channel}:{number}:{attempt}", body, on=view.head)
        except StaleHead:
            continue
        return entry, Message(spec.name, news, now, f"{spec.name}/{entry.seq}", site)
