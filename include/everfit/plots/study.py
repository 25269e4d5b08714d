"""The picture of a search: how good the trials were, which parameters mattered, and what values did well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any, Protocol

from everfit.plots.style import BASELINE, CANDIDATE, CHAMPION, picture

SHOWN = 3
"""Parameters that are drawn beside the trials: those that mattered most."""

FEW = 8
"""So many different numbers each get a tick of their own."""
DECADE = 10
"""Numbers that span more than this are drawn on a log scale."""


class Tried(Protocol):
    """A trial as the search records it."""

    @property
    def number(self) -> int:
        """From 0."""

    @property
    def params(self) -> Mapping[str, Any]:
        """What it trained with."""

    @property
    def state(self) -> str:
        """`finished`, `pruned` or `running`."""

    @property
    def value(self) -> float | None:
        """What was minimised."""


def draw(trials: Sequence[Tried], chosen: int, metric: str, importance: Mapping[str, float], path: Path) -> Path:
    """Trials in their order with the best so far, and each of the parameters that mattered against the metric."""
    told = [one for one in trials if one.value is not None and one.state in ("finished", "pruned")]
    shown = sorted(told[0].params, key=lambda name: -importance.get(name, 0.0))[:SHOWN] if told else []
    with picture(path, width=5.4 + 3.1 * len(shown), height=3.8, columns=1 + len(shown)) as made:
        axes = made if shown else [made]
        _history(axes[0], told, chosen, metric)
        for one, name in zip(axes[1:], shown, strict=True):
            _slice(one, told, chosen, name, importance.get(name))
    return path


def _history(axes: Any, told: Sequence[Tried], chosen: int, metric: str) -> None:
    _points(axes, told, chosen, [one.number + 1 for one in told])
    finished = [one for one in told if one.state == "finished"]
    best = list(accumulate((abs(one.value or 0) for one in finished), min))
    axes.step([one.number + 1 for one in finished], best, where="post", color=CANDIDATE, alpha=0.5, linewidth=1.4)
    axes.set_title(f"{len(told)} trials: {metric}")
    axes.set_xlabel("trial")
    words = (("finished", CANDIDATE), ("chosen", CHAMPION), (f"{len(told) - len(finished)} cut short", BASELINE))
    for place, (word, colour) in enumerate(words):
        at = (0.98, 0.96 - 0.085 * place)
        box = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}
        axes.annotate(word, at, xycoords="axes fraction", ha="right", va="top", color=colour, bbox=box, zorder=5)


def _slice(axes: Any, told: Sequence[Tried], chosen: int, name: str, share: float | None) -> None:
    values = [one.params[name] for one in told]
    if not all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        values = [str(value) for value in values]
    elif min(values) > 0 and max(values) / min(values) > DECADE:
        from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 3)))
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
    elif len(set(values)) <= FEW:
        axes.set_xticks(sorted(set(values)))
    _points(axes, told, chosen, values)
    axes.set_title(name.removeprefix("train."))
    axes.set_xlabel("" if share is None else f"makes {100 * share:.0f} % of the difference")


def _points(axes: Any, told: Sequence[Tried], chosen: int, places: Sequence[Any]) -> None:
    """What was cut short above the others is drawn at the upper edge: how bad it was says little so early."""
    low, high = _range([abs(one.value or 0) for one in told if one.state == "finished"])
    axes.set_ylim(low, high)
    for one, place in zip(told, places, strict=True):
        value = min(abs(one.value or 0), high)
        if one.number == chosen:
            axes.plot(place, value, "o", color=CHAMPION, markersize=8, zorder=3)
        elif one.state == "pruned":
            axes.plot(place, value, "o", color=BASELINE, markersize=5, fillstyle="none", clip_on=False)
        else:
            axes.plot(place, value, "o", color=CANDIDATE, markersize=5, clip_on=False)


def _range(values: Sequence[float]) -> tuple[float, float]:
    if not values:
        return 0.0, 1.0
    low, high = min(values), max(values)
    room = 0.06 * (high - low or abs(high) or 1.0)
    return low - room, high + 5 * room
