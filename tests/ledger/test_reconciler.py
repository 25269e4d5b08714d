from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from everfit.errors import DeployError, Unreachable
from everfit.ledger import Ledger
from everfit.ledger.entries import DeploymentFailed, DeploymentStarted, StageEntered
from everfit.ledger.reconciler import reconcile
from everfit.testing.fakes import FakeRegistry, FakeTarget
from everfit.values import Route
from tests.ledger.bodies import promoted, registered, rolled_back

MOMENT = datetime(2013, 6, 1, tzinfo=UTC)


@pytest.fixture
def registry() -> FakeRegistry:
    return FakeRegistry()


def decide(ledger: Ledger) -> None:
    for version in (1, 2, 3):
        ledger.append(f"registered:{version}", registered(version))
    ledger.append("promoted:1", promoted(1))
    ledger.append("promoted:2", promoted(2, 1))


def test_aliases_follow_the_ledger(ledger: Ledger, registry: FakeRegistry) -> None:
    assert reconcile("m", ledger, registry) == {"champion": None, "previous": None, "challenger": None}
    assert registry.sets == []
    decide(ledger)
    assert reconcile("m", ledger, registry) == {"champion": 2, "previous": 1, "challenger": 3}
    assert registry.aliases == {("m", "champion"): 2, ("m", "previous"): 1, ("m", "challenger"): 3}


def test_only_what_differs_is_set(ledger: Ledger, registry: FakeRegistry) -> None:
    decide(ledger)
    reconcile("m", ledger, registry)
    registry.sets.clear()
    reconcile("m", ledger, registry)
    assert registry.sets == []
    registry.aliases["m", "champion"] = 1  # somebody moved it by hand
    registry.aliases["other", "champion"] = 9
    ledger.append("back", rolled_back(1, 2))
    reconcile("m", ledger, registry)
    assert registry.sets == [("previous", None)]
    assert registry.aliases["other", "champion"] == 9


def test_a_crash_half_way_is_made_good(ledger: Ledger) -> None:
    class Dying(FakeRegistry):
        def set_alias(self, model: str, name: str, version: int | None) -> None:
            super().set_alias(model, name, version)
            self.down = True

    decide(ledger)
    registry = Dying()
    for _ in range(3):
        registry.down = False
        with pytest.raises(Unreachable, match="does not answer"):
            reconcile("m", ledger, registry)
    registry.down = False
    reconcile("m", ledger, registry)
    assert [name for name, _ in registry.sets] == ["champion", "previous", "challenger"]


def test_a_decision_in_the_middle_wins(ledger: Ledger) -> None:
    """A slow reconciler is about to set what was right when it looked; meanwhile a roll back is decided."""

    class Slow(FakeRegistry):
        def set_alias(self, model: str, name: str, version: int | None) -> None:
            ledger.append("back", rolled_back(1, 2))
            super().set_alias(model, name, version)

    decide(ledger)
    registry = Slow()
    assert reconcile("m", ledger, registry)["champion"] == 1
    assert registry.aliases == {("m", "champion"): 1, ("m", "challenger"): 3}


def test_the_target_follows(ledger: Ledger, registry: FakeRegistry) -> None:
    target = FakeTarget(registry, {2: [0.5, 0.25]})
    decide(ledger)
    reconcile("m", ledger, registry, target)
    assert target.predict("m", "champion", [{}]) == (2, [0.5])
    target.broken.add(3)
    with pytest.raises(DeployError, match="version 3 does not load"):
        reconcile("m", ledger, registry, target)


def test_the_route_follows_the_ledger(ledger: Ledger, registry: FakeRegistry) -> None:
    decide(ledger)
    reconcile("m", ledger, registry)
    assert registry.routes["m"] == Route("m", 2, 1, 3)
    started = ledger.append("deploy:3:1", DeploymentStarted(3, 2)).seq
    ledger.append("stage:1", StageEntered(3, started, 0, "shadow", 0.0, True, "", MOMENT, "first"))
    reconcile("m", ledger, registry)
    assert registry.routes["m"] == Route("m", 2, 1, 3, salt=f"m:{started}", shadows=("challenger",))
    ledger.append("stage:2", StageEntered(3, started, 1, "5 %", 0.05, False, "carrier", MOMENT, "no harm"))
    reconcile("m", ledger, registry)
    assert registry.routes["m"] == Route("m", 2, 1, 3, 0.05, "carrier", f"m:{started}")
    ledger.append("promoted:3", promoted(3, 2))
    reconcile("m", ledger, registry)
    assert registry.routes["m"] == Route("m", 3, 2, None, shadows=("previous",))


def test_a_failed_rollout_sends_everybody_to_the_champion(ledger: Ledger, registry: FakeRegistry) -> None:
    decide(ledger)
    started = ledger.append("deploy:3:1", DeploymentStarted(3, 2)).seq
    ledger.append("stage:1", StageEntered(3, started, 0, "half", 0.5, False, "", MOMENT, "first"))
    ledger.append("failed:3", DeploymentFailed(3, "it harms"))
    reconcile("m", ledger, registry)
    assert registry.routes["m"] == Route("m", 2, 1, None)


def test_a_target_that_was_told_of_an_old_route_is_told_again(ledger: Ledger, registry: FakeRegistry) -> None:
    """A decision that comes while a slow target follows must not be undone by it."""
    told: list[int | None] = []

    class Slow(FakeTarget):
        def follow(self, route: Route) -> Mapping[str, int]:
            if not told:
                ledger.append("back", rolled_back(1, 2))
            told.append(route.champion)
            return super().follow(route)

    decide(ledger)
    target = Slow(registry)
    reconcile("m", ledger, registry, target)
    assert told == [2, 1]
    assert target.loaded["champion"] == 1
