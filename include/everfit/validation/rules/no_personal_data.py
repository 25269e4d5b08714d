"""The rule `no_personal_data`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Literal

from everfit.refuse import between, one_of, words
from everfit.validation.rules._checks import fails_closed, rows
from everfit.validation.rules._personal import DETECTORS, NAMES, snake
from everfit.validation.rules._severity import Severity, severity
from everfit.validation.words import value
from everfit.values import Check

if TYPE_CHECKING:
    from everfit.validation.delivery import Delivery

Kind = Literal["email", "card", "iban", "ssn", "phone", "ip"]
VERIFIED = 1000
"""Of the values that look like one, so many per stretch of rows are verified; the others are taken to be alike."""


@dataclass(frozen=True)
class NoPersonalData:
    """A policy: no column is named like personal data, and none holds it.

    It looks at the names of all columns of all tables (`customer_email`, `dateOfBirth`) and into every text for e-mail
    addresses, credit card numbers, IBANs, US social security numbers, phone and IP addresses, also amid other words;
    whole numbers are looked at as card numbers. A number must have the right check digits to count as a card (Luhn,
    ISO/IEC 7812-1; and so must most that look like one, since one in ten does by chance) or an IBAN (MOD 97-10, ISO
    13616).

    Settings: `kinds` to look for (all), `allow`, patterns of columns that may hold it (`customers.*_hash`), and
    `at_most` which share of a column's values may look so. What was found is never shown in the report. It cannot see
    names of people or home addresses in text, nor data that is encoded.
    """

    kinds: tuple[Kind, ...] = ("email", "card", "iban", "ssn", "phone", "ip")
    allow: tuple[str, ...] = ()
    at_most: float = 0.001
    severity: Severity = "critical"

    def __post_init__(self) -> None:
        words("kinds", self.kinds)
        for kind in self.kinds:
            one_of("kinds", kind, DETECTORS)
        words("allow", self.allow, least=0)
        between("at_most", self.at_most, 0, 1)
        severity(self.severity)

    @property
    def table(self) -> str:
        """It is about all tables."""
        return "delivery"

    @property
    def wanted(self) -> str:
        """What it asks for."""
        return "no personal data"

    @fails_closed
    def check(self, delivery: Delivery) -> tuple[Check, ...]:
        """Look at every column's name, and into every one that is text or whole numbers."""
        looked = 0
        found: list[Check] = []
        for table in delivery.tables:
            columns = [name for name in delivery.schema(table).names if not self._allowed(table, name)]
            looked += len(columns)
            found += [
                Check(table, name, self.wanted, "a column of that name", False, self.severity)
                for name in columns
                if NAMES.search(snake(name))
            ]
            found += self._in_values(delivery, table, columns)
        told = f"none in {value(looked)} columns"
        return tuple(found) or (Check(self.table, None, self.wanted, told, True, self.severity),)

    def _allowed(self, table: str, name: str) -> bool:
        return any(fnmatchcase(text, pattern) for text in (name, f"{table}.{name}") for pattern in self.allow)

    def _in_values(self, delivery: Delivery, table: str, columns: list[str]) -> Iterator[Check]:
        from pyarrow import types

        fields = [delivery.schema(table).field(name) for name in columns]
        readable = [field.name for field in fields if _is_text(field.type) or types.is_integer(field.type)]
        if not readable:
            return
        seen = {name: _Seen(self.kinds) for name in readable}
        for batch in delivery.columns(table, readable):
            for name in readable:
                seen[name].look(batch.column(name))
        for name in readable:
            for title, count in seen[name].kinds():
                share = count / max(seen[name].values, 1)
                if share > self.at_most:
                    told = f"{title} in {value(count)} of {rows(seen[name].values)}"
                    yield Check(table, name, self.wanted, told, False, self.severity, share)


class _Seen:
    """What was seen in one column so far: how many values, and of each kind how many look like it and how many are."""

    def __init__(self, kinds: tuple[str, ...]) -> None:
        self.values = 0
        self.alike = dict.fromkeys(kinds, 0)
        self.true = dict.fromkeys(kinds, 0.0)

    def look(self, values: Any) -> None:
        """Look at one more stretch of rows: each different value once."""
        import numpy as np
        import pyarrow
        from pyarrow import compute, types

        kinds = tuple(self.alike)
        if types.is_integer(values.type):
            long = compute.greater_equal(compute.abs_checked(values.cast(pyarrow.int64(), safe=False)), 10**12)
            self.values += len(values) - values.null_count
            values, kinds = values.filter(long), tuple(kind for kind in kinds if kind == "card")
        else:
            self.values += len(values) - values.null_count
        counted = compute.value_counts(values.drop_null())
        texts, counts = counted.field("values").cast(pyarrow.string()), counted.field("counts").to_numpy()
        for kind in kinds if len(texts) else ():
            detector = DETECTORS[kind]
            places = np.flatnonzero(compute.match_substring_regex(texts, detector.looks).to_numpy(zero_copy_only=False))
            if len(places):
                of = int(counts[places].sum())
                few = sorted(texts.take(places).to_pylist())[:: max(1, len(places) // VERIFIED)]
                self.alike[kind] += of
                self.true[kind] += of * sum(map(detector.found, few)) / len(few)

    def kinds(self) -> Iterator[tuple[str, int]]:
        """What is there, by its title, and in how many values."""
        for kind, true in self.true.items():
            if true and (not DETECTORS[kind].most or true > self.alike[kind] / 2):
                yield DETECTORS[kind].title, round(true)


def _is_text(kind: Any) -> bool:
    from pyarrow import types

    if types.is_dictionary(kind):
        return _is_text(kind.value_type)
    return bool(types.is_string(kind) or types.is_large_string(kind))
