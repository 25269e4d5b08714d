"""The budget of promotions as a ledger tells it: what the next decision may spend, and how worn its rows are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from everfit import catalog
from everfit.errors import NotEnoughData, StaleHead
from everfit.gates import Evidence
from everfit.ledger import Ledger
from everfit.ledger.entries import CandidateJudged, ModelRegistered, Promoted, RunTriggered
from everfit.spec import ModelSpec
from everfit.spec.promotion import PromotionSpec
from everfit.statistics.addis import Addis
from everfit.statistics.e_lond import ELond
from everfit.statistics.online import Decided, Lord, over
from everfit.steps.judge import judge
from everfit.steps.refuse import refuse_hopeless
from everfit.steps.standing import standing, standing_of
from everfit.stores import LocalStore
from everfit.values import Batch, Candidate, FileHash, ModelVersion, Outcome, StoredFile, Verdict
from tests.services import Service
from tests.steps.judging import GATES, House, build

GATE = "not_worse_than_champion"


def batch(week: int, rows: int = 100) -> Batch:
    return Batch(f"week-{week:03}", 1, f"{week:064}", rows, (), "")


@dataclass
class Life:
    """A model whose first version is champion, and what was judged of it since."""

    ledger: Ledger
    spec: ModelSpec
    judged: int = 0

    @classmethod
    def begin(cls, root: Path, **promotion: Any) -> Life:
        root.mkdir(parents=True, exist_ok=True)
        (root / "features.py").write_text("")
        spec = ModelSpec(
            name="trips",
            task="binary",
            label="late",
            time="left",
            data={"landing": "trips", "tables": {"trips": {"file": "trips.parquet"}}},
            promotion=promotion,
            folder=root,
        )
        life = cls(Ledger("trips", LocalStore(root / "store"), lambda: datetime(2013, 6, 1, tzinfo=UTC)), spec)
        first = life.judge(0, None, promote=True)
        life.ledger.append("registered:1", ModelRegistered(ModelVersion("trips", 1, "m", ()), first))
        life.ledger.append("promoted:1", Promoted(1, None, first, 9, 0.0))
        return life

    def judge(
        self, week: int, p: float | None, *, promote: bool = False, holdout: int = 1, files: str = "", other: float = 0
    ) -> int:
        """One candidate judged on the weeks up to this one; returns the entry."""
        self.judged += 1
        run = f"run-{self.judged}"
        batches = tuple(batch(at) for at in range(week - holdout, week + 1))
        triggered = RunTriggered(run, "test", "t", "", "s", batches, holdout, (), True, "cpu")
        self.ledger.append(f"run:{run}", triggered)
        said = (
            Verdict("above_bar", Outcome.PASSED, "", p=other, level=0.95),
            Verdict(GATE, Outcome.PASSED, "", p=p, level=0.95 if p is not None else None),
        )
        champion = self.ledger.view().champion
        body = CandidateJudged(
            run, "m", "s", made_of(files or run), champion, promote, "", said, StoredFile("e", ""), StoredFile("s", "")
        )
        return self.ledger.append(f"judged:{run}", body).seq

    def next(self, week: int, holdout: int = 1, files: str = "new") -> Any:
        candidate = Candidate("trips", "next", "m", "s", made_of(files), "cpu", 1.0)
        batches = [batch(at) for at in range(week - holdout + 1, week + 1)]
        return standing(self.ledger.view(), self.spec, batches, candidate)


def made_of(text: str) -> tuple[FileHash, ...]:
    return (FileHash("model.ubj", text, 1),)


def test_each_decision_may_spend_what_the_procedure_gives_it(tmp_path: Path) -> None:
    life, lord, earlier = Life.begin(tmp_path), Lord(0.2, over(52)), list[Decided]()
    for week, (p, promote) in enumerate([(0.3, False), (0.001, True), (0.2, False), (0.0001, True), (0.5, False)], 1):
        found = life.next(week)
        assert 1 - found.level == pytest.approx(min(lord.level(earlier), 0.05))
        assert f"decision {week} of 52 that share" in found.because
        assert found.uses == 0
        life.judge(week, p, promote=promote)
        earlier.append(Decided(p, promote))
    assert "a budget of 20 % bad promotions, 2 promoted so far" in life.next(9).because
    assert "Judged at 1.7 %" in life.next(9).because


def test_it_never_asks_for_less_than_95_percent(tmp_path: Path) -> None:
    life = Life.begin(tmp_path, bad_share=0.5, decisions=4)
    for week in (1, 2, 3):
        life.judge(week, 0.0, promote=True)
    assert life.next(4).level == 0.95


@pytest.mark.parametrize(
    ("by", "level"),
    [
        ("lord", Lord(0.1, over(10)).level([Decided(0.01, True), Decided(0.4, False)])),
        ("addis", Addis(0.1, over(10), start=0.1).level([Decided(0.01, True), Decided(0.4, False)])),
        ("e_lond", ELond(0.1, over(10)).level([Decided(0.01, True), Decided(0.4, False)])),
    ],
)
def test_the_spec_names_the_procedure(tmp_path: Path, by: str, level: float) -> None:
    life = Life.begin(tmp_path, bad_share=0.1, by=by, decisions=10)
    life.judge(1, 0.01, promote=True)
    life.judge(2, 0.4)
    assert 1 - life.next(3).level == pytest.approx(level)


def test_the_budget_begins_anew_after_so_many_decisions(tmp_path: Path) -> None:
    life = Life.begin(tmp_path, bad_share=0.1, decisions=3)
    fresh = life.next(1).level
    for week in (1, 2, 3):
        life.judge(week, 0.4)
        assert (life.next(week + 1).level == fresh) == (week == 3)
    assert "decision 1 of 3" in life.next(4).because


def test_without_a_share_each_decision_stands_alone(tmp_path: Path) -> None:
    life = Life.begin(tmp_path, bad_share=None)
    for week in range(1, 5):
        life.judge(week, 0.001, promote=True)
    assert (life.next(9).level, life.next(9).because) == (0.95, "")


def test_only_comparisons_with_a_champion_spend(tmp_path: Path) -> None:
    life = Life.begin(tmp_path)
    fresh = life.next(1)
    life.judge(1, None, other=0.6)
    assert life.next(2) == fresh


def test_the_weakest_comparison_speaks_for_a_candidate(tmp_path: Path) -> None:
    """`above_bar` has a p as well, which is no error of a promotion against the champion."""
    life = Life.begin(tmp_path, by="addis")
    life.judge(1, 0.3, other=0.9)
    weak = life.next(2).level
    life = Life.begin(tmp_path / "other", by="addis")
    life.judge(1, 0.9, other=0.3)
    assert life.next(2).level < weak, "a p of .9 costs ADDIS nothing, one of .3 does"


def test_a_promotion_on_the_same_rows_does_not_pay(tmp_path: Path) -> None:
    life = Life.begin(tmp_path)
    life.judge(1, 0.0001, promote=True)
    life.judge(2, 0.0001, promote=True)
    apart, same = life.next(3).level, life.next(2).level
    assert same > apart
    assert 1 - same == pytest.approx(Lord(0.2, over(52)).level_at(3, [1]))


def test_the_same_model_judged_twice_spends_once(tmp_path: Path) -> None:
    """A backfill or a run that was begun again under another name makes the same bytes on the same rows."""
    life = Life.begin(tmp_path)
    before = life.next(1, files="twin")
    life.judge(1, 0.3, files="twin")
    after = life.next(2)
    assert life.next(1, files="twin") == before
    life.judge(1, 0.3, files="twin")
    assert life.next(2) == after
    assert life.next(1, files="other").uses == 1


def test_uses_are_counted_by_rows(tmp_path: Path) -> None:
    life = Life.begin(tmp_path, uses=3)
    assert life.next(5, holdout=2).uses == 0
    life.judge(5, 0.3, holdout=2)
    assert [life.next(week, holdout=2).uses for week in (5, 6, 7)] == [1, 1, 0]
    life.judge(5, 0.3, holdout=1)
    life.judge(5, 0.3, holdout=1)
    assert [life.next(week).uses for week in (4, 5, 6)] == [1, 3, 0]
    assert "has judged 3 candidates and is spent" in life.next(5).spent
    assert life.next(6).spent is None


def offline(house: House, run: str, gates: Sequence[Any]) -> tuple[Verdict, ...]:
    """The verdicts from the file of evidence alone."""
    frame = pd.read_parquet(house.root / "store" / f"evidence/{house.spec.name}/{run}.parquet")
    evidence = Evidence.from_frame(frame)
    labels = catalog.labels(gates)
    return tuple(gate.judge(evidence.of(label)) for label, gate in zip(labels, gates, strict=True))


def promoting(house: House, **promotion: Any) -> House:
    return House(house.root, house.ports, house.spec.model_copy(update={"promotion": PromotionSpec(**promotion)}))


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory, mlflow: Service) -> House:
    """A champion that learnt from two months, and two candidates judged on the fourth."""
    gates = [*GATES["binary"][:2], {GATE: {"loss": "log_loss", "margin": 0.02}}]
    house = build(tmp_path_factory.mktemp("lived"), mlflow.url, gates=gates)
    house.accept(1, 2, 3)
    house.crown(house.trained("first").register().version)
    house.accept(4)
    house.trained("second").judge()
    other = house.spec.train.model_copy(update={"params": {"rounds": 30, "max_depth": 2}})
    House(house.root, house.ports, house.spec.model_copy(update={"train": other})).trained("third").judge()
    return house


def test_the_verdict_says_level_and_why_and_is_given_again_from_the_evidence_alone(lived: House) -> None:
    view = lived.ledger.view()
    first, second, third = (entry.body for entry in view.of(CandidateJudged))
    assert first.verdicts[1].p is None, "there was no champion to compare with"
    assert second.verdicts[1].level == pytest.approx(1 - Lord(0.2, over(52)).level([]))
    earlier = [Decided(second.verdicts[1].p or 0, second.promote, frozenset({"2013-04"}))]
    assert third.verdicts[1].level == pytest.approx(1 - Lord(0.2, over(52)).level(earlier, frozenset({"2013-04"})))
    assert (
        ". Judged at 1.1 %: decision 2 of 52 that share a budget of 20 % bad promotions, none promoted so far"
        in third.verdicts[1].reason
    )
    assert all(0 < body.verdicts[1].detectable < 1 for body in (second, third))
    for body in (second, third):
        assert offline(lived, body.run, lived.spec.gates) == body.verdicts


def test_a_run_that_is_tried_again_spends_nothing_twice(lived: House) -> None:
    before = lived.ledger.view()
    again = lived.trained("second")
    assert again.judge().verdicts == next(e.body.verdicts for e in before.of(CandidateJudged) if e.body.run == "second")
    assert lived.ledger.view().head == before.head


def test_the_same_training_under_another_name_is_judged_as_before(lived: House) -> None:
    before = {entry.body.run: entry.body for entry in lived.ledger.view().of(CandidateJudged)}
    again = lived.trained("second-again").judge()
    assert again.verdicts == before["second"].verdicts


def test_an_evaluation_made_before_another_judgement_is_stale(lived: House) -> None:
    one, two = (
        House(
            lived.root,
            lived.ports,
            lived.spec.model_copy(
                update={"train": lived.spec.train.model_copy(update={"params": {"rounds": rounds, "max_depth": 3}})}
            ),
        ).trained(f"racing-{rounds}")
        for rounds in (21, 22)
    )
    late = two.evaluate()
    one.judge()
    with pytest.raises(StaleHead, match=r"somebody was judged meanwhile: evaluate it again"):
        judge(lived.ports, lived.spec, late)
    stands = standing_of(lived.ledger.view(), lived.spec, two.candidate)
    judged = two.judge()
    assert judged.verdicts[1].level == stands.level > late.level


def test_a_spent_holdout_judges_nobody_and_no_training_is_begun_for_it(lived: House) -> None:
    worn = promoting(lived, uses=2)
    train = lived.spec.train.model_copy(update={"params": {"rounds": 25, "max_depth": 3}})
    worn.spec = worn.spec.model_copy(update={"train": train})
    trained = worn.trained("too-late")
    with pytest.raises(NotEnoughData, match=r"this holdout has judged \d+ candidates and is spent"):
        refuse_hopeless(worn.ports, worn.spec, trained.snapshot, trained.features)
    verdict = trained.judge().verdicts[1]
    assert verdict.outcome is Outcome.CANNOT_TELL
    assert "Wait for newer batches" in verdict.reason
    assert replace(verdict, reason="") == Verdict(GATE, Outcome.CANNOT_TELL, "", n=532)
