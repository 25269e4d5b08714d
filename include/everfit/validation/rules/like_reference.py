"""The rule `like_reference`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from everfit.errors import DataError
from everfit.refuse import between, whole, word, words
from everfit.statistics.discoveries import benjamini_hochberg
from everfit.statistics.prediction import FEWEST_BATCHES
from everfit.statistics.stability import Stability, stability
from everfit.validation.rules._checks import batches, fails_closed, too_few
from everfit.validation.rules._histograms import Histogram, histograms, moved, over_bins, pack, unpack
from everfit.validation.rules._severity import Severity, severity
from everfit.values import Check

if TYPE_CHECKING:
    from everfit.validation.delivery import Delivery, Profile


@dataclass(frozen=True)
class LikeReference:
    """The columns of a table are distributed as in the batches before, or differ no more than those do from each other.

    Each number, text and truth value is binned (ten bins of equal weight; the 19 most common words and the rest; one
    for missing values) on the earlier batches, and the batch is held against them by the population stability index.
    It fails for a column where the PSI is at least `at_least` **and** too large to be chance. What chance gives follows
    from the number of rows; to it comes what batches differ by anyway, read off the earlier ones, each held against the
    others, so that seasons count (sources: `everfit.statistics.stability`). Which columns count is decided over all of
    them together by Benjamini and Hochberg: if nothing is wrong, at most the share `false_alarms` of the batches fails.

    Settings: `table`, its `columns` (default: all; times are left out), `at_least`, `newest` how many of the newest
    earlier batches are the reference, `false_alarms`. Each accepted batch leaves its histograms, with texts as hashes,
    so earlier data is not read again. Below 3 earlier batches it says so and passes.
    """

    table: str
    columns: tuple[str, ...] = ()
    at_least: float = 0.1
    newest: int = 12
    false_alarms: float = 0.05
    severity: Severity = "warning"

    def __post_init__(self) -> None:
        word("table", self.table)
        words("columns", self.columns, least=0)
        between("at_least", self.at_least, 0, float("inf"))
        whole("newest", self.newest, least=FEWEST_BATCHES)
        between("false_alarms", self.false_alarms, 0, 0.5, open_ends=True)
        severity(self.severity)

    @property
    def wanted(self) -> str:
        """What it asks for."""
        return f"as in earlier batches: a PSI below {self.at_least:g}, or as they differ anyway"

    def basis(self, _: Delivery) -> Sequence[Any]:
        """Table and columns."""
        return [self.table, self.columns]

    def profile(self, delivery: Delivery) -> Profile:
        """The histogram of each column."""
        return pack(histograms(delivery, self.table, self.columns))

    @fails_closed
    def check(self, delivery: Delivery) -> tuple[Check, ...]:
        """Hold each column against the earlier batches."""
        ours = unpack(delivery.profile(self))
        if not ours:
            raise DataError(f"{self.table} has no rows or no column to compare")
        history = [unpack(kept) for _, kept in delivery.history(self, self.newest)]
        found: dict[str, tuple[Stability, str, int]] = {}
        for name, now in ours.items():
            then = [kept[name] for kept in history if name in kept and kept[name].kind == now.kind]
            if len(then) >= FEWEST_BATCHES and now.rows and all(one.rows for one in then):
                found[name] = self._compare(now, then)
        if not found:
            return (too_few(self, None, len(history)),)
        counts = benjamini_hochberg([one.chance for one, _, _ in found.values()], self.false_alarms)
        bad = [name for name, real in zip(found, counts, strict=True) if real and found[name][0].psi >= self.at_least]
        worst = min(found, key=lambda name: found[name][0].chance)
        told = f"{len(found)} columns like {batches(found[worst][2])}; {worst} differs most, PSI {_psi(found[worst])}"
        return tuple(self._failed(name, *found[name]) for name in bad) or (
            Check(self.table, None, self.wanted, told, True, self.severity),
        )

    def _compare(self, now: Histogram, then: list[Histogram]) -> tuple[Stability, str, int]:
        binned = over_bins(now, then)
        return stability(binned.now, binned.then), moved(binned), len(then)

    def _failed(self, name: str, one: Stability, where: str, of: int) -> Check:
        told = f"PSI {one.psi:.2g}, where {batches(of)} differ by {one.usual:.2g}; {where}"
        return Check(self.table, name, self.wanted, told, False, self.severity)


def _psi(one: tuple[Stability, str, int]) -> str:
    return f"{one[0].psi:.2g} (usual {one[0].usual:.2g})"
