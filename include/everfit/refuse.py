"""Refuses wrong settings of gates and rules: which one it is, what was wanted and what was found, as `ValueError`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta
from math import isfinite
from typing import TypeGuard

from everfit.errors import did_you_mean

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_DURATION = re.compile(r"([0-9]{1,5})([smhd])")


def one_of(setting: str, value: object, known: Iterable[str]) -> None:
    """Refuse a name that is not known.

    >>> one_of("loss", "logloss", ["log_loss", "brier"])
    Traceback (most recent call last):
    ValueError: loss: there is no 'logloss'; did you mean 'log_loss'? (known: brier, log_loss)
    """
    names = list(known)
    if value not in names:
        raise ValueError(f"{setting}: there is no {value!r}{did_you_mean(str(value), names)}")


def word(setting: str, value: object) -> None:
    """Refuse what is no name.

    >>> word("table", "")
    Traceback (most recent call last):
    ValueError: table: wanted a name, found ''
    """
    if not isinstance(value, str) or not value:
        raise ValueError(f"{setting}: wanted a name, found {value!r}")


def words(setting: str, values: object, *, least: int = 1) -> None:
    """Refuse what is no list of different names.

    >>> words("columns", ("a", "a"))
    Traceback (most recent call last):
    ValueError: columns: wanted different names, found 'a' twice
    """
    if not isinstance(values, tuple) or len(values) < least:
        raise ValueError(f"{setting}: wanted a list of {'at least one name' if least else 'names'}, found {values!r}")
    for place, value in enumerate(values):
        word(setting, value)
        if value in values[:place]:
            raise ValueError(f"{setting}: wanted different names, found {value!r} twice")


def number(setting: str, value: object, *, above: float | None = None, least: float | None = None) -> None:
    """Refuse what is not a finite number, or one that is too small.

    >>> number("margin", -0.1, above=0)
    Traceback (most recent call last):
    ValueError: margin: wanted a number above 0, found -0.1
    """
    wanted = "a number" if above is None else f"a number above {above:g}"
    wanted = wanted if least is None else f"a number of at least {least:g}"
    if not _is_number(value) or (above is not None and value <= above) or (least is not None and value < least):
        raise ValueError(f"{setting}: wanted {wanted}, found {value!r}")


def between(setting: str, value: object, low: float, high: float, *, open_ends: bool = False) -> None:
    """Refuse what is no number from `low` to `high`.

    >>> between("at_most", 1.5, 0, 1)
    Traceback (most recent call last):
    ValueError: at_most: wanted a number from 0 to 1, found 1.5
    """
    if not _is_number(value) or not (low < value < high if open_ends else low <= value <= high):
        wanted = f"a number between {low:g} and {high:g}" if open_ends else f"a number from {low:g} to {high:g}"
        raise ValueError(f"{setting}: wanted {wanted}, found {value!r}")


def whole(setting: str, value: object, *, least: int) -> None:
    """Refuse what is no whole number of at least `least`.

    >>> whole("newest", 2.5, least=1)
    Traceback (most recent call last):
    ValueError: newest: wanted a whole number of at least 1, found 2.5
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise ValueError(f"{setting}: wanted a whole number of at least {least}, found {value!r}")


def duration(setting: str, said: str) -> timedelta:
    """What a text such as `90s`, `30m`, `24h` or `3d` says; refuse any other.

    >>> duration("bake", "30m")
    datetime.timedelta(seconds=1800)
    """
    if not (match := _DURATION.fullmatch(said)):
        raise ValueError(f"{setting}: found {said!r}, wanted a time such as 90s, 30m, 24h or 3d")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def cron(setting: str, said: str) -> None:
    """Refuse what is no cron expression.

    >>> cron("sweep", "0 25 * * 1")
    Traceback (most recent call last):
    ValueError: sweep: found '0 25 * * 1' ([0 25 * * 1] is not acceptable, out of range), wanted five fields (minute \
hour day month weekday) or a word like @daily
    """
    # 0.03 s that a spec without a schedule need not pay
    from croniter import CroniterError, croniter  # type: ignore[import-untyped]

    wanted = "five fields (minute hour day month weekday) or a word like @daily"
    if not said.startswith("@") and len(said.split()) != len("mhdmw"):
        raise ValueError(f"{setting}: found {said!r}, wanted {wanted}")
    try:
        croniter(said)
    except (CroniterError, ValueError, KeyError) as error:
        raise ValueError(f"{setting}: found {said!r} ({error}), wanted {wanted}") from error


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
