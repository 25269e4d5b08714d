"""What monitors look at: the rows of a window, beside those of a reference that the same version was judged on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from everfit.statistics.decay.columns import Column

if TYPE_CHECKING:
    from datetime import datetime

    import numpy as np
    from numpy.typing import NDArray

    from everfit.statistics.calls import Calls
    from everfit.values import Took

    Array = NDArray[np.float64]
    Whole = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows that one version answered, in the order of time; one entry per row in each column.

    `at`: when, in seconds since 1970. `day`: a whole number per row, equal for rows of one day, and rising with time;
    days of reference and window are counted alike. `columns`: the raw inputs, as callers send them. `scores`: `(rows,)`
    or `(rows, names)`; NaN where the version gave no answer of its own. `y`: the label as in `statistics.truth.Truth`,
    NaN as long as it has not come. `heard`: when the label was heard of, in seconds since 1970; NaN without one, and
    equal to `at` where nobody knows. `losses`: of the spec's usual loss; NaN without a label or a score, and for tasks
    whose rows have none by themselves.
    """

    at: Array
    day: Whole
    columns: tuple[Column, ...]
    scores: Array
    y: Array
    heard: Array
    losses: Array

    @property
    def rows(self) -> int:
        """How many there are."""
        return len(self.at)

    @property
    def labelled(self) -> NDArray[np.bool_]:
        """Which rows have a loss: a label and a score."""
        import numpy as np

        return np.asarray(np.isfinite(self.losses))

    def of(self, chosen: NDArray[np.bool_]) -> Rows:
        """The chosen rows, in their order."""
        import numpy as np

        places = np.flatnonzero(chosen)
        columns = tuple(column.of(places) for column in self.columns)
        parts = (self.scores, self.y, self.heard, self.losses)
        return Rows(self.at[places], self.day[places], columns, *(part[places] for part in parts))


@dataclass(frozen=True, eq=False)
class Pulled:
    """What each feature did to answers (Shapley values), of a sample of each side: `(rows, features)`, and the day of
    each row."""

    names: tuple[str, ...]
    reference: Array
    window: Array
    reference_day: Whole
    window_day: Whole


@dataclass(frozen=True, eq=False)
class Seen:
    """A model in production at one moment.

    `now` is when the window ends. `reference` are the rows that the version was judged on, whose labels are all there;
    it has not learnt from them. `window` are the newest rows that it answered. `season`, where the spec asks for one,
    are rows of the season that the window belongs to, of earlier years, without scores: drift of inputs is held against
    them instead.

    `names` are the columns of scores of several columns: classes or quantiles. `leans` says how much the model leans on
    each input: how much its loss on the reference rises if the values of the column are dealt anew, over its loss (0:
    not at all). `took` is what each training run took whose candidate was judged in the time of the window. `level` is
    the chance of a false alarm that this look may spend in each monitor. `born` is the time of the newest row that the
    version learnt from, `serving` since when it has been champion.

    What is not there for every model is None or empty: `calls` of the window and `calls_before` of as long a time
    before (`at` in seconds since 1970), `pulled`, `again` (what the version answers offline to each row of the window;
    NaN where it was not asked), `former` (the losses that the champion before would have had on the rows of the window;
    NaN where it was not asked), `levels` of a quantile task.
    """

    now: datetime
    task: str
    loss: str
    reference: Rows
    window: Rows
    level: float
    born: datetime
    serving: datetime
    names: tuple[str, ...] = ()
    levels: tuple[float, ...] = ()
    leans: Mapping[str, float] = field(default_factory=dict)
    took: Sequence[Took] = ()
    season: Rows | None = None
    calls: Calls | None = None
    calls_before: Calls | None = None
    pulled: Pulled | None = None
    again: Array | None = None
    former: Array | None = None
