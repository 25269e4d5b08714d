"""What is asked of a model that a real server serves: the same answers, at no more cost."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from everfit.gates import Known, Subject, not_slower
from everfit.gates.answers_when_served import AnswersWhenServed
from everfit.gates.not_slower import NotSlower
from everfit.predictor import Predictor
from everfit.statistics.timing import quantile_ratio
from everfit.steps.measuring import known
from everfit.values import Outcome
from tests.gates.conftest import binary_evidence
from tests.toy_model import CODE, ROWS, toy_folder

SLOW = CODE.replace("import pandas as pd", "import time\n\nimport pandas as pd").replace(
    "    known =", "    time.sleep(0.03)\n    known ="
)


class Ports:
    """As much of the ports as a served model needs."""

    def __init__(self, work: Path) -> None:
        self.work = work


@pytest.fixture
def toy(tmp_path: Path) -> Callable[..., Known]:
    def make(name: str, **changes: str) -> Known:
        folder = toy_folder(tmp_path / name, **changes)
        raw = pd.DataFrame([ROWS[place % 3] for place in range(120)])
        return known(Ports(tmp_path / "work"), Predictor.load(folder), folder, raw)

    return make


def judged(gate, candidate: Known, champion: Known | None = None):
    now = binary_evidence()
    subject = Subject(candidate, champion, None, None, None, now, 0, None, None)
    return gate.judge(replace(now, measured=gate.measure(subject)))


def test_a_model_that_answers_as_it_did_here(toy):
    verdict = judged(AnswersWhenServed(rows=60), toy("a"))
    assert verdict.outcome is Outcome.PASSED, verdict.reason
    assert (verdict.n, verdict.effect) == (66, 0.0)
    assert "all 66 answers were those of the evaluation, within 1e-06; loaded in" in verdict.reason


def test_answers_that_are_others_than_here(toy):
    one, other = toy("one"), toy("other", code=CODE.replace("dt.month", "dt.month * 0 + 12"))
    mixed = replace(one, serve=other.serve)
    shifted = replace(one, sample=lambda size: (one.sample(size)[0], [p + 1e-5 for p in one.sample(size)[1]]))
    assert judged(AnswersWhenServed(rows=30, tolerance=1e-4), shifted).outcome is Outcome.PASSED
    verdict = judged(AnswersWhenServed(rows=30), shifted)
    assert verdict.outcome is Outcome.FAILED
    assert "33 of 33 answers were not those of the evaluation, by up to 1e-05; wanted within 1e-06" in verdict.reason
    assert judged(AnswersWhenServed(rows=30), mixed).effect == pytest.approx(
        np.abs(np.subtract(one.sample(30)[1], other.sample(30)[1])).max()
    )


def test_files_that_are_not_whole(toy):
    broken = toy("broken")
    next(broken.folder.glob("history/*.parquet")).unlink()
    verdict = judged(AnswersWhenServed(), broken)
    assert verdict.outcome is Outcome.FAILED
    assert "it could not be served: " in verdict.reason
    assert "lacks history/carriers.parquet" in verdict.reason
    assert "could not be timed" in judged(NotSlower(), broken).reason


def test_the_cost_of_an_answer(toy, monkeypatch):
    monkeypatch.setattr(not_slower, "TURNS", 8)
    monkeypatch.setattr(not_slower, "CALLS", 20)
    fast, slow = toy("fast"), toy("slow", code=SLOW)
    verdict = judged(NotSlower(latency=2), slow, fast)
    assert verdict.outcome is Outcome.FAILED
    named = {part.name: part for part in verdict.parts}
    assert named["median of an answer"].outcome is Outcome.FAILED
    assert named["size of the model"].outcome is Outcome.PASSED
    assert "times the champion's" in verdict.reason
    again = judged(NotSlower(latency=10, load=10), fast, fast)
    assert again.outcome is Outcome.PASSED, again.reason
    first = judged(NotSlower(), fast)
    assert first.outcome is Outcome.PASSED
    assert "there is no champion to compare with; one row takes" in first.reason


@pytest.mark.parametrize("share", [0.5, 0.99])
def test_equal_costs_are_surely_too_much_at_most_once_in_twenty(share):
    """At the bar: both are drawn from one distribution, with disturbances that last a turn; the ratio is 1."""
    rng, runs = np.random.default_rng(3), 200
    below = above = 0
    for seed in range(runs):
        slow = 1 + (rng.random((30, 1)) < 0.2) * rng.random((30, 1))
        ours, theirs = (slow * rng.gamma(20, 0.05, (30, 40)) for _ in range(2))
        found = quantile_ratio(ours, theirs, share, seed)
        below, above = below + (found.high < 1), above + (found.low > 1)
    assert max(below, above) / runs <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / runs)
