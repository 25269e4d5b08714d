"""What a gate looks at: the labels of the holdout and everybody's scores on the same rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


@dataclass(frozen=True)
class Evidence:
    """Labels and scores on the holdout, one value per row, in one order for all.

    `y`: 0 or 1 for `binary`, the number for `regression`. `candidate` and `champion` (None: there is none, or it may
    not be scored): probabilities or predictions. `baseline`: the answer of one who knows only the training labels,
    their mean (for `binary` the share of ones); `baseline_median` their median, the better constant for the absolute
    loss. `clusters`: a whole number per row, equal for rows of one day. `champion_saw_holdout`: the champion learnt
    from some of these rows, so the comparison would favour it.

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

    def __post_init__(self) -> None:
        import numpy as np

        if self.task not in ("binary", "regression"):
            raise ValueError(f"evidence is for the task binary or regression, found {self.task!r}")
        for name, values in self._columns().items():
            if len(values) != len(self.y):
                raise ValueError(f"evidence has {len(self.y)} labels but {len(values)} values of {name}")
        if not np.isfinite(self.y).all():
            raise ValueError("evidence has rows without a label: leave them out")
        if self.task == "binary" and not np.isin(self.y, (0, 1)).all():
            raise ValueError("evidence for a binary task has labels other than 0 and 1")

    @property
    def rows(self) -> int:
        """How many labelled rows there are."""
        return len(self.y)

    @property
    def scores(self) -> dict[str, Array]:
        """Everybody's scores by name: candidate, champion if there is one to compare with, baseline."""
        found = {"candidate": self.candidate, "champion": self.champion, "baseline": self.baseline}
        return {who: scores for who, scores in found.items() if scores is not None}

    def baseline_for(self, loss: str) -> Array:
        """The constant answer that does best under `loss`: the training median for `absolute`, else the mean."""
        return self.baseline_median if loss == "absolute" and self.baseline_median is not None else self.baseline

    def to_frame(self) -> pd.DataFrame:
        """One row per holdout row, to be kept as parquet; what is not per row travels in the frame's `attrs`."""
        import pandas as pd

        frame = pd.DataFrame(self._columns())
        frame.attrs = {"task": self.task, "champion_saw_holdout": self.champion_saw_holdout}
        return frame

    @classmethod
    def from_frame(cls, frame: pd.DataFrame) -> Evidence:
        """The evidence that `to_frame` made a frame of; `ValueError` names what is missing in any other frame."""
        missing = {"y", "candidate", "baseline", "clusters"} - set(frame) or {"task"} - set(frame.attrs)
        if missing:
            raise ValueError(f"this table is no evidence: it has no {', '.join(sorted(missing))}")

        def column(name: str) -> Array | None:
            return frame[name].to_numpy(dtype=float) if name in frame else None

        return cls(
            task=frame.attrs["task"],
            y=frame["y"].to_numpy(dtype=float),
            candidate=frame["candidate"].to_numpy(dtype=float),
            champion=column("champion"),
            baseline=frame["baseline"].to_numpy(dtype=float),
            clusters=frame["clusters"].to_numpy(dtype="int64"),
            champion_saw_holdout=bool(frame.attrs["champion_saw_holdout"]),
            baseline_median=column("baseline_median"),
        )

    def _columns(self) -> dict[str, Array | NDArray[np.int64]]:
        columns: dict[str, Array | NDArray[np.int64] | None] = {
            "y": self.y,
            "candidate": self.candidate,
            "champion": self.champion,
            "baseline": self.baseline,
            "baseline_median": self.baseline_median,
            "clusters": self.clusters,
        }
        return {name: values for name, values in columns.items() if values is not None}
