"""What gates may see beside scores: what is known of the rows, and what they measure themselves."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest

from everfit.errors import SpecError
from everfit.gates import Evidence, Subject
from everfit.gates.above_bar import AboveBar
from everfit.gates.beats_baseline import BeatsBaseline
from everfit.gates.features_alike import FeaturesAlike
from everfit.gates.holds_over_time import HoldsOverTime
from everfit.spec import WindowSpec
from everfit.values import Outcome, Verdict
from tests.steps.judging import CODE, House, build, month


@dataclass(frozen=True)
class Repeats:
    """A gate that asks the models themselves, and names a column."""

    rows: int
    columns: tuple[str, ...] = ()

    def measure(self, subject: Subject) -> Mapping[str, Any]:
        some = subject.candidate.raw.head(self.rows)
        scores = subject.candidate.model.score(subject.features)
        np.testing.assert_array_equal(scores, subject.evidence.candidate)
        assert len(subject.learnt) == len(subject.labels) > 0
        champion = subject.champion
        return {
            "asked": len(some),
            "answers": subject.candidate.model.predict(some).tolist(),
            "file": (subject.candidate.folder / "features.py").is_file(),
            "champion": None if champion is None else champion.model.predict(champion.raw.head(1)).tolist(),
        }

    def judge(self, evidence: Evidence) -> Verdict:
        return Verdict("repeats", Outcome.PASSED, f"asked {evidence.measured['asked']}", n=evidence.rows)


@pytest.fixture
def house(tmp_path, mlflow) -> House:
    made = build(tmp_path, mlflow.url)
    made.accept(1, 2, 3)
    return made


def gates(house: House, *asked: Any) -> House:
    house.spec = house.spec.model_copy(update={"gates": asked})
    return house


def evidence_of(house: House, run: str) -> Evidence:
    stored = house.trained(run).evaluate().evidence
    return Evidence.from_frame(pd.read_parquet(house.ports.store.local_file(stored)))


def test_gates_measure_once_and_judge_by_what_was_kept(house):
    judgement = gates(house, Repeats(2), Repeats(3)).trained("first").judge()
    assert [verdict.reason for verdict in judgement.verdicts] == ["asked 2", "asked 3"]
    kept = Evidence.from_frame(pd.read_parquet(house.ports.store.local_file(judgement.evidence)))
    again = [gate.judge(kept.of(label)) for label, gate in zip(kept.measured, house.spec.gates, strict=True)]
    assert tuple(again) == judgement.verdicts
    one, two = kept.measured.values()
    assert (one["asked"], two["asked"], one["file"], one["champion"]) == (2, 3, True, None)
    assert two["answers"][:2] == one["answers"]


def test_the_champion_is_at_hand_too(house):
    gates(house, Repeats(2), AboveBar("auc", at_least=0.5)).trained("first").register()
    house.crown(1)
    house.accept(4)
    (found,) = evidence_of(house, "second").measured.values()
    assert len(found["champion"]) == 1


def test_the_recipe_is_trained_again_on_what_came_before_a_past_window(house):
    """As if the run had been one month earlier."""
    house.accept(4)
    house.spec = house.spec.model_copy(update={"window": WindowSpec(batches=4, holdout=1, at_least=2)})
    verdict, few = (
        gates(house, HoldsOverTime("log_loss", windows=2), HoldsOverTime("log_loss")).trained("now").judge().verdicts
    )
    assert [part.name for part in verdict.parts] == ["2013-02", "2013-03"]
    assert (verdict.outcome, few.outcome) == (Outcome.PASSED, Outcome.CANNOT_TELL)
    before = gates(house, BeatsBaseline("log_loss")).trained("then", until="2013-03")
    (then,) = before.judge().verdicts
    assert before.snapshot.held_out[0].partition == "2013-03"
    newest = verdict.parts[-1]
    assert (newest.effect, newest.low, newest.high) == pytest.approx((then.effect, then.low, then.high), abs=1e-12)


def test_requests_get_the_features_of_the_table(house):
    (verdict,) = gates(house, FeaturesAlike(rows=100)).trained("first").judge().verdicts
    assert verdict.outcome is Outcome.PASSED
    assert verdict.reason == "all 4 features of 100 rows are the same when a server makes them"


def test_a_feature_that_a_request_gets_otherwise_is_named(house, monkeypatch):
    """The code reads a setting of the machine, which the machine of the training has and the other has not."""
    house.code(CODE.replace("return made.merge", "made['day'] = day(rows)\n    return made.merge") + SKEWED)
    monkeypatch.setenv("TRIPS_FIRST_DAY", "1")
    trained = gates(house, FeaturesAlike(rows=100)).trained("first")
    monkeypatch.delenv("TRIPS_FIRST_DAY")
    (verdict,) = trained.judge().verdicts
    assert verdict.outcome is Outcome.FAILED
    assert [part.name for part in verdict.parts] == ["day"]
    assert "a server makes 1 of 5 features of 100 rows otherwise: day: 100 of 100 rows differ: " in verdict.reason


SKEWED = """

def day(rows):
    import os

    return rows["left"].dt.day - int(os.environ.get("TRIPS_FIRST_DAY", "0"))
"""


def test_inputs_features_and_named_columns_are_known_of_each_row(house):
    raw = month(3)
    raw = raw[raw["late"].notna()].reset_index(drop=True)
    found = evidence_of(gates(house, Repeats(1, columns=("late",))), "first")
    assert set(found.about) == {"carrier", "distance", "left", "hour", "late"}
    np.testing.assert_array_equal(found.about["carrier"], raw["carrier"])
    np.testing.assert_array_equal(found.about["late"], found.y)
    np.testing.assert_allclose(found.about["left"] % 24, raw["left"].dt.hour)
    np.testing.assert_array_equal(found.about["left"] // 24 - found.about["left"][0] // 24, _days(raw))


def _days(raw: pd.DataFrame) -> np.ndarray:
    days = raw["left"].dt.tz_localize(None).to_numpy("datetime64[D]").astype(int)
    return days - days[0]


def test_a_column_that_nobody_makes_is_named(house):
    trained = gates(house, Repeats(1, columns=("carier",))).trained("first")
    with pytest.raises(SpecError, match=r"names the column 'carier', .* did you mean 'carrier'"):
        trained.evaluate()
