"""Rows erased by key: from batches, copies, tables, evidence and pages; real store, real DVC, real MLflow."""

from __future__ import annotations

import gzip
import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from everfit.errors import Corrupted, DataError, UnknownName
from everfit.ledger.entries import (
    BatchAccepted,
    BatchQuarantined,
    BytesDeleted,
    ModelRegistered,
    Promoted,
    RetrainAsked,
    RowsErased,
)
from everfit.predictions import Prediction, loads_in, pack, segments, unpack
from everfit.spec import MonitorSpec
from everfit.steps.erase import ErasureOrder, erase, hashed, shared_with
from everfit.steps.erasure_search import Sought, search
from everfit.steps.monitor import monitor
from everfit.steps.recall import refusal
from everfit.steps.reproduce import lineage_of, reproduce
from everfit.stores.dvc import DvcStore
from everfit.validation.erasing import Wanted
from everfit.values import Batch, FileHash, batch_sha256
from tests.predictions.answers import LOAD
from tests.services import Service
from tests.steps.judging import CODE, House, build, month
from tests.steps.mortal import Crash, counting, mortal

ORDER = ErasureOrder("trips", "card", ("C-1003", "C-1007"), "asked on 2013-06-01", "ann", "salt")


@pytest.fixture
def house(mlflow: Service, tmp_path: Path) -> House:
    made = build(tmp_path, mlflow.url)
    made.code(CODE)
    return made


def trips(number: int, cards: range) -> pd.DataFrame:
    frame = month(number)
    return frame.assign(card=[f"C-{1000 + cards[place % len(cards)]}" for place in range(len(frame))])


def accept(house: House, number: int, cards: range, staged: bool = True) -> int:
    """A month as an accepted batch, with the staged copy and the page of its delivery."""
    partition = f"2013-{number:02}"
    folder = house.root / "delivered" / f"{partition}-{cards.start}"
    folder.mkdir(parents=True)
    path = folder / "trips.parquet"
    trips(number, cards).to_parquet(path, index=False)
    file = FileHash.of(path)
    sha256 = batch_sha256([file])
    pointer = house.ports.data.commit(folder, f"trips-{partition}")
    version = 1 + sum(e.body.batch.partition == partition for e in house.ledger.view().of(BatchAccepted))
    fingerprint = f"f{cards.start}"
    if staged:
        house.ports.store.put_file(f"staged/{house.spec.name}/{partition}-{fingerprint}/trips.parquet", path)
    page = f"reports/{house.spec.name}/{partition}-{fingerprint}.html"
    house.ports.store.write(page, b"<p>card C-1003 is odd</p>" if 3 in cards else b"<p>all is well</p>")
    batch = Batch(partition, version, sha256, 560, (file,), pointer)
    return house.ledger.append(f"arrival:{partition}:{fingerprint}", BatchAccepted(batch, fingerprint, page)).seq


