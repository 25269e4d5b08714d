"""What holds for every rule."""

from dataclasses import FrozenInstanceError, replace
from typing import get_args

import numpy as np
import pandas as pd
import pytest

from everfit import catalog
from everfit.spec import load_spec
from everfit.validation.delivery import Delivery
from everfit.validation.rules._severity import Severity
from everfit.validation.rules.in_order import InOrder
from everfit.validation.rules.label_missing_by_age import LabelMissingByAge
from everfit.validation.rules.label_prior import LabelPrior
from everfit.validation.rules.like_reference import LikeReference
from everfit.validation.rules.no_leakage import NoLeakage
from everfit.validation.rules.no_personal_data import NoPersonalData
from everfit.validation.rules.no_such_columns import NoSuchColumns
from everfit.validation.rules.references import References
from everfit.validation.rules.unique_across_batches import UniqueAcrossBatches
from everfit.validation.rules.within_partition import WithinPartition
from everfit.values import Check, dump, load
from tests.validation.rules.deliveries import Shelf, changed, shop, with_features

RULES = [
    References("orders", ("customer",), "customers"),
    InOrder("orders", "placed"),
    InOrder("orders", "placed", by=("customer",)),
    WithinPartition("orders", "placed"),
    UniqueAcrossBatches("orders", ("order",)),
    LabelPrior(),
    LabelMissingByAge(),
    NoLeakage(),
    LikeReference("orders"),
    NoPersonalData(),
    NoSuchColumns(("*secret*",)),
]
ORDERED = [rule for rule in RULES if isinstance(rule, InOrder)]
COMPARING = [rule for rule in RULES if hasattr(rule, "profile")]
OF_TABLES = [rule for rule in RULES if hasattr(rule, "tables")]
OF_ROWS = [LabelPrior(), LabelMissingByAge(), NoLeakage()]


def bad(rule: object) -> dict[str, pd.DataFrame]:
    """The month with the one thing wrong that the rule is there for."""
    tables = shop(3)
    orders = tables["orders"]
    spoilt = {
        References: {"customer": orders["customer"] + 40},
        InOrder: {"placed": orders["placed"].to_numpy()[::-1]},
        WithinPartition: {"placed": orders["placed"] + pd.Timedelta(days=10)},
        UniqueAcrossBatches: {"order": shop(2)["orders"]["order"]},
        LabelPrior: {"returned": orders["returned"].where(orders["returned"].isna(), 1.0)},
        LabelMissingByAge: {"returned": orders["returned"].where(orders.index >= 200)},
        NoLeakage: {"price": orders["returned"] * 5 + 1},
        LikeReference: {"price": orders["price"] * 1.6},
        NoPersonalData: {"shop": orders["customer"].map("c{}@shop.example".format)},
        NoSuchColumns: {"secret_margin": 1.0},
    }
    return changed(tables, **spoilt[type(rule)])


def test_every_rule_of_the_catalog_is_here():
    assert {catalog.name_of(type(rule)) for rule in RULES} == set(catalog.rules())


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_a_good_month_passes_and_says_what_was_found(rule, year: Shelf):
    checks = rule.check(year.delivery(shop(3)))
    assert checks
    for check in checks:
        assert check.passed, check
        assert check.wanted
        assert any(letter.isdigit() for letter in check.found) or "none" in check.found, check.found
        assert load(Check, dump(check)) == check


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_a_bad_month_fails_with_the_rules_severity(rule, year: Shelf):
    failed = [check for check in rule.check(year.delivery(bad(rule))) if not check.passed]
    assert failed
    assert {check.severity for check in failed} == {rule.severity}
    softer = replace(rule, severity="info").check(year.delivery(bad(rule)))
    assert {check.severity for check in softer if not check.passed} == {"info"}


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_asked_twice_it_says_the_same(rule, year: Shelf):
    for tables in (shop(3), bad(rule)):
        assert rule.check(year.delivery(tables)) == rule.check(year.delivery(tables))


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule not in ORDERED], ids=str)
def test_the_order_of_rows_does_not_matter(rule, year: Shelf):
    for tables in (shop(3), bad(rule)):
        shuffled = {name: frame.sample(frac=1, random_state=5) for name, frame in tables.items()}
        assert rule.check(year.delivery(shuffled)) == rule.check(year.delivery(tables))


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_it_says_the_same_of_csv_files(rule, year: Shelf):
    for tables in (shop(3), bad(rule)):
        assert rule.check(year.delivery(tables, kind="csv")) == rule.check(year.delivery(tables))


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_it_says_the_same_of_a_table_in_many_parts(rule, year: Shelf):
    for tables in (shop(3), bad(rule)):
        whole = year.delivery(tables)
        places = np.array_split(np.arange(len(tables["orders"])), 7)
        pieces = [year.delivery({"orders": tables["orders"].iloc[some]}).tables["orders"][0] for some in places]
        parted = replace(whole, tables={**whole.tables, "orders": pieces})
        assert rule.check(parted) == rule.check(whole)


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_a_batch_is_like_itself(rule, shelf: Shelf):
    """Delivered again and again, it differs from nothing; only a key must not come twice."""
    for month in (1, 2, 4, 5):
        tables = shop(3)
        shelf.accept(changed(tables, order=tables["orders"]["order"] + month), f"2013-{month:02}")
    twice = isinstance(rule, UniqueAcrossBatches)
    assert all(check.passed for check in rule.check(shelf.delivery(shop(3)))) is not twice


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_a_table_without_rows_does_no_harm(rule, year: Shelf):
    empty = {name: frame.iloc[:0] for name, frame in shop(3).items()}
    assert rule.check(year.delivery(empty)) == rule.check(year.delivery(empty))


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_columns_without_a_value_do_no_harm(rule, year: Shelf):
    nothing = {name: pd.DataFrame(dict.fromkeys(frame, [None] * len(frame))) for name, frame in shop(3).items()}
    assert rule.check(year.delivery(nothing)) == rule.check(year.delivery(nothing))


