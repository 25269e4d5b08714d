"""Which batches a run takes, and when there is nothing new to take."""

from pathlib import Path
from typing import cast

import pytest

from everfit.errors import NotEnoughData, SpecError
from everfit.ledger.entries import BatchAccepted, BatchRecalled, CandidateJudged, RunTriggered
from everfit.ports import Ports
from everfit.spec import ModelSpec, WindowSpec, load_spec
from everfit.steps.snapshot import TrainRequest, resolve, snapshot_of, unused_batches
from everfit.steps.why_now import NotNow
from everfit.stores import LocalStore
from everfit.testing.fakes import TickingClock
from everfit.values import Batch, Snapshot, StoredFile

MONTHS = [f"2013-{month:02}" for month in range(1, 8)]


@pytest.fixture
def ports(tmp_path: Path) -> Ports:
    nothing = cast(None, None)
    return Ports(LocalStore(tmp_path / "store"), nothing, nothing, nothing, nothing, TickingClock(), tmp_path)


@pytest.fixture
def spec() -> ModelSpec:
    window = WindowSpec(batches=4, holdout=1, at_least=2)
    return load_spec("flight_delays").model_copy(update={"window": window})


def accept(ports: Ports, spec: ModelSpec, partition: str, sha256: str = "a", version: int = 1) -> int:
    body = BatchAccepted(Batch(partition, version, sha256, 10, (), ""), sha256, "")
    return ports.ledger(spec.name).append(f"arrival:{partition}:{sha256}", body).seq


def judge(ports: Ports, spec: ModelSpec, run: str) -> None:
    file = StoredFile("k", "s")
    body = CandidateJudged(run, "m", "s", (), None, False, "no", (), file, file)
    ports.ledger(spec.name).append(f"judged:{run}", body)


def learnt(ports: Ports, spec: ModelSpec, run: str) -> RunTriggered:
    found = resolve(ports, spec, TrainRequest(run, "new data"))
    assert isinstance(found, RunTriggered)
    judge(ports, spec, run)
    return found


def test_the_newest_batches_are_taken_and_the_last_is_held_out(ports: Ports, spec: ModelSpec) -> None:
    seqs = [accept(ports, spec, month) for month in [MONTHS[2], *MONTHS[:2], *MONTHS[3:6]]]
    made = resolve(ports, spec, TrainRequest("r1", "schedule", by="airflow", note="hello"))
    assert isinstance(made, RunTriggered)
    assert [batch.partition for batch in made.batches] == MONTHS[2:6]
    assert made.consumed == (seqs[0], *seqs[3:])
    assert (made.why, made.by, made.note, made.forced, made.device) == ("schedule", "airflow", "hello", False, "auto")
    snapshot = snapshot_of(spec, made)
    assert made.snapshot == snapshot.id
    assert [batch.partition for batch in snapshot.held_out] == ["2013-06"]


def test_the_same_run_gets_the_same_snapshot_whatever_arrived_since(ports: Ports, spec: ModelSpec) -> None:
    for month in MONTHS[:3]:
        accept(ports, spec, month)
    request = TrainRequest("r1", "person")
    first = resolve(ports, spec, request)
    accept(ports, spec, MONTHS[3])
    assert resolve(ports, spec, request) == first
    assert len(ports.ledger(spec.name).view().triggers) == 1


def test_equal_data_is_an_equal_snapshot_and_any_other_data_another_one() -> None:
    def snapshot(*sha: str, holdout: int = 1) -> str:
        return Snapshot("m", tuple(Batch(str(n), 1, s, 0, (), "") for n, s in enumerate(sha)), holdout).id

    assert snapshot("a", "b", "c") == snapshot("a", "b", "c")
    assert (
        len({snapshot(*"abc"), snapshot(*"acb"), snapshot(*"ab"), snapshot(*"abc", holdout=2), snapshot(*"abd")}) == 5
    )


def test_nothing_new_is_no_run_unless_forced(ports: Ports, spec: ModelSpec) -> None:
    for month in MONTHS[:3]:
        accept(ports, spec, month)
    assert resolve(ports, spec, TrainRequest("r1", "new data"))
    judge(ports, spec, "r1")
    assert isinstance(resolve(ports, spec, TrainRequest("r2", "schedule")), NotNow)
    forced = resolve(ports, spec, TrainRequest("r3", "person", forced=True, device="cpu"))
    assert isinstance(forced, RunTriggered)
    assert (forced.forced, forced.consumed, forced.device) == (True, (), "cpu")
    assert [entry.body.run for entry in ports.ledger(spec.name).view().triggers] == ["r1", "r3"]


def test_a_new_month_and_a_corrected_one_are_new(ports: Ports, spec: ModelSpec) -> None:
    for month in MONTHS[:3]:
        accept(ports, spec, month)
    resolve(ports, spec, TrainRequest("r1", "new data"))
    judge(ports, spec, "r1")
    corrected = accept(ports, spec, MONTHS[1], "b", version=2)
    made = resolve(ports, spec, TrainRequest("r2", "new data"))
    assert isinstance(made, RunTriggered)
    assert made.consumed == (corrected,)
    assert [batch.label for batch in made.batches] == ["2013-01", "2013-02 v2", "2013-03"]


