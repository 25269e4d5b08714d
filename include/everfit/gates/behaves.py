"""The gate `behaves`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from everfit.errors import SpecError, did_you_mean
from everfit.gates._asking import Asked, Expectation, Step
from everfit.gates._claims import cannot_tell, show, too_few_days
from everfit.gates.evidence import TASKS
from everfit.refuse import between, number, one_of
from everfit.statistics.evenly import evenly
from everfit.statistics.interval import LEVEL
from everfit.statistics.losses import CLASSES
from everfit.statistics.share import Share, share
from everfit.values import Detail, Outcome, Verdict

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from everfit.gates.evidence import Evidence
    from everfit.gates.prospect import Prospect
    from everfit.gates.subject import Subject

ROWS = 2000
PROBABILITY, SPREAD = 0.01, 0.01
WORDS = ("increasing", "decreasing", "any")


@dataclass(frozen=True)
class Behaves:
    """The candidate does what anybody who knows the matter expects of it, whatever the metrics say.

    Setting: `expect`, what the score does when an input (a column of INPUTS) changes and the rest of the row stays:
    `increasing` (it never falls when the column grows), `decreasing`, `any` (it stays, whatever is in the column), or
    a step such as `{raised: 30, score: rises}` (30 more never lower it; times in hours). At most 2,000 rows of the
    holdout are asked again for each, with the value of another row or with the step. A row breaks an expectation if its
    score goes the wrong way by more than `within`: by default 0.01 of a probability, or a hundredth of the spread of
    the scores. `at_most` is the share of rows that may (0.05 by default). Of several classes `of` names the one whose
    probability is meant; of quantiles all are.

    Passes when of each expectation surely fewer rows break it: one-sided 95 %, exact bounds (Clopper-Pearson) for as
    many rows as those of so many days are worth (Korn and Graubard). A candidate that breaks one in exactly that share
    of rows passes at most once in twenty times. Fails when one is surely broken more often, the number of expectations
    accounted for (Bonferroni).

    Source: Ribeiro, Wu, Guestrin and Singh, Beyond accuracy: behavioral testing of NLP models with CheckList, ACL 2020
    (invariance and directional expectation tests).
    """

    expect: Mapping[str, Expectation] = field(hash=False)
    at_most: float = 0.05
    within: float | None = None
    of: str | None = None

    def __post_init__(self) -> None:
        if not self.expect:
            raise ValueError("expect: wanted at least one column and what is expected of it, found none")
        for name, expected in self.expect.items():
            if isinstance(expected, Step):
                number(f"expect: {name}: raised", expected.raised)
                one_of(f"expect: {name}: score", expected.score, ("rises", "falls"))
            else:
                one_of(f"expect: {name}", expected, WORDS)
        between("at_most", self.at_most, 0, 1, open_ends=True)
        if self.within is not None:
            number("within", self.within, least=0)

    @property
    def tasks(self) -> frozenset[str]:
        """Any."""
        return frozenset(TASKS)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it changes."""
        return tuple(self.expect)

    def measure(self, subject: Subject) -> Mapping[str, Any]:
        """Ask the candidate again about some rows, once for each expectation."""
        import numpy as np

        self._check(subject)
        total = len(subject.candidate.raw)
        places = evenly(total, ROWS)
        rows = subject.candidate.raw.iloc[places].reset_index(drop=True)

        def scores(rows: pd.DataFrame) -> NDArray[np.float64]:
            given = subject.candidate.model.predict(rows).astype(float)
            return given[:, subject.evidence.columns.index(self.of)] if self.of else given

        before = scores(rows)
        within = self._within(subject.evidence.task, before)
        asked = Asked(rows, before, subject.evidence.clusters[places], scores)
        return {
            name: asked.again(name, expected, within, np.random.default_rng([subject.seed, place]))
            for place, (name, expected) in enumerate(self.expect.items())
        }

    def judge(self, evidence: Evidence) -> Verdict:
        """Hold the share of rows that break each expectation against the setting."""
        if not evidence.measured:
            return cannot_tell("behaves", "nobody asked the candidate about changed rows", evidence)
        if why_not := too_few_days(evidence.clusters):
            return cannot_tell("behaves", why_not, evidence)
        parts = tuple(self._part(name, evidence.measured[name]) for name in self.expect)
        failed = [part for part in parts if part.outcome is Outcome.FAILED]
        open_ones = [part for part in parts if part.outcome is Outcome.CANNOT_TELL]
        outcome = Outcome.FAILED if failed else Outcome.CANNOT_TELL if open_ones else Outcome.PASSED
        worst = max(failed or open_ones or parts, key=lambda part: part.effect or 0.0)
        return Verdict(
            "behaves",
            outcome,
            f"{worst.name}: {worst.reason}; wanted less than {show(100 * self.at_most)} %",
            worst.effect,
            worst.low,
            worst.high,
            self.at_most,
            worst.n,
            "changed rows asked again; Clopper-Pearson bounds, design effect by day, one-sided 95 %",
            "below",
            level=LEVEL,
            parts=parts,
        )

    def hopeless(self, prospect: Prospect) -> str | None:
        """Without enough days there is no interval."""
        return too_few_days(prospect.clusters)

    def _check(self, subject: Subject) -> None:
        inputs, columns = subject.candidate.model.inputs, subject.evidence.columns
        for name in self.expect:
            if name not in inputs:
                raise SpecError(
                    f"the gate behaves names {name!r}, which is not among INPUTS, so no caller can change it"
                    f"{did_you_mean(name, inputs)}"
                )
        if self.of and self.of not in columns:
            raise SpecError(
                f"the gate behaves names {self.of!r}, of which there is no score{did_you_mean(self.of, columns)}"
            )
        if subject.evidence.task == "multiclass" and not self.of and set(self.expect.values()) != {"any"}:
            raise SpecError("the gate behaves expects a direction, but not of which class: name it (of)")

    def _within(self, task: str, scores: NDArray[np.float64]) -> float:
        if self.within is not None:
            return float(self.within)
        return PROBABILITY if task in CLASSES else SPREAD * float(scores.std())

    def _part(self, name: str, told: Mapping[str, Any]) -> Detail:
        title = f"{name} {_words(self.expect[name])}"
        if not sum(told["asked"]):
            return Detail(title, Outcome.CANNOT_TELL, "no row could be changed: all have the same value, or none")
        found, sure = (_counted(told, level) for level in (LEVEL, 1 - (1 - LEVEL) / len(self.expect)))
        outcome = Outcome.PASSED if found.high < self.at_most else Outcome.CANNOT_TELL
        outcome = Outcome.FAILED if sure.low >= self.at_most else outcome
        reason = f"{sum(told['broken']):,} of {found.rows:,} rows break it"
        reason += {
            Outcome.PASSED: f", surely less than {_percent(found.high)}",
            Outcome.FAILED: f", surely at least {_percent(sure.low)}",
            Outcome.CANNOT_TELL: f", from {_percent(found.low)} to {_percent(found.high)}, so it is open",
        }[outcome]
        if worst := told.get("worst"):
            reason += (
                f"; at worst {_value(worst['from'])} to {_value(worst['to'])} moved the score from "
                f"{show(worst['score'])} to {show(worst['then'])}"
            )
        return Detail(title, outcome, reason, found.value, found.low, found.high, self.at_most, found.rows)


def _counted(told: Mapping[str, Any], level: float) -> Share:
    """The rows by day, back from their counts."""
    import numpy as np

    days, counted = np.arange(len(told["asked"])), []
    for asked, broken in zip(told["asked"], told["broken"], strict=True):
        counted.append(np.arange(asked) < broken)
    return share(np.concatenate(counted), np.repeat(days, told["asked"]), level)


def _words(expected: Expectation) -> str:
    if isinstance(expected, Step):
        return f"raised by {expected.raised:g}: the score {expected.score}"
    return {"increasing": "up, score up", "decreasing": "up, score down", "any": "changed, score the same"}[expected]


def _percent(value: float) -> str:
    return f"{show(100 * value)} %"


def _value(value: float | str) -> str:
    return value if isinstance(value, str) else show(value)
