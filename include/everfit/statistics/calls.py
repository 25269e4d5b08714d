"""Requests that one version got."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from everfit.values import ServerLoad

    Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Calls:
    """The requests that one version got, in any order: shape of each column `(requests,)`.

    `at`: when, in seconds since any moment (the same for everything that is seen together). `failed`: whether no proper
    answer came. `seconds`: how long the answer took; NaN where that is not known, which failed requests may have.
    `loads`: what the server took of its machine meanwhile, as far as it says so.
    """

    at: Array
    failed: NDArray[np.bool_]
    seconds: Array
    loads: Sequence[ServerLoad] = ()
