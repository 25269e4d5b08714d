"""Scoring whole batches: what is written, once and for all; who scores which row; what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pandas as pd
import pytest

from everfit.dealing import answers_by
from everfit.errors import DataError, FencedOut, NotEnoughData, Recalled, SpecError, UnknownName
from everfit.ledger.entries import AttemptOpened, BatchScored, BytesDeleted, Promoted
from everfit.ledger.scores import scores
from everfit.ledger.words import in_words
from everfit.steps import score_pieces
from everfit.steps.score_asked import to_score
from everfit.values import FileHash
from tests.services import s3_server
from tests.steps.mortal import Crash, counting, mortal
from tests.steps.scoring import CODE, ROWS, House, copied, furnished, house_in, trips

MAY = trips(5)
OF_EACH_OTHER = """
one_by_one = rows
def rows(tables):
    made = one_by_one(tables)
    return made.assign(hour=made["hour"] - made["hour"].mean())
"""


@pytest.fixture(scope="module")
def furnished_house(tmp_path_factory: pytest.TempPathFactory) -> House:
    return furnished(house_in(tmp_path_factory.mktemp("house"), f"toy_{uuid4().hex[:8]}"))


@pytest.fixture
def house(furnished_house: House, tmp_path: Path) -> House:
    return copied(furnished_house, tmp_path)


def test_every_row_has_the_champions_prediction(house: House) -> None:
    entry = house.score()
    frame = house.frame(entry.body.file)
    assert frame.columns.tolist() == ["id", "number", "time", "model", "version", "score", "flags"]
    assert frame["number"].tolist() == MAY["number"].tolist()
    assert frame["score"].tolist() == house.offline(1, MAY)
    assert (frame["time"] == MAY["leaves"]).all()
    assert (set(frame["version"]), set(frame["model"])) == ({1}, {house.spec.name})
    assert frame["id"].is_unique
    stem = Path(entry.body.file.key).stem
    assert frame["id"][0] == f"{stem}-000000000", "an id says which file it is in"
    strange = (MAY["carrier"] == "B6").tolist()
    assert [list(flags) == ["unseen_category:carrier"] for flags in frame["flags"]] == strange
    assert in_words(entry) == f"batch 2013-05 scored by version 1: 300 rows in {entry.body.file.key}"


def test_asked_again_it_says_what_is_there(house: House) -> None:
    first = house.score()
    head = house.ledger.view().head
    assert house.score(attempt="try-2") == first
    assert house.ledger.view().head == head


def test_the_same_work_has_the_same_bytes_wherever_it_is_done(furnished_house: House, tmp_path: Path) -> None:
    made = [copied(furnished_house, tmp_path / name).scored().file for name in ("here", "there")]
    assert made[0] == made[1]


def test_a_crash_anywhere_equals_no_crash(furnished_house: House, tmp_path: Path) -> None:
    undisturbed = copied(furnished_house, tmp_path / "undisturbed")
    undisturbed.stage(0.5, "plane", shadow=True)
    wanted = undisturbed.scored()
    moments = 0
    while True:
        dying = copied(furnished_house, tmp_path / str(moments))
        dying.stage(0.5, "plane", shadow=True)
        ports = mortal(dying.ports, counting(moments), store=("create", "put_file", "write"))
        try:
            replace(dying, ports=ports).score()
            break
        except Crash:
            moments += 1
        assert dying.scored(attempt="try-2") == wanted
        assert len(dying.ledger.view().of(BatchScored)) == 1
        assert len(dying.ports.store.list("scores")) == 1 + 2, "the answers, and what each version says of the others'"
        assert not list((dying.root / "work").glob("score-*"))
    assert moments >= 8


def test_an_old_attempt_that_wakes_up_leaves_no_receipt(house: House) -> None:
    class Sleepy:
        def __getattr__(self, name: str) -> Any:
            return getattr(house.ports.store, name)

        def put_file(self, *given: Any) -> Any:
            put = house.ports.store.put_file(*given)
            house.promote(2)
            assert house.scored(attempt="try-2").version == 2
            return put

    sleepy = replace(house, ports=replace(house.ports, store=Sleepy()))
    with pytest.raises(FencedOut, match=r"'try-1' .* was replaced by attempt 'try-2'"):
        sleepy.score()
    assert scores(house.ledger.view())["2013-05"].body.version == 2
    assert [entry.body.attempt for entry in house.ledger.view().of(AttemptOpened)] == ["try-1", "try-2"]


def test_another_champion_scores_anew_and_the_newest_counts(house: House) -> None:
    first = house.scored()
    house.promote(2)
    second = house.scored(attempt="try-2")
    assert (first.version, second.version) == (1, 2)
    assert house.frame(second.file)["score"].tolist() == house.offline(2, MAY)
    assert scores(house.ledger.view())["2013-05"].body == second
    assert house.frame(first.file)["version"].eq(1).all(), "what was said stays on record"


def test_a_corrected_batch_is_scored_anew_and_so_is_one_that_goes_back(house: House) -> None:
    first = house.scored()
    corrected = MAY.assign(hour=MAY["hour"] - 3)
    house.accept(5, corrected)
    assert to_score(house.ports, house.spec) == ("2013-05",)
    second = house.scored(attempt="try-2")
    assert house.frame(second.file)["score"].tolist() == house.offline(1, corrected)
    house.accept(5)
    third = house.scored(attempt="try-3")
    assert (third.file, third.batch > second.batch) == (first.file, True)
    assert scores(house.ledger.view())["2013-05"].body == third
    assert to_score(house.ports, house.spec) == ()


def test_what_waits_was_accepted_since_there_is_a_champion(house: House) -> None:
    assert to_score(house.ports, house.spec) == ("2013-05",)
    house.accept(6)
    assert to_score(house.ports, house.spec) == ("2013-05", "2013-06")
    assert to_score(house.ports, house.spec, most=1) == ("2013-05",)
    house.score()
    assert to_score(house.ports, house.spec) == ("2013-06",)
    assert house.scored("2013-01", "by hand").rows == 300, "an older one is scored when somebody asks"


def test_nobody_scores_before_there_is_a_champion(tmp_path: Path) -> None:
    empty = house_in(tmp_path, "empty")
    empty.accept(5)
    assert to_score(empty.ports, empty.spec) == ()
    with pytest.raises(NotEnoughData, match="empty has no champion yet"):
        empty.score()


def test_a_recalled_batch_is_refused(house: House) -> None:
    scored = house.score()
    house.recall("2013-05")
    with pytest.raises(Recalled, match=r"batch 2013-05 of \w+ was taken back in entry \d+"):
        house.score(attempt="try-2")
    assert scores(house.ledger.view()) == {}, f"entry {scored.seq} counts no more"
    with pytest.raises(UnknownName, match=r"no accepted batch of \w+ '2013-11'"):
        house.score("2013-11")


def test_a_batch_recalled_meanwhile_leaves_nothing(house: House) -> None:
    class Meanwhile:
        def __getattr__(self, name: str) -> Any:
            return getattr(house.ports.store, name)

        def put_file(self, *given: Any) -> Any:
            house.recall("2013-05")
            return house.ports.store.put_file(*given)

    slow = replace(house, ports=replace(house.ports, store=Meanwhile()))
    with pytest.raises(Recalled, match="was taken back: its scores do not count"):
        slow.score()
    assert house.ports.store.list("scores") == []
    assert not house.ledger.view().of(BatchScored)


def test_a_frozen_version_scores_nothing(house: House) -> None:
    house.score()
    house.recall("2013-01")
    with pytest.raises(Recalled, match=r"champion 1 of .* is frozen"):
        house.score(attempt="try-2")
    assert scores(house.ledger.view()) == {}


def test_bytes_that_retention_removed(house: House) -> None:
    ((_, batch),) = [found for found in house.ledger.view().batches if found[1].partition == "2013-05"]
    house.ledger.append("deleted", BytesDeleted((f"{batch.label} {batch.sha256}",), 2, 9))
    with pytest.raises(DataError, match=r"the bytes of batch 2013-05 of .* were deleted"):
        house.score()


# A canary on batches


def test_the_challenger_scores_its_share_of_the_planes(house: House) -> None:
    house.stage(0.3, "plane")
    body = house.scored()
    frame = house.frame(body.file)
    route = house.ledger.view().route(house.spec.name)
    dealt = [answers_by(route, plane) for plane in MAY["plane"]]
    assert frame["version"].tolist() == [{"champion": 1, "challenger": 2}[side] for side in dealt]
    by_version = {version: house.offline(version, MAY) for version in (1, 2)}
    assert frame["score"].tolist() == [by_version[version][row] for row, version in enumerate(frame["version"])]
    assert (body.version, body.challenger, body.challenged) == (1, 2, dealt.count("challenger"))
    assert 0.1 < body.challenged / body.rows < 0.5
    assert frame["version"][MAY["plane"].isna()].eq(1).all(), "nobody in particular is the champion's"


def test_whose_plane_the_challenger_has_it_keeps_as_its_share_grows(house: House) -> None:
    house.accept(6)
    house.stage(0.2, "plane")
    few = house.frame(house.scored().file)["version"]
    house.stage(0.6, "plane", 2)
    many = house.frame(house.scored(attempt="try-2").file)["version"]
    assert many[few == 2].eq(2).all()
    assert many.eq(2).sum() > few.eq(2).sum()
    june = house.frame(house.scored("2013-06").file)["version"]
    by_plane = pd.concat(
        [pd.DataFrame({"plane": MAY["plane"], "version": many}), june.to_frame().assign(plane=trips(6)["plane"])]
    )
    assert by_plane.groupby("plane")["version"].nunique().eq(1).all()


def test_without_a_key_rows_are_dealt_out_by_their_places(house: House) -> None:
    house.stage(0.5)
    first = house.frame(house.scored().file)["version"]
    assert 0.35 < first.eq(2).mean() < 0.65
    house.stage(0.9, number=2)
    second = house.frame(house.scored(attempt="try-2").file)["version"]
    assert second[first == 2].eq(2).all()


def test_a_key_that_the_rows_do_not_have(house: House) -> None:
    house.stage(0.5, "plain")
    with pytest.raises(SpecError, match=r"rows\(\) makes no column 'plain', by which .*; did you mean 'plane'"):
        house.score()


def test_whoever_is_in_the_shadow_scores_into_a_file_of_its_own(house: House) -> None:
    alone = house.scored()
    house.stage(0.0, shadow=True)
    body = house.scored(attempt="try-2")
    official, shadow = house.frame(body.file), house.frame(body.shadows[2])
    assert official.drop(columns="id").equals(house.frame(alone.file).drop(columns="id"))
    assert shadow["id"].tolist() == official["id"].tolist()
    assert shadow["score"].tolist() == house.offline(2, MAY)
    assert shadow["version"].eq(2).all()
    assert "version 2 in the shadow" in in_words(house.ledger.entries()[-1])


def test_with_a_share_and_a_shadow_only_the_champions_rows_are_scored_twice(house: House) -> None:
    house.stage(0.4, "plane", shadow=True)
    body = house.scored()
    official, shadow = house.frame(body.file), house.frame(body.shadows[2])
    assert shadow["id"].tolist() == official["id"][official["version"] == 1].tolist()
    assert len(shadow) == body.rows - body.challenged


def test_versions_with_other_rows_cannot_share_them(house: House) -> None:
    house.add_version(3, CODE + ROWS + "\nall_rows = rows\ndef rows(tables): return all_rows(tables).iloc[1:]\n", 2)
    house.promote(3)
    assert house.scored().rows == 299
    house.ledger.append("promoted:back", Promoted(1, 3, 0, 3, 0.0))
    house.stage(0.5)
    assert house.scored(attempt="try-2").rows == 300, "2 and 1 agree"


# In pieces


@pytest.fixture
def in_small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(score_pieces, "ROWS", 64)


@pytest.mark.usefixtures("in_small_pieces")
@pytest.mark.parametrize("in_pieces", [False, True])
def test_pieces_change_nothing(house: House, in_pieces: bool, tmp_path: Path, furnished_house: House) -> None:
    house.stage(0.4, "plane", shadow=True)
    mine = house.but(key=("number", "plane"), in_pieces=in_pieces)
    body = mine.scored()
    assert len(house.frame(body.file)) == 300
    whole = copied(furnished_house, tmp_path / "whole").but(key=("number", "plane"))
    whole.stage(0.4, "plane", shadow=True)
    other = whole.scored()
    pd.testing.assert_frame_equal(house.frame(body.file), whole.frame(other.file))
    pd.testing.assert_frame_equal(house.frame(body.shadows[2]), whole.frame(other.shadows[2]))


@pytest.mark.usefixtures("in_small_pieces")
def test_rows_that_know_of_each_other_are_not_made_in_pieces(house: House) -> None:
    knowing = ROWS + OF_EACH_OTHER
    house.promote(house.add_version(4, CODE + knowing, 2))
    assert house.scored().rows == 300
    with pytest.raises(SpecError, match="take `in_pieces` out of the spec's `score`"):
        house.but(key=("number", "plane"), in_pieces=True).score(attempt="try-2")


def test_a_key_column_that_nobody_makes(house: House) -> None:
    with pytest.raises(SpecError, match=r"rows\(\) makes no column 'nunber', .*; did you mean 'number'"):
        house.but(key=("nunber",)).score()


def test_a_spec_without_the_part(house: House) -> None:
    silent = replace(house, spec=house.spec.model_copy(update={"score": None}))
    with pytest.raises(SpecError, match=r"model.yaml has no `score`"):
        silent.score()


# On S3


def test_the_scores_lie_on_s3_as_on_a_disk(furnished_house: House, tmp_path: Path) -> None:
    from everfit.stores.s3 import connect

    with s3_server() as options:
        connect(**options).create_bucket(Bucket="lake")
        here = house_in(tmp_path, furnished_house.spec.name, "s3://lake/everfit", **options)
        for entry in furnished_house.ledger.entries():
            here.ledger.append(entry.key, entry.body)
        here.accept(6)
        body = here.scored("2013-06")
        assert here.ports.store.list("scores") == [body.file.key]
        assert here.frame(body.file)["score"].tolist() == here.offline(1, trips(6))
        assert FileHash.of(here.ports.store.local_file(body.file)).sha256 == body.file.sha256
        assert here.scored("2013-06", "try-2") == body
