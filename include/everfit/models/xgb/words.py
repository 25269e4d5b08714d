"""XGBoost's complaints in our words."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from everfit.errors import SpecError, did_you_mean


def refuse_unknown(params: Mapping[str, Any]) -> None:
    """XGBoost only warns of a parameter that it does not know: ask it about these, on a matrix of one row."""
    import numpy as np
    import xgboost

    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        tiny = xgboost.DMatrix(np.zeros((1, 1), np.float32), np.zeros(1, np.float32), nthread=1)
        cpu = {**params, "device": "cpu", "nthread": 1}
        known = xgboost.train(cpu, tiny, 0).save_config()
    unknown = [
        name
        for line in said
        if "are not used" in str(line.message)
        for name in re.findall(r'"(\w+)"', str(line.message))
    ]
    if unknown:
        near = did_you_mean(unknown[0], set(re.findall(r'"(\w+)":"', known))).partition(" (known")[0]
        raise SpecError(f"train.params.extra: XGBoost {xgboost.__version__} has no parameter {unknown[0]!r}{near}")


NO_MEMORY = re.compile(
    r"bad_alloc|out of memory|cudaErrorMemoryAllocation|memory allocation|cannot allocate", re.IGNORECASE
)


@contextmanager
def in_our_words() -> Iterator[None]:
    """What XGBoost refuses inside is a `SpecError` with the first line of its complaint; memory that it does not get is
    a `MemoryError`, as everywhere in Python."""
    import xgboost

    try:
        yield
    except xgboost.core.XGBoostError as error:
        if NO_MEMORY.search(str(error)):
            raise MemoryError(str(error).strip().splitlines()[0]) from error
        first = re.sub(r"^\[[\d:]+\] \S+ ", "", str(error).strip().splitlines()[0])
        raise SpecError(f"XGBoost {xgboost.__version__} refuses to train so: {first}; look at train.params") from error
