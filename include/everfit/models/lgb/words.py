"""LightGBM's complaints in our words."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from everfit.errors import SpecError

LOG = logging.getLogger("everfit.lightgbm")


def refuse_unknown(params: Mapping[str, Any]) -> None:
    """LightGBM only warns of a parameter that it does not know: ask it about these, on a few rows."""
    import lightgbm
    import numpy as np

    listening = _Listening()
    lightgbm.register_logger(listening)
    try:
        few = np.arange(4, dtype=np.float32)
        shape = {"num_class": params["num_class"]} if "num_class" in params else {}
        group = [4] if params["objective"] == "lambdarank" else None
        tiny = lightgbm.Dataset(few.reshape(4, 1), few % 2, group=group)
        lightgbm.Booster({**params, **shape, "num_threads": 1, "verbosity": 0}, tiny)
    finally:
        lightgbm.register_logger(LOG)
    unknown = [found[1] for line in listening.said if (found := re.search(r"Unknown parameter: (\S+)", line))]
    if unknown:
        raise SpecError(f"train.params.extra: LightGBM {lightgbm.__version__} has no parameter {unknown[0]!r}")


@contextmanager
def in_our_words() -> Iterator[None]:
    """What LightGBM refuses inside is a `SpecError` with its complaint."""
    import lightgbm

    try:
        yield
    except lightgbm.basic.LightGBMError as error:
        first = str(error).strip().splitlines()[0]
        raise SpecError(
            f"LightGBM {lightgbm.__version__} refuses to train so: {first}; look at train.params"
        ) from error


class _Listening:
    """A logger as LightGBM takes one."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def info(self, message: str) -> None:
        self.said.append(message)

    warning = info
