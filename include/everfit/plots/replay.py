"""The picture of a rehearsal: how good each policy was over time, and what its quality cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

from everfit.plots.style import CANDIDATE, CHAMPION, FAINT, GOOD, GRID, INK, picture

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

COLOURS = (CANDIDATE, CHAMPION, "#6b4fbb", GOOD, "#b83280", "#b7791f")
WINDOW = 28
"""Days that a point of the curves sums up: single days differ by their weather, not by their model."""
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
APART = 0.075
"""How far the names of two lines are kept apart, as a part of the height of the axes."""


@dataclass(frozen=True)
class Policy:
    """What is drawn of a policy: by day (counted from 1970) the rows and the sum of their losses, when its champions
    came, its cost in CPU seconds, its mean loss, and whether it is on the Pareto front."""

    name: str
    days: Mapping[int, tuple[int, float]]
    champions: Sequence[datetime]
    seconds: float
    mean: float
    efficient: bool

    @property
    def label(self) -> str:
        """Its name, for people."""
        return self.name.replace("_", " ")


def draw(policies: Sequence[Policy], loss: str, title: str, path: Path) -> Path:
    """How much lower each policy's loss was than that of the cheapest one, and mean loss against cost."""
    cheapest = min(policies, key=lambda one: one.seconds)
    groups = list(_alike(policies, cheapest))
    with picture(path, width=11.5, height=4.6, columns=2) as axes:
        _over_time(axes[0], groups, cheapest, loss)
        _front(axes[1], groups, loss)
        axes[0].figure.suptitle(title, x=0.012, ha="left", color=FAINT, fontsize=10)
    return path


def _alike(policies: Sequence[Policy], cheapest: Policy) -> Iterator[tuple[tuple[Policy, ...], str]]:
    """Policies that came to the same are one line, with all of their names; the cheapest ones are the ground."""
    found: dict[tuple[Any, ...], list[Policy]] = {}
    for one in policies:
        found.setdefault((one.mean, one.seconds, tuple(one.champions)), []).append(one)
    colours = cycle(COLOURS)
    for some in found.values():
        yield tuple(some), INK if cheapest in some else next(colours)


def _over_time(axes: Any, groups: Sequence[tuple[tuple[Policy, ...], str]], cheapest: Policy, loss: str) -> None:
    import numpy as np

    ends = []
    for place, (some, colour) in enumerate(groups):
        one = some[0]
        days, gain = _gain(one, cheapest)
        when = [BEGINNING + timedelta(days=day) for day in days.tolist()]
        width = 1.2 if cheapest in some else 1.8 + 1.6 * (len(groups) - 1 - place)  # so that one under another is seen
        axes.plot(when, gain, color=colour, linewidth=width, solid_capstyle="round")
        came = [at for at in one.champions[1:] if when[0] <= at <= when[-1]]
        axes.plot(came, np.interp([_day(at) for at in came], days, gain), "o", color=colour, markersize=6, zorder=4)
        ends.append((float(gain[-1]), _names(some), colour))
    axes.set_title(f"How much lower the {loss} was than with “{cheapest.label}”")
    axes.set_ylabel(f"difference, mean of {WINDOW} days")
    axes.margins(x=0.0)
    _dates(axes)
    _at_the_end(axes, when[-1], ends)
    axes.text(0.0, -0.16, "●  a new champion", transform=axes.transAxes, color=FAINT, fontsize=9)