def hunt(house: House, *keys: str) -> list[str]:
    """Every file under the store that has one of the keys, in whatever it holds."""
    found = []
    for path in sorted((house.root / "store").rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            data = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
            text = pd.read_parquet(path).astype(str).to_csv() if data[:4] == b"PAR1" else data.decode(errors="replace")
            if any(key in text for key in keys):
                found.append(path.relative_to(house.root / "store").as_posix())
    return found


def go(house: House, order: ErasureOrder = ORDER):
    return erase(house.ports, house.spec, order, lambda _: None)


def test_the_rows_are_gone_everywhere_and_others_stay(house: House) -> None:
    for number, cards in ((1, range(10)), (2, range(20, 30)), (3, range(10))):
        accept(house, number, cards)
    store, name = house.ports.store, house.spec.name
    store.put_file(f"quarantine/{name}/2013-09/x/trips.parquet", house.root / "delivered/2013-01-0/trips.parquet")
    rows = [{"carrier": "AA", "card": "C-1007"}, {"carrier": "UA"}]
    asked = Prediction("1", house.ports.clock(), name, 1, "champion", rows, [0.5, 0.25])
    store.create(*pack([asked], [LOAD]))
    torn = f"{segments(store, name)[0].key[:-25]}{'0' * 16}.jsonl.gz"
    store.write(torn, b"torn")
    house.ledger.append(
        "q", BatchQuarantined("2013-09", "f", "x", ("found C-1003",), "r", f"quarantine/{name}/2013-09/x")
    )
    version = house.trained("one").register()
    house.crown(version.version)
    before = {b.partition: house.ports.data.fetch(b) / "trips.parquet" for _, b in house.ledger.view().batches}
    wanted = {p: pd.read_parquet(path) for p, path in before.items()}
    assert hunt(house, *ORDER.keys)

    (done,) = go(house)

    assert hunt(house, *ORDER.keys) == [next(k for k in store.list("ledger") if b"C-1003" in store.read(k))]
    view = house.ledger.view()
    assert [b.label for _, b in view.batches] == ["2013-01 v2", "2013-02", "2013-03 v2"]
    for _, batch in view.batches:
        left = pd.read_parquet(house.ports.data.fetch(batch) / "trips.parquet")
        rows = wanted[batch.partition]
        pd.testing.assert_frame_equal(left, rows[~rows["card"].isin(ORDER.keys)].reset_index(drop=True))
        assert batch.rows == len(left)
    (erased,) = view.of(RowsErased)
    assert erased.body.rows == 4 * 560 // 10
    assert erased.body.keys == tuple(sorted(hashed("salt", key) for key in ORDER.keys))
    assert [view.entries[seq - 1].body.batch.label for seq in erased.body.replaced_by] == ["2013-01 v2", "2013-03 v2"]  # type: ignore[union-attr]
    assert (done.versions, done.back_to, done.stranded) == ((1,), None, 1)
    assert len(view.of(RetrainAsked)) == len(view.of(BytesDeleted)) == 1
    assert not store.list(f"features/{name}")
    assert store.list(f"reports/{name}") == [f"reports/{name}/2013-02-f20.html", f"reports/{name}/judged-one.html"]
    (left,) = [segment for segment in segments(store, name) if segment.key != torn]
    assert [one.rows for one in unpack(store.read(left.key))] == [[{"carrier": "UA"}]]
    assert loads_in(store.read(left.key)) == [LOAD]
    assert search(house.ports, house.spec, Sought("trips", ORDER.wanted), lambda _: None).unreadable == (torn,)


def test_what_monitors_keep_goes_with_the_rows(house: House) -> None:
    """A carrier is a person here: a group of rows in which the champion is looked at has its name."""
    for number in (1, 2, 3):
        accept(house, number, range(20, 30))
    house.crown(house.trained("one").register().version)
    accept(house, 4, range(20, 30))
    watched = replace(house, spec=house.spec.model_copy(update={"monitor": MonitorSpec(of="batches", season="59d")}))
    look = monitor(watched.ports, watched.spec, print)
    store, name = house.ports.store, house.spec.name
    folders = {key.split("/")[2] for key in store.list(f"monitor/{name}")}
    assert folders == {"1", "looks", "spans"}
    assert b"carrier WN" in store.read(look.body.evidence.key)
    store.write(look.body.report, store.read(look.body.report) + b"<p>carrier WN</p>")

    go(watched, ErasureOrder("trips", "carrier", ("WN",), "asked on 2013-06-01", "ann", "salt"))

    assert store.list(f"monitor/{name}") == []
    assert not store.exists(look.body.report)
    assert hunt(house, "WN") == [f"ledger/{name}/{look.seq:08}.json"]
    assert search(house.ports, house.spec, Sought("trips", Wanted.of("carrier", ("WN",))), print).told == (look.seq,)
    said: list[str] = []
    assert monitor(watched.ports, watched.spec, said.append) is None
    assert "was judged on were erased" in said[0]


def test_erased_twice_is_erased_once(house: House) -> None:
    accept(house, 1, range(10))
    assert len(go(house)) == 1
    head = house.ledger.view().head
    assert go(house) == ()
    assert house.ledger.view().head == head


def test_older_and_recalled_versions_lose_their_bytes_too(house: House) -> None:
    first, second = accept(house, 1, range(10)), accept(house, 1, range(3, 12))
    third = accept(house, 1, range(20, 30))
    go(house)
    view = house.ledger.view()
    (erased,) = view.of(RowsErased)
    assert (erased.body.batches, erased.body.replaced_by) == ((first, second), (third, third))
    assert [b.label for _, b in view.batches] == ["2013-01 v3"]
    fresh = DvcStore(str(house.root / "store" / "dvc"), house.root / "fresh")
    for seq in (first, second):
        with pytest.raises(Corrupted, match="is not in the DVC remote any more"):
            fresh.fetch(view.entries[seq - 1].body.batch)  # type: ignore[union-attr]


def test_a_batch_of_nothing_else_is_gone(house: House) -> None:
    accept(house, 1, range(3, 4))
    go(house)
    view = house.ledger.view()
    assert view.batches == ()
    assert view.of(RowsErased)[0].body.replaced_by == (0,)


def test_the_old_bytes_are_refused_when_they_come_again(house: House) -> None:
    seq = accept(house, 1, range(10))
    (done,) = go(house)
    old = house.ledger.entries()[seq - 1].body.batch  # type: ignore[union-attr]
    found = refusal(house.ledger.view(), "2013-01", old.sha256)
    assert found is not None
    assert found.found == (
        f"these bytes had rows that were erased in entry {done.decision.seq}, by ann: asked on 2013-06-01"
    )
    (_, new), *_ = house.ledger.view().batches
    assert refusal(house.ledger.view(), "2013-01", new.sha256) is None


def test_a_clean_champion_serves_again_and_the_version_cannot_be_made_again(house: House, tmp_path: Path) -> None:
    for number in (1, 2):
        accept(house, number, range(20, 30))
    house.trained("clean").register()
    house.crown(1)
    accept(house, 3, range(10))
    trained = house.trained("knows")
    judgement = trained.judge()
    version = house.ports.registry.register(trained.candidate, {})
    house.ledger.append("registered:knows", ModelRegistered(version, judgement.entry))
    house.ledger.append("promoted:2", Promoted(2, 1, judgement.entry, 200, 0.0))
    (done,) = go(house)
    assert (done.versions, done.back_to) == ((2,), 1)
    assert house.ports.registry.alias(house.spec.name, "champion") == 1
    lineage = lineage_of(house.ports, house.spec.name, 2)
    with pytest.raises(DataError, match="2013-03 were deleted"):
        reproduce(house.ports, lineage, tmp_path / "into", print)
    made = reproduce(house.ports, lineage_of(house.ports, house.spec.name, 1), tmp_path / "clean", print)
    assert made.equal


def test_bytes_that_another_model_shares_stay_until_it_erases_too(house: House) -> None:
    seq = accept(house, 1, range(10), staged=False)
    body = house.ledger.entries()[seq - 1].body
    other = replace(house, spec=house.spec.model_copy(update={"name": "other_trips"}))
    other.ledger.append("arrival", body)
    go(house)
    batch = body.batch  # type: ignore[union-attr]
    assert shared_with(house.ports, house.spec, [batch]) == {"other_trips": ("2013-01",)}
    fresh = DvcStore(str(house.root / "store" / "dvc"), house.root / "fresh")
    assert fresh.fetch(batch)
    go(other)
    assert shared_with(house.ports, house.spec, [batch]) == {}
    with pytest.raises(Corrupted, match="is not in the DVC remote any more"):
        DvcStore(str(house.root / "store" / "dvc"), house.root / "fresher").fetch(batch)


def test_what_cannot_be_read_is_left_to_a_person(house: House) -> None:
    accept(house, 1, range(10))
    key = f"quarantine/{house.spec.name}/2013-09/x/trips.parquet"
    house.ports.store.write(key, b"PAR1 torn")
    found = search(house.ports, house.spec, Sought("trips", ORDER.wanted), lambda _: None)
    assert found.unreadable == (key,)
    assert found.rows == 2 * 56
    go(house)
    assert house.ports.store.exists(key)


def test_a_page_that_nothing_can_be_compared_with_goes_if_it_shows_a_key(house: House) -> None:
    accept(house, 1, range(20, 30))
    store, name = house.ports.store, house.spec.name
    store.write(f"reports/{name}/2012-12-f1.html", b"<p>odd: C&#45;1003</p>")
    store.write(f"reports/{name}/2012-11-f1.html", b"<p>odd: C-1004</p>")
    go(house)
    assert store.list(f"reports/{name}") == [f"reports/{name}/2012-11-f1.html", f"reports/{name}/2013-01-f20.html"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"table": "trip"}, "no table of trips_.* 'trip'; did you mean 'trips'"),
        ({"column": "cards"}, "no column of trips 'cards'; did you mean 'card'"),
    ],
)
def test_a_slip_of_the_pen_is_no_erasure(house: House, change: dict[str, Any], said: str) -> None:
    accept(house, 1, range(10))
    with pytest.raises(UnknownName, match=said):
        go(house, replace(ORDER, **change))


