"""Why a model decayed: the first answer is right for planted causes, and its parts add up."""

from dataclasses import replace

import numpy as np
import pytest

from everfit.statistics.decay.cause import why
from everfit.statistics.decay.columns import Column, Window
from tests.statistics.decay.toy import BUGS, USUAL, answered, unlabelled, window, with_labels

SIZE = 2500
SEEDS = 20


def moved(**middles):
    """The usual world, but some middles."""
    places = {"speed": 0, "load": 1, "heat": 2, "noise": 3, "weight": 4, "price": 5, "count": 6}
    middle = list(USUAL.middle)
    for name, value in middles.items():
        middle[places[name]] = value
    return replace(USUAL, middle=tuple(middle))


def planted(cause, seed, random):
    """A window with that cause; the seed says which of its kinds."""
    worlds = {
        "none": [USUAL, moved(noise=2.0), moved(noise=0.01), moved(weight=75.0)],
        "covariate_shift": [
            moved(speed=1.2),
            moved(load=-1.3),
            replace(USUAL, kinds=(0.97, 0.01, 0.01, 0.01)),
            moved(speed=0.8, heat=1.0, noise=1.0),
        ],
        "concept_change": [
            replace(USUAL, effect=(1.2, 1.0, 0.8, 0.0)),
            replace(USUAL, base=-0.2),
            replace(USUAL, by_kind=(-0.9, 0.9, 0.3, -0.3)),
            replace(moved(noise=1.0), base=-0.2),
        ],
    }
    if cause == "label_shift":
        return answered(*with_labels((0.45, 0.5, 0.55, 0.6)[seed % 4], SIZE, random))
    if cause == "data_bug":
        spoil, _ = [*BUGS.values()][seed % len(BUGS)]
        x, y = window(USUAL, SIZE, random)
        spoil(x, random)
        return answered(x, y)
    return answered(*window(worlds[cause][seed % 4], SIZE, random))


WANTED = {
    "none": "wait",
    "label_shift": "retrain",
    "covariate_shift": "retrain",
    "concept_change": "retrain",
    "data_bug": "fix_data",
}


@pytest.fixture(scope="module")
def references():
    return [answered(*window(USUAL, SIZE, np.random.default_rng([1, seed]))) for seed in range(SEEDS)]


@pytest.mark.parametrize("cause", WANTED)
def test_the_first_answer_is_right_in_nine_of_ten(cause, references):
    right = 0
    for seed, reference in enumerate(references):
        found = why(reference, planted(cause, seed, np.random.default_rng([3, seed])), seed=seed)
        right += (found.cause, found.action) == (cause, WANTED[cause])
        assert sum(part.loss.value for part in found.parts) == pytest.approx(found.change.value, abs=1e-9)
    assert right >= 0.9 * SEEDS


@pytest.fixture(scope="module")
def reference():
    return answered(*window(USUAL, 4000, np.random.default_rng(5)))


def test_the_columns_and_slices_that_did_it_are_named(reference):
    random = np.random.default_rng(6)
    faster = why(reference, answered(*window(moved(speed=1.2), 4000, random)))
    assert faster.features[0].name == "speed"
    other_kinds = why(reference, answered(*window(replace(USUAL, by_kind=(0.9, 2.5, 0.3, -0.3)), 4000, random)))
    assert other_kinds.features[0].name == "kind"
    assert (other_kinds.places[0].column, other_kinds.places[0].value) == ("kind", "b")
    more = why(reference, answered(*with_labels(0.6, 4000, random)))
    assert ("label", "1") in [(place.column, place.value) for place in more.places]


def test_a_broken_column_comes_first_whatever_it_did(reference):
    x, y = window(USUAL, 4000, np.random.default_rng(7))
    BUGS["sign"][0](x, None)
    found = why(reference, answered(x, y))
    assert (found.cause, found.action, found.features[0].name) == ("data_bug", "fix_data", "speed")
    assert {part.name: part.loss.value for part in found.parts}["data_bug"] == pytest.approx(
        found.change.value, rel=0.1
    )


def test_with_a_broken_column_a_shift_of_labels_is_still_told_apart(reference):
    x, y = with_labels(0.5, 4000, np.random.default_rng(8))
    BUGS["missing"][0](x, np.random.default_rng(9))
    found = why(reference, answered(x, y))
    loss = {part.name: part.loss for part in found.parts}
    assert loss["data_bug"].low > 0.05
    assert loss["label_shift"].low > 0.02
    assert loss["concept_change"].value == pytest.approx(0, abs=0.02)
    assert loss["label_shift"].value + loss["data_bug"].value == pytest.approx(found.change.value, abs=0.05)


