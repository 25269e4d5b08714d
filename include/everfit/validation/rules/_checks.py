"""From what a rule found to checks: the wrapper and the words that all rules share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import TYPE_CHECKING, TypeVar

from everfit.errors import Corrupted, DataError
from everfit.statistics.prediction import FEWEST_BATCHES
from everfit.validation.words import examples, value
from everfit.values import Check

if TYPE_CHECKING:
    from everfit.validation.delivery import Delivery, Rule

R = TypeVar("R", bound="Rule")


def fails_closed(check: Callable[[R, Delivery], tuple[Check, ...]]) -> Callable[[R, Delivery], tuple[Check, ...]]:
    """Turn data that cannot be judged (a table or column is not there, a file does not read) into a failed check."""

    @wraps(check)
    def closed(rule: R, delivery: Delivery) -> tuple[Check, ...]:
        try:
            return check(rule, delivery)
        except Corrupted:
            raise  # of an earlier batch: no fault of this one
        except DataError as error:
            return (Check(rule.table, None, rule.wanted, f"that {error}", False, rule.severity),)

    return closed


def of_rows(
    rule: Rule, column: str, bad: int, of: int, at_most: float, what: str, such_as: Iterable[object] = ()
) -> Check:
    """A check that counts rows: `bad` of `of` rows are `what`, and a share of `at_most` may be."""
    found = f"{value(bad)} of {rows(of)} {what}{examples(such_as)}" if bad else f"none in {rows(of)}"
    share = bad / of if of else 0.0
    return Check(rule.table, column, rule.wanted, found, share <= at_most, rule.severity, share)


def too_few(rule: Rule, column: str | None, found: int) -> Check:
    """What a rule says that compares batches when there are not enough of them yet: passed, and why."""
    had = "nothing to compare with yet" if not found else f"only {batches(found)} to compare with yet"
    return Check(rule.table, column, rule.wanted, f"{had}; it takes {FEWEST_BATCHES}", True, "info")


def rows(count: int) -> str:
    """`1 row`, `27,004 rows`."""
    return f"{value(count)} row{'' if count == 1 else 's'}"


def batches(count: int) -> str:
    """`1 earlier batch`, `11 earlier batches`."""
    return f"{count} earlier batch{'' if count == 1 else 'es'}"


def up_to(at_most: float) -> str:
    """The part of a wish that allows for exceptions; empty if there may be none."""
    return f", in all but {100 * at_most:.4g}% of the rows" if at_most else ""
