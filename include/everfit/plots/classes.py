"""Pictures for several classes: which are taken for which, and whether probabilities come true."""

from __future__ import annotations

from pathlib import Path

from everfit.plots.holdout import COLOURS, Holdout
from everfit.plots.style import BASELINE, INK, picture

SHOWN = 12
DARK = 55
MANY = 4
WIDEST = 22


def confusion(holdout: Holdout, path: Path) -> Path:
    """Of the rows of each class, the shares that the candidate called this or that; the most frequent classes only."""
    import numpy as np

    called = holdout.scores["candidate"].argmax(axis=1)
    y = holdout.y.astype(int)
    shown = np.sort(np.argsort(-np.bincount(y, minlength=len(holdout.columns)), kind="stable")[:SHOWN])
    counts = np.array([[np.sum((y == came) & (called == said)) for said in shown] for came in shown])
    rows = np.array([np.sum(y == came) for came in shown])
    shares = 100 * counts / np.maximum(rows, 1)[:, None]
    names = [_short(holdout.columns[place]) for place in shown]
    size = 0.62 * len(shown)
    with picture(path, width=max(5.2, 2.6 + size), height=1.7 + 0.8 * size) as axes:
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=100, aspect="auto")
        for came in range(len(shown)):
            for said in range(len(shown)):
                share = shares[came, said]
                axes.text(said, came, f"{share:.0f}", ha="center", va="center", color="white" if share > DARK else INK)
        few = len(shown) < MANY
        axes.set_xticks(range(len(shown)), names, rotation=0 if few else 40, ha="center" if few else "right")
        axes.set_yticks(range(len(shown)), [f"{name} ({count:,})" for name, count in zip(names, rows, strict=True)])
        axes.grid(visible=False)
        axes.set(xlabel="called", ylabel="was", title="What each class is taken for, in %")
    return path


def class_shares(holdout: Holdout, path: Path) -> Path:
    """For each class the mean probability that each model gave it, against the share of rows that were of it."""
    import numpy as np

    share = 100 * np.bincount(holdout.y.astype(int), minlength=len(holdout.columns)) / len(holdout.y)
    shown = np.argsort(-share, kind="stable")[:SHOWN][::-1]
    with picture(path, width=7, height=1.5 + 0.34 * len(shown)) as axes:
        places = np.arange(len(shown))
        axes.barh(places, share[shown], color=BASELINE, alpha=0.35, height=0.62, label="share that came")
        for who, scores in holdout.models:
            mean = 100 * scores.mean(axis=0)[shown]
            axes.scatter(mean, places, color=COLOURS[who], s=34, zorder=3, label=f"{who}, mean probability")
        axes.set_yticks(places, [_short(holdout.columns[place]) for place in shown])
        axes.grid(visible=False, axis="y")
        axes.set(xlabel="% of rows", title="How much of each class was expected, and came")
        axes.legend(loc="lower right")
    return path


def _short(name: str) -> str:
    return name if len(name) <= WIDEST else f"{name[: WIDEST - 1]}…"
