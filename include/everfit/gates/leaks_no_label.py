"""The gate `leaks_no_label`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from everfit.gates._claims import cannot_tell, obstacle, side, too_few_days
from everfit.gates._suspects import Suspect, measure_all, suspects
from everfit.refuse import between, number, words
from everfit.values import Detail, Outcome, Verdict

if TYPE_CHECKING:
    from everfit.gates.evidence import Evidence
    from everfit.gates.prospect import Prospect
    from everfit.gates.subject import Subject

BARS = {"binary": 0.95, "multiclass": 0.95, "regression": 0.9, "quantile": 0.9}
SHOWN = 5


@dataclass(frozen=True)
class LeaksNoLabel:
    """No feature gives the label away: none tells nearly all of it alone, and none has lost what it told in training.

    A feature that is made of the label, or filled in after it is known, shows in two ways. In the holdout it tells, all
    by itself, more than anything honest does: its AUC (or R²) reaches `at_most`, by default 0.95 for classes and 0.9
    for numbers. Or it is not there yet for the newest rows: in training it alone tells more than the whole candidate
    does in the holdout, by `fades` (0.1 by default). `besides` names features that may, such as the last value of a
    series that hardly moves.

    Each feature answers by the mean label of its bins, learnt from at most 10,000 training rows; it is asked about at
    most 20,000 of the holdout, and about training rows that it did not learn from. Passes when each feature is surely
    below both bars, fails when one is surely above (one-sided 95 %, cluster-robust by day, the number of features
    accounted for). A feature that is the label with 2 % of noise is caught; honest features are blocked at most once in
    twenty times (both by simulation, for features that do not come near the bars). The verdict also says how much of
    what the candidate knows goes when the values of the strongest features are shuffled.

    Sources: Kaufman, Rosset, Perlich and Stitelman, Leakage in data mining, ACM TKDD 6 (2012) 15, section 5; Fisher,
    Rudin and Dominici, J. Machine Learning Research 20 (2019) 177 (model reliance by permutation).
    """

    at_most: float | None = None
    fades: float = 0.1
    besides: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.at_most is not None:
            between("at_most", self.at_most, 0, 1, open_ends=True)
        number("fades", self.fades, above=0)
        words("besides", self.besides, least=0)

    @property
    def tasks(self) -> frozenset[str]:
        """Those whose label a single feature can be held against."""
        return frozenset(BARS)

    def measure(self, subject: Subject) -> Mapping[str, Any]:
        """How much each feature tells alone, in training and in the holdout, and how much the candidate rests on it."""
        return measure_all(subject)

    def judge(self, evidence: Evidence) -> Verdict:
        """Hold each feature against both bars."""
        why_not = obstacle(evidence, "candidate", evidence.candidate) or evidence.measured.get("why")
        if why_not or not evidence.measured:
            return cannot_tell("leaks_no_label", why_not or "nobody asked what each feature tells alone", evidence)
        bar = BARS[evidence.task] if self.at_most is None else self.at_most
        found = suspects(evidence, bar, self.fades, self.besides)
        if not found:
            return cannot_tell("leaks_no_label", "there is no feature to look at", evidence)
        worst = max(found, key=lambda one: (_RANK[_outcome(one)], one.margin))
        return Verdict(
            "leaks_no_label",
            _outcome(worst),
            worst.reason,
            worst.found.value,
            worst.found.low,
            worst.found.high,
            worst.bar,
            evidence.rows,
            f"mean label of the feature's bins; {worst.found.test}",
            "below",
            worst.found.p(worst.bar, above=False),
            worst.found.level,
            parts=tuple(_detail(one) for one in sorted(found, key=lambda one: -one.margin)[:SHOWN]),
        )

    def hopeless(self, prospect: Prospect) -> str | None:
        """Without enough days there is no interval."""
        return too_few_days(prospect.clusters)


_RANK = {Outcome.PASSED: 0, Outcome.CANNOT_TELL: 1, Outcome.FAILED: 2}


def _outcome(one: Suspect) -> Outcome:
    if one.surely:
        return Outcome.FAILED
    return Outcome.PASSED if side(one.found, one.bar, above=False) is Outcome.PASSED else Outcome.CANNOT_TELL


def _detail(one: Suspect) -> Detail:
    found = one.found
    return Detail(one.name, _outcome(one), one.reason, found.value, found.low, found.high, one.bar, found.rows)
