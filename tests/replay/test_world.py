"""What a world is made of: shelves that are shared and shelves that are not, a landing place as it was, policies."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from everfit.errors import Corrupted, DeployError
from everfit.replay.clock import Hands
from everfit.replay.landing import LandingSoFar
from everfit.replay.policies import policies
from everfit.replay.registry import FolderRegistry
from everfit.replay.shelves import Shelves
from everfit.replay.target import InProcess
from everfit.spec import RetrainSpec
from everfit.stores import LocalStore, open_store
from everfit.stores.landing import open_landing
from everfit.testing.stores import StoreConformance
from everfit.values import Route

JUNE = datetime(2013, 6, 1, tzinfo=UTC)


class TestShelves(StoreConformance):
    @pytest.fixture
    def store(self, tmp_path):
        return Shelves(LocalStore(tmp_path / "own"), LocalStore(tmp_path / "shared"), ("features",))


def test_only_what_is_common_is_shared(tmp_path):
    shared = open_store(str(tmp_path / "shared"))
    one, other = (Shelves(LocalStore(tmp_path / name), shared, ("features",)) for name in ("one", "other"))
    one.write("features/m/a.json", b"1")
    one.write("evidence/m/a.json", b"2")
    assert other.read("features/m/a.json") == b"1"
    assert not other.exists("evidence/m/a.json")
    assert one.list("") == ["evidence/m/a.json", "features/m/a.json"]


def test_what_has_not_landed_is_not_seen(tmp_path):
    for month in ("2013-05", "2013-06"):
        (tmp_path / "toy" / month).mkdir(parents=True)
        (tmp_path / "toy" / month / "rows.csv").write_text("a\n1\n")
    clock = Hands(JUNE)
    when = {"2013-05/rows.csv": JUNE, "2013-06/rows.csv": JUNE + timedelta(days=30)}
    landing = LandingSoFar(open_landing(str(tmp_path)), clock, when)
    assert [one.path for one in landing.look("toy", "folder")] == ["2013-05/rows.csv"]
    clock.turn(JUNE + timedelta(days=30))
    assert len(landing.look("toy", "folder")) == 2
    clock.turn(JUNE)
    assert len(landing.look("toy", "folder")) == 2, "time does not go back"


def test_a_policy_is_another_retrain_and_nothing_else(year):
    own = RetrainSpec(when=["new_data"], cooldown="6h")
    found = policies(year.spec.model_copy(update={"retrain": own}))
    assert found["default"].retrain == own
    assert found["never"].retrain.when == ()
    assert found["weekly"].retrain.crons == ("0 5 * * 1",)
    assert len({one.model_copy(update={"retrain": own}).spec_hash for one in found.values()}) == 1


def test_a_version_that_is_not_whole_does_not_serve(tmp_path):
    registry = FolderRegistry(tmp_path)
    target = InProcess(registry)
    assert target.follow(Route("m")) == {}
    with pytest.raises(DeployError, match="no version of m is loaded as champion"):
        target.predict("m", "champion", [])
    with pytest.raises(Corrupted, match=r"has no lineage/spec\.json"):
        registry.run_file("0" * 32, "lineage/spec.json")
