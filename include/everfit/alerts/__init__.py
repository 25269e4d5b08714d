"""Alerts: what a person is told of, once, and when again.

A kind of incident is one file, whose name is its name in the spec: a frozen dataclass of settings with
`incidents(view, now)`, which finds those that are open. Wrong settings raise `ValueError`. When a channel is told of
them, and what it has heard already, is in `news`; what people read is a `Message`.

All of it is pure: an incident follows from the ledger and the time, so it cannot get lost, and it is over when the
ledger says so.
"""

from everfit.alerts.incident import Incident, Kind, Severity, worst_first
from everfit.alerts.message import Message
from everfit.alerts.news import Doubt, News, Quiet, news_for

__all__ = ["Doubt", "Incident", "Kind", "Message", "News", "Quiet", "Severity", "news_for", "worst_first"]
