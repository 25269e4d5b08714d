"""From what the trees add up to, to the score: XGBoost's own links, in float32 as there."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Link = Callable[[Floats], Floats]


def link_of(booster: Any) -> tuple[Link, dict[int, float]] | str:
    """The link of a booster's objective, and where the sum of each output begins; or why they are not known."""
    import numpy as np

    learner = json.loads(booster.save_config())["learner"]
    name = learner["objective"]["name"]
    said = json.loads(learner["learner_model_param"]["base_score"])
    begin = np.atleast_1d(np.array(said, dtype=np.float32))
    if name in ("binary:logistic", "reg:logistic"):
        from scipy.special import expit

        begin, link = -np.log(np.float32(1) / begin - np.float32(1)), expit
    elif name in ("reg:gamma", "reg:tweedie", "count:poisson", "survival:aft"):
        begin, link = np.log(begin), _exponential
    elif name == "multi:softprob":
        link = _softmax
    elif name in _AS_THEY_ARE:
        link = _as_it_is
    else:
        return f"its objective is {name}"
    outputs = max(1, *(int(learner["learner_model_param"][key]) for key in ("num_class", "num_target")))
    return link, dict(enumerate(np.broadcast_to(begin, max(outputs, len(begin))).tolist()))


_AS_THEY_ARE = {
    *("reg:squarederror", "reg:absoluteerror", "reg:pseudohubererror", "reg:squaredlogerror", "reg:quantileerror"),
    *("rank:ndcg", "rank:pairwise", "rank:map"),
}


def _as_it_is(margins: Floats) -> Floats:
    return margins


def _exponential(margins: Floats) -> Floats:
    import numpy as np

    return np.exp(margins)


def _softmax(margins: Floats) -> Floats:
    import numpy as np

    raised = np.exp(margins - margins.max(axis=1, keepdims=True))
    shares: Floats = raised / raised.sum(axis=1, keepdims=True, dtype=np.float64).astype(np.float32)
    return shares