def _front(axes: Any, groups: Sequence[tuple[tuple[Policy, ...], str]], loss: str) -> None:
    front = sorted((some[0].seconds, some[0].mean) for some, _ in groups if some[0].efficient)
    axes.step(*zip(*front, strict=True), where="post", color=GRID, linewidth=6, zorder=1)
    for some, colour in groups:
        one = some[0]
        axes.plot(one.seconds, one.mean, "o", color=colour, markersize=9, fillstyle="full" if one.efficient else "none")
    axes.set_title(f"Mean {loss} against what it cost")
    axes.set_xlabel("CPU seconds of all training runs")
    axes.set_ylabel(f"mean {loss}: lower is better")
    axes.margins(0.16, 0.18)
    axes.set_xlim(left=0)
    _beside(axes, [(some[0].seconds, some[0].mean, _names(some), colour) for some, colour in groups])
    axes.text(
        0.0, -0.22, "on the broad line: nothing is better for less", transform=axes.transAxes, color=FAINT, fontsize=9
    )


def _gain(one: Policy, other: Policy) -> tuple[NDArray[np.int64], Array]:
    """By day, how much lower the mean loss of the last `WINDOW` days was than the other's on the same rows."""
    import numpy as np

    days = np.array(sorted(set(one.days) & set(other.days)), dtype="int64")
    rows = np.array([one.days[day][0] for day in days.tolist()], dtype=float)
    far = np.array([other.days[day][1] - one.days[day][1] for day in days.tolist()])
    sums, counts = (np.concatenate([[0.0], np.cumsum(values)]) for values in (far, rows))
    begin = np.searchsorted(days, days - WINDOW + 1)
    end = np.arange(1, len(days) + 1)
    return days, (sums[end] - sums[begin]) / (counts[end] - counts[begin])


def _dates(axes: Any) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(minticks=4, maxticks=9)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))


def _at_the_end(axes: Any, x: datetime, ends: Sequence[tuple[float, str, str]]) -> None:
    """The names of the lines at their right ends, kept apart."""
    low, high = axes.get_ylim()
    places = _apart([(y - low) / (high - low) for y, _, _ in ends])
    for place, (y, name, colour) in zip(places, ends, strict=True):
        axes.annotate(
            name,
            xy=(x, y),
            xytext=(1.02, place),
            textcoords="axes fraction",
            va="center",
            color=colour,
            fontsize=10,
            annotation_clip=False,
        )


def _beside(axes: Any, points: Sequence[tuple[float, float, str, str]]) -> None:
    """The names of points, to the right of each, kept apart in height."""
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    places = _apart([(y - low) / (high - low) for _, y, _, _ in points])
    for place, (x, _, name, colour) in zip(places, points, strict=True):
        at = (x - left) / (right - left)
        side = "right" if at > 0.6 else "left"  # noqa: PLR2004 - where there is more room
        axes.annotate(
            name,
            xy=(at, place),
            xycoords="axes fraction",
            xytext=(-11 if side == "right" else 11, 0),
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5},
            textcoords="offset points",
            ha=side,
            va="center",
            color=colour,
            fontsize=10,
        )


def _apart(places: Sequence[float]) -> list[float]:
    """Heights near the given ones, none nearer to another than `APART`.

    >>> [round(one, 3) for one in _apart([0.5, 0.5, 0.9])]
    [0.463, 0.537, 0.9]
    """
    order = sorted(range(len(places)), key=lambda one: places[one])
    groups: list[list[float]] = []  # each: the sum of what is wanted, and how many
    for one in order:
        groups.append([places[one], 1])
        while len(groups) > 1 and _top(groups[-2]) + APART > _bottom(groups[-1]) - 1e-12:
            total, count = groups.pop()
            groups[-1][0] += total
            groups[-1][1] += count
    found = [_bottom(group) + APART * place for group in groups for place in range(int(group[1]))]
    made = dict(zip(order, found, strict=True))
    return [made[one] for one in range(len(places))]


def _bottom(group: Sequence[float]) -> float:
    return group[0] / group[1] - APART * (group[1] - 1) / 2


def _top(group: Sequence[float]) -> float:
    return group[0] / group[1] + APART * (group[1] - 1) / 2


def _names(some: Sequence[Policy]) -> str:
    return ", ".join(one.label for one in some)


def _day(at: datetime) -> float:
    return (at - BEGINNING) / timedelta(days=1)
