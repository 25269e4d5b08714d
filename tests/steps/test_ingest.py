"""Whatever is delivered ends in exactly one entry of the ledger: kept for good, or in quarantine with its reasons.

Real slices of flights, the real model, a real store and ledger on disk, real DVC.
"""

import os
import random
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from everfit.errors import BatchChanged, Corrupted, FencedOut, SpecError, Unreachable
from everfit.ledger.entries import BatchAccepted, BatchDuplicate, BatchQuarantined
from everfit.ports import DataStore, Ports
from everfit.spec import ModelSpec, load_spec
from everfit.steps.commit import commit
from everfit.steps.ingest import waiting
from everfit.steps.validate import validate
from everfit.stores import LocalStore
from everfit.stores.dvc import DvcStore
from everfit.stores.landing import open_landing
from everfit.values import Batch, Inspection
from tools.land_flights import land

os.environ["GX_ANALYTICS_ENABLED"] = "false"
MODEL = "flight_delays"
NOON = datetime(2013, 6, 1, 12, tzinfo=UTC)
NOISE = random.Random(7).randbytes(4_000)


@pytest.fixture(scope="session")
def months(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fiftieth of the flights of two months: read it, do not write to it."""
    root = tmp_path_factory.mktemp("months")
    land(root, ["2013-01", "2013-05"], 0.02)
    return root / "flights"


@dataclass(frozen=True)
class House:
    """An everfit with nothing but what ingest needs."""

    root: Path
    spec: ModelSpec
    ports: Ports

    @property
    def month(self) -> Path:
        return self.root / "landing" / "flights" / "2013-01"

    def deliver(self, source: Path) -> Path:
        return Path(shutil.copytree(source, self.root / "landing" / "flights" / source.name, dirs_exist_ok=True))

    def inspect(self) -> Inspection:
        (arrival,) = waiting(self.ports, self.spec)
        return validate(self.ports, self.spec, arrival)

    def ingest(self, attempt: str = "1"):
        return commit(self.ports, self.spec, self.inspect(), attempt)

    def view(self):
        return self.ports.ledger(MODEL).view()


@pytest.fixture
def house(tmp_path: Path, months: Path) -> House:
    ports = Ports(
        store=LocalStore(tmp_path / "store"),
        landing=open_landing(str(tmp_path / "landing")),
        data=DvcStore(str(tmp_path / "store" / "dvc"), tmp_path / "cache"),
        registry=None,
        target=None,
        clock=lambda: NOON,
        work=tmp_path / "work",
    )
    made = House(tmp_path, load_spec(MODEL), ports)
    made.deliver(months / "2013-01")
    return made


def content(folder: Path) -> Mapping[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "_SUCCESS"}


def quarantined(house: House, body: BatchQuarantined) -> Mapping[str, bytes]:
    store = house.ports.store
    return {Path(key).name: store.read(key) for key in store.list(body.quarantine)}


def change_flights(folder: Path, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    path = folder / "flights.parquet"
    change(pd.read_parquet(path)).to_parquet(path, index=False)


def cut(name: str, part: float) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        data = (folder / name).read_bytes()
        (folder / name).write_bytes(data[: int(len(data) * part)])

    return damage


def flights(**columns: object) -> Callable[[Path], None]:
    return lambda folder: change_flights(folder, lambda frame: frame.assign(**columns))


def retyped_planes(folder: Path) -> None:
    frame = pd.read_csv(folder / "planes.csv")
    frame.assign(seats=frame["seats"].astype(str).where(frame.index != 9, "many")).to_csv(
        folder / "planes.csv", index=False
    )


BAD = {
    "noise instead of parquet": (
        lambda folder: (folder / "flights.parquet").write_bytes(NOISE),
        "flights: a readable flights.parquet with rows in it, found that flights.parquet cannot be read: ",
    ),
    "noise instead of csv": (
        lambda folder: (folder / "planes.csv").write_bytes(NOISE),
        "planes: a readable planes.csv with rows in it, found that planes.csv cannot be read: ",
    ),
    "an empty file": (
        lambda folder: (folder / "weather.parquet").write_bytes(b""),
        "weather: a readable weather.parquet with rows in it, found that weather.parquet is empty (0 bytes)",
    ),
    "no rows": (
        lambda folder: change_flights(folder, lambda frame: frame.iloc[:0]),
        "flights: between 500 and 60,000 rows, found 0 rows",
    ),
    "a header and nothing else": (
        lambda folder: (folder / "planes.csv").write_bytes(
            (folder / "planes.csv").read_bytes().split(b"\n")[0] + b"\n"
        ),
        "planes: a readable planes.csv with rows in it, found 0 rows, 9 columns",
    ),
    "parquet that was cut off": (cut("flights.parquet", 0.6), "flights.parquet cannot be read: Parquet magic bytes"),
    "csv that was cut off": (cut("airports.csv", 0.5), "airports.csv cannot be read: CSV parse error"),
    "a missing file": (
        lambda folder: (folder / "planes.csv").unlink(),
        "planes: a readable planes.csv with rows in it, found no such file in the delivery",
    ),
    "no file at all": (
        lambda folder: [path.unlink() for path in folder.iterdir() if path.name != "_SUCCESS"],
        "flights: a readable flights.parquet with rows in it, found no such file in the delivery",
    ),
    "a missing column": (
        lambda folder: change_flights(folder, lambda frame: frame.drop(columns="arr_delay")),
        "flights: the 19 columns that are agreed on, found missing arr_delay",
    ),
    "an extra column": (flights(gate="B7"), "flights: the 19 columns that are agreed on, found unexpected gate"),
    "text in a column of numbers": (
        lambda folder: change_flights(
            folder, lambda f: f.assign(arr_delay=f["arr_delay"].astype(str).mask(f.index == 3, "late"))
        ),
        "flights.arr_delay: numbers, found text in 1 of 540 rows, such as 'late'",
    ),
    "text in a csv column of numbers": (
        retyped_planes,
        "planes.seats: numbers, found text in 1 of 3322 rows, such as 'many'",
    ),
    "a label that is constant": (
        flights(arr_delay=0.0),
        "label.late: at least two different values to learn from, found always 0 in 540 of 540 rows",
    ),
}


def test_a_good_month_is_kept_for_good(house: House):
    inspection = house.inspect()
    entry = commit(house.ports, house.spec, inspection, "1")

    assert inspection.accepted
    assert isinstance(entry.body, BatchAccepted)
    batch = entry.body.batch
    assert (batch.partition, batch.version, batch.rows, batch.label) == ("2013-01", 1, 540, "2013-01")
    assert entry.key == f"arrival:2013-01:{inspection.fingerprint}"
    assert content(house.ports.data.fetch(batch)) == content(house.month)
    assert "2013-01 is <em>accepted</em>" in house.ports.store.read(entry.body.report).decode()
    assert not waiting(house.ports, house.spec)
    assert [path.name for path in house.ports.work.iterdir()] == ["ledger"]  # a cache; no scratch folder is left


@pytest.mark.parametrize("what", BAD)
def test_a_bad_month_is_refused_and_kept_as_it_was_delivered(house: House, what: str):
    damage, reason = BAD[what]
    damage(house.month)
    delivered = content(house.month)
    entry = house.ingest()

    assert isinstance(entry.body, BatchQuarantined)
    assert any(reason in said for said in entry.body.reasons), entry.body.reasons
    assert quarantined(house, entry.body) == delivered
    report = house.ports.store.read(entry.body.report).decode()
    assert "2013-01 is <em>refused</em>" in report
    assert house.view().batches == ()
    assert not waiting(house.ports, house.spec)
    assert content(house.month) == delivered


def test_a_file_that_no_table_names_is_a_warning(house: House):
    (house.month / "notes.txt").write_text("hello")
    inspection = house.inspect()
    entry = commit(house.ports, house.spec, inspection, "1")

    assert isinstance(entry.body, BatchAccepted)
    (warning,) = [check for check in inspection.checks if not check.passed]
    assert (warning.severity, warning.found) == ("warning", "also notes.txt")


def test_a_half_written_month_is_seen_once_it_is_whole(house: House):
    marker = house.month / "_SUCCESS"
    marker.unlink()
    assert waiting(house.ports, house.spec) == []

    marker.touch()
    assert isinstance(house.ingest().body, BatchAccepted)


def test_the_same_month_again_is_a_duplicate(house: House):
    first = house.ingest()
    for path in house.month.iterdir():
        os.utime(path, (1, 1))
    inspection = house.inspect()
    second = commit(house.ports, house.spec, inspection, "1")

    assert (inspection.duplicate_of, inspection.checks) == (first.seq, ())
    assert inspection.report == first.body.report
    assert isinstance(second.body, BatchDuplicate)
    assert second.body.same_as == first.seq
    assert len(house.view().of(BatchAccepted)) == 1
    assert not waiting(house.ports, house.spec)


def test_a_refused_month_again_is_looked_at_anew(house: House):
    """The refusal may have been the expectations' fault: who mends them delivers the month once more."""
    (house.month / "planes.csv").write_bytes(NOISE)
    first = house.ingest()
    os.utime(house.month / "planes.csv", (1, 1))
    second = house.ingest()

    assert isinstance(second.body, BatchQuarantined)
    assert (second.body.sha256, second.body.reasons) == (first.body.sha256, first.body.reasons)


def test_a_source_that_goes_back_to_its_first_bytes_corrects_its_correction(house: House):
    first = house.ingest()
    before = {path.name: path.read_bytes() for path in house.month.iterdir()}
    change_flights(house.month, lambda frame: frame.iloc[:-7])
    assert house.ingest().body.batch.label == "2013-01 v2"
    for name, data in before.items():
        (house.month / name).write_bytes(data)
    back = house.ingest()

    assert (back.body.batch.label, back.body.batch.sha256) == ("2013-01 v3", first.body.batch.sha256)


def test_a_corrected_month_is_a_new_version(house: House):
    (house.month / "planes.csv").write_bytes(NOISE)
    assert isinstance(house.ingest().body, BatchQuarantined)
    land(house.root / "landing", ["2013-01"], 0.02)
    assert house.ingest().body.batch.version == 1

    change_flights(house.month, lambda frame: frame.iloc[:-7])
    corrected = house.ingest()

    assert isinstance(corrected.body, BatchAccepted)
    assert corrected.body.batch.label == "2013-01 v2"
    assert house.view().batches == ((corrected.seq, corrected.body.batch),)
    assert content(house.ports.data.fetch(corrected.body.batch)) == content(house.month)


def test_two_deliveries_of_the_same_bytes_looked_at_at_once_are_kept_once(house: House):
    one = house.inspect()
    for path in house.month.iterdir():
        os.utime(path, (1, 1))
    other = house.inspect()
    assert (one.duplicate_of, other.duplicate_of) == (None, None)

    first = commit(house.ports, house.spec, one, "1")
    second = commit(house.ports, house.spec, other, "1")

    assert isinstance(first.body, BatchAccepted)
    assert second.body == BatchDuplicate("2013-01", other.fingerprint, other.sha256, first.seq)


def test_a_month_that_is_rewritten_while_it_is_read_waits(house: House):
    (arrival,) = waiting(house.ports, house.spec)
    change_flights(house.month, lambda frame: frame.iloc[:-7])

    with pytest.raises(BatchChanged, match="was rewritten while it was being read"):
        validate(house.ports, house.spec, arrival)
    assert house.view().entries == ()
    assert house.ports.store.list("") == []
    assert not list(house.ports.work.iterdir())
    assert house.ingest().body.batch.rows == 533


def test_a_month_that_is_rewritten_after_it_was_staged_is_judged_as_it_was(house: House):
    delivered, inspection = content(house.month), house.inspect()
    change_flights(house.month, lambda frame: frame.iloc[:-7])
    entry = commit(house.ports, house.spec, inspection, "1")

    assert content(house.ports.data.fetch(entry.body.batch)) == delivered
    assert house.ingest().body.batch.version == 2


def test_a_wrong_label_in_the_spec_settles_nothing(house: House):
    (arrival,) = waiting(house.ports, house.spec)
    wrong = house.spec.model_copy(update={"label": "lat"})

    with pytest.raises(SpecError, match=r"features\.py: rows\(\) makes no column 'lat'.*did you mean 'late'"):
        validate(house.ports, wrong, arrival)
    assert house.view().entries == ()
    assert waiting(house.ports, house.spec) == [arrival]
    assert isinstance(house.ingest().body, BatchAccepted)


def test_a_broken_suite_settles_nothing_even_if_the_data_is_broken_too(house: House, tmp_path: Path):
    folder = Path(shutil.copytree(house.spec.folder, tmp_path / MODEL))
    suite = folder / "expectations" / "planes.json"
    suite.write_text(suite.read_text().replace("expect_column_values_to_be_unique", "expect_column_to_be_unique"))
    (house.month / "planes.csv").write_bytes(NOISE)
    (arrival,) = waiting(house.ports, house.spec)

    with pytest.raises(SpecError, match=r"planes\.json: expectation 4 .* GX has no such expectation"):
        validate(house.ports, house.spec.model_copy(update={"folder": folder}), arrival)
    assert house.view().entries == ()


def test_doing_it_all_again_changes_nothing(house: House):
    (arrival,) = waiting(house.ports, house.spec)
    one, again = validate(house.ports, house.spec, arrival), validate(house.ports, house.spec, arrival)
    assert one == again

    first = commit(house.ports, house.spec, one, "1")
    entries = house.view().entries
    late = validate(house.ports, house.spec, arrival)

    assert late.duplicate_of == first.seq
    assert [commit(house.ports, house.spec, late, "1"), commit(house.ports, house.spec, one, "2")] == [first, first]
    assert house.view().entries == entries


@dataclass(frozen=True)
class Dying:
    """A data store whose process dies right after the bytes are safe, or before."""

    inner: DataStore
    kept: bool

    def commit(self, folder: Path, name: str) -> str:
        if self.kept:
            self.inner.commit(folder, name)
        raise Unreachable("the power went out")

    def fetch(self, batch: Batch) -> Path:
        return self.inner.fetch(batch)


@pytest.mark.parametrize("kept", [True, False])
def test_a_crash_before_the_entry_loses_nothing(house: House, kept: bool):
    inspection = house.inspect()
    dying = replace(house.ports, data=Dying(house.ports.data, kept))

    with pytest.raises(Unreachable, match="the power went out"):
        commit(dying, house.spec, inspection, "1")
    assert house.view().batches == ()
    assert len(waiting(house.ports, house.spec)) == 1

    entry = commit(house.ports, house.spec, inspection, "2")
    assert content(house.ports.data.fetch(entry.body.batch)) == content(house.month)
    assert len(house.view().of(BatchAccepted)) == 1


@dataclass(frozen=True)
class Slow:
    """A data store so slow that a second attempt takes over meanwhile."""

    inner: DataStore
    meanwhile: Callable[[], object]

    def commit(self, folder: Path, name: str) -> str:
        pointer = self.inner.commit(folder, name)
        self.meanwhile()
        return pointer

    def fetch(self, batch: Batch) -> Path:
        return self.inner.fetch(batch)


def test_an_attempt_that_was_replaced_stops_without_an_entry(house: House):
    inspection = house.inspect()
    slow = Slow(house.ports.data, lambda: commit(house.ports, house.spec, inspection, "2"))

    with pytest.raises(FencedOut, match=r"'1' .* was replaced by attempt '2'"):
        commit(replace(house.ports, data=slow), house.spec, inspection, "1")
    (entry,) = house.view().of(BatchAccepted)
    assert entry.fence.attempt == "2"


def test_a_staged_copy_that_was_tampered_with_is_never_committed_and_made_again(house: House):
    inspection = house.inspect()
    staged = house.root / "store" / inspection.staged / "planes.csv"
    staged.chmod(0o644)
    staged.write_bytes(staged.read_bytes() + b"N1,2000,x,x,x,2,2,NA,x\n")

    with pytest.raises(Corrupted, match=r"planes\.csv has SHA-256"):
        commit(house.ports, house.spec, inspection, "1")
    assert house.view().batches == ()

    assert replace(house.inspect(), upto=inspection.upto) == inspection
    entry = commit(house.ports, house.spec, inspection, "2")
    assert content(house.ports.data.fetch(entry.body.batch)) == content(house.month)


def test_two_months_wait_in_order(house: House, months: Path):
    house.deliver(months / "2013-05")
    found = waiting(house.ports, house.spec)

    assert [arrival.partition for arrival in found] == ["2013-01", "2013-05"]
    for arrival in found:
        commit(house.ports, house.spec, validate(house.ports, house.spec, arrival), "1")
    assert [batch.partition for _, batch in house.view().batches] == ["2013-01", "2013-05"]
    assert house.ports.ledger(MODEL).verify() == 4
