"""How training is told of while it goes."""

import pytest

from everfit.models import Round
from everfit.steps.rounds import Best, tell_rounds


@pytest.mark.parametrize(("rounds", "lines"), [(3, 3), (10, 10), (57, 10)])
def test_progress_is_told_about_ten_times(rounds: int, lines: int) -> None:
    said: list[str] = []
    tell = tell_rounds(said.append)
    for done in range(1, rounds + 1):
        tell(Round(done, rounds, {"train_auc": 0.9, "holdout_auc": 0.7}))
    assert len(said) == lines
    assert said[-1].startswith(f"round {rounds} of {rounds}: auc 0.7000 on the holdout, ")
    assert "left" in said[0]
    assert "left" not in said[-1]


@pytest.mark.parametrize(
    ("curve", "metric", "value", "at"),
    [
        ({"holdout_ndcg@10": [0.5, 0.8, 0.7]}, "ndcg@10", -0.8, 2),
        ({"holdout_auc": [0.5, 0.8, 0.9], "holdout_logloss": [0.6, 0.4, 0.5]}, "logloss", 0.4, 2),
        ({"holdout_aft-nloglik": [3.0, 2.0, 1.0]}, "aft-nloglik", 1.0, 3),
    ],
)
def test_the_best_round_is_the_one_with_the_least_loss_or_the_best_order(
    curve: dict[str, list[float]], metric: str, value: float, at: int
) -> None:
    best = Best()
    for done in range(1, 4):
        best(Round(done, 3, {name: values[done - 1] for name, values in curve.items()}))
    assert (best.metric, best.value, best.round) == (metric, value, at)
