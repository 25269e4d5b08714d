"""Whether a column drifted by one distance: beyond what chance does, and beyond what matters."""

from __future__ import annotations

from dataclasses import dataclass

LEVEL = 0.01
"""How often chance alone takes a column beyond its null band."""


@dataclass(frozen=True)
class Drift:
    """How far a window is from its reference by one `distance`, and the two bars that it is held against.

    `band` is what chance alone exceeds with a share of `level`, given the rows of both and how much they go together;
    `minimum` the least effect that matters; `p` how often chance alone goes at least so far. Whether it is any harm is
    not known here: who knows how much the model leans on the column, weighs it.

    >>> found = Drift("PSI", 0.09, 0.0068, 1e-30, 0.04, 0.01)
    >>> found.drifted
    True
    >>> print(found)
    PSI 0.09: beyond chance (up to 0.0068, in all but 1 %) and beyond the least that matters (0.04)
    >>> print(Drift("PSI", 9.6e-5, 6.8e-5, 1e-4, 0.04, 0.01))
    PSI 9.6e-05: beyond chance (up to 6.8e-05, in all but 1 %), but less than matters (0.04)
    """

    distance: str
    value: float
    band: float
    p: float
    minimum: float
    level: float

    @property
    def matters(self) -> bool:
        """Whether it is more than the minimum effect."""
        return self.value > self.minimum

    @property
    def drifted(self) -> bool:
        """Whether it is more than chance and more than the minimum effect, taken alone; for many see `together`."""
        return self.value > self.band and self.matters

    def __str__(self) -> str:
        chance = f"(up to {self.band:.2g}, in all but {100 * self.level:.2g} %)"
        found = f"{self.distance} {self.value:.2g}: "
        if self.value <= self.band:
            return found + f"no more than chance {chance}"
        if not self.matters:
            return found + f"beyond chance {chance}, but less than matters ({self.minimum:.2g})"
        return found + f"beyond chance {chance} and beyond the least that matters ({self.minimum:.2g})"
