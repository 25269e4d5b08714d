"""Settings that strategies share: times as people write them, and bars as a stage carries them."""

from __future__ import annotations

import re
from datetime import timedelta

from everfit.rollouts.bars import Bars
from everfit.values import canonical, dump

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_TIME = re.compile(r"([0-9]{1,5})([smhd])")


def time(name: str, said: str) -> timedelta:
    """What a setting of that name says: `90s`, `30m`, `24h`, `3d`; `ValueError` for anything else.

    >>> time("bake", "30m")
    datetime.timedelta(seconds=1800)
    """
    if not (match := _TIME.fullmatch(said)):
        raise ValueError(f"{name}: found {said!r}, wanted a time such as 90s, 30m, 24h or 3d")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def span(at_least: str, at_most: str, names: tuple[str, str] = ("at_least", "at_most")) -> tuple[timedelta, timedelta]:
    """Both ends of a stage's time; `ValueError` if the first is not before the second, or the second is nothing."""
    least, most = time(names[0], at_least), time(names[1], at_most)
    if not most or least > most:
        raise ValueError(f"{names[1]}: found {at_most!r}, wanted no less than {names[0]}, which is {at_least}")
    return least, most


def as_text(bars: Bars) -> str:
    """The judge's settings as the JSON that a stage carries."""
    return canonical(dump(bars)).decode()
