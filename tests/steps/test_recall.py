"""Taking a batch back: what is frozen, who serves, what is asked for; and a crash anywhere equals no crash."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from everfit.errors import DeployError, Recalled, UnknownName, Unreachable
from everfit.ledger import Ledger
from everfit.ledger.entries import BatchRecalled, DeploymentFailed, RetrainAsked, RolledBack
from everfit.ports import Ports
from everfit.spec import load_spec
from everfit.steps.deploy import deploy
from everfit.steps.recall import RecallOrder, reach, recall, refusal
from everfit.steps.withdraw import Withdrawal
from everfit.testing.fakes import FakeRegistry, FakeTarget, MemoryStore, TickingClock
from tests.ledger.bodies import accepted, judged, promoted, registered, triggered
from tests.steps.mortal import Crash, counting, mortal

SPEC = load_spec("flight_delays")
ORDER = RecallOrder("2013-03", "the clocks were wrong", "ann")


@dataclass
class House:
    """Three champions after each other: 1 knows months 1 and 2, 2 knows 2 and 3, 3 knows 3 and 4; 4 waits, as 3."""

    ports: Ports
    registry: FakeRegistry

    @property
    def ledger(self) -> Ledger:
        return self.ports.ledger(SPEC.name)

    def version(self, number: int, *months: str, serves: bool = True) -> None:
        now = {batch.partition: batch for _, batch in self.ledger.view().batches}
        run = replace(triggered(f"r{number}"), batches=tuple(now[month] for month in months))
        self.ledger.append(f"run:{number}", run)
        entry = self.ledger.append(f"judged:{number}", judged(f"r{number}"))
        self.ledger.append(f"registered:{number}", registered(number, entry.seq))
        if serves:
            self.ledger.append(f"promoted:{number}", promoted(number, self.ledger.view().champion))

    def roles(self) -> tuple[int | None, int | None, int | None]:
        view = self.ledger.view()
        found = (view.champion, view.previous, view.challenger)
        names = ("champion", "previous", "challenger")
        assert tuple(self.registry.aliases.get((SPEC.name, name)) for name in names) == found
        return found

    def recall(self, order: RecallOrder = ORDER) -> Withdrawal:
        return recall(self.ports, SPEC, order)


@pytest.fixture
def house(tmp_path: Path) -> House:
    registry = FakeRegistry()
    ports = Ports(
        store=MemoryStore(),
        landing=None,  # type: ignore[arg-type]
        data=None,  # type: ignore[arg-type]
        registry=registry,  # type: ignore[arg-type]
        target=FakeTarget(registry),
        clock=TickingClock(),
        work=tmp_path,
    )
    made = House(ports, registry)
    for month in (1, 2, 3, 4):
        made.ledger.append(f"arrival:{month}", accepted(f"2013-0{month}", f"s{month}"))
    made.version(1, "2013-01", "2013-02")
    made.version(2, "2013-02", "2013-03")
    made.version(3, "2013-03", "2013-04")
    made.version(4, "2013-03", "2013-04", serves=False)
    return made


def test_the_newest_untouched_champion_serves_again(house: House) -> None:
    done = house.recall()
    assert done.decision.body == BatchRecalled("2013-03", (3,), (2, 3, 4), "the clocks were wrong", "ann")
    assert (done.versions, done.back_to, done.stranded) == ((2, 3, 4), 1, None)
    assert house.roles() == (1, None, None)
    (back,) = house.ledger.view().of(RolledBack)
    assert back.body == RolledBack(1, 3, f"the clocks were wrong (entry {done.decision.seq})", "ann")
    assert "entry" in house.registry.tags[SPEC.name, 3]["everfit.recalled"]
    assert sorted(house.registry.tags) == [(SPEC.name, version) for version in (2, 3, 4)]


def test_a_new_model_is_asked_for(house: House) -> None:
    done = house.recall()
    view = house.ledger.view()
    (asked,) = view.of(RetrainAsked)
    assert view.asked == (asked.seq,)
    assert asked.body.why == f"entry {done.decision.seq} took data away from versions 2, 3, 4"


def test_recalled_twice_is_recalled_once(house: House) -> None:
    first = house.recall()
    head = house.ledger.view().head
    assert house.recall() == first
    assert house.recall(replace(ORDER, reason="again")) == first
    assert house.ledger.view().head == head


def test_a_champion_that_is_clean_stays(house: House) -> None:
    done = house.recall(replace(ORDER, partition="2013-02"))
    assert (done.versions, done.back_to, done.stranded) == ((1, 2), None, None)
    assert house.roles() == (3, None, 4)


def test_a_champion_with_nothing_to_go_back_to_goes_on_and_that_is_said(house: House) -> None:
    house.recall(replace(ORDER, partition="2013-02"))
    done = house.recall()
    assert (done.back_to, done.stranded) == (None, 3)
    assert house.roles() == (3, None, None)
    assert not house.ledger.view().of(RolledBack)


def test_a_batch_that_nobody_learnt_from_is_just_recalled(house: House) -> None:
    house.ledger.append("arrival:5", accepted("2013-05", "s5"))
    house.registry.down = True  # nobody has to be asked
    done = house.recall(replace(ORDER, partition="2013-05"))
    assert (done.versions, done.back_to, done.stranded) == ((), None, None)
    assert not house.ledger.view().of(RetrainAsked)


@pytest.mark.parametrize("is_judged", [False, True])
def test_a_run_that_took_the_batch_and_is_no_version_yet_is_made_up_for(house: House, *, is_judged: bool) -> None:
    """Its candidate would be frozen once it is registered, and May would be in no model that may serve."""
    house.ledger.append("arrival:5", accepted("2013-05", "s5"))
    house.ledger.append("arrival:6", accepted("2013-06", "s6"))
    batches = tuple(batch for _, batch in house.ledger.view().batches if batch.partition >= "2013-05")
    house.ledger.append("run:5", replace(triggered("r5"), batches=batches))
    if is_judged:
        house.ledger.append("judged:5", judged("r5"))
    done = house.recall(replace(ORDER, partition="2013-06"))
    assert done.versions == ()
    (asked,) = house.ledger.view().of(RetrainAsked)
    assert asked.body.why == f"entry {done.decision.seq} took data away from run r5"
    assert house.recall(replace(ORDER, partition="2013-06")) == done


def test_one_version_of_a_batch_can_be_recalled(house: House) -> None:
    correction = house.ledger.append("arrival:4b", accepted("2013-04", "s4b", version=2))
    house.version(5, "2013-01", "2013-04")
    done = house.recall(RecallOrder("2013-04", "worse than before", "ann", version=2))
    assert done.decision.body.batches == (correction.seq,)  # type: ignore[union-attr]
    assert (done.versions, done.back_to) == ((5,), 3)
    assert [batch.label for _, batch in house.ledger.view().batches][-1] == "2013-04", "version 1 holds again"
    rest = house.recall(RecallOrder("2013-04", "all of it is bad", "ann"))
    assert rest.decision.body.batches == (4,)  # type: ignore[union-attr]
    assert rest.versions == (3, 4)


def test_what_would_happen_is_what_happens(house: House) -> None:
    head = house.ledger.view().head
    would = reach(house.ledger.view(), ORDER)
    assert head == house.ledger.view().head
    done = house.recall()
    assert (would.versions, would.back_to) == (done.versions, done.back_to)
    assert [entry.seq for entry in would.batches] == [3]
    assert reach(house.ledger.view(), ORDER).batches == ()


def test_what_was_never_accepted_cannot_be_recalled(house: House) -> None:
    with pytest.raises(UnknownName, match="no accepted batch '2013-3'; did you mean '2013-03'"):
        house.recall(replace(ORDER, partition="2013-3"))
    with pytest.raises(UnknownName, match="no version of batch 2013-03 '7'"):
        house.recall(replace(ORDER, version=7))


def test_the_decision_stands_when_the_registry_is_away(house: House) -> None:
    house.registry.down = True
    with pytest.raises(Unreachable, match="does not answer"):
        house.recall()
    assert house.ledger.view().champion == 1
    house.registry.down = False
    assert house.recall().back_to == 1
    assert house.roles() == (1, None, None)


@pytest.mark.parametrize("moment", range(16))
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_crash_equals_no_crash(house: House, moment: int, after: bool) -> None:
    effects = {"store": ("create",), "registry": ("set_alias", "tag"), "target": ("follow",)}
    with suppress(Crash):
        recall(mortal(house.ports, counting(2 * moment + after), **effects), SPEC, ORDER)
    done = house.recall()
    assert (done.versions, done.back_to, done.stranded) == ((2, 3, 4), 1, None)
    assert house.roles() == (1, None, None)
    kinds = [entry.kind for entry in house.ledger.entries()][-5:]
    assert kinds[-4:] == ["batch_recalled", "retrain_asked", "rolled_back", "deployed"]
    assert sorted(house.registry.tags) == [(SPEC.name, version) for version in (2, 3, 4)]


def test_a_recall_during_a_trial_ends_it(house: House, tmp_path: Path) -> None:
    sample = tmp_path / "sample.json"
    sample.write_text('{"rows": [{}], "scores": [0.5]}')
    stored = house.ports.store.put_file("evidence/sample.json", sample)
    batches = tuple(batch for _, batch in house.ledger.view().batches)
    house.ledger.append("run:5", replace(triggered("r5"), batches=batches))
    entry = house.ledger.append("judged:5", replace(judged("r5", 3), sample=stored))
    house.ledger.append("registered:5", registered(5, entry.seq))

    class Slow(FakeTarget):
        def predict(self, model: str, alias: str, rows: Any) -> tuple[int, list[float]]:
            house.recall(replace(ORDER, partition="2013-01"))
            return super().predict(model, alias, rows)

    target = Slow(house.registry, {5: [0.5]})
    with pytest.raises(Recalled, match="version 5 knows data that was recalled"):
        deploy(replace(house.ports, target=target), SPEC, 5, "try-1", print)
    assert house.roles() == (3, 2, 4)
    (failed,) = house.ledger.view().of(DeploymentFailed)
    assert failed.body.version == 5
    with pytest.raises(Recalled, match="version 5 knows data that was recalled"):
        deploy(house.ports, SPEC, 5, "try-2", print)


def test_a_version_that_does_not_load_leaves_the_decision(house: House) -> None:
    house.ports.target.broken.add(1)  # type: ignore[attr-defined]
    with pytest.raises(DeployError):
        house.recall()
    house.ports.target.broken.clear()  # type: ignore[attr-defined]
    assert house.recall().back_to == 1


def test_the_same_bytes_are_refused_with_the_reason(house: House) -> None:
    done = house.recall()
    found = refusal(house.ledger.view(), "2013-03", "s3")
    assert found is not None
    assert (found.passed, found.severity) == (False, "critical")
    said = f"these bytes were recalled in entry {done.decision.seq}, by ann: the clocks were wrong"
    assert found.found == said
    assert refusal(house.ledger.view(), "2013-03", "corrected") is None


def test_other_bytes_reopen_the_partition(house: House) -> None:
    house.recall()
    house.ledger.append("arrival:3b", accepted("2013-03", "s3b", version=2))
    view = house.ledger.view()
    assert [batch.label for _, batch in view.batches] == ["2013-01", "2013-02", "2013-03 v2", "2013-04"]
    house.version(5, "2013-03", "2013-04", serves=False)
    assert house.ledger.view().challenger == 5
