"""What a gate looks at: the labels of the holdout and everybody's scores on the same rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from everfit.statistics.interval import LEVEL
from everfit.statistics.truth import Truth
from everfit.values import dump, load

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

ABOUT, NAIVE = "about.", "naive."
TASKS = ("binary", "multiclass", "regression", "quantile", "ranking", "survival")


@dataclass(frozen=True)
class Standing:
    """Where this decision stands among those that the model has had.

    `level`: the confidence at which a comparison with the champion is made, so that over time no more than the agreed
    share of promotions is bad; `because` says in words why it is that. `uses`: how many candidates this holdout has
    judged before; with `most` of them it is spent.
    """

    level: float = LEVEL
    uses: int = 0
    because: str = ""
    most: int | None = None

    @property
    def spent(self) -> str | None:
        """Why this holdout may judge nobody any more, or None if it may.

        >>> Standing(uses=3, most=50).spent
        """
        if self.most is None or self.uses < self.most:
            return None
        return (
            f"this holdout has judged {self.uses} candidates and is spent: what does well on it by now may have been "
            "made to do so. Wait for newer batches, or let it judge more often (promotion.uses)"
        )


@dataclass(frozen=True)
class Evidence:
    """Labels and scores on the holdout, one value per row, in one order for all.

    `y`: 0 or 1 for `binary`, the number for `regression`, and see `everfit.statistics.truth` for the other tasks.
    `candidate` and `champion` (None: there is none, or it may not be scored): probabilities or predictions. `baseline`:
    the answer of one who knows only the training labels, their mean (for `binary` the share of ones);
    `baseline_median` their median, the better constant for the absolute loss. Scores of several columns, named by
    `columns`, have one for each class or quantile. `clusters`: a whole number per row, equal for rows of one day.
    `champion_saw_holdout`: the champion learnt from some of these rows, so the comparison would favour it. `groups` and
    `observed` are there for the tasks that have them.

    `about` has what is known of each row beside: the raw inputs, the columns that gates name (`gate.columns`) and the
    features, each by its name (raw first, where two have one name): numbers, or texts with None where there is none.
    `naive` has the naive forecasts that gates ask for (`gate.naive`), by their names, in the shape of the scores.
    `measured` is what gates measured while the model was at hand (`gate.measure`), by the gates' labels; a gate that
    judges is given what it measured itself (`of`).

    Scores may hold NaN (`answers_sanely` judges that); labels may not. Arrays of other lengths, or labels that do not
    fit the task, raise `ValueError`.
    """

    task: str
    y: Array
    candidate: Array
    champion: Array | None
    baseline: Array
    clusters: NDArray[np.int64]
    champion_saw_holdout: bool = False
    baseline_median: Array | None = None
    columns: tuple[str, ...] = ()
    groups: NDArray[np.int64] | None = None
    observed: NDArray[np.bool_] | None = None
    about: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    naive: Mapping[str, Array] = field(default_factory=dict)
    measured: Mapping[str, Any] = field(default_factory=dict)
    standing: Standing = Standing()

    def __post_init__(self) -> None:
        import numpy as np

        if self.task not in TASKS:
            raise ValueError(f"evidence is for the task {' or '.join(TASKS)}, found {self.task!r}")
        for name, values in self._by_row().items():
            if len(values) != len(self.y):
                raise ValueError(f"evidence has {len(self.y)} labels but {len(values)} values of {name}")
        if not np.isfinite(self.y).all():
            raise ValueError("evidence has rows without a label: leave them out")
        if self.task == "binary" and not np.isin(self.y, (0, 1)).all():
            raise ValueError("evidence for a binary task has labels other than 0 and 1")
        wanted = (self.rows, len(self.columns)) if self.columns else (self.rows,)
        for who, scores in (*self.scores.items(), *self.naive.items()):
            if scores.shape != wanted:
                raise ValueError(f"the scores of the {who} have shape {scores.shape}, wanted {wanted}")

    @property
    def rows(self) -> int:
        """How many labelled rows there are."""
        return len(self.y)

    @property
    def truth(self) -> Truth:
        """What came, as metrics and losses take it."""
        levels = tuple(map(float, self.columns)) if self.task == "quantile" else ()
        return Truth(self.y, self.groups, self.observed, levels)

    @property
    def scores(self) -> dict[str, Array]:
        """Everybody's scores by name: candidate, champion if there is one to compare with, baseline."""
        found = {"candidate": self.candidate, "champion": self.champion, "baseline": self.baseline}
        return {who: scores for who, scores in found.items() if scores is not None}

    def baseline_for(self, loss: str) -> Array:
        """The constant answer that does best under `loss`: the training median for `absolute`, else the mean."""
        return self.baseline_median if loss == "absolute" and self.baseline_median is not None else self.baseline

    def of(self, label: str) -> Evidence:
        """The evidence as the gate with this label sees it: `measured` is what it measured, empty if it did not."""
        return replace(self, measured=self.measured.get(label, {}))

    def to_frame(self) -> pd.DataFrame:
        """One row per holdout row, to be kept as parquet; what is not per row travels in the frame's `attrs`.

        Scores of several columns are kept as `candidate[late]`, `candidate[on time]` and so on.
        """
        import pandas as pd

        made: dict[str, Any] = {}
        for name, values in self._by_row().items():
            made |= dict(zip(self._names(name), values.T, strict=True)) if values.ndim > 1 else {name: values}
        frame = pd.DataFrame(made)
        frame.attrs = {
            "task": self.task,
            "champion_saw_holdout": self.champion_saw_holdout,
            "measured": dict(self.measured),
            "standing": dump(self.standing),
        }
        if self.columns:
            frame.attrs["columns"] = list(self.columns)
        if self.naive:
            frame.attrs["naive"] = list(self.naive)
        return frame

    @classmethod
    def from_frame(cls, frame: pd.DataFrame) -> Evidence:
        """The evidence that `to_frame` made a frame of; `ValueError` names what is missing in any other frame."""
        columns = tuple(frame.attrs.get("columns", ()))

        def names(who: str) -> list[str]:
            return [f"{who}[{name}]" for name in columns] or [who]

        wanted = {"y", *names("candidate"), *names("baseline"), "clusters"}
        missing = wanted - set(frame) or {"task"} - set(frame.attrs)
        if missing:
            raise ValueError(f"this table is no evidence: it has no {', '.join(sorted(missing))}")

        def of(who: str) -> Any:
            given = [name for name in names(who) if name in frame]
            if not given:
                return None
            return frame[given].to_numpy(dtype=float) if columns else frame[who].to_numpy(dtype=float)

        return cls(
            task=frame.attrs["task"],
            y=frame["y"].to_numpy(dtype=float),
            candidate=of("candidate"),
            champion=of("champion"),
            baseline=of("baseline"),
            clusters=frame["clusters"].to_numpy(dtype="int64"),
            champion_saw_holdout=bool(frame.attrs["champion_saw_holdout"]),
            baseline_median=frame["baseline_median"].to_numpy(dtype=float) if "baseline_median" in frame else None,
            columns=columns,
            groups=frame["groups"].to_numpy(dtype="int64") if "groups" in frame else None,
            observed=frame["observed"].to_numpy(dtype=bool) if "observed" in frame else None,
            naive={n: of(f"{NAIVE}{n}") for n in frame.attrs.get("naive", ())},
            about={n.removeprefix(ABOUT): _values(frame[n]) for n in map(str, frame) if n.startswith(ABOUT)},
            measured=frame.attrs.get("measured", {}),
            standing=load(Standing, frame.attrs.get("standing", {})),
        )

    def _names(self, who: str) -> list[str]:
        return [f"{who}[{name}]" for name in self.columns]

    def _by_row(self) -> dict[str, Any]:
        columns: dict[str, Any] = {
            "y": self.y,
            "candidate": self.candidate,
            "champion": self.champion,
            "baseline": self.baseline,
            "baseline_median": self.baseline_median,
            "clusters": self.clusters,
            "groups": self.groups,
            "observed": self.observed,
            **{f"{NAIVE}{name}": values for name, values in self.naive.items()},
            **{f"{ABOUT}{name}": values for name, values in self.about.items()},
        }
        return {name: values for name, values in columns.items() if values is not None}


def _values(column: pd.Series) -> NDArray[Any]:
    """Numbers as they are; anything else as texts, with None where there is none."""
    import pandas as pd

    if pd.api.types.is_numeric_dtype(column.dtype):
        return column.to_numpy()
    texts = column.astype(object)
    return texts.where(texts.notna(), None).to_numpy(dtype=object)
