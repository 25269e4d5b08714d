"""The model card as a page: what is on it, in which order, and that it needs nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everfit.cost import Bill, Spent, Use
from everfit.plots.card.content import Batch, Content, Explained, Found
from everfit.plots.card.interval import Scale, draw, worst_first
from everfit.plots.card.page import render
from everfit.plots.card.panels import Grid, Panel, Series
from everfit.plots.card.slices import Slice, Slices
from everfit.rubric import SECTIONS, Proof, Score, Section
from everfit.statistics.contributions import Bin, Effect
from everfit.values import Candidate, Detail, Evaluation, FileHash, Judgement, Outcome, Placement, StoredFile, Verdict

AT = datetime(2013, 7, 1, 5, 3, tzinfo=UTC)
FILE = StoredFile("evidence/m/r.parquet", "ab" * 32)
CANDIDATE = Candidate("flight_delays", "run-1", "3f2a", "5f0c", (FileHash("model.ubj", "cd" * 32, 9),), "cpu", 1.0)
SANE = Verdict("answers_sanely", Outcome.PASSED, "fine", n=10)
ABOVE = Verdict("above_bar", Outcome.PASSED, "good", 0.7, 0.69, 0.71, 0.62, 10, "t", "above")
BELOW = Verdict("beats_champion", Outcome.CANNOT_TELL, "open", 0.0, -0.1, 0.1, 0.0, 10, "t", "below")
METRICS = {"candidate": {"auc": 0.7, "brier": 0.1}, "baseline": {"brier": 0.2}}
EVALUATION = Evaluation(CANDIDATE, 3, False, FILE, FILE, METRICS, 1234)
PARTS = (
    Detail("carrier UA", Outcome.PASSED, "", -0.1, -0.2, -0.05, 0.0, 400),
    Detail("carrier <AA>", Outcome.FAILED, "harmed", 0.3, 0.2, 0.4, 0.0, 500),
    Detail("carrier DL", Outcome.CANNOT_TELL, "few rows", n=3),
)
ROC = Panel("roc", "ROC", "x", "y", (Series("candidate", (0.0, 1.0), (0.0, 1.0), told="AUC 0.7"),), percent="xy")


def judged(*verdicts: Verdict, **changes: Any) -> Judgement:
    return replace(Judgement(CANDIDATE, 3, False, "because <b>", verdicts, FILE, FILE, 42), **changes)


def page(*verdicts: Verdict, given: Any = None, **changes: Any) -> str:
    return render(Content(judged(*verdicts, **changes), EVALUATION, title="Late?", at=AT, **(given or {})))


class Outline(HTMLParser):
    """Headings, ids, links inside the page, and whatever would be fetched."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.headings: list[int] = []
        self.ids: list[str] = []
        self.inside: list[str] = []
        self.fetched: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in ("h1", "h2", "h3"):
            self.headings.append(int(tag[1]))
        self.ids += [given["id"] or ""] if "id" in given else []
        self.inside += [(given["href"] or "").removeprefix("#")] if (given.get("href") or "").startswith("#") else []
        self.fetched += [given["src"] or ""] if "src" in given else []
        self.fetched += [tag] if tag in ("script", "link", "iframe") else []


def everything() -> str:
    proofs = (Proof(1.0, "ran <i>"), Proof(0.5, "by hand"), *(Proof(0.0, "not"),) * 5)
    effects = (Effect("hour", 0.4, 0.7, 0.9, (Bin(-0.2, 10, 0.1), Bin(0.3, 5, None))), Effect("x", 0.1, 0.3, None, ()))
    given = {
        "curves": (ROC, Grid("confusion", "Confusion", ("a (3)",), ("a",), ((1.0,),))),
        "explained": Explained(effects, 2000, "log-odds"),
        "parts": Slices("log_loss", 9, (Slice("origin", "LGA", 300, 0.5, 0.4, 0.1, 0.05, 0.15),)),
        "batches": (Batch("2013-05", "judged on", 1234, "ef" * 32),),
        "facts": {"seed": "7"},
        "bill": Bill.of([Spent("train", Use(5, 9, 900), 0.0012, "EUR")]),
        "found": Found("12 trials", {"max_depth": 7, "learning_rate": 0.104}, b"\x89PNG"),
        "score": Score(tuple(Section(name, proofs) for name in SECTIONS)),
    }
    return page(SANE, ABOVE, replace(BELOW, parts=PARTS), given=given)


