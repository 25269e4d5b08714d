"""The algorithm `constant`: the same answer for every row."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import chain
from math import fsum, isfinite
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from everfit.errors import Corrupted
from everfit.models import Round, Scorer, Terms, Trained, Training, sample
from everfit.models._cpu import on_the_cpu
from everfit.models.space import Space
from everfit.values import canonical

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from everfit.models import Part, Rows

NEAREST = 1e-15
AT_ONCE = 100_000


@dataclass(frozen=True)
class Constant:
    """The trivial baseline, which looks at no feature: what a model has to beat, and a first champion for a cold start.

    It answers the share of ones (`binary`), of each class (`multiclass`), the mean label (`regression`; with
    `answer: median` the median, which has the least absolute error) or the label's quantiles (`quantile`). Rows count
    by their weights. Leave the gate `answers_sanely` out where a constant may become champion: that gate refuses it.
    """

    answer: Literal["mean", "median"] = "mean"

    file: ClassVar[str] = "model.json"
    tasks: ClassVar[frozenset[str]] = frozenset({"binary", "regression", "multiclass", "quantile"})
    goes_on: ClassVar[bool] = False
    search_space: ClassVar[Space] = {}

    def fit(self, data: Training, terms: Terms) -> Trained:
        """Look at the labels. One round, and the same bytes however the rows are cut."""
        device = on_the_cpu("constant", terms.device)
        begin = perf_counter()
        answers = self._answers(data)
        parts = {"train": sample(data.train, data.holdout.rows), "holdout": data.holdout}
        metrics = {
            f"{part}_{name}": value
            for part, rows in parts.items()
            for name, value in _losses(data, rows, answers).items()
        }
        terms.each_round(Round(1, 1, metrics))
        several = data.task in ("multiclass", "quantile")
        return Trained(
            model=canonical({"answers": answers, "several": several}),
            device=device,
            threads=1,
            seconds=perf_counter() - begin,
            rounds=1,
            curves={name: (value,) for name, value in metrics.items()},
            importance={},
            facts={"answer": ", ".join(f"{one:.6g}" for one in answers)},
        )

    @staticmethod
    def load(path: Path) -> Scorer:
        """A saved answer. Errors: `Corrupted` for a file that holds none."""
        try:
            said = json.loads(path.read_bytes())
            answers, several = tuple(map(float, said["answers"])), bool(said["several"])
        except (ValueError, TypeError, KeyError) as error:
            raise Corrupted(f"{path} is not a model of the algorithm constant: {error!r}") from error
        if not answers or not all(map(isfinite, answers)) or (len(answers) > 1 and not several):
            raise Corrupted(f"{path} is not a model of the algorithm constant: it answers {said['answers']}")
        return _Scorer(answers, several)

    def _answers(self, data: Training) -> list[float]:
        if data.task == "quantile":
            return _quantiles(data.train, data.quantiles)
        if data.task == "regression" and self.answer == "median":
            return _quantiles(data.train, (0.5,))
        codes = range(len(data.classes)) if data.task == "multiclass" else (None,)
        return [_mean(data.train, code) for code in codes]


@dataclass(frozen=True)
class _Scorer:
    answers: tuple[float, ...]
    several: bool

    def predict(self, matrix: NDArray[np.float32]) -> NDArray[np.float64]:
        """The same for each row."""
        import numpy as np

        return np.tile(self.answers, (len(matrix), 1)) if self.several else np.full(len(matrix), self.answers[0])


def _mean(part: Part, code: int | None) -> float:
    """The weighted mean label, or the share of one class: summed exactly, so that the order does not matter."""
    total = fsum(chain.from_iterable((w * _wanted(y, code)).tolist() for y, w in _blocks(part)))
    return total / fsum(chain.from_iterable(w.tolist() for _, w in _blocks(part))) + 0.0  # there is one zero


def _wanted(labels: NDArray[np.float64], code: int | None) -> Any:
    return labels if code is None else (labels == code).astype(float)


def _blocks(part: Part) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Labels and weights, a few at a time."""
    import numpy as np

    for piece in part.pieces():
        for begin in range(0, piece.rows, AT_ONCE):
            some = piece.take(slice(begin, begin + AT_ONCE))
            weights = np.ones(some.rows) if some.weights is None else some.weights.astype(float)
            yield some.labels.astype(float), weights


def _quantiles(part: Part, levels: tuple[float, ...]) -> list[float]:
    """The smallest labels that at least so much of the weight does not exceed; for an even split their midpoint."""
    import numpy as np

    labels, weights = map(np.concatenate, zip(*_blocks(part), strict=True))
    order = np.argsort(labels, kind="stable")
    labels, reached = labels[order], np.cumsum(weights[order])
    reached /= reached[-1]
    below = np.minimum(np.searchsorted(reached, levels, side="left"), len(labels) - 1)
    above = np.minimum(np.searchsorted(reached, levels, side="right"), len(labels) - 1)
    return [float(one) for one in (labels[below] + labels[above]) / 2 + 0.0]  # there is one zero


def _losses(data: Training, rows: Rows, answers: list[float]) -> dict[str, float]:
    """The losses of the answers on some rows, under XGBoost's names for them."""
    import numpy as np

    y, given = rows.labels.astype(float), np.asarray(answers)
    if data.task == "regression":
        return {"rmse": float(np.sqrt(np.mean((y - given) ** 2))), "mae": float(np.abs(y - given).mean())}
    if data.task == "quantile":
        levels, off = np.asarray(data.quantiles), y[:, None] - given
        return {"quantile": float(np.maximum(levels * off, (levels - 1) * off).mean())}
    shares = np.append(1 - given, given) if data.task == "binary" else given
    name = "logloss" if data.task == "binary" else "mlogloss"
    return {name: float(-np.log(np.clip(shares, NEAREST, 1.0)[y.astype(int)]).mean())}