@pytest.mark.parametrize("rule", OF_TABLES, ids=str)
def test_a_table_that_is_not_there_is_a_failed_check(rule, year: Shelf):
    whole = year.delivery(shop(3))
    (check,) = rule.check(replace(whole, tables={"customers": whole.tables["customers"]}))
    assert not check.passed
    assert check.severity == rule.severity
    assert check.found == "that the delivery has no table orders"


@pytest.mark.parametrize("rule", [rule for rule in OF_TABLES if not isinstance(rule, LikeReference)], ids=str)
def test_a_column_that_is_not_there_is_a_failed_check(rule, year: Shelf):
    (check,) = rule.check(year.delivery({**shop(3), "orders": shop(3)["orders"][["price"]]}))
    assert not check.passed
    assert "orders has no column" in check.found


@pytest.mark.parametrize("rule", OF_ROWS, ids=str)
def test_rows_without_the_label_are_a_failed_check(rule, year: Shelf):
    whole = year.delivery(shop(3))
    for column in ("returned", "placed"):
        spoilt = replace(whole, make_rows=lambda column=column: whole.rows.drop(columns=column))
        (check,) = rule.check(spoilt)
        assert not check.passed
        assert f"no column '{column}'" in check.found


@pytest.mark.parametrize("rule", COMPARING, ids=str)
def test_the_first_batch_has_nothing_to_be_compared_with(rule, shelf: Shelf):
    (check,) = rule.check(shelf.delivery(bad(rule)))
    assert check.passed
    assert check.severity == "info"
    assert "nothing to compare with yet" in check.found


@pytest.mark.parametrize("rule", COMPARING, ids=str)
def test_an_earlier_batch_is_read_once_whoever_asks(rule, year: Shelf):
    first = rule.check(year.delivery(shop(3)))
    assert sorted(year.opened) == sorted(year.batches)
    year.opened.clear()
    assert rule.check(year.delivery(shop(3))) == first
    assert year.opened == []


@pytest.mark.parametrize("rule", COMPARING, ids=str)
def test_what_was_looked_at_when_it_came_is_not_read_again(rule, year: Shelf):
    rule.check(year.delivery(shop(3), "2013-03"))
    year.opened.clear()
    year.accept(shop(3), "2013-03")
    rule.check(year.delivery(shop(9), "2013-09"))
    assert "2013-03" not in year.opened


@pytest.mark.parametrize("rule", COMPARING, ids=str)
@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 no archive", None])
def test_a_lost_or_damaged_profile_is_made_again(rule, damage, year: Shelf):
    first = rule.check(year.delivery(shop(3)))
    kept = dict(year.store.data)
    for key in kept:
        if damage is None:
            del year.store.data[key]
        else:
            year.store.data[key] = damage
    assert rule.check(year.delivery(shop(3))) == first
    assert year.store.data == kept


@pytest.mark.parametrize("rule", COMPARING, ids=str)
def test_profiles_lie_under_the_batch_that_they_are_of(rule, year: Shelf):
    rule.check(year.delivery(shop(3)))
    folders = {key.split("/")[2] for key in year.store.data}
    assert {batch.sha256 for batch in year.batches.values()} <= folders
    assert all(key.startswith("profiles/shop_returns/") for key in year.store.data)


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_settings_do_not_change(rule):
    with pytest.raises(FrozenInstanceError, match="cannot assign"):
        rule.severity = "info"


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_a_severity_is_one_that_there_is(rule):
    with pytest.raises(ValueError, match=r"severity: there is no 'quarantine'.*known: critical, info, warning"):
        replace(rule, severity="quarantine")
    assert rule.severity in get_args(Severity)


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_a_spec_tells_it_and_keeps_it(rule):
    """Written out and read again it is the same rule."""
    spec = load_spec("flight_minutes")
    told = {catalog.name_of(type(rule)): dump(rule)}
    tables = dict.fromkeys(["orders", "customers"], spec.data.tables["flights"])
    data = type(spec.data)(landing="x", tables=tables, rules=(told,))
    assert data.rules == (rule,)
    assert data.model_dump(mode="json")["rules"] == [told]


def test_features_are_made_once_for_all_rules(year: Shelf):
    calls = []

    def make(rows: pd.DataFrame) -> pd.DataFrame:
        calls.append(len(rows))
        return rows[["price"]]

    delivery: Delivery = with_features(year.delivery(shop(3)), make)
    NoLeakage().check(delivery)
    NoLeakage(auc_at_most=0.9).check(delivery)
    assert calls == [400]
