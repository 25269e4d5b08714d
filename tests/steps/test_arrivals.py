"""Which deliveries are taken, and when: on a disk and on a real S3 server."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from everfit.errors import BatchChanged, DataError
from everfit.ledger.entries import BatchLate, BatchQuarantined
from everfit.spec import ModelSpec
from everfit.steps import deliveries
from everfit.steps.ingest import leave_uncounted, look, waiting
from everfit.steps.manifest import read_manifest
from everfit.steps.rows import read_tables
from everfit.steps.staging import Staged, stage
from everfit.steps.tell_late import tell_late
from everfit.values import Arrival, digest
from tests.services import s3_server
from tests.steps.arriving import Source, local, model, on_s3

VISITS, ITEMS = b"page,bought\n1,0\n2,1\n3,0\n", b"item\n7\n"
TWO_TABLES = {"visits": {"file": "visits-*.csv"}, "items": {"file": "items.csv"}}


@pytest.fixture(scope="module")
def s3() -> Iterator[dict[str, Any]]:
    with s3_server() as options:
        yield options


@pytest.fixture(params=["local", "s3"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Source:
    return local(tmp_path) if request.param == "local" else on_s3(tmp_path, request.getfixturevalue("s3"))


@pytest.fixture(autouse=True)
def _warns_anew() -> None:
    deliveries._skip.cache_clear()


def manifest(**files: bytes) -> bytes:
    """A manifest of files, whose names have `__` for a dot and `_` for a dash."""
    listed = [
        {"name": name.replace("__", "."), "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for name, data in files.items()
    ]
    return json.dumps({"files": listed}).encode()


def settle(source: Source, spec: ModelSpec, arrival: Arrival) -> None:
    """What became of it does not matter here: it is settled."""
    body = BatchQuarantined(arrival.partition, arrival.fingerprint, "0" * 64, (), "", "")
    source.ports.ledger(spec.name).append(f"arrival:{arrival.partition}:{arrival.fingerprint}", body)


# A file being written is never taken ---------------------------------------------------------------------------------

WAYS: dict[str, tuple[dict[str, Any], str, Callable[[str, bytes], tuple[str, bytes]] | None]] = {
    "marker": ({}, "2013-05/visits.csv", lambda name, data: ("2013-05/_SUCCESS", b"")),
    "manifest": (
        {"complete_when": {"manifest": "manifest.json"}},
        "2013-05/visits.csv",
        lambda name, data: ("2013-05/manifest.json", manifest(visits__csv=data)),
    ),
    "unchanged": ({"complete_when": {"unchanged_for": 30}}, "2013-05/visits.csv", None),
    "file, marker": (
        {"each": "file", "tables": {"visits": {"file": "*.csv"}}, "complete_when": {"marker": "*.done"}},
        "2013-05.csv",
        lambda name, data: (f"{name}.done", b""),
    ),
    "file, manifest": (
        {"each": "file", "tables": {"visits": {"file": "*.csv"}}, "complete_when": {"manifest": "*.json"}},
        "2013-05.csv",
        lambda name, data: (
            f"{name}.json",
            json.dumps(
                {"files": [{"name": name, "size": len(data), "md5": hashlib.md5(data).hexdigest().upper()}]}
            ).encode(),
        ),
    ),
    "file, unchanged": (
        {"each": "file", "tables": {"visits": {"file": "*.csv"}}, "complete_when": {"unchanged_for": 30}},
        "2013-05.csv",
        None,
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_file_that_is_being_written_is_never_taken(source: Source, way: str) -> None:
    """A slow writer: after each piece that it writes, somebody looks."""
    data, name, completed = WAYS[way]
    spec = model(**data)
    for end in range(1, len(VISITS) + 1, 4):
        source.put(f"shop/{name}", VISITS[:end])
        source.later(29)
        assert source.takes(spec) == []
    source.put(f"shop/{name}", VISITS)
    if completed:
        mark, text = completed(name, VISITS)
        if text:
            source.put(f"shop/{mark}", text[: len(text) // 2])
            assert source.takes(spec) == [], "half a manifest is none"
        source.put(f"shop/{mark}", text)
    else:
        assert source.takes(spec) == []
        source.later(29.9)
        assert source.takes(spec) == []
        source.later(0.1)
    (arrival,) = waiting(source.ports, spec)
    assert (arrival.partition, arrival.files) == ("2013-05", (name.rpartition("/")[2],))
    staged = stage(source.ports, spec, arrival)
    assert staged.files[0].sha256 == hashlib.sha256(VISITS).hexdigest()
    assert all(check.passed for check in staged.promised)


@pytest.mark.parametrize("way", [way for way in WAYS if "manifest" in way])
def test_a_manifest_that_comes_first_waits_for_every_byte(source: Source, way: str) -> None:
    data, name, completed = WAYS[way]
    assert completed
    mark, text = completed(name, VISITS)
    source.put(f"shop/{mark}", text)
    for end in range(1, len(VISITS), 4):
        source.put(f"shop/{name}", VISITS[:end])
        assert source.takes(model(**data)) == []
    source.put(f"shop/{name}", VISITS)
    assert len(source.takes(model(**data))) == 1


@pytest.mark.parametrize("way", WAYS)
def test_what_changes_while_it_is_copied_is_not_taken(source: Source, way: str) -> None:
    data, name, completed = WAYS[way]
    spec = model(**data)
    source.put(f"shop/{name}", VISITS)
    if completed:
        mark, text = completed(name, VISITS)
        source.put(f"shop/{mark}", text)
    waiting(source.ports, spec)
    source.later(60)
    (arrival,) = waiting(source.ports, spec)
    source.put(f"shop/{name}", VISITS.replace(b"1", b"9"))
    with pytest.raises(BatchChanged, match=r"2013-05 was rewritten"):
        stage(source.ports, spec, arrival)
    assert [key for key in source.ports.store.list("") if key.startswith("staged")] == []


@pytest.mark.parametrize("change", [("c.csv", b""), ("_SUCCESS", None)], ids=["joined", "reopened"])
def test_what_is_opened_again_is_not_taken(source: Source, change: tuple[str, bytes | None]) -> None:
    spec = model()
    for name in ("visits.csv", "_SUCCESS"):
        source.put(f"shop/2013-05/{name}", VISITS)
    (arrival,) = waiting(source.ports, spec)
    source.put(f"shop/2013-05/{change[0]}", change[1])
    with pytest.raises(BatchChanged, match=r"2013-05 was rewritten"):
        stage(source.ports, spec, arrival)


# What a delivery is --------------------------------------------------------------------------------------------------


def test_deliveries_come_in_order_and_unsafe_ones_hold_up_nobody(
    source: Source, caplog: pytest.LogCaptureFixture
) -> None:
    for path in ("2013-06/visits.csv", "2013-06/_SUCCESS", "2013-05/_SUCCESS", "2013 07/_SUCCESS", "_SUCCESS"):
        source.put(f"shop/{path}", b"")
    source.put("others/2013-04/_SUCCESS", b"")
    for _ in range(3):
        assert source.takes(model()) == [("2013-05", ()), ("2013-06", ("visits.csv",))]
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert ["'2013 07'" in warning for warning in warnings] == [True]


def test_a_marker_that_is_touched_again_changes_nothing_and_a_file_does(source: Source) -> None:
    spec = model()
    for name in ("visits.csv", "_SUCCESS"):
        source.put(f"shop/2013-05/{name}", b"1")
    (first,) = waiting(source.ports, spec)
    settle(source, spec, first)
    source.put("shop/2013-05/_SUCCESS", b"again")
    assert source.takes(spec) == []
    source.put("shop/2013-05/visits.csv", b"2")
    assert [arrival.fingerprint != first.fingerprint for arrival in waiting(source.ports, spec)] == [True]


def test_a_fingerprint_of_the_first_release_is_still_known(source: Source) -> None:
    """Else every delivery that was ever settled would be looked at anew after an update."""
    for name in ("visits.csv", "_SUCCESS"):
        source.put(f"shop/2013-05/{name}", b"1")
    (seen,) = [one for one in source.ports.landing.look("shop", "folder") if one.name == "visits.csv"]
    (arrival,) = waiting(source.ports, model())
    assert arrival.fingerprint == digest(["_SUCCESS", ["visits.csv", seen.size, seen.tag]])[:16]


def test_each_file_alone_is_a_batch_with_versions_of_its_own(source: Source) -> None:
    spec = model(each="file", tables={"visits": {"file": "visits-*.csv"}}, complete_when={"marker": "*.done"})
    for name in ("visits-2013-06.csv", "visits-2013-05.csv", "visits-2013-05.csv.done", "notes.csv", "notes.csv.done"):
        source.put(f"shop/{name}", VISITS)
    (arrival,) = waiting(source.ports, spec)
    assert (arrival.partition, arrival.files) == ("2013-05", ("visits-2013-05.csv",))
    settle(source, spec, arrival)
    source.put("shop/visits-2013-06.csv.done", b"")
    assert source.takes(spec) == [("2013-06", ("visits-2013-06.csv",))]
    source.put("shop/visits-2013-05.csv", VISITS + b"4,1\n")
    (again, _) = waiting(source.ports, spec)
    assert (again.partition, again.fingerprint == arrival.fingerprint) == ("2013-05", False)
    assert stage(source.ports, spec, again).files[0].name == "visits-2013-05.csv"


def test_many_files_of_one_table_are_its_parts_in_order(source: Source) -> None:
    spec = model(tables=TWO_TABLES)
    for name in ("visits-2.csv", "visits-10.csv", "visits-1.csv", "items.csv", "notes.txt", "_SUCCESS"):
        source.put(f"shop/2013-05/{name}", b"1")
    (arrival,) = waiting(source.ports, spec)
    assert spec.data.parts(arrival.files) == {
        "visits": ("visits-1.csv", "visits-10.csv", "visits-2.csv"),
        "items": ("items.csv",),
    }
    assert spec.data.unnamed(arrival.files) == ("notes.txt",)
    assert spec.data.parts(["notes.txt"]) == {"visits": (), "items": ()}


def test_the_parts_of_a_table_are_read_as_one(tmp_path: Path) -> None:
    for name, text in {"visits-2.csv": b"page\n2\n", "visits-1.csv": b"page\n1\n", "items.csv": ITEMS}.items():
        (tmp_path / name).write_bytes(text)
    tables = read_tables(model(tables=TWO_TABLES), tmp_path)
    assert {name: table.to_dict("list") for name, table in tables.items()} == {
        "visits": {"page": [1, 2]},
        "items": {"item": [7]},
    }


def test_only_so_many_are_looked_into_at_once(source: Source) -> None:
    spec = model()
    for day in range(10, 20):
        source.put(f"shop/2013-05-{day}/_SUCCESS", b"")
    assert [arrival.partition for arrival in waiting(source.ports, spec, most=3)] == [
        "2013-05-10",
        "2013-05-11",
        "2013-05-12",
    ]


# Manifests -----------------------------------------------------------------------------------------------------------


def test_a_manifest_waits_for_all_its_files_and_takes_no_others(source: Source) -> None:
    spec = model(complete_when={"manifest": "manifest.json"}, tables=TWO_TABLES)
    source.put("shop/2013-05/manifest.json", manifest(visits_1__csv=VISITS, items__csv=ITEMS))
    source.put("shop/2013-05/visits_1.csv", VISITS)
    source.put("shop/2013-05/being-written.tmp", b"half")
    assert source.takes(spec) == []
    source.put("shop/2013-05/items.csv", ITEMS + b"more")
    assert source.takes(spec) == []
    source.put("shop/2013-05/items.csv", ITEMS)
    assert source.takes(spec) == [("2013-05", ("items.csv", "visits_1.csv"))]
    staged = stage(source.ports, spec, waiting(source.ports, spec)[0])
    assert [(check.passed, check.found) for check in staged.promised] == [(True, "2 files with them")]


@pytest.mark.parametrize("checksum", ["sha256", "md5"])
def test_other_bytes_than_the_manifest_lists_are_a_failed_check_and_no_error(source: Source, checksum: str) -> None:
    spec = model(complete_when={"manifest": "manifest.json"})
    listed = {"name": "visits.csv", "size": len(VISITS), checksum: hashlib.new(checksum, VISITS).hexdigest()}
    source.put("shop/2013-05/manifest.json", json.dumps({"files": [listed]}).encode())
    source.put("shop/2013-05/visits.csv", VISITS.replace(b"1", b"9"))
    (arrival,) = waiting(source.ports, spec)
    staged = stage(source.ports, spec, arrival)
    (check,) = staged.promised
    assert (check.passed, check.severity) == (False, "critical")
    assert check.wanted == "the bytes of visits.csv that manifest.json lists"
    assert stage(source.ports, spec, arrival).promised == (check,), "also of a copy that was staged before"
    settle(source, spec, arrival)
    assert source.takes(spec) == []
    source.put("shop/2013-05/visits.csv", VISITS)
    (mended,) = waiting(source.ports, spec)
    assert all(check.passed for check in stage(source.ports, spec, mended).promised)


def test_a_manifest_that_is_corrected_is_a_new_delivery(source: Source) -> None:
    spec = model(complete_when={"manifest": "manifest.json"})
    source.put("shop/2013-05/visits.csv", VISITS)
    wrong = {"name": "visits.csv", "size": len(VISITS), "md5": "0" * 32}
    source.put("shop/2013-05/manifest.json", json.dumps({"files": [wrong]}).encode())
    settle(source, spec, waiting(source.ports, spec)[0])
    source.put("shop/2013-05/manifest.json", manifest(visits__csv=VISITS))
    assert len(source.takes(spec)) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b'{"files": [{"name"', "cannot be read as"),
        (b'{"file": []}', "cannot be read as"),
        (b"[1]", "cannot be read as"),
        (b'{"files": [{"name": "a.csv", "size": "big", "md5": "0"}]}', "cannot be read as"),
        (b'{"files": [{"name": "a.csv", "size": 1}]}', "without a checksum"),
    ],
)
def test_what_is_no_manifest_says_so(text: bytes, said: str) -> None:
    with pytest.raises(DataError, match=rf"m\.json .*{said}"):
        read_manifest(text, "m.json")


def test_a_copy_that_was_staged_before_manifests_were_known_is_still_read() -> None:
    from everfit.values import load

    assert load(Staged, {"folder": "staged/shop/x", "files": []}).promised == ()


# Enough to count, and late -------------------------------------------------------------------------------------------


def test_a_delivery_counts_with_enough_files(source: Source) -> None:
    spec = model(tables=TWO_TABLES, counts_when={"files": 2})
    for name in ("visits-1.csv", "_SUCCESS"):
        source.put(f"shop/2013-05/{name}", VISITS)
    assert source.takes(spec) == []
    source.put("shop/2013-05/items.csv", ITEMS)
    assert len(source.takes(spec)) == 1


def test_rows_are_counted_once_over_all_parts_of_the_main_table(source: Source) -> None:
    spec = model(tables=TWO_TABLES, counts_when={"rows": 5})
    ports, counted = source.ports, []

    def count(ports, data, delivery):
        from everfit.steps.ingest import count_rows

        counted.append(delivery.partition)
        return count_rows(ports, data, delivery)

    def ready() -> int:
        return len(look(ports, ports.ledger("shop"), spec.data, count=count).ready)

    for name in ("visits-1.csv", "items.csv", "_SUCCESS"):
        source.put(f"shop/2013-05/{name}", VISITS)
    assert len(look(ports, ports.ledger("shop"), spec.data, count=leave_uncounted).ready) == 1, "worth waking up for"
    assert (ready(), ready(), counted) == (0, 0, ["2013-05"])
    assert len(look(ports, ports.ledger("shop"), spec.data, count=leave_uncounted).ready) == 0
    source.put("shop/2013-05/visits-2.csv", VISITS)
    assert (ready(), ready(), counted) == (1, 1, ["2013-05"] * 2)
    assert list(source.root.glob("work/*")) == []


def test_rows_that_cannot_be_counted_are_for_validation_to_judge(source: Source) -> None:
    spec = model(counts_when={"rows": 5}, tables={"visits": {"file": "visits.parquet"}})
    for name in ("visits.parquet", "_SUCCESS"):
        source.put(f"shop/2013-05/{name}", b"no parquet")
    assert len(source.takes(spec)) == 1


LATE = {
    "short of rows": ({"rows": 5}, ["visits.csv", "_SUCCESS"], "3 of at least 5 rows"),
    "short of files": ({"files": 3}, ["visits.csv", "_SUCCESS"], "1 of at least 3 files"),
    "without its marker": ({}, ["visits.csv"], "_SUCCESS is not there"),
}


@pytest.mark.parametrize("what", LATE)
def test_of_a_late_delivery_a_person_is_told_once_and_it_is_taken_when_it_is_whole(source: Source, what: str) -> None:
    wanted, names, lacks = LATE[what]
    spec = model(counts_when={**wanted, "within": 3600})
    for name in names:
        source.put(f"shop/2013-05/{name}", VISITS)
    assert (source.takes(spec), source.overdue(spec)) == ([], ())
    source.later(3600)
    assert source.overdue(spec) == ()
    source.later(1)
    (late,) = source.overdue(spec)
    assert late.body.lacks == lacks
    assert (source.now[0] - late.body.since).total_seconds() == 3601

    ports = source.ports
    (told,) = tell_late(ports, spec, "run-1", "1")
    assert told == late.body
    assert tell_late(ports, spec, "run-1", "2") == (told,), "the first try may have died before anybody was told"
    assert tell_late(ports, spec, "run-2", "1") == ()
    assert source.overdue(spec) == ()
    source.put("shop/2013-05/notes.txt", b"another state of it")
    source.later(9999)
    assert (source.takes(spec), source.overdue(spec)) == ([], ())
    assert len(ports.ledger("shop").view().of(BatchLate)) == 1

    source.put("shop/2013-05/visits.csv", VISITS + VISITS.split(b"\n", 1)[1])
    for name in ("_SUCCESS", "items.csv"):
        source.put(f"shop/2013-05/{name}", b"")
    (arrival,) = waiting(ports, spec)
    settle(source, spec, arrival)
    assert (source.takes(spec), json.loads(ports.store.read("arrivals/shop/seen.json"))) == ([], [])


def test_a_partition_that_was_settled_can_be_late_again(source: Source) -> None:
    spec = model(counts_when={"files": 2, "within": 60})
    for name in ("visits.csv", "_SUCCESS"):
        source.put(f"shop/2013-05/{name}", VISITS)
    source.takes(spec)
    source.later(61)
    assert len(tell_late(source.ports, spec, "run-1", "1")) == 1
    source.put("shop/2013-05/items.csv", ITEMS)
    settle(source, spec, waiting(source.ports, spec)[0])
    source.put("shop/2013-05/items.csv", None)
    source.put("shop/2013-05/visits.csv", VISITS * 2)
    source.takes(spec)
    source.later(61)
    (late,) = source.overdue(spec)
    assert late.key == "late:2013-05:2"


def test_who_asks_for_nothing_remembers_nothing(source: Source) -> None:
    source.put("shop/2013-05/visits.csv", VISITS)
    assert source.takes(model()) == []
    assert source.ports.store.list("") == []


def test_a_lost_memory_only_costs_time(source: Source) -> None:
    spec = model(complete_when={"unchanged_for": 30})
    source.put("shop/2013-05/visits.csv", VISITS)
    assert source.takes(spec) == []
    source.later(30)
    source.ports.store.write("arrivals/shop/seen.json", b"torn{")
    assert source.takes(spec) == []
    source.later(30)
    assert len(source.takes(spec)) == 1


def test_settled_partitions_cost_one_listing(tmp_path: Path) -> None:
    source, spec = local(tmp_path), model(complete_when={"manifest": "manifest.json"})
    looks = []

    class Watched:
        def look(self, *asked):
            looks.append(asked)
            return source.ports.landing.look(*asked)

        def fetch(self, *asked):
            raise AssertionError("nothing of a settled delivery is read")

    for number in range(50):
        source.put(f"shop/p{number}/manifest.json", manifest(visits__csv=VISITS))
        source.put(f"shop/p{number}/visits.csv", VISITS)
    for arrival in waiting(source.ports, spec):
        settle(source, spec, arrival)
    watched = replace(source.ports, landing=Watched())
    assert waiting(watched, spec) == []
    assert looks == [("shop", "folder")]
