from __future__ import annotations

import pytest

from everfit.errors import DeployError, Unreachable
from everfit.ledger import Ledger
from everfit.ledger.reconciler import reconcile
from everfit.testing.fakes import FakeRegistry, FakeTarget
from tests.ledger.bodies import promoted, registered, rolled_back


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
    for _ in range(2):
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
