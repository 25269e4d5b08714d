"""What retention keeps and what it lets go, on a real DVC remote."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from everfit.errors import Corrupted, DataError, Unreachable
from everfit.ledger import View
from everfit.ledger.entries import BatchAccepted, BytesDeleted, DeploymentFailed
from everfit.models.space import Between
from everfit.predictions import Prediction, pack, segments
from everfit.search import Study
from everfit.steps.fetching import fetch
from everfit.steps.housekeeping import free, look
from everfit.values import Batch, canonical
from tests.steps.stock import Stock, spec_of, stock_in

LITTLE = {"versions": 0, "batches": 0, "days": 7}


@pytest.fixture
def stock(tmp_path: Path) -> Stock:
    return stock_in(tmp_path)


def months(stock: Stock, count: int, model: str = "trips") -> list[Batch]:
    """One batch a month, each with a table of its own and one that all share."""
    made = []
    for number in range(1, count + 1):
        made.append(stock.accept(model, f"2013-{number:02d}", {"trips.csv": b"%d" % number, "planes.csv": b"shared"}))
        stock.watch.wait(30)
    return made


def gone(stock: Stock, batch: Batch, model: str = "trips") -> bool:
    try:
        fetch(stock.ports, model, batch)
    except DataError as error:
        assert "removed by retention" in str(error)  # noqa: PT017 - both outcomes are wanted
        return True
    return False


def test_by_default_nothing_ever_goes(stock: Stock) -> None:
    batches = months(stock, 4)
    stock.watch.wait(10_000)
    spec = spec_of("trips")
    assert not [fate for fate in look(stock.ports, {"trips": spec}) if fate.goes]
    assert free(stock.ports, spec, "one") is None
    assert not any(gone(stock, batch) for batch in batches)


def test_only_what_nobody_needs_goes_and_the_reasons_are_told(stock: Stock) -> None:
    batches = months(stock, 12)
    for first in (0, 2, 4):
        stock.promote("trips", stock.register("trips", *batches[first : first + 2]))
    stock.register("trips", *batches[7:9])
    stock.watch.wait(400)
    stock.run("trips", *batches[9:10])
    spec = spec_of("trips", **LITTLE)
    fates = {fate.name: fate for fate in look(stock.ports, {"trips": spec}) if fate.what == "batch"}
    assert {name: fate.why for name, fate in fates.items() if not fate.goes} == {
        "2013-03": "previous champion 2 was made from it",
        "2013-04": "previous champion 2 was made from it",
        "2013-05": "champion 3 was made from it",
        "2013-06": "champion 3 was made from it",
        "2013-08": "challenger 4 was made from it",
        "2013-09": "challenger 4 was made from it",
        "2013-10": "run run-5 may still read it",
        "2013-11": "the next run may use it",
        "2013-12": "the next run may use it",
    }
    entry = free(stock.ports, spec, "weekly")
    assert entry is not None
    assert isinstance(entry.body, BytesDeleted)
    assert [text.split()[0] for text in entry.body.batches] == ["2013-01", "2013-02", "2013-07"]
    for batch in batches:
        assert gone(stock, batch) == fates[batch.partition].goes, batch.partition
    assert free(stock.ports, spec, "weekly") == entry
    assert free(stock.ports, spec, "a week later") is None


@pytest.mark.parametrize(
    ("keep", "kept"),
    [
        ({"versions": 1}, ["2013-03", "2013-04", "2013-05", "2013-06"]),
        ({"batches": 3}, ["2013-04", "2013-05", "2013-06"]),
        ({"days": 185}, ["2013-03", "2013-04", "2013-05", "2013-06"]),
    ],
)
def test_each_rule_keeps_what_it_says(stock: Stock, keep: dict[str, Any], kept: list[str]) -> None:
    batches = months(stock, 6)
    for first in (0, 2):  # the challenger's place is taken by a version that fails
        stock.register("trips", *batches[first : first + 2])
    for version in (1, 2):
        stock.ports.ledger("trips").append(f"failed:{version}", DeploymentFailed(version, "does not load"))
    stock.watch.wait(60 if "days" in keep else 400)
    fates = look(stock.ports, {"trips": spec_of("trips", **(LITTLE | keep))})
    assert [fate.name for fate in fates if fate.what == "batch" and not fate.goes] == kept


def test_older_versions_of_a_partition_go_and_its_newest_stays_newest(stock: Stock) -> None:
    first = stock.accept("trips", "2013-01", {"trips.csv": b"wrong"})
    second = stock.accept("trips", "2013-01", {"trips.csv": b"right"})
    stock.watch.wait(400)
    free(stock.ports, spec_of("trips", **LITTLE), "one")
    assert gone(stock, first)
    assert not gone(stock, second)
    months(stock, 5, "trips")[1:]
    stock.watch.wait(400)
    free(stock.ports, spec_of("trips", **LITTLE), "two")
    assert gone(stock, second)
    assert "2013-01" not in [batch.partition for _, batch in stock.view("trips").batches]


def test_what_another_model_shares_stays(stock: Stock) -> None:
    """Equal bytes are one object in the remote, whoever delivered them."""
    mine = months(stock, 3, "mine")
    yours = months(stock, 3, "yours")
    stock.watch.wait(400)
    entry = free(stock.ports, spec_of("mine", **LITTLE), "one")
    assert entry is not None
    assert [text.split()[0] for text in entry.body.batches] == ["2013-01"]
    fresh = stock.elsewhere(stock.ports.work / "other machine")
    for batch in [*mine[1:], *yours]:
        fetch(fresh.ports, "mine", batch)


def test_what_is_on_its_way_in_keeps_the_bytes_that_it_brings_again(stock: Stock) -> None:
    """A delivery that is staged and not settled yet may have been committed a moment ago."""
    batches = months(stock, 3)
    old = batches[0]
    stock.watch.wait(400)
    folder = "staged/trips/2013-04-f1"
    staged = {"folder": folder, "files": [{"name": f.name, "sha256": f.sha256, "size": f.size} for f in old.files]}
    stock.ports.store.write(f"{folder}.json", canonical(staged))
    with tempfile.TemporaryDirectory() as copy:
        for name, data in {"trips.csv": b"1", "planes.csv": b"shared"}.items():
            Path(copy, name).write_bytes(data)
        pointer = stock.ports.data.commit(Path(copy), "trips-2013-04")
    free(stock.ports, spec_of("trips", **LITTLE), "one")
    again = Batch("2013-04", 1, old.sha256, 1, old.files, pointer)
    assert sorted(path.name for path in stock.ports.data.fetch(again).iterdir()) == ["planes.csv", "trips.csv"]


def test_copies_tables_and_evidence_go_by_age_but_not_what_the_champion_was_judged_on(stock: Stock) -> None:
    batches = months(stock, 3)
    stock.quarantine("trips", "2013-04")
    for _ in range(3):
        stock.promote("trips", stock.register("trips", *batches))
    stock.watch.wait(400)
    stock.accept("trips", "2013-05", {"trips.csv": b"new"})
    before = set(stock.ports.store.list(""))
    free(stock.ports, spec_of("trips", **LITTLE), "one")
    after = set(stock.ports.store.list(""))
    assert {key for key in after if key.startswith("ledger/")} > {key for key in before if key.startswith("ledger/")}
    left = {key for key in after if not key.startswith(("ledger/", "dvc/", "probe/"))}
    assert left == {
        "staged/trips/2013-05-f1/trips.csv",
        *(f"evidence/trips/run-{run}{end}" for run in (2, 3) for end in (".parquet", "-sample.json")),
        *(f"features/trips/run-{run}.parquet" for run in (1, 2, 3)),  # no list says what these are of
    }


def test_pages_profiles_and_predictions_go_by_age(stock: Stock) -> None:
    batches, store = months(stock, 4), stock.ports.store
    stock.quarantine("trips", "2013-05")
    for partition in ("2013-01", "2013-04"):
        store.write(f"data-docs/trips/{partition}-f1.json", b"{}")
        store.write(f"data-docs-pages/trips/{partition}-f1/0.html", b"page")
        store.write(f"staged/trips/{partition}-f1/kept/trips.csv", b"good")
    for sha256 in (batches[0].sha256, batches[3].sha256, "0"):
        store.write(f"profiles/trips/{sha256}/unique-0.npz", b"hashes")
    for day in (0, 1, 200):
        at = stock.watch() + timedelta(days=day)
        assert store.create(*pack([Prediction("1", at, "trips", 1, "champion", [{"a": 1}], [0.5])]))
    newest = segments(store, "trips")[-1].key
    stock.watch.wait(200)
    spec = spec_of("trips", **LITTLE)

    going = [fate.name for fate in look(stock.ports, {"trips": spec}) if fate.goes and fate.what == "predictions"]
    assert len(going) == len(set(going)) == 2
    free(stock.ports, spec, "one")

    for folder in ("data-docs", "data-docs-pages", "staged", "quarantine"):
        assert store.list(folder) == []
    assert store.list("profiles") == [f"profiles/trips/{batches[3].sha256}/unique-0.npz"]
    assert store.list("predictions") == [newest]


def test_what_monitors_keep_goes_by_age_but_not_that_of_the_champion(stock: Stock) -> None:
    batches, store = months(stock, 2), stock.ports.store
    for _ in range(2):
        stock.promote("trips", stock.register("trips", *batches))
        version = stock.view("trips").champion
        for name in ("a", "b"):
            stock.look("trips", version, f"{version}{name}")
            store.write(f"monitor/trips/{version}/scores/{name}.npy", b"scores")
    store.write(f"monitor/trips/spans/{batches[1].sha256}.json", b"[]")
    store.write("monitor/trips/spans/0.json", b"[]")
    stock.quarantine("trips", "2013-05")  # of the bytes 0, which are no batch
    stock.watch.wait(200)

    free(stock.ports, spec_of("trips", **LITTLE), "one")

    assert store.list("monitor") == [
        "monitor/trips/2/scores/a.npy",
        "monitor/trips/2/scores/b.npy",
        "monitor/trips/looks/2b.json",
        f"monitor/trips/spans/{batches[1].sha256}.json",
    ]


def test_what_trainings_and_searches_left_goes_with_the_age_of_their_run(stock: Stock) -> None:
    """Of a search, what it chose stays: it is small, and later searches begin with it."""
    batches, store = months(stock, 3), stock.ports.store
    old = stock.run("trips", *batches).run
    stock.watch.wait(20)
    young = stock.run("trips", *batches).run
    for run in (old, young, "unknown"):
        for key in (
            f"checkpoints/trips/{run}/0a1b/rounds/00000020-20130101T000000Z",
            f"shares/trips/{run}/0-of-2.npz",
            f"shares/trips/{run}/1-of-2.npz",
            f"studies/trips/{run}/began.json",
            f"studies/trips/{run}/chosen.json",
        ):
            store.write(key, b"{}")
        assert list(Study(store, f"studies/trips/{run}", {"x": Between(0.0, 1.0)}, 1).trials) == []
    spec = spec_of("trips", versions=10, batches=24, days=10)

    fates = {(fate.what, fate.name): fate for fate in look(stock.ports, {"trips": spec})}
    words = ("checkpoints", "shares of a training", "study")
    assert [fates[what, old].goes for what in words] == [True] * 3
    assert [fates[what, young].why for what in words] == ["younger than 10 days"] * 3
    assert fates["shares of a training", old].files == 2
    free(stock.ports, spec, "one")

    left = {folder: store.list(f"{folder}/trips/{old}") for folder in ("checkpoints", "shares", "studies")}
    assert left == {"checkpoints": [], "shares": [], "studies": [f"studies/trips/{old}/chosen.json"]}
    for run in (young, "unknown"):  # nobody knows when a run that the ledger does not have was begun
        assert len(store.list(f"shares/trips/{run}")) == 2
        assert len(store.list(f"studies/trips/{run}")) == 3


def test_a_deleted_batch_can_be_delivered_again(stock: Stock) -> None:
    batches = months(stock, 3)
    stock.watch.wait(400)
    free(stock.ports, spec_of("trips", **LITTLE), "one")
    assert gone(stock, batches[0])
    view = stock.view("trips")
    assert view.holds("2013-01", batches[0].sha256) is None
    again = stock.accept("trips", "2013-01", {"trips.csv": b"1", "planes.csv": b"shared"})
    assert again.version == 2
    assert again.sha256 == batches[0].sha256
    fetch(stock.ports, "trips", again)
    assert "2013-01" in [batch.partition for _, batch in stock.view("trips").batches]


def test_what_was_lost_otherwise_is_still_called_lost(stock: Stock) -> None:
    batch = months(stock, 1)[0]
    for path in Path(stock.ports.data.url).rglob("*.dir"):
        path.unlink()
    with pytest.raises(Corrupted, match="is not in the DVC remote any more"):
        fetch(stock.ports, "trips", batch)


def test_a_crash_after_the_decision_is_made_up_for(stock: Stock, monkeypatch: pytest.MonkeyPatch) -> None:
    """The store goes away in the middle of deleting; the next call, under another name, completes it."""
    batches = months(stock, 5)
    stock.watch.wait(400)
    spec, data = spec_of("trips", **LITTLE), stock.ports.data
    calls = iter([data.delete])

    def delete(*args: Any) -> None:
        step = next(calls, None)
        if step is None:
            raise Unreachable("gone")
        step(*args)

    with monkeypatch.context() as patch:
        patch.setattr(data, "delete", delete)
        with pytest.raises(Unreachable, match="gone"):
            free(stock.ports, spec, "one")
    objects = len(list(Path(data.url).rglob("files/md5/*/*")))
    entry = free(stock.ports, spec, "two")
    assert entry is not None
    assert entry.body.batches == ()  # the batches were decided on before; staged copies were still there
    assert len(list(Path(data.url).rglob("files/md5/*/*"))) < objects
    assert [gone(stock, batch) for batch in batches] == [True, True, True, False, False]


ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(
            ["accept", "correct", "register", "register", "promote", "promote", "roll back", "recall", "wait", "free"]
        ),
        st.integers(0, 10**6),
    ),
    min_size=5,
    max_size=25,
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(actions=ACTIONS, keep=st.fixed_dictionaries({"versions": st.integers(0, 2), "batches": st.integers(0, 3)}))
def test_whatever_the_history_every_living_version_can_be_made_again(
    actions: list[tuple[str, int]], keep: dict[str, int]
) -> None:
    """Two models that share bytes; after each cleaning all batches of every living version's snapshot are fetched anew
    from the remote, on a machine that has no copy, and are the right ones."""
    with tempfile.TemporaryDirectory() as root:
        stock = stock_in(Path(root))
        for number in range(6):
            for model in ("one", "two"):
                files = {"a.csv": b"%d" % (number % 4), "b.csv": b"%s %d" % (model.encode(), number)}
                stock.accept(model, f"p{number:02d}", files)
        for action, number in actions:
            act(stock, ("one", "two")[number % 2], action, number // 2)
        stock.watch.wait(400)
        for model in ("one", "two"):
            free(stock.ports, spec_of(model, **keep, days=7), f"last-{model}")
        fresh = stock.elsewhere(Path(root, "fresh"))
        for model in ("one", "two"):
            view = stock.view(model)
            living = {view.champion, view.previous, view.challenger} - {None}
            newest = sorted(view.versions)[-keep["versions"] :] if keep["versions"] else []
            promised = (living - given_up(view)) | {version for version in newest if version not in given_up(view)}
            needed = [batch for version in promised for batch in view.trained_on(version).batches]
            for batch in [*needed, *(batch for _, batch in view.batches[-2:])]:
                folder = fetch(fresh.ports, model, batch)
                assert {path.name for path in folder.iterdir()} == {file.name for file in batch.files}


def given_up(view: View) -> set[int]:
    """Versions that an earlier cleaning owed nothing: going back several times can bring such a one to life again."""
    found: set[int] = set()
    for entry in view.of(BytesDeleted):
        then = View(view.entries[: entry.seq - 1])
        living = {then.champion, then.previous, then.challenger} | then.standing.waiting
        found |= set(then.versions) - living
    return found


def act(stock: Stock, model: str, action: str, number: int) -> None:
    view = stock.view(model)
    batches = [batch for _, batch in view.batches]
    match action:
        case "accept":
            stock.accept(model, f"p{number % 12:02d}", {"a.csv": b"%d" % (number % 5), "b.csv": b"%d" % (number % 3)})
        case "correct" if batches:
            stock.accept(model, batches[number % len(batches)].partition, {"a.csv": b"%d" % (number % 7)})
        case "register" if batches:
            first = number % len(batches)
            stock.register(model, *batches[first : first + 2])
        case "promote" if set(view.versions) - view.touched - {view.champion}:
            stock.promote(model, max(set(view.versions) - view.touched - {view.champion}))
        case "roll back" if view.previous:
            stock.roll_back(model)
        case "recall" if batches:
            stock.recall(model, batches[number % len(batches)])
        case "wait":
            stock.watch.wait(number % 40)
        case "free":
            free(stock.ports, spec_of(model, versions=1, batches=1, days=7), f"{model}-{len(view.entries)}")
        case _:
            pass


def test_the_newest_of_two_equal_batches_decides(stock: Stock) -> None:
    """Delivered, corrected, and taken back to the first bytes: they stay as long as the newest of them does."""
    first = stock.accept("trips", "2013-01", {"trips.csv": b"a"})
    stock.accept("trips", "2013-01", {"trips.csv": b"b"})
    third = stock.accept("trips", "2013-01", {"trips.csv": b"a"})
    stock.watch.wait(400)
    free(stock.ports, spec_of("trips", **LITTLE), "one")
    assert first.sha256 == third.sha256
    assert not gone(stock, third)
    assert len(stock.view("trips").of(BatchAccepted)) == 3


def test_of_two_partitions_with_the_same_bytes_one_goes_and_the_other_keeps_them(stock: Stock) -> None:
    for partition in ("2013-01", "2013-02", "2013-03"):
        stock.accept("trips", partition, {"trips.csv": partition.encode()})
    first = stock.accept("trips", "2013-01", {"trips.csv": b"twice"})
    second = stock.accept("trips", "2013-02", {"trips.csv": b"twice"})
    stock.accept("trips", "2013-04", {"trips.csv": b"newest"})
    stock.register("trips", second)
    stock.watch.wait(400)
    entry = free(stock.ports, spec_of("trips", **LITTLE), "one")
    assert entry is not None
    assert first.sha256 == second.sha256
    assert f"{first.label} {first.sha256}" in entry.body.batches
    assert "2013-02" in [batch.partition for _, batch in stock.view("trips").batches]
    elsewhere = stock.elsewhere(stock.ports.work / "elsewhere")
    folder = fetch(elsewhere.ports, "trips", second)
    assert (folder / "trips.csv").read_bytes() == b"twice"
