"""The one look of all our pictures: light, few lines, words instead of legends where there is room."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

INK, FAINT, GRID = "#1f2933", "#7b8794", "#e4e7eb"
CANDIDATE, CHAMPION, BASELINE = "#0b6e99", "#d9730d", "#9aa5b1"
GOOD, BAD, UNSURE = "#2f855a", "#c53030", "#b7791f"
PALETTE = (CANDIDATE, CHAMPION, "#6b4fbb", GOOD, BASELINE)

RC: dict[str, Any] = {
    "figure.facecolor": "white",
    "figure.dpi": 110,
    "savefig.dpi": 110,
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "text.color": INK,
    "axes.edgecolor": GRID,
    "axes.labelcolor": FAINT,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.titlesize": 12,
    "axes.titleweight": "bold",
    "axes.titlepad": 14,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "lines.linewidth": 1.8,
    "legend.frameon": False,
    "svg.hashsalt": "everfit",
}


@contextmanager
def picture(path: Path, *, width: float = 7.0, height: float = 3.6, columns: int = 1) -> Iterator[Any]:
    """Draw on the axes that this gives (a list of them for several columns); it is saved to `path`, PNG or SVG.

    Needs no display, touches no global state of matplotlib's, and the same drawing gives the same bytes.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    with rc_context(RC):
        figure = Figure(figsize=(width, height), layout=ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.12))
        FigureCanvasAgg(figure)
        axes = figure.subplots(1, columns)
        yield list(axes) if columns > 1 else axes
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, metadata={"Date" if path.suffix == ".svg" else "Software": None})


def end_label(axes: Any, x: float, y: float, text: str, colour: str, *, above: bool) -> None:
    """Name a line at its right end, a little above or below it, so that two lines that meet can both be read."""
    place = {"xytext": (6, 2 if above else -2), "va": "bottom" if above else "top"}
    axes.annotate(text, (x, y), textcoords="offset points", color=colour, fontsize=9, **place)
