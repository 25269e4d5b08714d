"""What a holdout says when it is asked again and again: the experiment of Dwork et al. (Science 349 (2015) 636-638).

10,000 rows to learn from, 10,000 held out, 10,000 variables, and labels that have nothing to do with any of them. An
analyst takes the 500 variables that look best, weighs each by its sign, and may ask the holdout on the way which of
them to take. Shown the holdout's own figures, a model of no worth seems right in .63 of the cases. Gates show no
figures to choose by: each question is one comparison at the level that the budget leaves for it, on rows that have
judged before, and after so many the holdout is spent.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest
from scipy.stats import norm

from everfit.gates import Standing
from everfit.statistics.online import Lord, over

ROWS = VARIABLES = 10_000
CHOSEN, BLOCK, SPENT = 500, 500, 50
LEAST = 1 / np.sqrt(ROWS)


@dataclass(frozen=True)
class World:
    """What the analyst has: each variable's correlation with the label in training, in the holdout and in fresh rows.

    Only variables that look like something in training are kept, the best first: `found` has their correlations,
    `held_out` and `fresh` their values times the label.
    """

    found: np.ndarray
    held_out: np.ndarray
    fresh: np.ndarray

    def told(self, variables: np.ndarray) -> tuple[float, float]:
        """How often the sum of these variables, each with its training sign, is right: in the holdout, and in truth."""
        signs = np.sign(self.found[0, variables]).astype(np.float32)
        held_out, fresh = (
            float((values[:, variables].astype(np.float32) @ signs > 0).mean())
            for values in (self.held_out, self.fresh)
        )
        return held_out, fresh


@cache
def world(useful: int) -> World:
    """So many of the variables lean to the label by 6 / sqrt(rows), as in the paper; none of the others does."""
    random = np.random.default_rng([2015, useful])
    found, held_out, fresh = [], [], []
    for number in range(VARIABLES // BLOCK):
        # a variable times a label that is 1 or -1 in equal parts is again standard normal, so labels need not be drawn
        x = random.standard_normal((3, ROWS, BLOCK), dtype=np.float32)
        x[:, :, : max(0, min(useful - number * BLOCK, BLOCK))] += np.float32(6 * LEAST)
        means = x.mean(axis=1)
        kept = np.abs(means[0]) >= LEAST
        found.append(means[:, kept])
        held_out.append(x[1][:, kept].astype(np.float16))
        fresh.append(x[2][:, kept].astype(np.float16))
    together = np.concatenate(found, axis=1)
    order = np.argsort(-np.abs(together[0]))
    values = (np.concatenate(each, axis=1)[:, order] for each in (held_out, fresh))
    return World(together[:, order], *values)


def naive(useful: int) -> tuple[float, float]:
    """Takes the best variables of those with the same sign in the holdout, and as large there as chance makes few."""
    train, seen, _ = world(useful).found
    agree = (np.sign(train) == np.sign(seen)) & (np.abs(seen) >= LEAST)
    return world(useful).told(np.flatnonzero(agree)[:CHOSEN])


def through_gates(useful: int, uses: int) -> tuple[float, float]:
    """Asks a gate of each variable, the best in training first; what does not pass is not taken.

    A pass says that the variable leans to the label in the holdout as in training, at the level of a decision on rows
    that have judged all the others: no pass pays for the next. What was not asked any more is taken as training has it.
    """
    train, seen, _ = world(useful).found
    lord, passed = Lord(0.2, over(52)), []
    for asked in range(len(train)):
        if Standing(uses=asked, most=uses).spent:
            break
        level = min(lord.level_at(asked % 52 + 1, ()), 0.05)
        if norm.sf(np.sign(train[asked]) * seen[asked] / LEAST) <= level:
            passed.append(asked)
    return world(useful).told(np.array([*passed, *range(min(uses, len(train)), len(train))])[:CHOSEN])


def test_naive_reuse_makes_a_useless_model_look_good_as_published():
    told, truth = naive(0)
    assert told == pytest.approx(0.63, abs=0.015)
    assert truth == pytest.approx(0.50, abs=0.015)


@pytest.mark.parametrize("useful", [0, 20], ids=["nothing to know", "20 variables know something"])
def test_through_gates_the_holdout_stays_within_two_points_of_the_truth(useful):
    told, truth = through_gates(useful, SPENT)
    assert told == pytest.approx(truth, abs=0.02)
    shown, worth = naive(useful)
    assert shown - worth > 0.1
    assert truth > worth - 0.015, "the analyst does as well in truth"


def test_what_is_there_is_still_found():
    assert through_gates(20, SPENT)[1] > 0.51


def test_without_an_end_even_yes_and_no_would_fit_the_holdout():
    """Why it is spent after so many: thousands of answers of one bit are enough to choose by."""
    told, truth = through_gates(0, VARIABLES)
    assert told - truth > 0.02
