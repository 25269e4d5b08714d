"""Where a search may look: for each parameter a range or a handful of values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Value = int | float | str | bool | None


@dataclass(frozen=True)
class Between:
    """Numbers from `low` to `high`, both included; whole ones if both are whole. `log`: drawn on a log scale.

    >>> Between(0.01, 0.3, log=True).holds(0.05), Between(3, 10).holds(4.5)
    (True, False)
    """

    low: float
    high: float
    log: bool = False

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise ValueError(f"found {self.low:g} to {self.high:g}, wanted the lower end first")
        if self.log and self.low <= 0:
            raise ValueError(f"found {self.low:g} as the lower end, wanted more than 0 for a log scale")

    @property
    def whole(self) -> bool:
        """Whether only whole numbers are meant."""
        return isinstance(self.low, int) and isinstance(self.high, int)

    @property
    def ends(self) -> tuple[Value, ...]:
        """The values at the edge: if these fit a parameter, all between do."""
        return (self.low, self.high)

    def holds(self, value: object) -> bool:
        """Whether the value is one of them."""
        kind = int if self.whole else (int, float)
        return isinstance(value, kind) and not isinstance(value, bool) and self.low <= value <= self.high


@dataclass(frozen=True)
class OneOf:
    """One of these values."""

    values: tuple[Value, ...]

    def __post_init__(self) -> None:
        if len(set(self.values)) < 2:  # noqa: PLR2004
            raise ValueError(f"found {list(self.values)}, wanted two different values or more")

    @property
    def ends(self) -> tuple[Value, ...]:
        """All of them."""
        return self.values

    def holds(self, value: object) -> bool:
        """Whether the value is one of them."""
        return value in self.values


Dimension = Between | OneOf
Space = Mapping[str, Dimension]
