"""Whether a window can be told from its reference: rarely where nothing changed, and where columns moved together."""

import numpy as np
import pytest

from everfit.statistics.domain import deal, sample, tell
from everfit.statistics.label_shift import Answered, Confusion, black_box
from everfit.statistics.two_sample import scores_moved, two_sample
from tests.nulls import allowed, draws

NAMES = ("a", "b", "c")


def matrices(random, rows=240, days=24, of_day=0.0):
    """Two windows of the same kind, whose days differ from each other."""
    day = np.arange(rows) * days // rows
    found = []
    for _ in range(2):
        mood = of_day * random.normal(size=(days, len(NAMES)))
        found.append((mood[day] + random.normal(size=(rows, len(NAMES)))).astype(np.float32))
    return found[0], found[1], day


@pytest.mark.parametrize("of_day", [0.0, 0.7], ids=["rows alike", "days differ"])
def test_where_nothing_changed_the_interval_rarely_misses_one_half(of_day):
    random = np.random.default_rng(1)
    runs = draws(60)
    high = low = 0
    for _ in range(runs):
        old, new, day = matrices(random, of_day=of_day)
        found = two_sample(old, new, NAMES, clusters=(day, day))
        assert found.by_cluster
        high += found.auc.low > 0.5
        low += found.auc.high < 0.5
        assert (found.p < 0.05) == (found.auc.low > 0.5)
    assert high / runs <= allowed(runs)
    assert low / runs <= allowed(runs)


def test_columns_that_only_stopped_going_together_are_found():
    random = np.random.default_rng(2)
    old = random.normal(size=(3000, 3)).astype(np.float32)
    new = random.normal(size=(3000, 3)).astype(np.float32)
    old[:, 1] = 0.8 * old[:, 0] + 0.6 * old[:, 1]
    found = two_sample(old, new, NAMES)
    assert found.p < 1e-6
    assert {used.name for used in found.ranking[:2]} == {"a", "b"}
    assert sum(used.share for used in found.ranking) == pytest.approx(1)


def test_values_that_are_gone_are_found_too():
    random = np.random.default_rng(3)
    old, new, _ = matrices(random, 2000)
    new[random.random(2000) < 0.2, 2] = np.nan
    found = two_sample(old, new, NAMES)
    assert found.p < 1e-6
    assert found.ranking[0].name == "c"


def test_many_rows_are_sampled_the_same_way_each_time():
    random = np.random.default_rng(4)
    old, new = (random.normal(size=(5000, 3)).astype(np.float32) for _ in range(2))
    one, other = (two_sample(old, new, NAMES, most=500) for _ in range(2))
    assert one == other
    assert one.auc.rows == 1000
    assert two_sample(old, new, NAMES, most=500, seed=1) != one
    assert np.array_equal(sample(5000, 500, 3), sample(5000, 500, 3))


def test_with_few_days_rows_count_alone_and_it_says_so():
    old, new, _ = matrices(np.random.default_rng(5))
    assert not two_sample(old, new, NAMES, clusters=(np.zeros(240, dtype=int), np.zeros(240, dtype=int))).by_cluster
    assert not two_sample(old, new, NAMES).by_cluster
    with pytest.raises(ValueError, match="takes 8 of either"):
        two_sample(old[:3], new, NAMES)


def test_no_row_is_judged_by_trees_that_saw_its_day():
    day = np.repeat(np.arange(8), 200)
    random = np.random.default_rng(6)
    window = random.random(8)[day] > 0.5  # days by heart: perfect if one could
    folds = deal(day, 4)
    assert all(len(set(folds[day == one])) == 1 for one in range(8))
    matrix = np.column_stack([day + random.normal(0, 0.01, 1600)]).astype(np.float32)
    told = tell(matrix, window, folds)
    learnt = tell(matrix, window, np.where(random.random(1600) < 0.5, 0, 1))
    right = [float(np.mean((one.odds > 0) == window)) for one in (told, learnt)]
    assert right[0] < 0.9 < right[1]


def test_what_is_known_already_is_not_told_again():
    random = np.random.default_rng(7)
    old, new = random.normal(size=(4000, 1)), random.normal(1.0, 1.0, size=(4000, 1))
    matrix = np.concatenate([old, new]).astype(np.float32)
    window = np.arange(8000) >= 4000
    ratio = matrix[:, 0].astype(float) - 0.5  # log of the densities of two normals
    folds = deal(np.arange(8000), 2)
    assert np.corrcoef(tell(matrix, window, folds).odds, ratio)[0, 1] > 0.97
    assert tell(matrix, window, folds, known=ratio).odds.std() < 0.2


def labelled(random, share, rows=4000):
    y = (random.random(rows) < share).astype(float)
    return y, 1 / (1 + np.exp(-(random.normal(size=rows) + 2 * y - 1.7)))


def test_a_shift_of_labels_moves_the_answers_and_is_counted_from_them():
    random = np.random.default_rng(8)
    reference, now = labelled(random, 0.3), labelled(random, 0.45)
    assert scores_moved(reference[1], now[1]).p < 1e-6
    found = black_box(Confusion.of(*reference), Answered.of(now[1]))
    assert found.tells
    assert found.now[1] == pytest.approx(now[0].mean(), abs=0.03)
    assert found.weights @ found.before == pytest.approx(1)


def test_the_error_of_counted_labels_is_true():
    random = np.random.default_rng(9)
    off = []
    for _ in range(draws(400)):
        found = black_box(Confusion.of(*labelled(random, 0.3, 800)), Answered.of(labelled(random, 0.45, 600)[1]))
        off.append((found.now[1] - 0.45) / found.error[1])
    assert np.mean(off) == pytest.approx(0, abs=0.15)
    assert np.std(off) == pytest.approx(1, abs=0.15)


def test_batches_merge():
    random = np.random.default_rng(10)
    y, scores = labelled(random, 0.3)
    whole = black_box(Confusion.of(y, scores), Answered.of(scores[:1000]))
    confusion = Confusion.of(y[:500], scores[:500]).merged(Confusion.of(y[500:], scores[500:]))
    merged = black_box(confusion, Answered.of(scores[:300]).merged(Answered.of(scores[300:1000])))
    assert merged.now == pytest.approx(whole.now)
    assert merged.error == pytest.approx(whole.error)


def test_three_classes_are_counted_and_answers_that_do_not_depend_on_labels_say_nothing():
    random = np.random.default_rng(11)

    def three(shares, rows=6000):
        y = random.choice(3, rows, p=shares)
        odds = random.normal(size=(rows, 3)) + 2 * (y[:, None] == np.arange(3))
        return y.astype(float), np.exp(odds) / np.exp(odds).sum(axis=1, keepdims=True)

    y, scores = three((0.5, 0.3, 0.2))
    assert black_box(Confusion.of(y, scores), Answered.of(three((0.2, 0.2, 0.6))[1])).now == pytest.approx(
        [0.2, 0.2, 0.6], abs=0.04
    )
    dull = black_box(Confusion.of(random.permutation(y), scores), Answered.of(scores))
    assert (dull.tells, dull.weights.tolist()) == (False, [1.0, 1.0, 1.0])
