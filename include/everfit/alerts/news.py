"""What a channel has not heard yet: each incident once, again after a while, and once when it is over.

    AlertDue   intent: who appends it sends the message, and nobody else does meanwhile
    (send)     the channel takes it, or does not answer
    Alerted    receipt

A crash before the receipt leaves a doubt: the message may be with its readers or not. It is sent again then, after a
time that doubles with each attempt, so a message comes at least once, and twice only where the crash fell between
the sending and the receipt. Channels know nothing of each other: one that is down holds up no other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from everfit.alerts.incident import Incident
from everfit.ledger.entries import AlertDue, Alerted, AlertSilenced, Told

if TYPE_CHECKING:
    from everfit.ledger import Entry, View

FIRST = timedelta(minutes=4)
"""After this time a message without a receipt is sent again: whoever was sending it has ended by then."""
LONGEST = timedelta(hours=6)
"""The longest time between two attempts to reach a channel."""


@dataclass(frozen=True)
class Quiet:
    """When a channel is left in peace: an open incident is told of at most once in a `cooldown`, whether it was open
    all the time or came back; and that it is over is told only if people want it (`resolved`)."""

    cooldown: timedelta = timedelta(hours=24)
    resolved: bool = True


@dataclass(frozen=True)
class News:
    """What a channel is told of one incident; the `incident` itself is None where it is over."""

    told: Told
    incident: Incident | None


@dataclass(frozen=True)
class Doubt:
    """A message without a receipt: it was first due at `since`, `tries` attempts were made, the next one is at
    `again`."""

    since: datetime
    tries: int
    again: datetime


def news_for(
    channel: str, view: View, incidents: Sequence[Incident], kinds: Collection[str], quiet: Quiet, now: datetime
) -> tuple[News, ...] | Doubt:
    """What to tell the channel now: one message, the open incidents in the order given and then what is over.

    `incidents` are all of these `kinds` that are open; what the channel knows of other kinds is left alone.
    """
    claims = _unanswered(view, channel)
    heard = heard_by(view, channel)
    for key, perhaps in _perhaps(claims).items():
        if key not in heard or heard[key].told.news == "over":
            heard[key] = perhaps
    loud = [one for one in incidents if silenced_by(view, one) is None]
    news = tuple(_open(loud, heard, quiet, now))
    if quiet.resolved:
        news += tuple(_over({one.key for one in incidents}, heard, kinds))
    if news and claims:
        again = claims[-1].at + min(FIRST * 2 ** (len(claims) - 1), LONGEST)
        if now < again:
            return Doubt(claims[0].at, len(claims), again)
    return news


@dataclass(frozen=True)
class Heard:
    """What a channel heard last of an incident, and when it last heard that it was open; None if that is in doubt."""

    told: Told
    at: datetime | None


def heard_by(view: View, channel: str) -> dict[str, Heard]:
    """What the channel has taken for sure, by incident."""
    due = {entry.seq: entry.body for entry in view.of(AlertDue) if entry.body.channel == channel}
    found: dict[str, Heard] = {}
    for receipt in view.of(Alerted):
        for told in due[receipt.body.due].told if receipt.body.due in due else ():
            before = found.get(told.incident)
            found[told.incident] = Heard(told, before.at if before and told.news == "over" else receipt.at)
    return found


def heard_on(view: View, incident: str) -> dict[str, datetime]:
    """When each channel that knows of the incident, and has not heard that it is over, last heard of it."""
    channels = dict.fromkeys(entry.body.channel for entry in view.of(AlertDue))
    known = ((channel, heard_by(view, channel).get(incident)) for channel in channels)
    return {channel: one.at for channel, one in known if one and one.at and one.told.news != "over"}


def silenced_by(view: View, incident: Incident) -> AlertSilenced | None:
    """Who wants to hear no more of it; None if nobody has said so since it began."""
    mine = (entry for entry in reversed(view.of(AlertSilenced)) if entry.body.incident == incident.key)
    return next((entry.body for entry in mine if entry.at >= incident.since), None)


def _perhaps(claims: Sequence[Entry[AlertDue]]) -> dict[str, Heard]:
    """What may have been heard: that something is open. That it is over is said again."""
    return {told.incident: Heard(told, None) for claim in claims for told in claim.body.told if told.news != "over"}


def _unanswered(view: View, channel: str) -> tuple[Entry[AlertDue], ...]:
    """The intents since the newest message that arrived: a later message says all that earlier ones did."""
    arrived = max((entry.body.due for entry in view.of(Alerted) if entry.body.channel == channel), default=0)
    return tuple(entry for entry in view.of(AlertDue) if entry.body.channel == channel and entry.seq > arrived)


def _open(incidents: Sequence[Incident], heard: Mapping[str, Heard], quiet: Quiet, now: datetime) -> Iterator[News]:
    for one in incidents:
        before = heard.get(one.key)
        if before and before.at and now < before.at + quiet.cooldown:
            continue
        same = before and before.at and before.told.news != "over" and before.told.since == one.since
        yield News(Told(one.key, "still" if same else "new", one.title, one.since), one)


def _over(still: Collection[str], heard: Mapping[str, Heard], kinds: Collection[str]) -> Iterator[News]:
    for key, before in heard.items():
        if key not in still and key.partition(":")[0] in kinds and before.told.news != "over":
            yield News(Told(key, "over", before.told.title, before.told.since), None)
