"""What a failure of a rule does."""

from __future__ import annotations

from typing import Literal, get_args

from everfit.refuse import one_of

Severity = Literal["critical", "warning", "info"]


def severity(value: object) -> None:
    """Refuse a severity that there is not.

    >>> severity("critcal")
    Traceback (most recent call last):
    ValueError: severity: there is no 'critcal'; did you mean 'critical'? (known: critical, info, warning)
    """
    one_of("severity", value, get_args(Severity))
