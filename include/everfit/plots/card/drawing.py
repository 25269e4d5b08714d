"""The drawings of the card as SVG in the page itself: it takes its colours from the page, light or dark."""

from __future__ import annotations

from typing import TYPE_CHECKING

from everfit.plots.card.axis import Axis, short
from everfit.plots.card.panels import Grid, Panel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from everfit.plots.card.panels import Series

LEFT, RIGHT, TOP, BOTTOM = 58, 22, 10, 46
WIDTH, HEIGHT = 420, 300
NAMED = ("candidate", "champion", "baseline")
CELL, LABELS = 44, 170
DARK = 0.55


def tone(who: str, place: int) -> str:
    """The class of a series in the page's style: by name, or by place where it has a name of its own."""
    return who if who in NAMED else f"line-{place + 1}"


def drawing(panel: Panel | Grid) -> str:
    """One drawing as SVG; the legend is the page's."""
    return _grid(panel) if isinstance(panel, Grid) else _plot(panel)


def _plot(panel: Panel) -> str:
    """Axes, the ideal, then each series, the last one on top."""
    x, y = _axes(panel)
    parts = [*_frame(panel, x, y), *_ideal(panel, x, y)]
    for place in _order(panel):
        parts += _series(panel, panel.series[place], tone(panel.series[place].who, place), x, y)
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" class="plot" aria-hidden="true">{"".join(parts)}</svg>'


def _order(panel: Panel) -> list[int]:
    """The candidate is drawn last, so that it lies above the others."""
    return sorted(range(len(panel.series)), key=lambda place: panel.series[place].who == "candidate")


def _axes(panel: Panel) -> tuple[Axis, Axis]:
    xs = [value for one in panel.series for value in one.x]
    ys = [value for one in panel.series for value in (*one.y, *one.low, *one.high)]
    if panel.ideal == "diagonal":
        xs = ys = [*xs, *ys]
    share_x, share_y = "x" in panel.percent, "y" in panel.percent
    filled = panel.kind == "step"
    x = Axis.over(xs, LEFT, WIDTH - RIGHT, percent=share_x, tight=not panel.ideal)
    return x, Axis.over(ys, HEIGHT - BOTTOM, TOP, percent=share_y, zero=filled)


def _frame(panel: Panel, x: Axis, y: Axis) -> Iterator[str]:
    for at, word in y.ticks:
        yield f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at}" y2="{at}"/>'
        yield f'<text x="{LEFT - 7}" y="{at + 4}" text-anchor="end">{word}</text>'
    for at, word in x.ticks:
        yield f'<line class="grid" x1="{at}" x2="{at}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>'
        yield f'<text x="{at}" y="{HEIGHT - BOTTOM + 17}" text-anchor="middle">{word}</text>'
    middle = (LEFT + WIDTH - RIGHT) / 2
    yield f'<text class="name" x="{middle}" y="{HEIGHT - 6}" text-anchor="middle">{_text(panel.x)}</text>'
    up = (TOP + HEIGHT - BOTTOM) / 2
    turned = f'transform="rotate(-90 12 {up})" x="12" y="{up}"'
    yield f'<text class="name" {turned} text-anchor="middle">{_text(panel.y)}</text>'


def _ideal(panel: Panel, x: Axis, y: Axis) -> Iterator[str]:
    low, high = max(x.low, y.low), min(x.high, y.high)
    if panel.ideal == "diagonal":
        yield f'<line class="ideal" x1="{x.at(low)}" y1="{y.at(low)}" x2="{x.at(high)}" y2="{y.at(high)}"/>'


def _series(panel: Panel, one: Series, shade: str, x: Axis, y: Axis) -> Iterator[str]:
    places = [(x.at(a), y.at(b)) for a, b in zip(one.x, one.y, strict=True)]
    if not places:
        return
    if panel.kind == "step":
        path = f"M{places[0][0]} {places[0][1]}" + "".join(f"H{a}V{b}" for a, b in places[1:])
        yield f'<path class="line {shade}" d="{path}"/>'
        return
    if panel.kind == "band":
        edge = [(x.at(a), y.at(b)) for a, b in zip(one.x, one.low, strict=True)]
        edge += [(x.at(a), y.at(b)) for a, b in zip(one.x[::-1], one.high[::-1], strict=True)]
        yield f'<path class="band {shade}" d="M{" ".join(f"{a} {b}" for a, b in edge)}Z"/>'
    yield f'<path class="line {shade}" d="M{" ".join(f"{a} {b}" for a, b in places)}"/>'
    if panel.kind == "dots":
        for (a, b), low, high in zip(places, one.low or one.y, one.high or one.y, strict=True):
            if low != high:
                yield f'<line class="whisker {shade}" x1="{a}" x2="{a}" y1="{y.at(low)}" y2="{y.at(high)}"/>'
            yield f'<circle class="point {shade}" cx="{a}" cy="{b}" r="3.4"/>'


def _grid(grid: Grid) -> str:
    """Squares whose shade is a share; the shares are written in them."""
    width, height = LABELS + CELL * len(grid.columns) + 10, 34 + CELL * len(grid.rows) + 70
    parts = []
    for row, (name, shares) in enumerate(zip(grid.rows, grid.shares, strict=True)):
        y = 8 + CELL * row
        parts.append(f'<text x="{LABELS - 8}" y="{y + CELL / 2 + 4}" text-anchor="end">{_text(name)}</text>')
        for column, share in enumerate(shares):
            x = LABELS + CELL * column
            parts.append(f'<rect class="cell" x="{x}" y="{y}" width="{CELL - 2}" height="{CELL - 2}" rx="3"/>')
            parts.append(
                f'<rect class="heat" x="{x}" y="{y}" width="{CELL - 2}" height="{CELL - 2}" rx="3" '
                f'fill-opacity="{share:.2f}"/>'
            )
            strong = "on" if share > DARK else "off"
            parts.append(
                f'<text class="{strong}" x="{x + CELL / 2 - 1}" y="{y + CELL / 2 + 4}" text-anchor="middle">'
                f"{100 * share:.0f}</text>"
            )
    low = 8 + CELL * len(grid.rows)
    for column, name in enumerate(grid.columns):
        middle = LABELS + CELL * column + CELL / 2
        turned = f'transform="rotate(-38 {middle} {low + 14})" x="{middle}" y="{low + 14}"'
        parts.append(f'<text {turned} text-anchor="end">{_text(name)}</text>')
    parts.append(f'<text class="name" x="{LABELS - 8}" y="{low + 16}" text-anchor="end">was, called (in %)</text>')
    return f'<svg viewBox="0 0 {width} {height}" class="plot" aria-hidden="true">{"".join(parts)}</svg>'


def _text(words: str) -> str:
    from markupsafe import escape

    return str(escape(words))


__all__ = ["drawing", "short", "tone"]