def test_it_begins_with_the_decision_and_goes_on_in_order() -> None:
    text = everything()
    order = [
        "is <em>kept back</em>",
        "What would have changed the decision",
        'id="gates"',
        "Metrics on the holdout",
        'id="curves"',
        'id="parts"',
        'id="effects"',
        'id="lineage"',
        'id="cost"',
        "The search",
        'id="score"',
    ]
    places = [text.index(said) for said in order]
    assert places == sorted(places)
    for said in ("2 of 3", "1,234", "version 3", "2013-07-01 05:03:00 UTC", "Late?", "0.7000", "AUC 0.7", "log-odds"):
        assert said in text
    for said in (
        "ef" * 32,
        "cd" * 32,
        "0.0012",
        "12 trials",
        "0.104",
        'src="data:image/png;base64,iVBORw=="',
        "ran &lt;i&gt;",
    ):
        assert said in text
    assert "everfit card flight_delays run-1" in text


def test_it_needs_no_network_and_runs_nothing() -> None:
    outline = Outline(everything())
    assert [one for one in outline.fetched if not one.startswith("data:")] == []
    assert "http" not in everything()
    assert "@import" not in everything()
    assert everything() == everything()


def test_headings_nest_and_links_arrive() -> None:
    outline = Outline(everything())
    assert outline.headings[0] == 1
    assert all(new - old <= 1 for old, new in zip(outline.headings, outline.headings[1:], strict=False))
    assert set(outline.inside) <= set(outline.ids)
    assert len(set(outline.ids)) == len(outline.ids)
    bare = Outline(page(SANE))
    assert set(bare.inside) <= set(bare.ids)


def test_text_is_text() -> None:
    text = page(replace(SANE, reason="<script>alert(1)</script>"), given={"facts": {"<a>": "<b>"}})
    assert "<script" not in text
    assert "&lt;a&gt;" in text
    nothing = page()
    assert "because &lt;b&gt;" not in nothing or "<b>" not in nothing.partition("because")[2][:9]
    assert "Because &lt;b&gt;." in nothing


def test_the_first_model_replaces_nobody() -> None:
    text = page(SANE, champion=None, promote=True)
    assert "is <em>to be promoted</em>" in text
    assert "<dd>none</dd>" in text
    assert "there is no champion yet" in text


def test_parts_are_folded_below_their_gate_worst_first() -> None:
    text = everything()
    assert "3 parts, 2 did not pass" in text
    assert text.index("carrier &lt;AA&gt;") < text.index("carrier DL") < text.index("carrier UA")
    assert "<details open>" in text
    passed = page(replace(BELOW, outcome=Outcome.PASSED, parts=PARTS[:1]))
    assert "<details><summary>1 parts" in passed
    many = page(replace(BELOW, parts=tuple(replace(PARTS[0], name=f"part {i}") for i in range(60))))
    assert "60 parts" in many
    assert "and 20 more, none of them worse" in many


def test_parts_share_one_scale() -> None:
    shown = [part for part in PARTS if part.effect is not None]
    scale = Scale.of(*shown)
    bars = {draw(part, "below", scale).bar for part in shown}  # type: ignore[union-attr]
    assert len(bars) == 1


def test_what_a_verdict_says_of_its_numbers_is_there() -> None:
    text = page(replace(ABOVE, p=0.00001, level=0.982, detectable=0.0123))
    assert "10 rows · p below 0.0001 · each end of the interval at 98.2 % · four times in five shows what lies" in text
    assert "lies 0.0123 from the bar" in text


