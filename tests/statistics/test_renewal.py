"""What new models gain over older ones, learnt from those before: known truths, bounds, and how often they hold."""

from __future__ import annotations

import itertools
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everfit.statistics.renewal import Renewal, gains


def sliding(*points: tuple[float, float], error: float = 0.1) -> list[Renewal]:
    return [Renewal(age, 1000, 1000, better, error) for age, better in points]


def test_nothing_follows_from_nothing() -> None:
    assert gains([], 1.0) is None
    assert Renewal.of(0, (10, 10), -1.0, (-2.0, 0.0), 0.95) is None
    assert Renewal.of(3, (10, 10), -1.0, (-2.0, float("inf")), 0.95) is None
    assert Renewal.of(3, (0, 10), -1.0, (-2.0, 0.0), 0.95) is None


def test_the_error_is_read_from_the_interval_at_its_level() -> None:
    found = Renewal.of(3, (10, 20), -1.0, (-2.645, 0.645), 0.95)
    assert found is not None
    assert (found.better, found.error) == (1.0, pytest.approx(1.0, abs=1e-4))
    stricter = Renewal.of(3, (10, 20), -1.0, (-2.645, 0.645), 0.99)
    assert stricter is not None
    assert stricter.error == pytest.approx(1.645 / 2.3263, abs=1e-3)


def test_a_line_is_found_again() -> None:
    found = gains(sliding((2, 1.0), (4, 2.0), (8, 4.0), error=0.0), 10.0)
    assert found is not None
    assert found.at(20, 1000, 1000)[0] == pytest.approx(10, rel=1e-3)
    assert found.at(0, 1000, 1000) == (0.0, 0.0)


def test_a_learning_curve_is_found_again() -> None:
    sizes = [1000.0 * 1.5**step for step in range(8)]
    shown = [
        Renewal((now - before) / 1000, before, now, 3 * (before**-0.5 - now**-0.5), 1e-4)
        for before, now in itertools.pairwise(sizes)
    ]
    found = gains(shown, 0.05)
    assert found is not None
    now = sizes[-1]
    mean, error = found.at(9, now, now + 9000)
    assert mean == pytest.approx(3 * (now**-0.5 - (now + 9000) ** -0.5), abs=3 * error)
    assert error < 0.1 * mean


def test_a_pace_that_changed_is_believed_after_three() -> None:
    before, after = [(10, 10.0)] * 8, [(10, 30.0)] * 3
    found = gains(sliding(*before, *after), 12.5)
    assert found is not None
    assert found.at(10, 1000, 1000)[0] > 20


def test_comparisons_that_contradict_each_other_make_it_less_sure() -> None:
    agree, differ = gains(sliding((5, 5.0), (5, 5.0)), 10.0), gains(sliding((5, 1.0), (5, 9.0)), 10.0)
    assert agree is not None
    assert differ is not None
    assert differ.at(5, 1000, 1000)[1] > 10 * agree.at(5, 1000, 1000)[1]


def test_who_gains_nothing_is_expected_to_gain_nothing() -> None:
    found = gains(sliding((5, -1.0), (7, -0.5)), 10.0)
    assert found is not None
    assert found.at(5, 1000, 1000)[0] == 0


def test_its_intervals_hold_the_truth() -> None:
    """Five comparisons of a pace of 1 with errors of 3: two one-sided 95 % bounds hold it nine times in ten."""
    random, held = Random(5), 0
    for _ in range(400):
        shown = sliding(*((age, age + random.gauss(0, 3)) for age in (6, 8, 10, 9, 11)), error=3.0)
        found = gains(shown, 12.5, weights=[1.0] * 5)
        assert found is not None
        mean, error = found.at(10, 1000, 1000)
        held += abs(mean - 10) <= 1.645 * error
    assert 0.87 <= held / 400 <= 0.99


@given(
    st.lists(
        st.builds(
            Renewal,
            st.integers(1, 50),
            st.integers(1, 10**7),
            st.integers(1, 10**7),
            st.floats(-10, 10),
            st.floats(0, 10),
        ),
        min_size=1,
        max_size=8,
    ),
    st.floats(1e-6, 100),
    st.integers(0, 60),
)
def test_an_older_champion_never_gains_less(shown: list[Renewal], widest: float, age: int) -> None:
    found = gains(shown, widest)
    assert found is not None
    one, two = found.at(age, 1000, 1000), found.at(age + 1, 1000, 1000)
    assert 0 <= one[0] <= two[0]
    assert one[1] >= 0
    assert found.at(age, 1000, 2000)[0] >= one[0]
