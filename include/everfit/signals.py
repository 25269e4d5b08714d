"""What a monitor found of a model in production."""

from __future__ import annotations

from dataclasses import dataclass

from everfit.values import Detail, Outcome


@dataclass(frozen=True)
class Point:
    """One point of a course over time: the days from `since` to before `until` (ISO dates), a value, its interval."""

    since: str
    until: str
    value: float
    low: float | None = None
    high: float | None = None
    n: int = 0


@dataclass(frozen=True)
class Signal:
    """What one monitor says: whether the model is harmed, and the numbers that this rests on.

    `outcome` is `FAILED` only for harm that is sure at the level of this look: the whole interval is beyond the `bar`,
    and it matters. `PASSED` says that there is surely no such harm, `CANNOT_TELL` that too little is known. The numbers
    are those of a `Verdict`, `level` the confidence of the end that shows harm; more is worse. `parts` say the same of
    features, slices, classes. What moved and does no harm is told in the parts and in the `reason`; the outcome is
    about harm alone. `course` is how it went over time, oldest first, and may be in another unit than the effect (of
    inputs that moved: how far the worst was from the reference each day, not what that costs); it is drawn in the
    report and not kept in the ledger. `blind_to` says what this monitor cannot see ("concept drift"), and is shown
    wherever it is.
    """

    monitor: str
    outcome: Outcome
    reason: str
    effect: float | None = None
    low: float | None = None
    high: float | None = None
    bar: float | None = None
    n: int = 0
    test: str = ""
    p: float | None = None
    level: float | None = None
    parts: tuple[Detail, ...] = ()
    course: tuple[Point, ...] = ()
    blind_to: str = ""

    @property
    def harms(self) -> bool:
        """Whether it found harm.

        >>> Signal("quality", Outcome.CANNOT_TELL, "no label yet").harms
        False
        """
        return self.outcome is Outcome.FAILED
