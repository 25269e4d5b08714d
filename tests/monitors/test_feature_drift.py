"""Inputs that drifted, and when that is harm."""

from dataclasses import replace

import numpy as np
import pytest

from everfit.monitors.feature_drift import FeatureDrift
from everfit.statistics.decay.columns import Column
from everfit.values import Outcome
from tests.monitors.conftest import rows, seen
from tests.monitors.moved import before, changed, fortnight, hard, part
from tests.nulls import draws

SEEDS = min(draws(15), 400)
HARM = Outcome.FAILED


def harms(seed, truth=hard, level=0.01, **moved):
    """Whether a fortnight of that seed is harm."""
    return FeatureDrift().watch(seen(before(seed, truth), fortnight(seed, truth=truth, **moved), level=level)).harms


def test_quiet_windows_harm_no_more_often_than_the_level():
    assert sum(harms(seed, level=0.05) for seed in range(SEEDS)) <= 0.05 * SEEDS + 2.5 * np.sqrt(0.0475 * SEEDS)


def test_an_input_of_no_importance_may_move_by_two_sigmas():
    assert sum(harms(seed, other=2.0) for seed in range(SEEDS)) <= 0.05 * SEEDS


def test_a_move_that_raises_the_loss_by_a_tenth_is_harm_within_two_windows():
    rises, found = [], []
    for seed in range(SEEDS):
        reference = before(seed, hard)
        windows = [fortnight(2 * seed + turn, moved=0.45, truth=hard) for turn in (0, 1)]
        rises += [window.losses.mean() / reference.losses.mean() - 1 for window in windows]
        found.append(any(FeatureDrift().watch(seen(reference, window)).harms for window in windows))
    assert 0.08 < np.mean(rises) < 0.12, "what the move truly does"
    assert np.mean(found) >= 0.9


def test_a_move_to_where_the_model_is_better_is_told_and_no_harm(reference):
    found = FeatureDrift().watch(seen(reference, fortnight(1, moved=-1.0)))
    assert found.outcome is Outcome.PASSED
    assert found.reason.startswith("1 of 3 inputs drifted (x: PSI ")
    assert found.high < 0.02


def test_a_hundredth_of_a_sigma_at_a_million_rows_is_nothing():
    found = FeatureDrift().watch(
        seen(before(1, per_day=3_600), rows(2, days=28, per_day=36_000, moved=0.01, other=0.01))
    )
    assert found.n > 1e6
    assert found.outcome is Outcome.PASSED
    assert found.reason == "none of 3 inputs drifted; nothing that the model leans on moved"


def test_each_drift_is_told_the_worst_for_the_model_first(reference):
    found = FeatureDrift().watch(seen(reference, fortnight(1, moved=0.5, other=3.0)))
    assert [one.name for one in found.parts] == ["x", "other", "city", "all inputs together"]
    assert found.reason.startswith("2 of 3 inputs drifted (other most: PSI ")
    assert part(found, "other").outcome is Outcome.PASSED
    assert part(found, "other").effect > part(found, "other").bar
    assert "Wasserstein 2.4" in part(found, "other").reason
    assert part(found, "all inputs together").effect > 0.9
    assert len(found.course) == 14, "the worst one, day by day"
    assert found.course[0].since == "2013-06-17"
    assert "concept drift" in found.blind_to


def test_rows_beyond_all_that_was_are_harm_since_nobody_knows_the_loss_there(reference):
    found = FeatureDrift().watch(seen(reference, fortnight(1, moved=6.0)))
    assert found.harms
    assert "values of x on which it was never judged" in found.reason
    assert found.low > found.bar == 0.05


def test_so_are_names_that_never_were(reference):
    window = fortnight(1)
    new = np.where(np.arange(window.rows) % 2 == 0, 3.0, window.columns[2].values)
    known, other = window.columns[:2], Column("city", new, (*window.columns[2].categories, "BOS"))
    leans = {"x": 0.3, "other": 0.0, "city": 0.2}
    found = FeatureDrift().watch(seen(reference, replace(window, columns=(*known, other)), leans=leans))
    assert found.harms
    assert found.reason.startswith("1 of 3 inputs drifted (city: PSI ")
    assert found.effect == pytest.approx(0.1, abs=0.01)


def test_two_inputs_that_go_together_no_more_are_seen_only_together():
    def tied(some, sign):
        noise = 0.3 * np.random.default_rng(some.rows).normal(size=some.rows)
        return changed(some, "other", lambda _: (sign * some.columns[0].values + noise) / 1.044)

    found = FeatureDrift().watch(seen(tied(before(1), 1), tied(fortnight(1), -1)))
    assert found.reason.startswith("no input drifted alone, but together they did (told apart with an AUC of 0.9")
    assert found.outcome is Outcome.PASSED


def test_inputs_are_held_against_the_season_and_harm_against_the_rows_it_was_judged_on():
    summer = fortnight(1, truth=hard, moved=0.6)
    alone = FeatureDrift().watch(seen(before(1, hard), summer))
    with_season = FeatureDrift().watch(seen(before(1, hard), summer, season=rows(9, moved=0.6)))
    assert alone.harms
    assert with_season.outcome is Outcome.PASSED
    assert with_season.reason.startswith("none of 3 inputs drifted")
    beyond = FeatureDrift().watch(seen(before(1, hard), fortnight(1, truth=hard, moved=1.1), season=rows(9, moved=0.6)))
    assert beyond.harms


