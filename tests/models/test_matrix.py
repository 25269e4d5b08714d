"""In memory or in external memory: the same model, within the memory that was stated, and nothing left behind."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xgboost

from everfit.errors import DataError, TooLarge
from everfit.models import Part, Rows, Stop, Terms, Training
from everfit.models.memory import MB, in_words
from everfit.models.xgb import matrix, size
from everfit.models.xgboost import XGBoost

NAMES, KINDS = ["x", "kind", "noise"], ["q", "c", "q"]


@dataclass(frozen=True)
class Pieces:
    """Rows that come in pieces of `most`."""

    whole: Rows
    most: int

    @property
    def rows(self) -> int:
        return self.whole.rows

    def pieces(self) -> Iterator[Rows]:
        for begin in range(0, self.rows, self.most):
            yield self.whole.take(slice(begin, begin + self.most))


def block(rows: int, seed: int = 1, *, weighted: bool = False) -> Rows:
    random = np.random.default_rng(seed)
    found = np.column_stack([random.normal(size=rows), random.integers(0, 12, rows), random.normal(size=rows)])
    truth = found[:, 0] + np.isin(found[:, 1], [1, 5, 7]) * 2 + random.normal(scale=0.3, size=rows)
    found[random.random(found.shape) < 0.05] = np.nan
    weights = random.random(rows).astype(np.float32) if weighted else None
    return Rows(found.astype(np.float32), (truth > 1).astype(np.float32), weights)


def training(part: Part) -> Training:
    return Training("binary", NAMES, KINDS, part, block(500, 2))


def least(data: Training, algorithm: XGBoost) -> size.Need:
    """What this training needs."""
    watched = [size.survey(data.holdout)] * 2
    return size.need(size.survey(data.train), watched, algorithm._trees(data, 2))


def terms(said: list[str], folder: Path, memory: int = 0) -> Terms:
    return Terms("cpu", 7, said.append, memory=memory, scratch=folder)


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """So small that a few thousand rows fill many."""
    monkeypatch.setattr(size, "PAGE_CELLS", 3 * 1024)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"subsample": 0.6, "colsample_bytree": 0.7},
        {"extra": {"booster": "dart", "rate_drop": 0.3}},
        {"extra": {"max_leaves": 9, "grow_policy": "lossguide"}},
        {"max_bin": 1000, "max_depth": 3},
    ],
    ids=lambda settings: " ".join(settings) or "plain",
)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.usefixtures("small_pages")
def test_the_bytes_are_the_same_in_external_memory(settings: dict[str, Any], weighted: bool, tmp_path: Path) -> None:
    algorithm = XGBoost(rounds=12, **settings)
    data = training(Pieces(block(6000, weighted=weighted), 1700))
    needs, said = least(data, algorithm), []
    assert needs.external < needs.in_memory
    inside = algorithm.fit(data, terms(said, tmp_path))
    outside = algorithm.fit(data, terms(said, tmp_path, needs.external))
    assert outside.model == inside.model
    assert outside.curves == inside.curves
    assert (inside.facts["matrix"], outside.facts["matrix"]) == ("in memory", "in external memory")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("small_pages")
def test_the_size_of_the_pieces_is_nothing_to_the_model(tmp_path: Path) -> None:
    whole, algorithm = block(6000), XGBoost(rounds=10, subsample=0.8)
    parts: list[Part] = [whole, *(Pieces(whole, most) for most in (6000, 4096, 999))]
    assert len({algorithm.fit(training(part), terms([], tmp_path)).model for part in parts}) == 1
    memory = least(training(whole), algorithm).external
    assert len({algorithm.fit(training(part), terms([], tmp_path, memory)).model for part in (whole, parts[-1])}) == 1


def test_it_is_said_beforehand(tmp_path: Path) -> None:
    data, algorithm, said = training(Pieces(block(200_000), 50_000)), XGBoost(rounds=1), []
    needs = least(data, algorithm)
    algorithm.fit(data, terms(said, tmp_path, 10**9))
    assert f"200,000 rows of 3 columns need about {in_words(needs.in_memory)}; 1.0 GB may be taken: in memory" in said


@pytest.mark.usefixtures("small_pages")
def test_less_memory_than_that_means_external_memory_and_says_so(tmp_path: Path) -> None:
    data, algorithm, said = training(Pieces(block(6000), 1000)), XGBoost(rounds=1), []
    needs = least(data, algorithm)
    algorithm.fit(data, terms(said, tmp_path, needs.in_memory - 1))
    (line,) = [line for line in said if "external" in line]
    assert line.endswith(f"may be taken: in external memory, with about {in_words(needs.external)}")


def test_what_does_not_fit_at_all_is_refused_before_it_costs_anything(tmp_path: Path) -> None:
    with pytest.raises(
        TooLarge, match=r"needs about \d+ MB even in external memory, and 2 MB may be taken: allow more"
    ):
        XGBoost(rounds=1).fit(training(block(1000)), terms([], tmp_path / "new", 2 * MB))
    assert not (tmp_path / "new").exists()


@pytest.mark.usefixtures("small_pages")
def test_a_disk_without_room_is_found_out_beforehand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, algorithm = training(Pieces(block(6000), 1000)), XGBoost(rounds=1)
    usage = matrix.shutil.disk_usage(tmp_path)
    monkeypatch.setattr(matrix.shutil, "disk_usage", lambda _: usage._replace(free=1000))
    with pytest.raises(TooLarge, match=r"of disk in .*, which has 0 MB left: free some"):
        algorithm.fit(data, terms([], tmp_path, least(data, algorithm).external))


@pytest.mark.filterwarnings("error")
@pytest.mark.usefixtures("small_pages")
def test_a_training_that_fails_leaves_no_pages(tmp_path: Path) -> None:
    data, algorithm = training(Pieces(block(6000), 1000)), XGBoost(rounds=5)

    def end(_: object) -> None:
        raise KeyboardInterrupt

    given = replace(terms([], tmp_path, least(data, algorithm).external), each_round=end)
    with pytest.raises(KeyboardInterrupt):
        algorithm.fit(data, given)
    assert list(tmp_path.iterdir()) == []


def test_what_goes_wrong_in_a_piece_is_told_as_it_is(tmp_path: Path) -> None:
    class Breaking(Pieces):
        reads = 0

        def pieces(self) -> Iterator[Rows]:
            Breaking.reads += 1
            yield from super().pieces()
            if Breaking.reads > 2:
                raise DataError("the disk is gone")

    with pytest.raises(DataError, match="the disk is gone"):
        XGBoost(rounds=1).fit(training(Breaking(block(900), 300)), terms([], tmp_path))


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize("external", [False, True])
def test_groups_and_weights_reach_the_matrix(external: bool, tmp_path: Path) -> None:
    """Groups that a piece ends in the middle of are whole again."""
    rows = 5000
    groups = np.repeat(np.arange(rows // 10), 10)
    whole = replace(block(rows), groups=groups.astype(np.int64))
    data = replace(training(Pieces(whole, 1234)), task="ranking")
    made = matrix.Binned(data, 64, 1, tmp_path if external else None).learnt()
    assert made.get_uint_info("group_ptr").tolist() == list(range(0, rows + 1, 10))
    both = replace(whole, weights=np.repeat(np.arange(rows // 10), 10).astype(np.float32))
    heavy = matrix.Binned(replace(data, train=Pieces(both, 1234)), 64, 1, tmp_path if external else None).learnt()
    assert heavy.get_weight().tolist() == list(range(rows // 10))
    weighted = training(Pieces(block(rows, weighted=True), 1234))
    kept = matrix.Binned(weighted, 64, 1, tmp_path if external else None).learnt()
    np.testing.assert_array_equal(kept.get_weight(), weighted.train.whole.weights)  # type: ignore[attr-defined]


@pytest.mark.usefixtures("small_pages")
def test_a_large_watched_part_is_kept_as_the_learnt_one_is(tmp_path: Path) -> None:
    data = replace(training(Pieces(block(4000), 1000)), stop=Stop(Pieces(block(3000, 3), 1000), 5))
    binned = matrix.Binned(data, 64, 1, tmp_path)
    learnt = binned.learnt()
    assert data.stop is not None
    kinds = [type(binned.watched(part, learnt)) for part in (data.stop.part, data.holdout)]
    assert kinds == [xgboost.ExtMemQuantileDMatrix, xgboost.QuantileDMatrix]
