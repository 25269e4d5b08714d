"""Says how training goes while it goes: in the task's log, and in MLflow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING

from everfit.errors import EverfitError

if TYPE_CHECKING:
    from everfit.models import EachRound, Round
    from everfit.ports import Progress, Run

TIMES = 10
"""Lines for the log, whatever the number of rounds."""

SILENCE = 30.0
"""Seconds after which there is a line anyway: nobody shall wonder whether slow rounds go on."""

PAUSE = 5.0
"""Seconds between two calls to MLflow."""

SHARE = 20
"""A call that took a second is followed by so many without one: a slow server costs a training a twentieth."""

PROGRESS = "everfit.progress"
STOP = "stop_"

Now = Callable[[], float]


@dataclass
class Pace:
    """How fast the rounds go, from the first one that was told: a resumed training does not begin at 1, and one that
    begins again on another device begins anew."""

    now: Now = perf_counter
    first: int = 0
    last: int = 0
    begin: float = 0.0

    def line(self, ended: Round) -> str:
        """Round, metric, rate and time left, on one line."""
        if ended.done <= self.last or not self.first:
            self.first, self.begin = ended.done, self.now()
        self.last = ended.done
        passed = self.now() - self.begin
        rate = (ended.done - self.first) / passed if passed > 0 else 0.0
        said = [f"round {ended.done} of {ended.most}", _metric(ended)]
        if rate:
            said.append(f"{rate:.0f} rounds/s" if rate >= 1 else f"{1 / rate:.0f} s a round")
            said += [f"{_duration((ended.most - ended.done) / rate)} left"] if ended.done < ended.most else []
        return f"{said[0]}: {', '.join(filter(None, said[1:]))}"


def tell_rounds(progress: Progress, now: Now = perf_counter) -> EachRound:
    """Say a line at every tenth of the way, and after half a minute without one."""
    pace, last = Pace(now), now()

    def tell(ended: Round) -> None:
        nonlocal last
        line = pace.line(ended)
        tenth = ended.done * TIMES // ended.most != (ended.done - 1) * TIMES // ended.most
        if tenth or now() - last >= SILENCE:
            last = now()
            progress(line)

    return tell


@dataclass
class _Unsent:
    """The rounds that MLflow has not heard of yet.

    While early stopping looks for their number, only its own curve counts: the others are drawn anew when the model is
    trained on all rows.
    """

    begin: int = 0
    curves: dict[str, list[float]] = field(default_factory=dict)

    def add(self, ended: Round) -> None:
        if ended.done - 1 != self.begin + max(map(len, self.curves.values()), default=-1):
            self.begin, self.curves = ended.done - 1, {}
        stopping = any(name.startswith(STOP) for name in ended.metrics)
        for name, value in ended.metrics.items():
            if not stopping or name.startswith(STOP):
                self.curves.setdefault(name, []).append(value)


def show_rounds(run: Run, progress: Progress, now: Now = perf_counter) -> EachRound:
    """Let MLflow show the rounds while they come: the metrics as curves, the line of the log as the tag
    `everfit.progress`.

    Rounds are sent together, at most every few seconds. A server that does not answer, or refuses, is no reason to end
    a training: that is said once, the rounds are kept and sent with later ones. When the training is over, log its
    curves as always: what was sent before is not sent again.
    """
    pace, unsent, due, said = Pace(now), _Unsent(), 0.0, False

    def show(ended: Round) -> None:
        nonlocal unsent, due, said
        line = pace.line(ended)
        unsent.add(ended)
        begin = now()
        if begin < due and ended.done < ended.most:
            return
        try:
            run.curves(unsent.curves, unsent.begin)
            run.tags({PROGRESS: line})
            unsent = _Unsent()
        except EverfitError as error:
            if not said:
                progress(f"MLflow does not show this training while it goes, which goes on: {error}")
            said = True
        due = now() + max(PAUSE, SHARE * (now() - begin))

    return show


def _metric(ended: Round) -> str:
    """The first metric on the holdout, else the first that there is."""
    held_out = [item for item in ended.metrics.items() if item[0].startswith("holdout_")]
    for name, value in held_out[:1]:
        return f"{name.removeprefix('holdout_')} {value:.4f} on the holdout"
    return next((f"{name} {value:.4f}" for name, value in ended.metrics.items()), "")


def _duration(seconds: float) -> str:
    """Seconds for people.

    >>> _duration(7.2), _duration(200), _duration(7300)
    ('7 s', '3 min', '2 h 02 min')
    """
    minutes = round(seconds / 60)
    if seconds < 100:  # noqa: PLR2004 - up to there, seconds say more
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60:02} min"  # noqa: PLR2004


RISING = frozenset({"auc", "ndcg", "map"})


class Best:
    """Remembers the round in which the held-out rows were predicted best.

    It goes by the first loss that is reported; by a metric that is better when larger, as its negative, only if there
    is no loss. `value` is the smaller, the better.
    """

    def __init__(self) -> None:
        self.metric, self.value, self.round = "", float("inf"), 0

    def __call__(self, ended: Round) -> None:
        """Hear of a round."""
        found = {name.removeprefix("holdout_"): v for name, v in ended.metrics.items() if name.startswith("holdout_")}
        self.metric = min(found, key=_rises)
        value = -found[self.metric] if _rises(self.metric) else found[self.metric]
        if value < self.value:
            self.value, self.round = value, ended.done


def _rises(metric: str) -> bool:
    """Whether more of it is better: of `ndcg@10` as of `ndcg`."""
    return metric.partition("@")[0] in RISING
