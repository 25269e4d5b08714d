"""The ML Test Score: of each of the 28 tests what makes it count, and what makes it not count."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from everfit.errors import LedgerError
from everfit.ledger import View
from everfit.rubric import SECTIONS, Proof, Score, Section
from everfit.steps.readiness import score
from everfit.steps.readiness.score import RULES as TESTS
from everfit.values import Outcome
from tests.steps.ready import RUNS, Checked, Life, live, proof

GOOD = Life()
BARE = Checked(2, 12, (), 0)
NOTHING = Checked(0, 0, (), 0)

COUNTS = {
    "Feature expectations are captured in a schema": (GOOD, 1, "12 expectations on 2 tables ran on each of 3 batches"),
    "All features are beneficial": (GOOD, 1, "each of 2 features moves answers"),
    "No feature's cost is too much": (GOOD, 1, "took 2.0 s and cost 0.2500 EUR"),
    "Features adhere to meta-level requirements": (GOOD, 1, "no_leakage found"),
    "The data pipeline has appropriate privacy controls": (GOOD, 1, "no_personal_data found"),
    "New features can be added quickly": (GOOD, 1, "features.py changed 1 time"),
    "All input feature code is tested": (GOOD, 1, "features_alike passed"),
    "Model specs are reviewed and submitted": (GOOD, 0.5, "git revision 0123456789"),
    "Offline and online metrics correlate": (GOOD, 1, "rank correlation 1.00"),
    "All hyperparameters have been tuned": (GOOD, 1, "a search that ran before this training"),
    "The impact of model staleness is known": (GOOD, 1, "version 3, with data up to 2013-05"),
    "A simpler model is not better": (GOOD, 1, "beats_baseline passed"),
    "Model quality is sufficient on important data slices": (GOOD, 1, "harms_no_slice passed"),
    "The model is tested for considerations of inclusion": (GOOD, 1, "treats_groups_alike passed"),
    "Training is reproducible": (GOOD, 0.5, "version 2 was made again"),
    "Model specs are unit tested": (GOOD, 1, "log_loss 0.47, of a constant answer 0.6"),
    "The ML pipeline is integration tested": (GOOD, 1, "run run-2 went from batches to serving version 3"),
    "Model quality is validated before serving": (GOOD, 1, "each of 3 promotions followed gates that passed; 5 gates"),
    "The model is debuggable": (GOOD, 1, "100 answers were taken apart"),
    "Models are canaried before serving": (GOOD, 1, "version 3 answered 200 rows as challenger"),
    "Serving models can be rolled back": (GOOD, 0.5, "version 3 served again instead of 2"),
    "Dependency changes result in notification": (GOOD, 1, "1 time a delivery was refused or late"),
    "Data invariants hold for inputs": (GOOD, 1, "36 expectations and 9 rules ran on 3 batches"),
    "Training and serving are not skewed": (GOOD, 1, "differ not at all on 200 raw rows, of version 3"),
    "Models are not too stale": (GOOD, 1, "everything up to 2013-06; 4 of 4 runs started by themselves"),
    "Models are numerically stable": (GOOD, 1, "answers_sanely passed"),
    "Computing performance has not regressed": (GOOD, 1, "took 4.1 s of CPU time, 4.0 s in the run before"),
    "Prediction quality has not regressed": (GOOD, 1, "champion 3 has log_loss 0.5 on the newest labels"),
}
"""Each test in a life where everything ran: its points, and what it rests on."""

FAILS = [
    ("Feature expectations are captured in a schema", GOOD.but(checked=None), "of 3 of 3 batches no record"),
    ("Feature expectations are captured in a schema", GOOD.but(checked=NOTHING), "of 3 of 3 batches no record"),
    ("All features are beneficial", GOOD.but(effects=(0.5, 0.0)), "1 of 2 features changed no answer: x1"),
    ("All features are beneficial", GOOD.but(effects=()), "was not computed"),
    ("No feature's cost is too much", GOOD.but(features_took=None), "was not measured"),
    ("Features adhere to meta-level requirements", GOOD.but(checked=BARE), "no_leakage ran on 0 of 3 batches"),
    ("The data pipeline has appropriate privacy controls", GOOD.but(checked=BARE), "no_personal_data ran on 0 of 3"),
    ("New features can be added quickly", GOOD.but(code=("c1",) * RUNS), "never changed"),
    (
        "All input feature code is tested",
        GOOD.without("features_alike").but(code=("c1", "c1", "c1", "new")),
        "no test that ran",
    ),
    ("Model specs are reviewed and submitted", GOOD.but(revision=""), "no git revision"),
    ("Model specs are reviewed and submitted", GOOD.but(revision="0123456789+changes"), "commit them"),
    ("Offline and online metrics correlate", GOOD.but(later=()), "0 versions so far served"),
    ("Offline and online metrics correlate", GOOD.but(later=(0.50, 0.51, 0.52)), "not better later"),
    ("All hyperparameters have been tuned", GOOD.but(searched=()), "no search ever ran"),
    ("The impact of model staleness is known", GOOD.but(later=()), "no older model was measured"),
    ("A simpler model is not better", GOOD.without("beats_baseline"), "no gate that compares it with something"),
    ("A simpler model is not better", GOOD.with_gate("beats_baseline"), "beats_baseline says failed"),
    ("Model quality is sufficient on important data slices", GOOD.without("harms_no_slice"), "no gate that looks at"),
    (
        "Model quality is sufficient on important data slices",
        GOOD.with_gate("no_hidden_harm", Outcome.CANNOT_TELL),
        "no_hidden_harm says cannot tell",
    ),
    ("The model is tested for considerations of inclusion", GOOD.without("treats_groups_alike"), "groups of people"),
    ("Training is reproducible", GOOD.but(reproduced=False), "everfit reproduce"),
    ("Model specs are unit tested", GOOD.but(baseline=0.4), "learnt nothing: log_loss 0.47, of a constant answer 0.4"),
    ("Model specs are unit tested", GOOD.but(kept=False), "no metric"),
    ("The ML pipeline is integration tested", GOOD.but(whole_way=False, rolled_back_by=None), "the whole way"),
    ("Model quality is validated before serving", GOOD.but(promote=False), "version 1 was promoted although"),
    ("Model quality is validated before serving", GOOD.but(gates={}), "although its gates had not passed"),
    ("The model is debuggable", GOOD.but(effects=()), "no answer of this candidate"),
    ("Models are canaried before serving", GOOD.but(checked_rows=0), "not every promoted version"),
    ("Serving models can be rolled back", GOOD.but(rolled_back_by=None), "nobody has ever gone back"),
    ("Dependency changes result in notification", GOOD.but(refused=False, checked=BARE), "none is compared"),
    ("Data invariants hold for inputs", GOOD.but(checked=None), "of 0 of 3 batches"),
    ("Data invariants hold for inputs", GOOD.but(checked=NOTHING), "without any expectation or rule"),
    ("Training and serving are not skewed", GOOD.but(checked_rows=0), "no server has answered"),
    ("Training and serving are not skewed", GOOD.but(apart=0.1), "too much"),
    ("Models are not too stale", GOOD.but(newer_batch=True), "the newest batch is 2013-07"),
    ("Models are numerically stable", GOOD.without("answers_sanely"), "NaN and infinite"),
    ("Models are numerically stable", GOOD.with_gate("answers_sanely"), "answers_sanely says failed"),
    ("Computing performance has not regressed", GOOD.but(seconds=(4, 4, 4, 9)), "slower"),
    ("Computing performance has not regressed", GOOD.but(features_took=None), "no earlier run"),
    ("Prediction quality has not regressed", GOOD.but(later=()), "no champion was measured"),
    ("Prediction quality has not regressed", GOOD.but(later=(0.5, 0.5, 0.7)), "measured, and lost"),
]
"""One thing that did not happen, or went wrong, and the test that it costs."""

OTHERWISE = [
    ("No feature's cost is too much", GOOD.but(cost=None), 0.5, "no price list"),
    ("No feature's cost is too much", GOOD.with_gate("not_slower", Outcome.PASSED), 1, "not_slower passed"),
    (
        "Features adhere to meta-level requirements",
        GOOD.but(checked=BARE).with_gate("leaks_no_label", Outcome.PASSED),
        1,
        "leaks",
    ),
    (
        "The data pipeline has appropriate privacy controls",
        GOOD.but(checked=BARE, erased=True),
        0.5,
        "7 rows were erased",
    ),
    ("All input feature code is tested", GOOD.without("features_alike"), 0.5, "the same of 200 raw rows"),
    ("All hyperparameters have been tuned", GOOD.but(searched=(0,)), 0.5, "searched for in run run-0"),
    ("Training is reproducible", GOOD.but(same_bytes_twice=True, code=("c",) * 4), 1, "made the same bytes"),
    ("Serving models can be rolled back", GOOD.but(rolled_back_by="monitor"), 1, "by monitor"),
    ("Dependency changes result in notification", GOOD.but(refused=False, late=True), 1, "2013-09 late"),
    ("Dependency changes result in notification", GOOD.but(refused=False), 1, "like_reference compared each of 3"),
    ("Models are not too stale", GOOD.but(why="a person"), 0.5, "started by a person"),
    (
        "Training and serving are not skewed",
        GOOD.with_gate("answers_when_served", Outcome.PASSED),
        1,
        "answers_when_served passed",
    ),
]
"""Other ways to count, and to count half."""


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Score:
    return live(tmp_path_factory.mktemp("full"), GOOD)


def test_the_table_has_all_28() -> None:
    assert [name for tests in SECTIONS.values() for name in tests] == list(COUNTS)
    assert {name for name, *_ in FAILS} == set(COUNTS)
    assert [len(tests) for tests in TESTS.values()] == [7, 7, 7, 7]


@pytest.mark.parametrize("name", COUNTS)
def test_what_ran_counts(full: Score, name: str) -> None:
    _, points, said = COUNTS[name]
    found = proof(full, name)
    assert (found.points, said in found.evidence) == (points, True), found.evidence


@pytest.mark.parametrize(("name", "life", "said"), FAILS, ids=[f"{n[:30]} {s[:20]}" for n, _, s in FAILS])
def test_what_did_not_run_or_does_not_hold_does_not(tmp_path: Path, name: str, life: Life, said: str) -> None:
    found = proof(live(tmp_path, life), name)
    assert (found.points, said in found.evidence) == (0, True), found.evidence


@pytest.mark.parametrize(("name", "life", "points", "said"), OTHERWISE, ids=[s for *_, s in OTHERWISE])
def test_there_are_other_ways(tmp_path: Path, name: str, life: Life, points: float, said: str) -> None:
    found = proof(live(tmp_path, life), name)
    assert (found.points, said in found.evidence) == (points, True), found.evidence


def test_the_least_section_counts(full: Score) -> None:
    assert [section.points for section in full.sections] == [7, 6.5, 6, 7]
    assert full.points == 6
    worse = Score((replace(full.sections[0], proofs=(Proof(0.5, ""),) * 7), *full.sections[1:]))
    assert worse.points == 3.5
    assert "exceptional" in full.meaning
    assert "strong" in worse.meaning
    assert "research project" in Score((Section("data", (Proof(0.0, ""),) * 7),)).meaning


def test_a_run_that_was_not_judged_has_no_score(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="run 'r' of m was not judged"):
        score(None, "m", View(()), "r")  # type: ignore[arg-type]
