"""Checks of a gate's settings: what was found, what was wanted."""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite

from everfit.errors import did_you_mean


def one_of(setting: str, value: object, known: Iterable[str]) -> None:
    """Refuse a name that is not known.

    >>> one_of("loss", "logloss", ["log_loss", "brier"])
    Traceback (most recent call last):
    ValueError: loss: there is no 'logloss'; did you mean 'log_loss'? (known: brier, log_loss)
    """
    names = list(known)
    if value not in names:
        raise ValueError(f"{setting}: there is no {value!r}{did_you_mean(str(value), names)}")


def number(setting: str, value: object, *, above: float | None = None, least: float | None = None) -> None:
    """Refuse what is not a finite number, or one that is too small.

    >>> number("margin", -0.1, above=0)
    Traceback (most recent call last):
    ValueError: margin: wanted a number above 0, found -0.1
    """
    wanted = "a number" if above is None else f"a number above {above:g}"
    wanted = wanted if least is None else f"a number of at least {least:g}"
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
    if not is_number or (above is not None and value <= above) or (least is not None and value < least):  # type: ignore[operator]
        raise ValueError(f"{setting}: wanted {wanted}, found {value!r}")
