"""The rules of the flights, on real months: nothing is blamed over a year, and what is broken on purpose is."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from everfit.features import FeatureCode, load_code
from everfit.ledger.entries import BatchAccepted, BatchRecalled
from everfit.steps.rows import read_tables
from everfit.steps.rules import check_rules, delivery_of
from everfit.validation.delivery import Delivery
from everfit.validation.stream import Part
from everfit.values import Check, digest
from tests.workshop import Workshop, open_workshop
from tools.land_flights import MONTHS, land

SHARE = 0.2
JULY = 6


@dataclass(frozen=True)
class Year:
    """A workshop that has accepted half a year, and the whole year as it landed."""

    shop: Workshop
    months: tuple[Path, ...]
    work: Path

    def delivery(self, folder: Path, code: FeatureCode | None = None, partition: str = "") -> Delivery:
        spec = self.shop.spec
        code = code or load_code(spec.code_path)
        return delivery_of(
            self.shop.ports,
            spec,
            code,
            self.shop.ledger.view(),
            partition=partition or folder.name,
            sha256=digest([folder.name, (folder / "flights.parquet").read_bytes().hex()]),
            tables={name: (Part(table.file, folder / table.file),) for name, table in spec.data.tables.items()},
            make_rows=lambda: code.rows(read_tables(spec, folder)),
        )

    def failed(self, folder: Path, code: FeatureCode | None = None, partition: str = "") -> list[Check]:
        checks = check_rules(self.delivery(folder, code, partition), self.shop.spec.data.rules)
        return [check for check in checks if not check.passed]

    def spoilt(self, change: Callable[[pd.DataFrame], pd.DataFrame], table: str = "flights") -> Path:
        """July with one table changed."""
        folder = self.work / "2013-07"
        shutil.copytree(self.months[JULY], folder)
        change(pd.read_parquet(folder / f"{table}.parquet")).to_parquet(folder / f"{table}.parquet")
        return folder


@pytest.fixture(scope="module")
def half_a_year(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workshop, tuple[Path, ...]]:
    months = land(tmp_path_factory.mktemp("landing"), MONTHS, SHARE)
    return open_workshop(tmp_path_factory.mktemp("shop"), months[:JULY]), months


@pytest.fixture
def year(half_a_year: tuple[Workshop, tuple[Path, ...]], tmp_path: Path) -> Year:
    return Year(*half_a_year, tmp_path)


def places(checks: list[Check]) -> set[tuple[str, str | None]]:
    return {(check.table, check.column) for check in checks}


@pytest.mark.parametrize("month", range(JULY, 12))
def test_no_real_month_is_blamed(month: int, year: Year) -> None:
    """Whichever comes next: each is held against the first half of the year."""
    assert year.failed(year.months[month]) == []


@pytest.mark.parametrize("month", [0, 1, 4])
def test_nor_is_one_that_is_delivered_again(month: int, year: Year) -> None:
    assert year.failed(year.months[month]) == []


def test_a_mile_is_no_kilometre(year: Year) -> None:
    (check,) = year.failed(year.spoilt(lambda flights: flights.assign(distance=flights["distance"] * 1.609344)))
    assert (check.table, check.column, check.severity) == ("flights", "distance", "warning")
    assert check.found.startswith("PSI ")


def test_june_under_the_name_of_july_is_known(year: Year) -> None:
    found = year.failed(year.months[JULY - 1], partition="2013-07")
    assert places(found) == {("flights", "time_hour"), ("flights", "carrier, flight, time_hour")}
    assert any("known already, such as" in check.found and "of 2013-06" in check.found for check in found)


def test_tail_numbers_in_small_letters_are_of_no_plane(year: Year) -> None:
    found = year.failed(year.spoilt(lambda flights: flights.assign(tailnum=flights["tailnum"].str.lower())))
    assert ("flights", "tailnum") in places([check for check in found if check.severity == "critical"])


def test_delays_that_were_cut_off_are_missed_where_they_are_due(year: Year) -> None:
    found = year.failed(
        year.spoilt(lambda flights: flights.assign(arr_delay=flights["arr_delay"].where(flights["day"] > 12)))
    )
    missing = [check for check in found if check.severity == "critical"]
    assert places(missing) == {("label", "late")}
    assert any("14 to 30 days old without" in check.found for check in missing)


def test_twice_as_many_late_flights_are_noticed(year: Year) -> None:
    found = year.failed(year.spoilt(lambda flights: flights.assign(arr_delay=flights["arr_delay"] + 40)))
    assert ("label", "late") in places(found)
    assert {check.severity for check in found} == {"warning"}


def test_a_feature_made_of_the_arrival_is_a_leak(year: Year, tmp_path: Path) -> None:
    source = year.shop.spec.code_path.read_text()
    leaky = tmp_path / "features.py"
    leaky.write_text(
        source.replace("+ PLANE + WEATHER", '+ PLANE + WEATHER + ["arr_delay"]')
        .replace('"late", "time_hour", "arr_delay", "cancelled"', '"late", "time_hour", "cancelled"')
        .replace('NUMBERS = ["weekday",', 'NUMBERS = ["arr_delay", "weekday",')
    )
    (check,) = year.failed(year.months[JULY], load_code(leaky))
    assert (check.table, check.column, check.severity) == ("features", "arr_delay", "critical")
    assert check.found == "an AUC of 1.000 (at least 1.000) from its values alone"


def test_a_storm_in_the_weather_is_a_warning(year: Year) -> None:
    found = year.failed(year.spoilt(lambda weather: weather.assign(visib=weather["visib"] / 10), "weather"))
    assert ("weather", "visib") in places(found)


def test_profiles_are_made_again_from_the_batches_bytes(year: Year) -> None:
    first = check_rules(year.delivery(year.months[JULY]), year.shop.spec.data.rules)
    kept = {key: year.shop.ports.store.read(key) for key in year.shop.ports.store.list("profiles")}
    shutil.rmtree(Path(year.shop.ports.store.url) / "profiles")
    assert check_rules(year.delivery(year.months[JULY]), year.shop.spec.data.rules) == first
    again = {key: year.shop.ports.store.read(key) for key in year.shop.ports.store.list("profiles")}
    assert again.items() <= kept.items()


def test_earlier_are_the_good_batches_of_other_partitions(year: Year, tmp_path: Path) -> None:
    shop = open_workshop(tmp_path / "shop", year.months[:3])
    april = Year(shop, year.months, tmp_path)
    assert [batch.partition for batch in april.delivery(year.months[3]).earlier] == ["2013-01", "2013-02", "2013-03"]
    assert [batch.partition for batch in april.delivery(year.months[1]).earlier] == ["2013-01", "2013-03"]
    january = shop.ledger.view().of(BatchAccepted)[0]
    recall = BatchRecalled("2013-01", (january.seq,), (), "wrong clock", "ann")
    shop.ledger.append("recall", recall)
    assert [batch.partition for batch in april.delivery(year.months[3]).earlier] == ["2013-02", "2013-03"]
