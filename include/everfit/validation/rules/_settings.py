"""Checks of a rule's settings: what was found, what was wanted."""

from __future__ import annotations

from math import isfinite
from typing import Literal, get_args

from everfit.errors import did_you_mean

Severity = Literal["critical", "warning", "info"]


def severity(value: object) -> None:
    """Refuse a severity that there is not.

    >>> severity("critcal")
    Traceback (most recent call last):
    ValueError: severity: there is no 'critcal'; did you mean 'critical'? (known: critical, info, warning)
    """
    among("severity", (value,), get_args(Severity))


def among(setting: str, values: tuple[object, ...], known: tuple[str, ...]) -> None:
    """Refuse what is not one of the known words."""
    for value in values:
        if value not in known:
            raise ValueError(f"{setting}: there is no {value!r}{did_you_mean(str(value), known)}")


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


def between(setting: str, value: object, low: float, high: float, *, open_ends: bool = False) -> None:
    """Refuse what is no number from `low` to `high`.

    >>> between("at_most", 1.5, 0, 1)
    Traceback (most recent call last):
    ValueError: at_most: wanted a number from 0 to 1, found 1.5
    """
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
    inside = is_number and (low < value < high if open_ends else low <= value <= high)  # type: ignore[operator]
    if not inside:
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
