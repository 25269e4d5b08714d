"""From landing place to ledger, with all that stands between: formats, withheld rows, manifests, rules, recalls.

Real files on a disk and on a real S3 server, a real DVC remote.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from everfit.ledger.entries import BatchAccepted, BatchDuplicate, BatchQuarantined, BatchRecalled, RowsErased
from everfit.ports import Ports
from everfit.spec import ModelSpec
from everfit.steps.commit import commit
from everfit.steps.erase import hashed
from everfit.steps.ingest import waiting
from everfit.steps.rows import read_tables
from everfit.steps.validate import validate
from everfit.stores import open_store
from everfit.stores.dvc import DvcStore
from everfit.values import Inspection
from tests.services import s3_server
from tests.steps.arriving import Source, local, on_s3

CODE = "INPUTS = ['page']\n\n\ndef features(rows, history):\n    return rows[['page']]\n"
SUITE = {
    "name": "visits",
    "expectations": [
        {
            "type": "expect_column_values_to_be_between",
            "kwargs": {"column": "page", "min_value": 0, "max_value": 99},
            "severity": "critical",
            "meta": {"on_failure": "quarantine_rows"},
        },
        {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "at"}, "severity": "critical"},
    ],
}
WRITERS: Mapping[str, Callable[[pd.DataFrame], bytes]] = {
    "parquet": lambda frame: frame.to_parquet(),
    "csv": lambda frame: frame.to_csv(index=False).encode(),
    "csv.gz": lambda frame: gzip.compress(frame.to_csv(index=False).encode()),
    "jsonl": lambda frame: frame.to_json(orient="records", lines=True, date_format="iso").encode(),
}


def visits(first: int, *pages: int) -> pd.DataFrame:
    """Two hundred good visits from number `first` on; the first ones are of these pages instead."""
    frame = pd.DataFrame(
        {
            "visit": range(first, first + 200),
            "page": [n % 7 for n in range(200)],
            "bought": [n % 3 == 0 for n in range(200)],
            "at": pd.date_range("2013-05-01", periods=200, freq="h").astype(str),
        }
    )
    frame["bought"] = frame["bought"].astype(int)
    frame.loc[range(len(pages)), "page"] = list(pages)
    return frame


@pytest.fixture(scope="module")
def s3() -> Iterator[dict[str, Any]]:
    with s3_server() as options:
        yield options


@dataclass
class Shop:
    """A model of one table, its landing place, store and DVC remote (all on S3 or all on a disk)."""

    source: Source
    ports: Ports
    root: Path

    def spec(self, **data: Any) -> ModelSpec:
        folder = self.root / "model"
        (folder / "expectations").mkdir(parents=True, exist_ok=True)
        (folder / "features.py").write_text(CODE)
        (folder / "expectations" / "visits.json").write_text(json.dumps(SUITE))
        tables = {"visits": {"file": "visits-*.csv", "quarantine_at_most": 0.02} | data.pop("table", {})}
        return ModelSpec(
            name="shop", task="binary", label="bought", time="at", folder=folder,
            data={"landing": "shop", "tables": tables, **data},
        )  # fmt: skip

    def deliver(self, partition: str, **files: bytes) -> None:
        for name, data in files.items():
            self.source.put(f"shop/{partition}/{name.replace('__', '.').replace('_', '-')}", data)
        self.source.put(f"shop/{partition}/_SUCCESS", b"")

    def inspect(self, spec: ModelSpec) -> list[Inspection]:
        return [validate(self.ports, spec, arrival) for arrival in waiting(self.ports, spec)]

    def deliver_again(self, spec: ModelSpec, partition: str, name: str, data: bytes) -> None:
        """The same bytes once more; S3 tells two deliveries of the same bytes apart by the second."""
        while not waiting(self.ports, spec):
            self.source.put(f"shop/{partition}/{name}", data)

    def settle(self, spec: ModelSpec):
        (inspection,) = self.inspect(spec)
        return commit(self.ports, spec, inspection, "1").body


@pytest.fixture(params=["local", "s3"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Shop:
    if request.param == "local":
        source, store, options = local(tmp_path), str(tmp_path / "store"), {}
    else:
        options = request.getfixturevalue("s3")
        source = on_s3(tmp_path, options)
        store = source.url.replace("/landing", "/everfit")
    ports = replace(
        source.ports,
        store=open_store(store, **({"cache": tmp_path / "copies", **options} if options else {})),
        data=DvcStore(f"{store}/dvc", tmp_path / "cache", **options),
    )
    return Shop(source, ports, tmp_path)


@pytest.mark.parametrize("kind", WRITERS)
def test_bad_rows_go_and_the_rest_is_the_batch(shop: Shop, kind: str) -> None:
    spec, write = shop.spec(table={"file": f"visits-*.{kind}"}), WRITERS[kind]
    ending = kind.replace(".", "__")
    first, second = visits(0, 100, -5), visits(200, 5, 777)
    shop.deliver("2013-05", **{f"visits_1__{ending}": write(first), f"visits_2__{ending}": write(second)})
    body = shop.settle(spec)

    assert isinstance(body, BatchAccepted)
    (withheld,) = body.withheld
    assert (withheld.rows, withheld.of, body.batch.rows) == (3, 400, 397)
    rows = read_tables(spec, shop.ports.data.fetch(body.batch))["visits"]
    good = pd.concat([first, second], ignore_index=True).query("0 <= page <= 99")
    assert rows["visit"].tolist() == good["visit"].tolist()
    assert rows["page"].tolist() == good["page"].tolist()
    bad = pd.read_parquet(shop.ports.store.local_file(withheld.file))
    assert bad["visit"].tolist() == [0, 1, 201]
    assert set(bad["everfit_reason"]) == {"page: wanted between 0 and 99"}


def test_too_many_bad_rows_stop_the_batch(shop: Shop) -> None:
    shop.deliver("2013-05", visits_1__csv=WRITERS["csv"](visits(0, 100, 101, 102, 103, 104)))
    body = shop.settle(shop.spec())

    assert isinstance(body, BatchQuarantined)
    assert body.reasons == ("visits: at most 2% of the rows withheld, found 5 of 200 (2.5%)",)


def test_the_same_delivery_with_bad_rows_again_is_a_duplicate(shop: Shop) -> None:
    spec, data = shop.spec(), WRITERS["csv"](visits(0, 100))
    shop.deliver("2013-05", visits_1__csv=data)
    first = shop.settle(spec)
    shop.deliver_again(spec, "2013-05", "visits-1.csv", data)
    (inspection,) = shop.inspect(spec)

    assert isinstance(first, BatchAccepted)
    assert first.delivered != first.batch.sha256
    assert inspection.duplicate_of == shop.ports.ledger("shop").view().batches[0][0]


def test_with_a_file_for_each_batch_it_is_the_same(shop: Shop) -> None:
    """Accepted, the same again, corrected: `shop/2013-05.csv` instead of a folder."""
    spec = shop.spec(each="file", table={"file": "*.csv"}, complete_when={"marker": "*.done"})
    data = WRITERS["csv"](visits(0))
    shop.source.put("shop/2013-05.csv", data)
    shop.source.put("shop/2013-05.csv.done", b"")
    first = shop.settle(spec)
    while not waiting(shop.ports, spec):
        shop.source.put("shop/2013-05.csv", data)
    again = shop.settle(spec)
    shop.source.put("shop/2013-05.csv", WRITERS["csv"](visits(0, 3)))
    corrected = shop.settle(spec)

    assert (first.batch.label, first.batch.files[0].name) == ("2013-05", "2013-05.csv")
    assert isinstance(again, BatchDuplicate)
    assert corrected.batch.label == "2013-05 v2"
    assert read_tables(spec, shop.ports.data.fetch(corrected.batch))["visits"]["page"][0] == 3


def test_other_bytes_than_the_manifest_says_are_refused_with_the_files_name(shop: Shop) -> None:
    spec = shop.spec(complete_when={"manifest": "manifest.json"})
    data = WRITERS["csv"](visits(0))
    listed = {"name": "visits-1.csv", "size": len(data), "sha256": hashlib.sha256(b"something else").hexdigest()}
    shop.source.put("shop/2013-05/visits-1.csv", data)
    shop.source.put("shop/2013-05/manifest.json", json.dumps({"files": [listed]}).encode())
    body = shop.settle(spec)

    assert isinstance(body, BatchQuarantined)
    assert "visits-1.csv" in body.reasons[0]


def test_recalled_bytes_are_refused_and_other_bytes_are_welcome(shop: Shop) -> None:
    spec, ledger = shop.spec(), shop.ports.ledger("shop")
    shop.deliver("2013-05", visits_1__csv=WRITERS["csv"](visits(0, 100)))
    shop.settle(spec)
    ((seq, _),) = ledger.view().batches
    recall = ledger.append("recall:1", BatchRecalled("2013-05", (seq,), (), "the clocks were wrong", "ann"))
    shop.deliver_again(spec, "2013-05", "visits-1.csv", WRITERS["csv"](visits(0, 100)))
    again = shop.settle(spec)

    assert isinstance(again, BatchQuarantined)
    assert f"these bytes were recalled in entry {recall.seq}, by ann: the clocks were wrong" in again.reasons[0]
    shop.deliver("2013-05", visits_1__csv=WRITERS["csv"](visits(0, 98)))
    assert shop.settle(spec).batch.label == "2013-05 v2"


ERASED = RowsErased("visits", "visit", "5a17", (hashed("5a17", "7"),), 1, (), (), (), "request 17", "ann")


def test_rows_that_were_erased_do_not_come_back(shop: Shop) -> None:
    spec, ledger = shop.spec(), shop.ports.ledger("shop")
    seq = ledger.append("erase:1", ERASED).seq
    shop.deliver("2013-05", visits_1__csv=WRITERS["csv"](visits(0)))
    shop.deliver("2013-06", visits_1__csv=WRITERS["csv"](visits(200)))
    again, other = (commit(shop.ports, spec, inspection, "1").body for inspection in shop.inspect(spec))

    assert isinstance(again, BatchQuarantined)
    assert f"no rows of keys that were erased, found 1 row of them (erased in entry {seq}, by ann)" in again.reasons[0]
    assert isinstance(other, BatchAccepted)


def test_nor_with_a_delivery_that_was_being_looked_at(shop: Shop) -> None:
    spec = shop.spec()
    shop.deliver("2013-05", visits_1__csv=WRITERS["csv"](visits(0)))
    (inspection,) = shop.inspect(spec)
    shop.ports.ledger("shop").append("erase:1", ERASED)

    assert inspection.accepted
    assert isinstance(commit(shop.ports, spec, inspection, "1").body, BatchQuarantined)


def test_two_batches_that_are_looked_at_side_by_side_do_not_both_get_in_with_the_same_keys(shop: Shop) -> None:
    spec = shop.spec(rules=[{"unique_across_batches": {"table": "visits", "columns": ["visit"]}}])
    shop.deliver("2013-05", visits_1__csv=WRITERS["csv"](visits(0)))
    shop.deliver("2013-06", visits_1__csv=WRITERS["csv"](visits(150)))
    inspections = shop.inspect(spec)
    first, second = (commit(shop.ports, spec, inspection, "1").body for inspection in inspections)

    assert all(inspection.accepted for inspection in inspections), "neither knew of the other"
    assert isinstance(first, BatchAccepted)
    assert isinstance(second, BatchQuarantined)
    assert "50 of 200 rows" in second.reasons[0]


def test_the_page_of_great_expectations_is_made_of_what_was_kept(shop: Shop) -> None:
    from everfit.steps.data_docs import page

    shop.deliver("2013-05", visits_1__csv=WRITERS["csv"](visits(0, 100)))
    body = shop.settle(shop.spec())

    assert b"1 of 2 expectations met" in page(shop.ports, body.data_docs)
