"""What a person has to know of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from everfit.ledger import View


class Severity(StrEnum):
    """How soon somebody has to look, the sooner the further up."""

    CRITICAL = "critical"
    WARNING = "warning"


@dataclass(frozen=True)
class Incident:
    """Something that is wrong with a model now and wants a person: `kind` and `subject` say which thing it is.

    `what` happened and what to `do` are whole sentences. `entries` of the ledger are the evidence, `page` is the page
    in the store that shows most of it ("" for none).
    """

    kind: str
    subject: str
    severity: Severity
    since: datetime
    title: str
    what: str
    do: str
    entries: tuple[int, ...] = ()
    page: str = ""

    @property
    def key(self) -> str:
        """By this it is known again: one thing that goes on being wrong is one incident, however often it is seen.

        >>> from datetime import UTC
        >>> day = datetime(2013, 6, 1, tzinfo=UTC)
        >>> Incident("data_refused", "2013-05", Severity.WARNING, day, "refused", "", "").key
        'data_refused:2013-05'
        """
        return f"{self.kind}:{self.subject}" if self.subject else self.kind

    @property
    def evidence(self) -> str:
        """Where in the ledger it stands."""
        return f"entr{'ies' if len(self.entries) > 1 else 'y'} {', '.join(map(str, self.entries))}"


class Kind(Protocol):
    """One kind of incident."""

    def incidents(self, view: View, now: datetime) -> Iterable[Incident]:
        """Those of its kind that are open."""
        ...


def worst_first(incidents: Iterable[Incident]) -> tuple[Incident, ...]:
    """The incidents in the order in which a person has to look at them; of equal ones the oldest first."""
    rank = {severity: place for place, severity in enumerate(Severity)}
    return tuple(sorted(incidents, key=lambda one: (rank[one.severity], one.since, one.key)))


def ended(words: str) -> str:
    """Words from elsewhere as the end of a sentence.

    >>> ended("it is wrong more often"), ended("AUC is .5.")
    ('it is wrong more often.', 'AUC is .5.')
    """
    return f"{words.rstrip('. ')}."


def moment(at: datetime) -> str:
    """A moment in a sentence.

    >>> from datetime import UTC
    >>> moment(datetime(2013, 6, 1, 7, 5, tzinfo=UTC))
    '2013-06-01 07:05 UTC'
    """
    return f"{at:%Y-%m-%d %H:%M} UTC"


def lasting(time: timedelta) -> str:
    """How long something has lasted, as people say it.

    >>> [lasting(timedelta(seconds=seconds)) for seconds in (40, 600, 10_000, 400_000)]
    ['less than a minute', '10 min', '3 h', '5 days']
    """
    if time < timedelta(minutes=1):
        return "less than a minute"
    if time < timedelta(minutes=90):
        return f"{round(time / timedelta(minutes=1))} min"
    hours = time < timedelta(hours=48)
    return f"{round(time / timedelta(hours=1))} h" if hours else f"{round(time / timedelta(days=1))} days"
