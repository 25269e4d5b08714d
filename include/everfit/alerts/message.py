"""What people read: one message about all that is new with a model, the worst first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from everfit.alerts.incident import Severity, lasting, moment

if TYPE_CHECKING:
    from everfit.alerts.news import News

_TEMPLATE = Path(__file__).with_name("message.html.j2")
NEWS = {"new": "new", "still": "still open"}


@dataclass(frozen=True)
class Message:
    """News of one `model` as of `now`, for a template such as `{{ alert.title }}` or for a channel to send.

    `site` is where everfit's pages are ("" if nobody knows), `id` is the same when the message is sent again.
    """

    model: str
    news: tuple[News, ...]
    now: datetime
    id: str
    site: str = ""

    @property
    def severity(self) -> str:
        """That of the worst incident in it: `critical`, `warning`, or `over` where nothing is open."""
        found = [one.incident.severity for one in self.news if one.incident]
        return next((severity.value for severity in Severity if severity in found), "over")

    @property
    def title(self) -> str:
        """One line, for a subject: how bad it is, which model, and what."""
        worst = self.news[0].told
        how = {"new": "", "still": "still: ", "over": "over: "}[worst.news]
        how = "CRITICAL: " if self.severity == Severity.CRITICAL and not how else how
        more = f" (and {len(self.news) - 1} more)" if len(self.news) > 1 else ""
        return f"{self.model}: {how}{worst.title}{more}"

    @property
    def page(self) -> str:
        """The model's page ("" if nobody knows where it is)."""
        return f"{self.site}/models/{self.model}" if self.site else ""

    @property
    def incidents(self) -> tuple[str, ...]:
        """The keys of the incidents, by which a receiver can know them again."""
        return tuple(one.told.incident for one in self.news)

    @property
    def text(self) -> str:
        """The whole message as plain text."""
        below = [f"All decisions: {self.page}"] if self.page else []
        below.append(f"everfit alerts {self.model}")
        return "\n\n".join([*map(self._block, self.news), "\n".join(below)]) + "\n"

    @property
    def html(self) -> str:
        """The whole message as a page for mail: no style sheet, no picture, nothing to fetch."""
        from jinja2 import Environment, StrictUndefined

        environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
        made: str = environment.from_string(_TEMPLATE.read_text(encoding="utf-8")).render(message=self)
        return made

    def tone(self, one: News) -> str:
        """How bad it is: `critical`, `warning` or `over`."""
        return one.incident.severity.value if one.incident else "over"

    def when(self, one: News) -> str:
        """What is new about it, and since when it is so."""
        since = moment(one.told.since)
        if one.incident is None:
            return f"it began on {since}"
        return f"{NEWS[one.told.news]}, since {since} ({lasting(self.now - one.told.since)})"

    def link(self, one: News) -> str:
        """The page that shows most of it: the incident's own, else the model's."""
        own = one.incident.page if one.incident else ""
        return f"{self.site}/{own}" if self.site and own else self.page

    def _block(self, one: News) -> str:
        title = f"{one.told.title[:1].upper()}{one.told.title[1:]}"
        lines = [title, f"  {self.tone(one)}; {self.when(one)}"]
        if one.incident:
            lines += [f"  What happened: {one.incident.what}", f"  What to do: {one.incident.do}"]
            lines.append(f"  Evidence: {one.incident.evidence} of the ledger")
            lines += [f"  {self.link(one)}"] * bool(self.site and one.incident.page)
        return "\n".join(lines)
