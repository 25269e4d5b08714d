"""Wrong settings are refused when a rule is made or a spec is read, with what was wanted."""

import pytest

from everfit import catalog
from everfit.errors import SpecError
from everfit.spec import DataSpec, TableSpec

GOOD = {
    "references": {"table": "a", "columns": ("x",), "to": "b"},
    "in_order": {"table": "a", "column": "t"},
    "within_partition": {"table": "a", "column": "t"},
    "unique_across_batches": {"table": "a", "columns": ("x",)},
    "like_reference": {"table": "a"},
    "no_such_columns": {"columns": ("x",)},
}


@pytest.mark.parametrize(
    ("name", "settings", "says"),
    [
        ("references", {"columns": ()}, "columns: wanted a list of at least one name"),
        ("references", {"columns": ("x", "x")}, "columns: wanted different names, found 'x' twice"),
        ("references", {"to_columns": ("x", "y")}, "to_columns: wanted 1 names, as in columns"),
        ("references", {"at_most": 2}, "at_most: wanted a number from 0 to 1, found 2"),
        ("references", {"to": ""}, "to: wanted a name, found ''"),
        ("in_order", {"by": ("",)}, "by: wanted a name, found ''"),
        ("within_partition", {"zone": "Mars/Olympus"}, "zone: wanted a time zone such as Europe/Berlin"),
        ("within_partition", {"zone": "../etc"}, "zone: wanted a time zone such as Europe/Berlin"),
        ("within_partition", {"hours": -1}, "hours: wanted a number from 0 to inf, found -1"),
        ("unique_across_batches", {"at_most": True}, "at_most: wanted a number from 0 to 1, found True"),
        ("label_prior", {"newest": 2}, "newest: wanted a whole number of at least 3, found 2"),
        ("label_prior", {"false_alarms": 0}, "false_alarms: wanted a number between 0 and 0.5, found 0"),
        ("label_prior", {"at_most": float("nan")}, "at_most: wanted a number from 0 to inf, found nan"),
        ("label_missing_by_age", {"ages_in_days": (7, 1)}, "ages_in_days: wanted rising numbers"),
        ("label_missing_by_age", {"ages_in_days": (0, 1)}, "ages_in_days: wanted a number between 0 and inf, found 0"),
        ("no_leakage", {"auc_at_most": 0.2}, "auc_at_most: wanted a number from 0.5 to 1, found 0.2"),
        ("like_reference", {"newest": 2.5}, "newest: wanted a whole number of at least 3, found 2.5"),
        ("no_personal_data", {"kinds": ("emial",)}, "kinds: there is no 'emial'; did you mean 'email'"),
        ("no_personal_data", {"kinds": ()}, "kinds: wanted a list of at least one name"),
        ("no_such_columns", {"columns": ()}, "columns: wanted a list of at least one name"),
    ],
)
def test_a_rule_refuses(name, settings, says):
    with pytest.raises(ValueError, match=says):
        catalog.rule(name)(**GOOD.get(name, {}) | settings)


def told(*rules):
    return DataSpec(landing="x", tables={"orders": TableSpec(file="orders.parquet")}, rules=rules)


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ("label_piror", "no rule 'label_piror'; did you mean 'label_prior'"),
        ({"in_order": {"table": "oders", "column": "t"}}, r"rules.*no table 'oders'; did you mean 'orders'"),
        ({"references": {"table": "orders", "columns": ["x"], "to": "shops"}}, r"rules.*no table 'shops'"),
        ({"in_order": {"table": "orders"}}, "is missing"),
        ({"label_prior": {"newst": 5}}, "no such setting; did you mean 'newest'"),
        ({"within_partition": {"table": "orders", "column": "t", "zone": "Nowhere"}}, "wanted a time zone"),
    ],
)
def test_a_spec_refuses(rule, says):
    with pytest.raises((ValueError, SpecError), match=says):
        told(rule)


def test_a_name_alone_is_a_rule_with_its_defaults():
    assert told("label_prior", "no_personal_data").rules == (
        catalog.rule("label_prior")(),
        catalog.rule("no_personal_data")(),
    )
