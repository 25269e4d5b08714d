"""The page of a judgement."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from everfit.cost import Bill, Spent, Use
from everfit.plots.verdicts import Found, draw, render
from everfit.values import Candidate, Evaluation, Judgement, Outcome, Placement, StoredFile, Verdict

AT = datetime(2013, 7, 1, 5, 3, tzinfo=UTC)
FILE = StoredFile("evidence/m/r.parquet", "ab" * 32)
CANDIDATE = Candidate("flight_delays", "run-1", "3f2a", "5f0c", (), "cpu", 1.0)
SANE = Verdict("answers_sanely", Outcome.PASSED, "fine", n=10)
ABOVE = Verdict("above_bar", Outcome.PASSED, "good", 0.7, 0.69, 0.71, 0.62, 10, "t", "above")
BELOW = Verdict("beats_champion", Outcome.CANNOT_TELL, "open", 0.0, -0.1, 0.1, 0.0, 10, "t", "below")
METRICS = {"candidate": {"auc": 0.7, "brier": 0.1}, "baseline": {"brier": 0.2}}
EVALUATION = Evaluation(CANDIDATE, 3, False, FILE, FILE, METRICS, 1234)


def page(*verdicts: Verdict, **changes: object) -> str:
    judgement = Judgement(CANDIDATE, 3, False, "because <b>", verdicts, FILE, FILE, 42)
    return render(replace(judgement, **changes), EVALUATION, title="Late?", at=AT)


def test_decision_gates_and_metrics_are_on_it():
    text = page(SANE, ABOVE, BELOW)
    for said in ("is <em>kept back</em>", "2 of 3", "1,234", "version 3", "2013-07-01 05:03:00 UTC", "Late?", "0.7000"):
        assert said in text
    assert text.count("<svg") == 2
    assert text.index("kept back</em>") < text.index("answers_sanely") < text.index("Metrics on the holdout")


def test_the_first_model_replaces_nobody():
    text = page(SANE, champion=None, promote=True)
    assert "is <em>to be promoted</em>" in text
    assert "<dd>none</dd>" in text


def test_text_is_text_and_the_page_needs_nothing_else():
    text = page(replace(SANE, reason="<script>alert(1)</script>"))
    assert "<script" not in text
    assert "because &lt;b&gt;" in text
    assert "http" not in text
    assert page(SANE) == page(SANE)


@pytest.mark.parametrize(
    ("low", "effect", "high", "bar"),
    [(0.69, 0.7, 0.71, 0.62), (-0.1, 0, 0.1, 0), (0, 0, 0, 0), (1, 1, 1, 1), (-5, -4, -3, 1e6), (2, 3, 4, 1e-9)],
)
def test_everything_is_within_the_drawing(low, effect, high, bar):
    drawing = draw(replace(ABOVE, low=low, effect=effect, high=high, bar=bar))
    assert 0 <= drawing.low <= drawing.effect <= drawing.high <= 100
    assert 0 <= drawing.bar <= 100
    assert drawing.good == (drawing.bar, round(100 - drawing.bar, 1))
    assert draw(replace(BELOW, low=low, effect=effect, high=high, bar=bar)).good == (0, drawing.bar)


def test_a_gate_of_somebody_elses_may_say_less():
    assert draw(SANE) is None
    assert draw(replace(ABOVE, wanted="")).good is None
    assert "above_bar" in page(replace(ABOVE, wanted=""))


def test_what_it_cost_is_a_table_if_it_is_known():
    train = Spent("train", Use(3725, 7000, 2048, "NVIDIA H200"), 4.25, "EUR")
    bill = Bill.of([Spent("features", Use(5, 9, 900), 0.0012, "EUR"), train, replace(train, cost=None)])
    judgement = Judgement(CANDIDATE, 3, False, "", (SANE,), FILE, FILE, 42)
    text = render(judgement, EVALUATION, title="Late?", at=AT, bill=bill)
    for said in ("What it cost", "0.0012", "2 tries", "unknown", "2 h 04 min", "NVIDIA H200", "2,048 MB", "all tries"):
        assert said in text
    free = Bill.of([Spent("features", Use(5, 9, 900))])
    assert "EUR" not in render(judgement, EVALUATION, title="Late?", at=AT, bill=free)
    assert "What it cost" not in page(SANE)
    assert "What it cost" not in render(judgement, EVALUATION, title="Late?", at=AT, bill=Bill.of([]))


@pytest.mark.parametrize(
    ("placement", "shown", "hidden"),
    [
        (None, (), ("trained on", "wanted")),
        (Placement("cuda", "cuda"), ("<dd>GPU</dd>",), ("Not on the device",)),
        (Placement("auto", "cpu", "there is none"), ("<dd>CPU</dd>",), ("Not on the device",)),
        (Placement("cuda:1", "cpu", "<none>"), ("<dd>CPU</dd>", "<code>cuda:1</code>", "&lt;none&gt;"), ("<none>",)),
    ],
)
def test_where_it_was_trained_is_on_the_page(placement, shown, hidden):
    text = page(SANE, candidate=replace(CANDIDATE, placement=placement))
    assert all(words in text for words in shown)
    assert not any(words in text for words in hidden)


def test_how_the_parameters_were_found_is_on_the_page_whole():
    judgement = Judgement(CANDIDATE, 3, False, "", (SANE,), FILE, FILE, 42)
    found = Found("12 trials", {"max_depth": 7, "learning_rate": 0.104}, b"\x89PNG")
    text = render(judgement, EVALUATION, title="Late?", at=AT, found=found)
    for said in ("The search", "12 trials", "learning_rate", "0.104", 'src="data:image/png;base64,iVBORw=="'):
        assert said in text
    assert "The search" not in page(SANE)
