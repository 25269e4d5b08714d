"""The gate `answers_when_served`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any

from everfit.errors import DeployError, Unreachable
from everfit.gates._claims import cannot_tell, show
from everfit.gates.evidence import TASKS
from everfit.refuse import number, whole
from everfit.values import Answer, Outcome, Verdict, numbers

if TYPE_CHECKING:
    from everfit.gates.evidence import Evidence
    from everfit.gates.subject import Subject

NAME = "answers_when_served"


@dataclass(frozen=True)
class AnswersWhenServed:
    """The candidate's files load in a fresh process, and a real server answers real requests with them as it did here.

    A model server is started with the very files that would be registered, and asked over HTTP for `rows` rows of the
    holdout: one at a time for a tenth of them, then all at once. Each number has to be the one that the candidate gave
    in the evaluation, to within `tolerance` of its size, or of 1 where it is smaller (0: bit for bit). By default that
    is a millionth: single rows are answered by a runtime that adds up trees in another order. It sees what a score on a
    table cannot: a file that is missing, a library that the server has in another version, a feature that is made
    differently for one row, a number that JSON changes. No chance is in it: every row is compared.
    """

    rows: int = 200
    tolerance: float = 1e-6

    def __post_init__(self) -> None:
        whole("rows", self.rows, least=1)
        number("tolerance", self.tolerance, least=0)

    @property
    def tasks(self) -> frozenset[str]:
        """Any."""
        return frozenset(TASKS)

    def measure(self, subject: Subject) -> Mapping[str, Any]:
        """Serve it, ask, and compare."""
        rows, wanted = subject.candidate.sample(self.rows)
        try:
            with subject.candidate.serve() as server:
                alone = [server.ask([row])[0] for row in _some(rows)]
                together = server.ask(rows)
                seconds, peak = server.seconds, server.peak_mb
        except (DeployError, Unreachable) as error:
            return {"failed": str(error)}
        pairs = [*zip(alone, _some(wanted), strict=True), *zip(together, wanted, strict=True)]
        apart = [_apart(one, other) for one, other in pairs]
        return {
            "failed": "",
            "asked": len(apart),
            "different": sum(far > self.tolerance for far in apart),
            "furthest": max(filter(isfinite, apart), default=None),
            "seconds": round(seconds, 3),
            "peak_mb": round(peak, 1),
        }

    def judge(self, evidence: Evidence) -> Verdict:
        """No answer may be another one."""
        found = evidence.measured
        if not found:
            return cannot_tell(NAME, "it was not served when it was evaluated: evaluate it again", evidence)
        if found["failed"]:
            return Verdict(NAME, Outcome.FAILED, f"it could not be served: {found['failed']}", test=_TEST)
        asked, different, furthest = found["asked"], found["different"], found["furthest"]
        wanted = f"within {show(self.tolerance)}" if self.tolerance else "bit for bit"
        reason = (
            f"{different:,} of {asked:,} answers were not those of the evaluation, by up to {show(furthest or 0.0)}; "
            f"wanted {wanted}"
            if different
            else f"all {asked:,} answers were those of the evaluation, {wanted}; loaded in {found['seconds']:.1f} s"
        )
        outcome = Outcome.FAILED if different else Outcome.PASSED
        return Verdict(NAME, outcome, reason, furthest, n=asked, bar=self.tolerance, test=_TEST, wanted="below")


_TEST = "a server in a fresh process, asked over HTTP; every answer compared"


def _apart(one: Answer | None, other: Answer | None) -> float:
    """How far two answers are apart, as a share of the second: infinitely, where only one of them is a number.

    >>> _apart(0.5, 0.5), _apart({"a": 0.2, "b": 0.8}, {"a": 0.7, "b": 0.3}), _apart(0.5, None)
    (0.0, 0.5, inf)
    """
    if one is None or other is None:
        return 0.0 if one is other else float("inf")
    mine, theirs = numbers(one), numbers(other)
    if len(mine) != len(theirs):
        return float("inf")
    return max(abs(one - other) / max(1.0, abs(other)) for one, other in zip(mine, theirs, strict=True))


def _some(rows: Sequence[Any]) -> Sequence[Any]:
    """Every tenth."""
    return rows[::10]