def test_what_people_decided_is_right_below_the_decision() -> None:
    text = page(SANE, given={"people": ("Promoted against the gates by ann because <x>", "Approved by bob")})
    assert text.index("</header>") < text.index("because &lt;x&gt;") < text.index("Approved by bob") < text.index("<dl")
    assert text.count('class="person against"') == 1


@given(st.floats(-1e6, 1e6), st.floats(0, 1e5), st.floats(0, 1e5), st.floats(-1e6, 1e6))
def test_everything_is_within_the_drawing(low: float, up: float, more: float, bar: float) -> None:
    one = replace(ABOVE, low=low, effect=low + up, high=low + up + more, bar=bar)
    drawing = draw(one, "above")
    assert drawing is not None
    assert 0 <= drawing.low <= drawing.effect <= drawing.high <= 100
    assert 0 <= drawing.bar <= 100
    assert drawing.good == (drawing.bar, round(100 - drawing.bar, 1))
    assert draw(one, "below").good == (0, drawing.bar)  # type: ignore[union-attr]


@given(st.permutations(PARTS))
def test_the_order_of_parts_does_not_depend_on_theirs(parts: list[Detail]) -> None:
    assert [part.name for part in worst_first(parts, "below")] == ["carrier <AA>", "carrier DL", "carrier UA"]


def test_a_gate_of_somebody_elses_may_say_less() -> None:
    assert draw(SANE, "") is None
    assert draw(replace(ABOVE, wanted=""), "").good is None  # type: ignore[union-attr]
    only = replace(ABOVE, low=None, high=None)
    assert draw(only, "above") == draw(replace(only, low=0.7, high=0.7), "above")
    assert 'aria-label="0.7, bar 0.62"' in page(only)
    assert "above_bar" in page(replace(ABOVE, wanted=""))


def test_what_it_cost_is_a_table_if_it_is_known() -> None:
    train = Spent("train", Use(3725, 7000, 2048, "NVIDIA H200"), 4.25, "EUR")
    bill = Bill.of([Spent("features", Use(5, 9, 900), 0.0012, "EUR"), train, replace(train, cost=None)])
    text = page(SANE, given={"bill": bill})
    for said in ("What it cost", "0.0012", "2 tries", "unknown", "2 h 04 min", "NVIDIA H200", "2,048 MB", "all tries"):
        assert said in text
    assert "EUR" not in page(SANE, given={"bill": Bill.of([Spent("features", Use(5, 9, 900))])})
    assert "What it cost" not in page(SANE)
    assert "What it cost" not in page(SANE, given={"bill": Bill.of([])})


@pytest.mark.parametrize(
    ("placement", "shown", "hidden"),
    [
        (None, (), ("trained on", "wanted")),
        (Placement("cuda", "cuda"), ("<dd>GPU</dd>",), ("Not on the device",)),
        (Placement("auto", "cpu", "there is none"), ("<dd>CPU</dd>",), ("Not on the device",)),
        (Placement("cuda:1", "cpu", "<none>"), ("<dd>CPU</dd>", "<code>cuda:1</code>", "&lt;none&gt;"), ("<none>",)),
    ],
)
def test_where_it_was_trained_is_on_the_page(
    placement: Placement | None, shown: tuple[str, ...], hidden: tuple[str, ...]
) -> None:
    text = page(SANE, candidate=replace(CANDIDATE, placement=placement))
    assert all(words in text for words in shown)
    assert not any(words in text for words in hidden)


def test_what_is_not_known_is_left_out_or_said() -> None:
    text = page(SANE, given={"explained": Explained(idle="the algorithm constant does not say what made its answers")})
    assert "The algorithm constant does not say what made its answers." in text
    for gone in ('id="curves"', 'id="parts"', "The search", 'id="score"', 'href="#curves"'):
        assert gone not in text
