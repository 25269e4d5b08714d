"""Settings that strategies share: how a stage ends, and bars as it carries them."""

from __future__ import annotations

from datetime import timedelta

from everfit.refuse import duration, one_of, whole
from everfit.rollouts.bars import Bars
from everfit.values import canonical, dump


def span(at_least: str, at_most: str, names: tuple[str, str] = ("at_least", "at_most")) -> tuple[timedelta, timedelta]:
    """Both ends of a stage's time; `ValueError` if the first is not before the second, or the second is nothing."""
    least, most = duration(names[0], at_least), duration(names[1], at_most)
    if not most or least > most:
        raise ValueError(f"{names[1]}: found {at_most!r}, wanted no less than {names[0]}, which is {at_least}")
    return least, most


def as_text(bars: Bars) -> str:
    """The judge's settings as the JSON that a stage carries."""
    return canonical(dump(bars)).decode()


def check_end(answers: int, otherwise: str, needs: str = "no_harm") -> None:
    """Refuse what says nothing of how a stage ends."""
    whole("answers", answers, least=1)
    one_of("needs", needs, ("not_worse", "no_harm"))
    one_of("otherwise", otherwise, ("keep_back", "promote"))
