"""Pictures of how a training run went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from everfit.plots.style import BASELINE, CANDIDATE, end_label, picture

SHOWN = 20
TITLES = {
    "auc": "AUC",
    "logloss": "Log loss",
    "rmse": "Root mean squared error",
    "mae": "Mean absolute error",
    "mlogloss": "Log loss",
    "quantile": "Pinball loss",
    "ndcg@10": "NDCG of the first 10",
    "aft-nloglik": "Negative log-likelihood",
}


def learning_curves(curves: Mapping[str, Sequence[float]], path: Path) -> Path:
    """Each metric over the rounds: `train_<metric>` on what was learnt from, `holdout_<metric>` on what was not."""
    metrics = [name.removeprefix("holdout_") for name in curves if name.startswith("holdout_")]
    with picture(path, width=4.6 * len(metrics), height=3.6, columns=len(metrics)) as axes:
        for one, metric in zip(axes if len(metrics) > 1 else [axes], metrics, strict=True):
            _curves(one, metric, curves[f"train_{metric}"], curves[f"holdout_{metric}"])
    return path


def importance(shares: Mapping[str, float], path: Path) -> Path:
    """The columns that brought most of the improvement, as shares of all of it."""
    top = sorted(shares.items(), key=lambda item: (-item[1], item[0]))[:SHOWN][::-1]
    with picture(path, width=7, height=0.8 + 0.26 * len(top)) as axes:
        bars = axes.barh([name for name, _ in top], [100 * share for _, share in top], color=CANDIDATE, height=0.62)
        axes.bar_label(bars, fmt="%.1f", padding=4, fontsize=8, color="#7b8794")
        more = f", the first {SHOWN} of {len(shares)} features" if len(shares) > SHOWN else ""
        axes.set_title(f"Share of the improvement in %{more}")
        axes.grid(visible=False)
        axes.set_xticks([])
        for side in ("bottom", "left"):
            axes.spines[side].set_visible(False)
        axes.margins(y=0.02)
    return path


def _curves(axes: Any, metric: str, train: Sequence[float], holdout: Sequence[float]) -> None:
    rounds = range(1, len(holdout) + 1)
    axes.set_title(TITLES.get(metric, metric))
    axes.set_xlabel("round")
    both = (("learnt from", train, BASELINE), ("holdout", holdout, CANDIDATE))
    highest = max(train[-1], holdout[-1])
    for name, curve, colour in both:
        axes.plot(rounds, curve, color=colour)
        end_label(axes, len(rounds), curve[-1], f"{name} {curve[-1]:.4g}", colour, above=curve[-1] == highest)
    axes.margins(y=0.14)
    axes.set_xlim(0, len(rounds) * 1.42)
    axes.set_xticks([tick for tick in axes.get_xticks() if 0 <= tick <= len(rounds)])