def test_keys_are_in_no_text_of_an_order() -> None:
    assert "C-1003" not in repr(ORDER) + repr(ORDER.wanted) + repr(Sought("t", Wanted.of("c", ["C-1003"])))


@pytest.mark.parametrize("moment", range(22))
def test_a_crash_equals_no_crash(house: House, moment: int) -> None:
    accept(house, 1, range(10))
    accept(house, 2, range(5))
    house.trained("one").register()
    ports = house.ports
    effects = {"store": ("create", "write", "delete"), "data": ("commit", "delete"), "registry": ("set_alias", "tag")}
    with suppress(Crash):
        erase(mortal(ports, counting(2 * moment), **effects), house.spec, ORDER, lambda _: None)
    go(house, replace(ORDER, salt="another salt"))
    view = house.ledger.view()
    assert hunt(house, *ORDER.keys) == []
    assert [b.label for _, b in view.batches] == ["2013-01 v2", "2013-02 v2"]
    kinds = [entry.kind for entry in view.entries if entry.kind not in {"run_triggered", "candidate_judged"}]
    once = ["rows_erased", "retrain_asked", "bytes_deleted"]
    assert [kind for kind in kinds if kind in once] == once
    assert view.touched == {1}
    assert json.loads(ports.store.read(ports.store.list("ledger")[0]))["seq"] == 1