def test_without_losses_a_drift_is_told_and_nobody_knows_what_it_does(reference):
    lost = replace(reference, losses=np.full(reference.rows, np.nan))
    found = FeatureDrift().watch(seen(lost, fortnight(1, moved=0.5)))
    assert found.outcome is Outcome.CANNOT_TELL
    assert "the losses of the rows that it was judged on are not known" in found.reason
    assert FeatureDrift().watch(seen(lost, fortnight(1))).outcome is Outcome.PASSED


def test_an_input_whose_weight_nobody_knows_counts(reference):
    found = FeatureDrift().watch(seen(reference, fortnight(1, other=0.5), leans={}))
    assert "its loss is expected to change" in found.reason
    assert "how much the model leans on it is not known" in part(found, "other").reason


def test_a_small_move_that_may_or_may_not_cost_something_is_not_called_harmless(reference):
    found = FeatureDrift().watch(seen(reference, fortnight(2, moved=0.5)))
    assert found.outcome is Outcome.CANNOT_TELL
    assert found.low < found.bar < found.high


@pytest.mark.parametrize(("days", "per_day"), [(1, 400), (3, 100)])
def test_one_day_and_few_days(reference, days, per_day):
    quiet = FeatureDrift().watch(seen(reference, rows(5, days=days, per_day=per_day)))
    far = FeatureDrift().watch(seen(reference, rows(5, days=days, per_day=per_day, moved=6.0)))
    assert (quiet.outcome, far.outcome) == (Outcome.PASSED, HARM)


def test_too_few_rows_say_nothing(reference):
    nothing = reference.of(np.zeros(reference.rows, dtype=bool))
    assert FeatureDrift().watch(seen(reference, nothing)).reason == "no row yet"
    few = FeatureDrift().watch(seen(reference, rows(1, days=1, per_day=40)))
    assert few.outcome is Outcome.CANNOT_TELL
    assert few.reason == "40 rows beside 2,800 are too few, 100 of either are needed"


def test_columns_without_any_value_and_columns_that_one_side_has(reference):
    window = changed(fortnight(1), "x", lambda values: np.full(len(values), np.nan))
    more = replace(window, columns=(*window.columns[:2], Column("gate", np.zeros(window.rows))))
    found = FeatureDrift().watch(seen(reference, more))
    assert found.harms
    assert found.reason.startswith("1 of 2 inputs drifted (x: PSI ")
    assert part(found, "gate").reason == "not in the reference"
    assert part(found, "city").reason == "not in these rows"


def test_nothing_to_compare(reference):
    one, other = (replace(reference, columns=(Column(name, np.zeros(reference.rows)),)) for name in "xy")
    found = FeatureDrift().watch(seen(one, other))
    assert found.outcome is Outcome.CANNOT_TELL
    assert found.reason == "no input to compare: each has no value, or is not on both sides"
    assert FeatureDrift().watch(seen(one, one)).reason.startswith("the one input did not drift")


def test_infinite_values_and_numbers_for_names_are_cells_of_their_own(reference):
    window = changed(fortnight(1), "x", lambda values: np.where(np.arange(len(values)) % 3 == 0, np.inf, values))
    window = replace(window, columns=(*window.columns[:2], Column("city", window.columns[2].values)))
    found = FeatureDrift().watch(seen(reference, window))
    assert found.reason.startswith("2 of 3 inputs drifted")
    assert found.harms


@pytest.mark.parametrize("distance", ["psi", "jensen_shannon", "wasserstein"])
def test_the_distance_can_be_chosen(reference, distance):
    found = FeatureDrift(distance).watch(seen(reference, fortnight(1, other=0.6)))
    assert found.reason.split("; ")[0].startswith("1 of 3 inputs drifted (other: ")
    assert part(found, "city").reason.startswith("as it was: ")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"distance": "psy"}, "distance: there is no 'psy'; did you mean 'psi'"),
        ({"rise": -0.1}, "rise: wanted a number of at least 0"),
        ({"at_stake": -1}, "at_stake: wanted a number of at least 0"),
    ],
)
def test_wrong_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        FeatureDrift(**settings)


def test_rows_of_a_day_go_together_in_whatever_order_they_came(reference):
    window = fortnight(1, moved=0.3)
    dealt = np.random.default_rng(0).permutation(window.rows)
    columns = tuple(column.of(dealt) for column in window.columns)
    mixed = replace(window, day=window.day[dealt], at=window.at[dealt], columns=columns)
    one, other = (FeatureDrift().watch(seen(reference, some)) for some in (window, mixed))
    assert part(one, "x") == part(other, "x")
    assert [point.value for point in one.course] == [point.value for point in other.course]


def test_rows_beyond_all_that_was_are_no_harm_in_an_input_of_little_weight(reference):
    leans = {"x": 0.3, "other": 0.03, "city": 0.08}
    found = FeatureDrift().watch(seen(reference, fortnight(1, other=9.0), leans=leans))
    assert found.outcome is Outcome.CANNOT_TELL
    assert "next to no rows like these" in found.reason
    assert FeatureDrift(at_stake=0.02).watch(seen(reference, fortnight(1, other=9.0), leans=leans)).harms
