"""Scoring deliveries of rows whose outcome nobody knows yet: the same expectations, less those about the outcome."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pandas as pd
import pytest

from everfit.errors import NotEnoughData, SpecError
from everfit.ledger.entries import BatchScored, ScoringRefused
from everfit.ledger.scores import scores
from everfit.ledger.words import in_words
from everfit.spec import ScoreSpec
from everfit.steps.erase import ErasureOrder, erase
from everfit.steps.ingest import waiting
from everfit.steps.leftovers import leftovers
from everfit.steps.score_asked import to_score
from everfit.values import batch_sha256
from tests.steps.mortal import Crash, counting, mortal
from tests.steps.scoring import SUITES, House, copied, furnished, house_in, trips

JUNE = trips(6).drop(columns="late")
SAID = {"of": "landing", "folder": "to_score", "key": ("number", "plane"), "unknown": {"trips": ("late",)}}


@pytest.fixture(scope="module")
def furnished_house(tmp_path_factory: pytest.TempPathFactory) -> House:
    return furnished(house_in(tmp_path_factory.mktemp("house"), f"toy_{uuid4().hex[:8]}"))


@pytest.fixture
def house(furnished_house: House, tmp_path: Path) -> House:
    made = copied(furnished_house, tmp_path).but(**SAID)
    made.land("2013-06", JUNE)
    return made


def test_rows_without_an_outcome_are_scored_as_a_batch_is(house: House) -> None:
    assert to_score(house.ports, house.spec) == ("2013-06",)
    body = house.scored("2013-06")
    frame = house.frame(body.file)
    assert frame["score"].tolist() == house.offline(1, trips(6))
    assert frame["plane"].isna().tolist() == JUNE["plane"].isna().tolist()
    assert (body.batch, body.rows) == (0, 300)
    assert to_score(house.ports, house.spec) == ()
    assert not waiting(house.ports, house.spec), "it is nothing to learn from"


def test_what_is_not_known_is_not_looked_at_even_where_it_was_delivered(house: House) -> None:
    plain = house.scored("2013-06")
    house.land("2013-07", trips(6))
    told = house.scored("2013-07")
    assert house.frame(told.file)["score"].equals(house.frame(plain.file)["score"])


def test_a_delivery_that_breaks_its_expectations_is_refused_and_not_looked_at_again(house: House) -> None:
    house.land("2013-06", JUNE.assign(hour=JUNE["hour"] + 20))
    entry = house.score("2013-06")
    assert isinstance(entry.body, ScoringRefused)
    (reason,) = entry.body.reasons
    assert "hour" in reason
    assert in_words(entry) == f"batch 2013-06 was not scored: {reason}"
    assert b"hour" in house.ports.store.read(entry.body.report)
    assert (to_score(house.ports, house.spec), house.ports.store.list("scores")) == ((), [])
    head = house.ledger.view().head
    assert house.score("2013-06", "try-2") == entry
    assert house.ledger.view().head == head
    house.land("2013-06", JUNE)
    assert to_score(house.ports, house.spec) == ("2013-06",), "delivered anew, it is welcome"
    assert house.scored("2013-06", "try-3").rows == 300


def test_bad_rows_are_withheld_where_the_suite_says_so(house: House) -> None:
    suite = house.spec.suite_path("trips")
    taking_out = '"max_value": 23}, "meta": {"on_failure": "quarantine_rows"}}'
    suite.write_text(SUITES["trips"].replace('"max_value": 23}}', taking_out))
    house.land("2013-06", JUNE.assign(hour=JUNE["hour"].where(JUNE["number"] != 7, 99)))
    body = house.scored("2013-06")
    assert (body.rows, body.withheld) == (299, 1)
    assert 7 not in house.frame(body.file)["number"].tolist()


def test_a_delivery_that_is_written_anew_counts_once_it_is_scored(house: House) -> None:
    first = house.scored("2013-06")
    house.land("2013-06", JUNE.assign(hour=JUNE["hour"] - 2))
    second = house.scored("2013-06", "try-2")
    assert second.file.key != first.file.key
    assert scores(house.ledger.view())["2013-06"].body == second
    touched = house.land("2013-06", JUNE)
    third = house.scored("2013-06", "try-3")
    assert (third.file, third.fingerprint != first.fingerprint) == (first.file, True)
    assert scores(house.ledger.view())["2013-06"].body == third
    (touched / "_SUCCESS").unlink()
    with pytest.raises(NotEnoughData, match=r"no complete delivery '2013-06' is in to_score"):
        house.score("2013-06", "try-4")


def test_a_crash_anywhere_equals_no_crash(furnished_house: House, tmp_path: Path) -> None:
    moments = 0
    while True:
        dying = copied(furnished_house, tmp_path / str(moments)).but(**SAID)
        dying.land("2013-06", JUNE)
        ports = mortal(dying.ports, counting(moments), store=("create", "put_file", "write"))
        try:
            replace(dying, ports=ports).score("2013-06")
            break
        except Crash:
            moments += 1
        body = dying.scored("2013-06", "try-2")
        assert dying.frame(body.file)["score"].tolist() == dying.offline(1, trips(6))
        assert len(dying.ledger.view().of(BatchScored)) == len(dying.ports.store.list("scores")) == 1
    assert moments >= 12


def test_bytes_that_were_recalled_are_refused(house: House) -> None:
    june = house.land("2013-06", trips(6))
    house.accept(6)
    ((entry),) = house.ledger.view().accepted("2013-06")
    assert entry.body.batch.sha256 == batch_sha256(entry.body.batch.files)
    house.recall("2013-06")
    refused = house.score("2013-06")
    assert isinstance(refused.body, ScoringRefused), june
    assert "were recalled" in refused.body.reasons[0]


def test_rows_that_are_erased_are_erased_from_the_scores(house: House) -> None:
    body = house.scored("2013-06")
    one = str(JUNE["plane"].dropna().iloc[0])
    order = ErasureOrder("trips", "plane", (one,), "asked", "ann", "salt")
    found = erase(house.ports, house.spec, order, lambda _: None)
    assert found is not None
    assert not house.ports.store.exists(body.file.key)
    for path in (house.root / "store").rglob("*"):
        data = path.read_bytes() if path.is_file() else b""
        data = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
        text = pd.read_parquet(path).to_csv().encode() if data[:4] == b"PAR1" else data
        assert one.encode() not in text, path


def test_scores_that_count_stay_and_older_ones_may_go(house: House) -> None:
    first = house.scored("2013-06")
    house.land("2013-06", JUNE.assign(hour=JUNE["hour"] - 2))
    second = house.scored("2013-06", "try-2")
    kept = {thing.prefixes[0]: thing.needed for thing in leftovers(house.spec.name, house.ledger.view(), {})}
    assert kept[first.file.key] == ""
    assert kept[second.file.key] == "they are the newest of their batch"
    copies = f"staged/{house.spec.name}/2013-06-{first.fingerprint}/"
    assert kept[copies] == ""


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ({"of": "landing"}, "found no folder with of: landing; wanted one"),
        ({"folder": "to_score"}, "found 'to_score' with of: batches"),
        ({"unknown": {"trips": ["late"]}}, "of an accepted batch everything is known"),
        ({"of": "landing", "folder": "trips"}, "where batches to learn from arrive"),
        ({"of": "landing", "folder": "x", "unknown": {"trip": []}}, "no table 'trip'; did you mean 'trips'"),
        ({"key": ["version"]}, "found 'version', which is a column that everfit writes itself"),
        ({"key": ["a", "a"]}, "found a column twice"),
        ({"cron": "often"}, "found 'often'"),
    ],
)
def test_a_wrong_score_part_says_what_is_wrong(house: House, said: dict[str, object], wrong: str) -> None:
    given = house.spec.model_dump(exclude={"gates", "score"}) | {"score": said}
    with pytest.raises(SpecError, match=wrong):
        type(house.spec)(**given)
    assert ScoreSpec().look is None
    assert ScoreSpec(of="landing", folder="x").look == "*/15 * * * *"
