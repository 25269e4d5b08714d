"""The top of the report: whether the model is harmed, since when, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from everfit.plots.card.interval import WORST
from everfit.statistics.decay.cause import TO_DO
from everfit.values import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from everfit.ledger.entries import Monitored
    from everfit.signals import Signal

SEE_HARM = {"quality": 0, "estimated_quality": 1}
"""The monitors that see the harm itself, the surest first: while none of them can tell, no model is called healthy."""


@dataclass(frozen=True)
class Headline:
    """`tone` is good, bad or unsure, `state` one word for it; `action` what to do, `why` the reason for that;
    `sentence` says who is harmed (or not) since when."""

    tone: str
    state: str
    action: str
    why: str
    sentence: str


def headline(model: str, found: Monitored, earlier: Sequence[Monitored]) -> Headline:
    """What a person reads first; `earlier` are the looks before, oldest first."""
    who, looks = f"Version {found.version} of {model}", _unbroken(found, earlier)
    begun = f"{looks[0].until:%Y-%m-%d}"
    count = f" ({len(looks)} looks)" if len(looks) > 1 else ""
    if found.harmful:
        named = _listed([signal.monitor for signal in sorted(found.harmful, key=order)])
        sentence = f"{who} has been harmed since {begun}{count}, found by {named}."
        action = TO_DO.get(found.action, found.action)
        why = _sentence(found.why.removesuffix(f"; {action}"))
        return Headline("bad", "harmed", action.capitalize(), why, sentence)
    sure = _sure(found.signals)
    if not sure:
        unsure = [signal for signal in found.signals if signal.outcome is Outcome.CANNOT_TELL]
        first = min(unsure, key=order) if unsure else None
        why = _sentence(f"{first.monitor}: {first.reason}") if first else "No monitor looked at it."
        return Headline("unsure", "cannot tell", "Wait", why, f"Nobody can tell yet whether {_lower(who)} is harmed.")
    quiet = sum(signal.outcome is Outcome.CANNOT_TELL for signal in found.signals)
    passed = len(found.signals) - quiet
    why = f"{passed} monitors found no harm" if passed > 1 else "The one monitor found no harm"
    why += f"; {quiet} cannot tell." if quiet else "."
    return Headline("good", "healthy", "Nothing to do", why, f"{who} has been healthy since {begun}{count}.")


def order(signal: Signal) -> tuple[int, int, float, str]:
    """Harm first; then what sees the harm itself, labels before what stands in for them; then how far beyond its bar it
    is, or how near."""
    beyond = 0.0
    if signal.effect is not None and signal.bar is not None:
        beyond = (signal.effect - signal.bar) / (abs(signal.bar) or abs(signal.effect) or 1.0)
    return WORST.index(signal.outcome), SEE_HARM.get(signal.monitor, len(SEE_HARM)), -beyond, signal.monitor


def _sure(signals: Sequence[Signal]) -> bool:
    seeing = [signal for signal in signals if signal.monitor in SEE_HARM] or signals
    return any(signal.outcome is Outcome.PASSED for signal in seeing)


def _unbroken(found: Monitored, earlier: Sequence[Monitored]) -> list[Monitored]:
    """This look and those right before it that saw the same of the same version, oldest first."""

    def seen(one: Monitored) -> tuple[int, bool, bool]:
        return one.version, bool(one.harmful), _sure(one.signals)

    looks = [found]
    for one in reversed(earlier):
        if seen(one) != seen(found):
            break
        looks.insert(0, one)
    return looks


def _listed(names: Sequence[str]) -> str:
    """Names in a sentence.

    >>> _listed(["a"]), _listed(["a", "b"]), _listed(list("abcde"))
    ('a', 'a and b', 'a, b, c and 2 more')
    """
    if len(names) > 4:  # noqa: PLR2004 - more are not read
        return f"{', '.join(names[:3])} and {len(names) - 3} more"
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith('.') else '.'}"


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
