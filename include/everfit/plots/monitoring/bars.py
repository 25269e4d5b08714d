"""A feature before and now as one small drawing: grey bars are the reference, the line is the window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from everfit.plots.monitoring.waterfall import share

if TYPE_CHECKING:
    from everfit.plots.monitoring.look import Sketch

WIDTH, HEIGHT, FOOT = 240, 52, 4
TOLD = 3


def before_and_now(sketch: Sketch) -> str:
    """The drawing; for those who do not see it, the cells whose share changed most."""
    count = max(len(sketch.cells), 1)
    width, most = WIDTH / count, max([*sketch.before, *sketch.now], default=0.0) or 1.0
    parts: list[str] = []
    path: list[str] = []
    for place, (cell, was, now) in enumerate(zip(sketch.cells, sketch.before, sketch.now, strict=True)):
        x, tall, up = place * width, _tall(was, most), HEIGHT - FOOT - _tall(now, most)
        said = f"<title>{_text(cell)}: {share(was)} before, {share(now)} now</title>"
        bar = f'x="{x + 0.5:.1f}" y="{HEIGHT - FOOT - tall:.1f}" width="{width - 1:.1f}" height="{tall:.1f}"'
        whole = f'x="{x:.1f}" width="{width:.1f}" height="{HEIGHT}"'
        parts.append(f'<g>{said}<rect class="was" {bar}/><rect class="all" {whole}/></g>')
        path.append(f"{'M' if not path else 'L'}{x:.1f} {up:.1f}H{x + width:.1f}")
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" class="before-now" role="img"><title>{_text(sketch.name)} before and now'
        f"</title><desc>{_text(_changed(sketch))}</desc>{''.join(parts)}"
        f'<path class="is" d="{"".join(path)}"/><path class="foot" d="M0 {HEIGHT - FOOT}H{WIDTH}"/></svg>'
    )


def _tall(share: float, most: float) -> float:
    return share / most * (HEIGHT - FOOT - 3)


def _changed(sketch: Sketch) -> str:
    """The cells that changed most.

    >>> from everfit.plots.monitoring.look import Sketch
    >>> _changed(Sketch("gate", ("A", "B"), (0.5, 0.5), (0.25, 0.75)))
    'A from 50 % to 25 %, B from 50 % to 75 %'
    """
    found = sorted(zip(sketch.cells, sketch.before, sketch.now, strict=True), key=lambda one: -abs(one[2] - one[1]))
    return ", ".join(f"{cell} from {share(was)} to {share(now)}" for cell, was, now in found[:TOLD])


def _text(words: str) -> str:
    from markupsafe import escape

    return str(escape(words))
