"""How training is told of while it goes."""

import pytest

from everfit.models import Round
from everfit.steps.rounds import tell_rounds


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
