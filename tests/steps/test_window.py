"""The laws of windows: what may be in a snapshot, how it is split, and when two of them are equal."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path
from random import Random
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from everfit.errors import NotEnoughData, SpecError
from everfit.ledger.entries import BatchAccepted, BatchRecalled, CandidateJudged, RetrainAsked, RunTriggered
from everfit.ports import Ports
from everfit.spec import ModelSpec, WindowSpec, load_spec
from everfit.steps.snapshot import TrainRequest, resolve, snapshot_of, unused_batches
from everfit.steps.why_now import NotNow
from everfit.steps.window import choose
from everfit.stores import LocalStore
from everfit.testing.fakes import TickingClock
from everfit.values import Batch, Snapshot, StoredFile

MONTHS = [f"20{year}-{month:02}" for year in (12, 13) for month in range(1, 13)]
PATTERNS = ["2012-03", "2012-*", "2013-0[1-4]", "201?-07", "*-1?"]


def batch(partition: str, sha256: str = "a", version: int = 1) -> Batch:
    return Batch(partition, version, sha256, 10, (), "")


@st.composite
def windows(draw: Any) -> WindowSpec:
    kind = draw(st.sampled_from(["rolling", "expanding", "static"]))
    gap, holdout = draw(st.integers(0, 3)), draw(st.integers(1, 3))
    least = gap + holdout + draw(st.integers(1, 3))
    ends = sorted(draw(st.lists(st.sampled_from(MONTHS), min_size=2, max_size=2)))
    said: dict[str, Any] = {"kind": kind, "gap": gap, "holdout": holdout, "at_least": least}
    said["except"] = draw(st.lists(st.sampled_from(PATTERNS), max_size=2, unique=True))
    if kind == "rolling":
        said["batches"] = said["at_least"] + draw(st.integers(0, 4))
    if kind == "static":
        said |= {"from": ends[0], "until": ends[1]}
    elif draw(st.booleans()):
        said["from"] = ends[0]
    if kind != "static":
        said["skip"] = draw(st.integers(0, 3))
    used = [said[end] for end in ("from", "until") if end in said]
    said["except"] = [one for one in said["except"] if not any(fnmatchcase(end, one) for end in used)]
    return WindowSpec(**said)


arrived = st.lists(st.sampled_from(MONTHS), unique=True)


@settings(max_examples=300, deadline=None)
@given(windows(), arrived, st.none() | st.integers(2, 9), st.none() | st.sampled_from(MONTHS), st.randoms())
def test_the_laws_of_a_window(
    window: WindowSpec, partitions: list[str], size: int | None, until: str | None, chance: Random
) -> None:
    accepted = [(seq, batch(name)) for seq, name in enumerate(partitions, 1)]
    chosen = choose(window, accepted, size, until)
    names = [found.partition for _, found in chosen]
    assert names == sorted(set(names)), "each partition once, oldest first"
    assert all(window.allows(name) for name in names)
    assert not any(fnmatchcase(name, pattern) for name in names for pattern in window.except_)
    assert all((until or "9") >= name for name in names)
    allowed = sorted(name for name in partitions if window.allows(name))
    assert not set(names) & set(allowed[len(allowed) - window.skip :]), "the newest are not used yet"
    most = size or window.size
    assert most is None or len(names) <= most
    could = [name for name in allowed[: max(0, len(allowed) - window.skip)] if until is None or name <= until]
    assert names == (could if most is None else could[-most:]), "nothing that may be used is left out"
    chance.shuffle(accepted)
    assert choose(window, accepted, size, until) == chosen, "whatever the order of arrival"


@settings(max_examples=300, deadline=None)
@given(st.integers(1, 5), st.integers(0, 3), st.integers(1, 3), st.integers(0, 4), st.randoms())
def test_the_laws_of_a_split(learnt: int, gap: int, holdout: int, more: int, chance: Random) -> None:
    least = learnt + gap + holdout
    window = WindowSpec(kind="expanding", gap=gap, holdout=holdout, at_least=least)
    partitions = chance.sample(MONTHS, least + more)
    chosen = choose(window, [(seq, batch(name)) for seq, name in enumerate(partitions, 1)])
    snapshot = Snapshot("m", tuple(found for _, found in chosen), window.holdout, window.gap)
    training, between, held_out = snapshot.training, snapshot.between, snapshot.held_out
    assert (*training, *between, *held_out) == snapshot.batches, "three parts, which share nothing"
    assert (len(between), len(held_out)) == (window.gap, window.holdout)
    assert len(training) == learnt + more
    assert max(b.partition for b in training) < min(b.partition for b in held_out)
    assert all(training[-1].partition < b.partition < held_out[0].partition for b in between)


content = st.lists(st.tuples(st.sampled_from(MONTHS[:6]), st.sampled_from("abc")), min_size=4, max_size=6)


@settings(max_examples=300, deadline=None)
@given(content, content, st.integers(1, 2), st.integers(1, 2), st.integers(0, 1), st.integers(0, 1))
def test_ids_are_equal_if_and_only_if_contents_and_split_are(
    one: list[Any], other: list[Any], holdout: int, holdout2: int, gap: int, gap2: int
) -> None:
    first = Snapshot("m", tuple(batch(*each, version=1) for each in one), holdout, gap)
    second = Snapshot("m", tuple(batch(*each, version=2) for each in other), holdout2, gap2)
    assert (first.id == second.id) == ((one, holdout, gap) == (other, holdout2, gap2))


def test_without_a_gap_the_id_is_what_it_was_before_there_were_gaps() -> None:
    batches = (batch("2013-01", "a"), batch("2013-02", "b"))
    assert Snapshot("flight_delays", batches, 1).id == "4ab8570869853359"


@pytest.fixture
def ports(tmp_path: Path) -> Ports:
    nothing = cast(None, None)
    return Ports(LocalStore(tmp_path / "store"), nothing, nothing, nothing, nothing, TickingClock(), tmp_path)


def spec(**window: Any) -> ModelSpec:
    return load_spec("flight_delays").model_copy(update={"window": WindowSpec(**window)})


def accept(ports: Ports, *partitions: str) -> list[int]:
    ledger = ports.ledger("flight_delays")
    bodies = [BatchAccepted(batch(name, f"sha-{name}"), name, "") for name in partitions]
    return [ledger.append(f"arrival:{body.batch.partition}", body).seq for body in bodies]


def judge(ports: Ports, run: str) -> None:
    file = StoredFile("k", "s")
    body = CandidateJudged(run, "m", "s", (), None, False, "no", (), file, file)
    ports.ledger("flight_delays").append(f"judged:{run}", body)


def resolved(ports: Ports, run: str, made: ModelSpec, **request: Any) -> RunTriggered:
    found = resolve(ports, made, TrainRequest(run, "test", **request))
    assert found is not None
    return found


def test_a_run_remembers_its_gap(ports: Ports) -> None:
    accept(ports, *MONTHS[:5])
    made = spec(batches=5, gap=2, at_least=4)
    found = resolved(ports, "r1", made)
    snapshot = snapshot_of(made, found)
    assert found.snapshot == snapshot.id
    parts = (snapshot.training, snapshot.between, snapshot.held_out)
    assert [[b.partition for b in part] for part in parts] == [MONTHS[:2], MONTHS[2:4], MONTHS[4:5]]
    (entry,) = ports.ledger("flight_delays").view().triggers
    assert entry.body.gap == 2


def test_a_run_from_before_there_were_gaps_still_loads() -> None:
    from everfit.values import dump, load

    old = dump(RunTriggered("r", "w", "b", "", "s", (), 1, (), forced=False, device="cpu"))
    del old["gap"]
    assert load(RunTriggered, old).gap == 0


def test_an_expanding_window_takes_all_and_a_person_may_take_fewer(ports: Ports) -> None:
    accept(ports, *MONTHS[:9])
    made = spec(kind="expanding", **{"from": MONTHS[1], "except": [MONTHS[3]]})
    names = [b.partition for b in resolved(ports, "r1", made).batches]
    assert names == [MONTHS[1], MONTHS[2], *MONTHS[4:9]]
    assert [b.partition for b in resolved(ports, "r2", made, batches=2).batches] == MONTHS[7:9]
    assert [b.partition for b in resolved(ports, "r3", made, until=MONTHS[2]).batches] == MONTHS[1:3]


def test_a_static_window_has_nothing_new_until_one_of_its_batches_is_corrected(ports: Ports) -> None:
    accept(ports, *MONTHS[:5])
    made = spec(kind="static", **{"from": MONTHS[0], "until": MONTHS[2]})
    resolved(ports, "r1", made)
    judge(ports, "r1")
    assert isinstance(resolve(ports, made, TrainRequest("r2", "schedule")), NotNow)
    ledger = ports.ledger("flight_delays")
    seq = ledger.append("again", BatchAccepted(batch(MONTHS[1], "new", version=2), "f", "")).seq
    assert resolved(ports, "r3", made).consumed == (seq,)


def test_what_is_skipped_is_new_once_it_is_in_the_window(ports: Ports) -> None:
    seqs = accept(ports, *MONTHS[:4])
    made = spec(batches=3, skip=1)
    assert [b.partition for b in resolved(ports, "r1", made).batches] == MONTHS[:3]
    judge(ports, "r1")
    assert isinstance(resolve(ports, made, TrainRequest("r2", "schedule")), NotNow)
    view = ports.ledger("flight_delays").view()
    assert [seq for seq, _ in unused_batches(view)] == [seqs[3]]
    assert unused_batches(view, made.window) == ()
    accept(ports, MONTHS[4])
    assert resolved(ports, "r3", made).consumed == (seqs[3],)


def test_a_run_that_is_asked_for_starts_without_a_new_batch_once(ports: Ports) -> None:
    accept(ports, *MONTHS[:3])
    made = spec(batches=3)
    resolved(ports, "r1", made)
    judge(ports, "r1")
    assert isinstance(resolve(ports, made, TrainRequest("r2", "schedule")), NotNow)
    ledger = ports.ledger("flight_delays")
    asked = ledger.append("asked", RetrainAsked("a batch was recalled", "ada")).seq
    assert resolved(ports, "r3", made).consumed == (asked,)
    assert resolved(ports, "r4", made).consumed == (asked,), "r3 was not judged: its work is made up for"
    judge(ports, "r4")
    assert isinstance(resolve(ports, made, TrainRequest("r5", "schedule")), NotNow)


def test_a_recalled_batch_is_in_no_window(ports: Ports) -> None:
    seqs = accept(ports, *MONTHS[:4])
    ports.ledger("flight_delays").append("recall", BatchRecalled(MONTHS[3], (seqs[3],), (), "wrong clock", "ada"))
    assert [b.partition for b in resolved(ports, "r1", spec(batches=3)).batches] == MONTHS[:3]


def test_too_few_batches_in_the_window_say_what_the_window_is(ports: Ports) -> None:
    accept(ports, *MONTHS[:4])
    made = spec(kind="expanding", **{"from": MONTHS[1], "except": ["*-0[34]"]})
    said = r"there are 1 \(2012-02\) in the window: all batches from 2012-02 on, except \*-0\[34\]\. Let more arrive"
    with pytest.raises(NotEnoughData, match=said):
        resolved(ports, "r1", made)


WRONG = [
    ({"kind": "expanding", "batches": 5}, "batches: is for a rolling window, and this one is expanding: take it out"),
    ({"kind": "static"}, "from: is missing: a static window has a first and a last partition"),
    ({"kind": "static", "from": "2013-01"}, "until: is missing"),
    (
        {"kind": "static", "from": "2013-05", "until": "2013-01"},
        "until: found '2013-01', wanted a partition not",
    ),
    ({"kind": "static", "from": "1", "until": "2", "skip": 1}, "skip: is for a window that moves"),
    (
        {"until": "2013-05"},
        "until: is for a static window, and this one is rolling: take it out, or set it for",
    ),
    ({"from": "2013-05", "except": ["2013-*"]}, "except: takes out '2013-05', an end of the window"),
    ({"gap": 1}, r"gap: found 1; with a holdout of 1 nothing of at_least \(2\) is left.*raise at_least to 3 or more"),
    ({"gap": -1}, "gap: found -1, wanted at least 0"),
    ({"kind": "sliding"}, r"kind: found 'sliding' \(known: expanding, rolling, static\)"),
    ({"form": "2013-01"}, r"form: there is no such key; did you mean 'from'\?"),
    ({"excpt": ["2013-01"]}, r"excpt: there is no such key; did you mean 'except'\?"),
    ({"except": ["../x"]}, "except.*: found '../x', wanted text like"),
    ({"batches": 3, "at_least": 4}, "at_least: found 4, wanted at most 3, the number of batches"),
]


@pytest.mark.parametrize(("window", "said"), WRONG)
def test_a_window_that_makes_no_sense_is_a_mistake_with_its_key(window: dict[str, Any], said: str) -> None:
    tables = {"visits": {"file": "visits.csv"}}
    with pytest.raises(SpecError, match=rf"window\.{said}"):
        ModelSpec(
            name="shop", task="binary", label="l", time="t", data={"landing": "x", "tables": tables}, window=window
        )


def test_a_window_says_what_it_is_and_comes_back_from_what_it_says() -> None:
    rolling = WindowSpec(batches=6, gap=1, at_least=4, skip=1, **{"from": "2013-02", "except": ["2013-04"]})
    assert rolling.words == "the newest 6 batches from 2013-02 on, except 2013-04, but not the last 1"
    assert rolling.brief == "4 + gap 1 + 1 batches"
    static = WindowSpec(kind="static", **{"from": "2013-01", "until": "2013-06"})
    assert static.words == "the batches from 2013-01 to 2013-06"
    for window in (rolling, static, WindowSpec(kind="expanding")):
        whole = spec(**window.model_dump(mode="json"))
        assert whole.window == window
        again = ModelSpec.model_validate(whole.model_dump(mode="json"))
        assert (again.window, again.spec_hash) == (window, whole.spec_hash)
