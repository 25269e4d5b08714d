"""Why the champion decayed, asked with what monitors saw: the right answer first, and what was asked with."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from everfit.monitors import Rows, Seen
from everfit.signals import Signal
from everfit.statistics.decay.columns import Column
from everfit.statistics.losses import per_row
from everfit.statistics.truth import Truth
from everfit.steps.decayed import Advice, advice, decayed
from everfit.values import Outcome

NOW = datetime(2013, 7, 1, tzinfo=UTC)
HARM = (Signal("quality", Outcome.FAILED, "worse", 0.05, 0.03, 0.07, 0.02),)
MOVED = (Signal("feature_drift", Outcome.FAILED, "wind drifted"),)
CALM = (Signal("quality", Outcome.PASSED, "as it was"),)
SEEDS = 20
CARRIERS = ("AA", "B6", "DL", "EV")
WANTED = {
    "none": "wait",
    "label_shift": "retrain",
    "covariate_shift": "retrain",
    "concept_change": "retrain",
    "data_bug": "fix_data",
}


def odds(wind: np.ndarray, hour: np.ndarray, carrier: np.ndarray, turned: float = 0.0) -> np.ndarray:
    """What the model knows of lateness: with the wind, late in the day, and by airline; `turned` is what changes."""
    by_carrier = np.array([0.0, -0.8, 0.4, 0.9 + turned])[carrier]
    return -1.6 + (1.1 - turned) * wind + 0.9 * np.maximum(hour - 14, 0) / 4 + by_carrier


def rows(
    random: np.random.Generator, size: int = 2200, *, days: int = 22, windy: float = 0.0, turned: float = 0.0
) -> Rows:
    """Flights of some days up to now, with what a model that knows the usual world says of them."""
    at = np.sort(random.uniform((NOW - timedelta(days=days)).timestamp(), NOW.timestamp(), size))
    wind, hour = random.normal(windy, 1, size), random.uniform(5, 22, size)
    carrier = random.choice(4, size, p=(0.4, 0.3, 0.2, 0.1))
    late = random.random(size) < 1 / (1 + np.exp(-odds(wind, hour, carrier, turned)))
    gust = 12 + 4 * (0.8 * wind + 0.6 * random.normal(size=size))
    return judged(at, wind, gust, hour, carrier, late.astype(float))


def judged(
    at: np.ndarray, wind: np.ndarray, gust: np.ndarray, hour: np.ndarray, carrier: np.ndarray, y: np.ndarray
) -> Rows:
    scores = 1 / (1 + np.exp(-odds(np.nan_to_num(wind), hour, carrier)))
    columns = (
        Column("wind", wind),
        Column("gust", gust),
        Column("hour", hour),
        Column("carrier", carrier.astype(float), CARRIERS),
    )
    lost = per_row("log_loss", Truth(y), scores)
    return Rows(at, (at // 86400).astype(np.int64), columns, scores, y, at, lost)


def more_late(random: np.random.Generator, share: float) -> Rows:
    """The usual rows of either label, but so many of them are late."""
    many = rows(random, 9000)
    late, rest = np.flatnonzero(many.y == 1), np.flatnonzero(many.y == 0)
    count = int(share * 2200)
    taken = np.zeros(many.rows, dtype=bool)
    taken[random.choice(late, count, replace=False)] = taken[random.choice(rest, 2200 - count, replace=False)] = True
    return many.of(taken)


def broken(random: np.random.Generator, kind: int) -> Rows:
    """A column that does not say what it said: another sign, a lost join, another unit, one value for many."""
    one = rows(random)
    wind, gust, hour, carrier = (column.values.copy() for column in one.columns)
    gone = random.random(one.rows) < 0.4
    match kind:
        case 0:
            wind = -wind
        case 1:
            wind[gone] = gust[gone] = np.nan
        case 2:
            gust = gust * 1.609344
        case _:
            wind[gone] = -99.0
    return judged(one.at, wind, gust, hour, carrier.astype(int), one.y)


def planted(cause: str, seed: int) -> Rows:
    random = np.random.default_rng([5, list(WANTED).index(cause), seed])
    match cause:
        case "label_shift":
            return more_late(random, (0.45, 0.5, 0.55, 0.6)[seed % 4])
        case "covariate_shift":
            return rows(random, windy=(1.0, 1.2, 1.4, 1.6)[seed % 4])
        case "concept_change":
            return rows(random, turned=(0.9, 1.1, 1.3, 1.5)[seed % 4])
        case "data_bug":
            return broken(random, seed % 4)
    return rows(random)


def seen(reference: Rows, window: Rows, **others: object) -> Seen:
    usual = Seen(
        NOW, "binary", "log_loss", reference, window, 0.001, NOW - timedelta(days=60), NOW - timedelta(days=30)
    )
    return replace(usual, **others)


@pytest.fixture(scope="module")
def reference() -> Rows:
    return rows(np.random.default_rng(1))


def unheard(some: Rows, these: np.ndarray) -> Rows:
    """The same, but of these rows no label has come."""
    y, lost = (np.where(these, np.nan, side) for side in (some.y, some.losses))
    return replace(some, y=y, losses=lost)


@pytest.mark.parametrize("cause", WANTED)
def test_the_first_answer_is_right_in_nine_of_ten(cause: str) -> None:
    right = 0
    for seed in range(SEEDS):
        usual = rows(np.random.default_rng([1, seed]))
        alarm = MOVED if cause == "none" else HARM  # where the loss did not rise, nobody says it did
        found = decayed(seen(usual, planted(cause, seed)), alarm, seed=seed)
        assert found is not None
        said = advice(found, alarm, "log_loss")
        right += (said.cause, said.action) == (cause, WANTED[cause])
        if cause != "data_bug":
            assert sum(part.loss.value for part in found.parts) == pytest.approx(found.change.value, abs=1e-9)
    assert right >= 0.9 * SEEDS


def test_without_harm_nothing_is_asked(reference: Rows) -> None:
    assert decayed(seen(reference, planted("concept_change", 0)), CALM) is None
    assert advice(None, CALM, "log_loss") == Advice("none", "wait", "no harm was found")


def test_too_few_rows_have_no_cause(reference: Rows) -> None:
    few = reference.of(np.arange(reference.rows) < 60)
    assert decayed(seen(reference, few), HARM) is None
    assert decayed(seen(few, reference), HARM) is None
    assert advice(None, HARM, "log_loss").cause == "unknown"
    nothing = unheard(reference, np.ones(reference.rows, dtype=bool))
    assert decayed(seen(nothing, reference), HARM) is None, "a ranking's rows have no loss of their own"


def test_only_days_whose_labels_are_nearly_all_there_count(reference: Rows) -> None:
    """Labels of late flights come first: whoever took all that are there would see a shift that is none."""
    window = rows(np.random.default_rng(2))
    young = window.at > (NOW - timedelta(days=5)).timestamp()
    early = unheard(window, young & (window.y == 0))
    found = decayed(seen(reference, early), HARM)
    assert found is not None
    assert (found.cause, found.labelled) == ("none", True)
    mature = ~np.isin(window.day, np.unique(window.day[np.isnan(early.losses)]))
    assert found.change.rows == reference.rows + mature.sum()


def test_before_labels_come_the_answer_is_blind_to_the_concept(reference: Rows) -> None:
    window = planted("covariate_shift", 3)
    found = decayed(seen(reference, unheard(window, np.ones(window.rows, dtype=bool))), HARM)
    assert found is not None
    assert (found.cause, found.labelled) == ("covariate_shift", False)
    assert "nobody can say whether the concept changed" in advice(found, HARM, "log_loss").why


def test_a_former_champion_that_does_better_is_gone_back_to(reference: Rows) -> None:
    window = planted("concept_change", 3)
    better = np.where(np.arange(window.rows) % 3, window.losses - 0.5, np.nan)
    found = decayed(seen(reference, window, former=better), HARM)
    assert found is not None
    assert found.action == "roll_back"
    nobody = decayed(seen(reference, window, former=np.full(window.rows, np.nan)), HARM)
    assert nobody is not None
    assert nobody.action == "retrain"


def test_quantiles_are_asked_by_their_middle(reference: Rows) -> None:
    random = np.random.default_rng(3)

    def minutes(off: float) -> Rows:
        one = rows(random)
        middle = 10 * one.columns[0].values
        scores = np.column_stack([middle - 10, middle, middle + 10])
        y = middle + off + random.normal(0, 8, one.rows)
        return replace(one, scores=scores, y=y, losses=per_row("pinball", Truth(y, levels=(0.1, 0.5, 0.9)), scores))

    asked = seen(minutes(0), minutes(9), task="quantile", loss="pinball", levels=(0.1, 0.5, 0.9))
    found = decayed(asked, HARM)
    assert found is not None
    assert found.cause == "concept_change"


def test_what_the_loss_does_not_show_has_its_own_remedy(reference: Rows) -> None:
    window = planted("none", 1)
    skew = (Signal("train_serve_skew", Outcome.FAILED, "3 % of answers differ"),)
    found = decayed(seen(reference, window), skew)
    said = advice(found, skew, "log_loss")
    assert (said.cause, said.action) == ("none", "fix_data")
    assert said.why.startswith("train serve skew: 3 % of answers differ; log loss has not surely risen")
    assert advice(None, skew, "log_loss").action == "fix_data"


@pytest.mark.parametrize(
    ("monitor", "labelled", "action"),
    [
        ("quality", "retrain", "retrain"),  # sure by its own count, though the mature days alone do not show it
        ("feature_drift", "wait", "retrain"),  # labels show that it costs nothing; before they come, nobody knows
        ("system", "wait", "wait"),
    ],
)
def test_harm_without_a_cause(reference: Rows, monitor: str, labelled: str, action: str) -> None:
    window, alarm = planted("none", 1), (Signal(monitor, Outcome.FAILED, "it is so"),)
    told = advice(decayed(seen(reference, window), alarm), alarm, "log_loss")
    assert (told.cause, told.action) == ("none", labelled)
    nobody = unheard(window, np.ones(window.rows, dtype=bool))
    untold = advice(decayed(seen(reference, nobody), alarm), alarm, "log_loss")
    assert (untold.cause, untold.action) == ("none", action)


def test_the_words_name_the_part_and_the_column(reference: Rows) -> None:
    found = decayed(seen(reference, planted("concept_change", 3)), HARM)
    why = advice(found, HARM, "log_loss").why
    assert why.startswith("the concept changed: +0.")
    assert re.search(r"log loss, most in wind \S+ to \S+; retrain$", why)
    bug = advice(decayed(seen(reference, planted("data_bug", 2)), HARM), HARM, "log_loss").why
    assert bug.startswith("data are broken: gust: values are 1.")
    assert bug.endswith("; fix the data")
