"""How much each row counts in training: what the data says, how old it is, how rare its class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from everfit.errors import UnknownName
from everfit.steps.feature_table import LABEL, TIME, WEIGHT

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from everfit.spec import TrainSpec

    Array = NDArray[np.float64]

ClassWeights = Literal["balanced"] | Mapping[str, float]


def weights(train: TrainSpec, classes: Sequence[str], rows: pd.DataFrame) -> NDArray[np.float32] | None:
    """The weights of the rows to learn from, 1 on average; None where all count the same.

    `rows` needs the columns `__label`, `__time` and perhaps `__weight` of the feature table alone, but of all the rows:
    the newest of them, and how many there are of a class, decide. `classes` names the labels 0, 1, 2, ... Errors:
    `UnknownName` for a class weight of a class that there is not.
    """
    import numpy as np

    parts: list[Array] = []
    if train.weight:
        parts.append(rows[WEIGHT].to_numpy(dtype=np.float64))
    if train.half_life is not None:
        parts.append(by_age(rows[TIME], train.half_life))
    if train.class_weights is not None:
        parts.append(by_class(rows[LABEL].to_numpy(dtype=np.int64), classes, train.class_weights))
    if not parts:
        return None
    product = np.prod(parts, axis=0)
    return np.asarray(product / product.mean(), dtype=np.float32)


def by_age(times: pd.Series[Any], half_life: float) -> Array:
    """1 for the newest row, one half for one that is `half_life` days older, and so on.

    >>> import pandas as pd
    >>> by_age(pd.Series(pd.to_datetime(["2013-01-01", "2013-01-31", "2013-03-02"])), half_life=30).tolist()
    [0.25, 0.5, 1.0]
    """
    import numpy as np
    import pandas as pd

    days = (times.max() - times) / pd.Timedelta(days=1)
    return np.asarray(np.exp2(-days.to_numpy(dtype=np.float64) / half_life))


def by_class(codes: NDArray[np.int64], classes: Sequence[str], asked: ClassWeights) -> Array:
    """The weight of each row's class; `balanced` gives each class the same total, as scikit-learn's does.

    >>> import numpy as np
    >>> by_class(np.array([0, 0, 0, 1]), ["on time", "late"], "balanced").round(3).tolist()
    [0.667, 0.667, 0.667, 2.0]
    >>> by_class(np.array([0, 0, 0, 1]), ["on time", "late"], {"late": 3}).tolist()
    [1.0, 1.0, 1.0, 3.0]
    """
    import numpy as np

    if asked == "balanced":
        counts = np.bincount(codes, minlength=len(classes))
        each = len(codes) / (np.count_nonzero(counts) * np.maximum(counts, 1))
    else:
        for name in asked:
            if name not in classes:
                raise UnknownName("class for train.class_weights", str(name), classes)
        each = np.array([asked.get(name, 1.0) for name in classes], dtype=np.float64)
    return np.asarray(each[codes])
