"""The rule `no_such_columns`."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from everfit.refuse import words
from everfit.validation.rules._checks import fails_closed
from everfit.validation.rules._severity import Severity, severity
from everfit.validation.words import names
from everfit.values import Check

if TYPE_CHECKING:
    from everfit.validation.delivery import Delivery


@dataclass(frozen=True)
class NoSuchColumns:
    """A policy: columns that must not be delivered are not there.

    Setting: `columns`, patterns with `*` and `?`, of a column in any table (`*_secret`) or in one (`customers.name`);
    capital letters make no difference.
    """

    columns: tuple[str, ...]
    severity: Severity = "critical"

    def __post_init__(self) -> None:
        words("columns", self.columns)
        severity(self.severity)

    @property
    def table(self) -> str:
        """It is about all tables."""
        return "delivery"

    @property
    def wanted(self) -> str:
        """What it asks for."""
        return f"no column like {names(self.columns)}"

    @fails_closed
    def check(self, delivery: Delivery) -> tuple[Check, ...]:
        """Hold every column's name against every pattern."""
        found = [(table, name) for table in delivery.tables for name in delivery.schema(table).names]
        bad = [(table, name) for table, name in found if self._forbidden(table, name)]
        if not bad:
            return (Check(self.table, None, self.wanted, f"none among {len(found)} columns", True, self.severity),)
        return tuple(Check(table, name, self.wanted, "such a column", False, self.severity) for table, name in bad)

    def _forbidden(self, table: str, name: str) -> bool:
        both = (name.lower(), f"{table}.{name}".lower())
        return any(fnmatchcase(text, pattern.lower()) for text in both for pattern in self.columns)
