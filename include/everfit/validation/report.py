"""The page that says what was found in a delivery: one HTML file, complete in itself, for a browser or a printer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from everfit.validation.words import percent
from everfit.values import Check, Inspection

_TEMPLATE = Path(__file__).with_name("report.html.j2")


@dataclass(frozen=True)
class Group:
    """The checks of one table, the failed ones first."""

    name: str
    checks: tuple[Check, ...]

    @property
    def passed(self) -> int:
        """How many of them passed."""
        return sum(check.passed for check in self.checks)


def render(inspection: Inspection, *, model: str, title: str, at: datetime) -> str:
    """The report of one inspection: the verdict in words, what failed, then every table, then the files.

    `at` is when it was looked at (UTC); the same inspection at the same time gives the same page.
    """
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"size": _size, "percent": percent, "width": _width}
    failed = [check for check in inspection.checks if not check.passed]
    return environment.from_string(_TEMPLATE.read_text(encoding="utf-8")).render(
        batch=inspection,
        model=model,
        title=title or model,
        at=f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC",
        refusing=[check for check in failed if check.severity == "critical"],
        withholding=[check for check in failed if check.severity == "quarantine"],
        warning=[check for check in failed if check.severity not in ("critical", "quarantine")],
        passed=len(inspection.checks) - len(failed),
        groups=_groups(inspection.checks),
        bytes=sum(file.size for file in inspection.files),
    )


def _groups(checks: Iterable[Check]) -> list[Group]:
    tables: dict[str, list[Check]] = {}
    for check in checks:
        tables.setdefault(check.table, []).append(check)
    return [Group(name, tuple(sorted(found, key=_gravity))) for name, found in tables.items()]


def _gravity(check: Check) -> int:
    return 2 if check.passed else int(check.severity != "critical")


def _size(count: Any) -> str:
    """Bytes as people say them: `812 B`, `488 kB`, `1.2 MB`."""
    kilo, mega = 1_000, 1_000_000
    if count < kilo:
        return f"{count} B"
    return f"{count / kilo:.0f} kB" if count < mega else f"{count / mega:.1f} MB"


def _width(share: float) -> str:
    """How long the bar is, in percent of its track; anything above none can be seen."""
    return f"{max(100 * share, 2.5) if share else 0:.1f}"