def test_a_correction_that_is_taken_back_is_new(ports: Ports, spec: ModelSpec) -> None:
    for month in MONTHS[:2]:
        accept(ports, spec, month)
    learnt(ports, spec, "r1")
    accept(ports, spec, MONTHS[1], "b", version=2)
    learnt(ports, spec, "r2")
    back = ports.ledger(spec.name).append("back", BatchAccepted(Batch(MONTHS[1], 3, "a", 10, (), ""), "c", "")).seq
    assert learnt(ports, spec, "r3").consumed == (back,), "r1 knew these bytes, but r2 is newer"


def test_what_came_to_nothing_before_a_run_could_use_it_goes_with_the_next_run(ports: Ports, spec: ModelSpec) -> None:
    for month in MONTHS[:2]:
        accept(ports, spec, month)
    learnt(ports, spec, "r1")
    corrected = [accept(ports, spec, MONTHS[1], content, version=2) for content in "bcd"]
    recalled = accept(ports, spec, MONTHS[2])
    ports.ledger(spec.name).append("recall", BatchRecalled(MONTHS[2], (recalled,), (), "bad", "ann"))
    found = learnt(ports, spec, "r2")
    assert found.consumed == (*corrected, recalled)
    assert found.because[0].startswith("1 new batch with 10 rows (2013-02)")
    assert isinstance(resolve(ports, spec, TrainRequest("r3", "schedule")), NotNow)


def test_of_two_runs_at_once_the_one_that_is_judged_first_has_used_a_batch(ports: Ports, spec: ModelSpec) -> None:
    seqs = [accept(ports, spec, month) for month in MONTHS[:2]]
    resolve(ports, spec, TrainRequest("slow", "new data"))
    seqs.append(accept(ports, spec, MONTHS[2]))
    resolve(ports, spec, TrainRequest("quick", "person"))
    judge(ports, spec, "quick")
    judge(ports, spec, "slow")
    view = ports.ledger(spec.name).view()
    assert dict(view.consumed) == dict.fromkeys(seqs, "quick")
    assert unused_batches(view) == ()


def test_the_batches_of_a_run_that_died_are_still_new(ports: Ports, spec: ModelSpec) -> None:
    seqs = tuple(accept(ports, spec, month) for month in MONTHS[:3])
    resolve(ports, spec, TrainRequest("died", "new data"))
    made = resolve(ports, spec, TrainRequest("next", "schedule"))
    assert isinstance(made, RunTriggered)
    assert made.consumed == seqs
    judge(ports, spec, "next")
    assert unused_batches(ports.ledger(spec.name).view()) == ()


def test_unused_batches_can_be_asked_for_within_a_window(ports: Ports, spec: ModelSpec) -> None:
    for month in MONTHS[:6]:
        accept(ports, spec, month)
    resolve(ports, spec, TrainRequest("r1", "new data"))
    judge(ports, spec, "r1")
    view = ports.ledger(spec.name).view()
    assert [batch.partition for _, batch in unused_batches(view)] == MONTHS[:2]
    assert unused_batches(view, spec.window) == ()


def test_a_person_may_choose_the_window(ports: Ports, spec: ModelSpec) -> None:
    for month in MONTHS[:6]:
        accept(ports, spec, month)
    made = resolve(ports, spec, TrainRequest("r1", "person", batches=3, until="2013-04"))
    assert isinstance(made, RunTriggered)
    assert [batch.partition for batch in made.batches] == MONTHS[1:4]


def test_a_window_that_the_spec_does_not_allow_is_refused_and_nothing_is_recorded(
    ports: Ports, spec: ModelSpec
) -> None:
    for month in MONTHS[:3]:
        accept(ports, spec, month)
    with pytest.raises(SpecError, match=r"a window of 1 batches was asked for, wanted at least 2"):
        resolve(ports, spec, TrainRequest("r1", "person", batches=1))
    assert ports.ledger(spec.name).view().triggers == ()


@pytest.mark.parametrize(
    ("there", "until", "said"),
    [
        ([], None, r"at least 2 accepted batches; there are 0 \(none\)"),
        (["2013-01"], None, r"there are 1 \(2013-01\)"),
        (["2013-01", "2013-02"], "2013-01", r"batches up to 2013-01; there are 1 \(2013-01\)"),
    ],
)
def test_too_few_batches_are_not_enough_data(
    ports: Ports, spec: ModelSpec, there: list[str], until: str | None, said: str
) -> None:
    for month in there:
        accept(ports, spec, month)
    with pytest.raises(NotEnoughData, match=said):
        resolve(ports, spec, TrainRequest("r1", "schedule", until=until, forced=True))
    assert ports.ledger(spec.name).view().triggers == ()