def test_without_labels_only_the_move_is_told_and_the_result_says_so(reference):
    random = np.random.default_rng(10)
    world = moved(speed=1.2)
    real = answered(*window(world, 4000, random))
    found = why(reference, unlabelled(real))
    assert (found.labelled, found.blind) == (False, ("concept_change",))
    assert (found.cause, found.features[0].name) == ("covariate_shift", "speed")
    assert found.change.value == pytest.approx(real.losses.mean() - reference.losses.mean(), abs=0.03)
    hidden = why(reference, unlabelled(answered(*window(replace(USUAL, base=0.5), 4000, random))))
    assert (hidden.cause, hidden.action) == ("none", "wait")
    shifted = answered(*with_labels(0.5, 4000, random))
    by_label = {part.name: part.loss.value for part in why(reference, unlabelled(shifted)).parts}["label_shift"]
    assert by_label == pytest.approx(shifted.losses.mean() - reference.losses.mean(), abs=0.03)
    x, y = window(USUAL, 4000, random)
    BUGS["unit"][0](x, None)
    assert why(reference, unlabelled(answered(x, y))).action == "fix_data"


def test_a_former_champion_that_does_better_is_gone_back_to(reference):
    random = np.random.default_rng(11)
    now = answered(*window(replace(USUAL, base=-0.2), 4000, random))
    assert why(reference, now, former=now.losses - 0.1).action == "roll_back"
    assert why(reference, now, former=now.losses + random.normal(0, 0.1, now.rows)).action == "retrain"
    calm = answered(*window(USUAL, 4000, random))
    assert why(reference, calm, former=calm.losses - 0.1).action == "wait"


def test_a_rise_that_is_too_small_is_no_decay(reference):
    now = replace(reference, losses=reference.losses + 0.01)
    assert why(reference, now, least=0.05).cause == "none"
    assert why(reference, now, least=0.001).by_cluster
    few = replace(reference, clusters=np.zeros(reference.rows, dtype=np.int64))
    assert not why(few, now).by_cluster


def test_of_many_rows_some_are_looked_at(reference):
    now = answered(*window(replace(USUAL, base=-0.2), 4000, np.random.default_rng(15)))
    found = why(reference, now, former=now.losses - 0.1, most=2500)
    assert (found.cause, found.action, found.change.rows) == ("concept_change", "roll_back", 5000)


def test_the_same_windows_give_the_same_answer(reference):
    now = answered(*with_labels(0.5, 2000, np.random.default_rng(12)))
    assert [part.loss.value for part in why(reference, now).parts] == [
        part.loss.value for part in why(reference, now).parts
    ]


def numbers(random, size, *, level=0.0, wide=1.0, turn=1.0):
    """A regression: half of the label's spread is known, with more noise for large values."""
    x = random.normal(size=(size, 3))
    x[:, 0] = x[:, 0] * wide
    y = turn * x[:, 0] + 0.5 * x[:, 1] + level + (0.3 + 0.5 * np.abs(x[:, 0])) * random.normal(size=size)
    scores = x[:, 0] + 0.5 * x[:, 1]
    columns = tuple(Column(name, x[:, k]) for k, name in enumerate("abc"))
    return Window(columns, np.arange(size) * 20 // size, scores, y, (y - scores) ** 2)


def test_quantities_have_causes_too():
    random = np.random.default_rng(13)
    old = numbers(random, 4000)
    assert why(old, numbers(random, 4000), quantity=True).cause == "none"
    assert why(old, numbers(random, 4000, wide=1.8), quantity=True).cause == "covariate_shift"
    assert why(old, numbers(random, 4000, turn=0.2), quantity=True).cause == "concept_change"


def classes(random, size, shares=(0.6, 0.3, 0.1), turn=0):
    y = random.choice(3, size, p=shares)
    x = random.normal(size=(size, 4))
    x[np.arange(size), (y + turn) % 3] += 1.5
    odds = 1.5 * x[:, :3] + np.log([0.6, 0.3, 0.1])
    scores = np.exp(odds) / np.exp(odds).sum(axis=1, keepdims=True)
    columns = tuple(Column(name, x[:, k]) for k, name in enumerate("abcd"))
    return Window(columns, np.arange(size) * 20 // size, scores, y.astype(float), -np.log(scores[np.arange(size), y]))


def test_several_classes_have_causes_too():
    random = np.random.default_rng(14)
    old = classes(random, 4000)
    assert why(old, classes(random, 4000)).cause == "none"
    assert why(old, classes(random, 4000, (0.2, 0.4, 0.4))).cause == "label_shift"
    mixed = classes(random, 4000)
    swapped = np.where(mixed.y == 0, 1.0, np.where(mixed.y == 1, 0.0, mixed.y))
    lost = -np.log(mixed.scores[np.arange(4000), swapped.astype(int)])
    assert why(old, replace(mixed, y=swapped, losses=lost)).cause == "concept_change"


def test_a_reference_without_labels_is_refused(reference):
    with pytest.raises(ValueError, match="no labels and losses"):
        why(unlabelled(reference), reference)
    with pytest.raises(ValueError, match="a cause needs 100 each"):
        why(reference, reference.of(np.arange(50)))
    with pytest.raises(ValueError, match="and the window load, heat"):
        why(reference, replace(reference, columns=reference.columns[1:3]))
    with pytest.raises(ValueError, match="both or neither"):
        why(reference, replace(reference, losses=None))
