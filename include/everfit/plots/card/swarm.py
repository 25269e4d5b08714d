"""What the features did, drawn: how strongly each pushed which answers which way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

if TYPE_CHECKING:
    from everfit.statistics.contributions import Effect

SHOWN = 15
WIDTH, HEIGHT = 300, 34
STRONG = 0.5
SOME = 0.15


@dataclass(frozen=True)
class Drawn:
    """One feature: its bar in % of the largest, its swarm as SVG ("" if there is none), its direction in words."""

    effect: Effect
    share: float
    swarm: Markup
    words: str


def drawn(effects: Sequence[Effect]) -> list[Drawn]:
    """The largest ones; all swarms lie on one scale."""
    if not effects or not effects[0].size:
        return []
    ends = [bin_.at for one in effects for bin_ in one.bins]
    low, high = (min(ends), max(ends)) if ends else (0.0, 0.0)
    kept = [one for one in effects if one.size][:SHOWN]
    return [Drawn(one, round(100 * one.size / effects[0].size, 1), _swarm(one, low, high), _words(one)) for one in kept]


def _swarm(effect: Effect, low: float, high: float) -> Markup:
    """Stripes around the middle: the taller, the more answers were pushed so; the colour is the feature's value."""
    if not effect.bins or low == high:
        return Markup()
    wide, most = WIDTH / (high - low), max(bin_.rows for bin_ in effect.bins)
    step = min((b.at - a.at for a, b in zip(effect.bins, effect.bins[1:], strict=False)), default=(high - low) / 44)
    parts = [f'<line class="zero" x1="{-low * wide:.1f}" x2="{-low * wide:.1f}" y1="0" y2="{HEIGHT}"/>']
    for bin_ in effect.bins:
        tall = max(2.0, (HEIGHT - 4) * (bin_.rows / most) ** 0.5)
        shade = "none" if bin_.rank is None else f"{100 * bin_.rank:.0f}"
        style = "" if bin_.rank is None else f' style="--rank:{shade}%"'
        x, width = (bin_.at - low) * wide - step * wide / 2, max(step * wide - 0.8, 1.2)
        parts.append(
            f'<rect class="{"plain" if bin_.rank is None else "bead"}"{style} x="{x:.1f}" '
            f'y="{(HEIGHT - tall) / 2:.1f}" width="{width:.1f}" height="{tall:.1f}" rx="1.5"/>'
        )
    return Markup(  # noqa: S704 - numbers only
        f'<svg class="swarm" viewBox="-6 0 {WIDTH + 12} {HEIGHT}" preserveAspectRatio="none" aria-hidden="true">'
        f"{''.join(parts)}</svg>"
    )


def _words(effect: Effect) -> str:
    if effect.direction is None:
        return ""
    if abs(effect.direction) < SOME:
        return "no single direction"
    strength = "more means higher" if effect.direction > 0 else "more means lower"
    return strength if abs(effect.direction) >= STRONG else f"mostly {strength}"
