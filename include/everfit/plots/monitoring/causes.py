"""The section that says why a model decayed, ready to be drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from everfit.plots.monitoring.waterfall import Waterfall, share, waterfall

if TYPE_CHECKING:
    from collections.abc import Sequence

    from everfit.statistics.decay.bugs import Bug
    from everfit.statistics.decay.cause import Decay
    from everfit.statistics.decay.places import Feature

ANSWERS = {
    "none": "It did not, surely",
    "label_shift": "Labels shifted",
    "covariate_shift": "Inputs shifted",
    "concept_change": "The concept changed",
    "data_bug": "Data are broken",
}
KINDS = {
    "constant": "one value only",
    "missing": "values are missing",
    "lost_join": "a join was lost",
    "spelling": "names are spelled differently",
    "unseen": "names that never were",
    "swapped_names": "names changed places",
    "unit": "another unit",
    "sign": "another sign",
    "default": "a default value",
    "coarse": "rounded",
    "shuffled": "rows were mixed up",
    "swapped_columns": "columns changed places",
    "duplicates": "rows are there twice",
}
MOST = 8
"""More features than these do not matter for a decay."""

LITTLE = 0.2
"""Where less than this share of the rows is like rows of the other side, shift and concept are hardly told apart."""


@dataclass(frozen=True)
class Broken:
    """A bug in words: what it is, where, in how many rows, and how one sees it."""

    what: str
    where: str
    share: str
    because: str


@dataclass(frozen=True)
class Ranked:
    """A feature, and how long its bars are in percent of the longest."""

    feature: Feature
    moved: float
    changed: float


@dataclass(frozen=True)
class Told:
    """The whole section: the answer, the waterfall, bugs, features, and what is to be known of all this.

    Numbers are told to as many decimals as `like`, the change, has with three digits."""

    answer: str
    fall: Waterfall
    bugs: tuple[Broken, ...]
    features: tuple[Ranked, ...]
    more: int
    like: float
    ground: tuple[str, ...]


def told(decay: Decay) -> Told:
    """A decay in words and lengths."""
    features = _ranked(decay.features[:MOST])
    return Told(
        ANSWERS[decay.cause],
        waterfall(decay),
        tuple(map(_broken, decay.bugs)),
        features,
        len(decay.features) - len(features),
        decay.change.value,
        tuple(_ground(decay)),
    )


def _broken(bug: Bug) -> Broken:
    return Broken(KINDS[bug.kind], ", ".join(bug.columns) or "the whole table", share(bug.share), bug.because)


def _ranked(features: Sequence[Feature]) -> tuple[Ranked, ...]:
    moved = max((abs(one.moved) for one in features), default=0.0) or 1.0
    changed = max((one.changed for one in features), default=0.0) or 1.0
    return tuple(
        Ranked(one, round(100 * abs(one.moved) / moved, 1), round(100 * one.changed / changed, 1)) for one in features
    )


def _ground(decay: Decay) -> list[str]:
    """What the answer rests on, and what it cannot see."""
    apart, rows = decay.moved, f"{decay.change.rows:,} rows of reference and window"
    days = f"{decay.change.clusters} days" if decay.by_cluster else "taken for independent, since there are few days"
    said = [
        f"Intervals are of two one-sided {share(decay.change.level)} bounds, from {rows}, {days}.",
        f"Inputs tell the two apart with AUC {apart.value:.3f} ({apart.low:.3f} to {apart.high:.3f}; a coin has 0.5).",
    ]
    if decay.overlap < LITTLE:
        said.append(
            f"Only {share(decay.overlap)} of the rows have their like on the other side: shift and concept "
            "can hardly be told apart here."
        )
    else:
        said.append(f"Like is compared with like on {share(decay.overlap)} of the rows.")
    if not decay.labelled:
        said.append("Blind to a change of the concept: too few labels have come.")
    return said
