"""The champion is looked at in production: from the log of predictions, or batch by batch."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import numpy as np
import pytest

from everfit.errors import SpecError
from everfit.ledger import Entry, View
from everfit.ledger.entries import CandidateJudged, Monitored
from everfit.monitors.system import System
from everfit.ports import Ports
from everfit.predictions import Label, Prediction, keep_labels, pack
from everfit.predictions.prediction import id_of
from everfit.predictor import Predictor, answer
from everfit.spec import MonitorSpec
from everfit.statistics.calls import Calls
from everfit.steps.monitor import monitor
from everfit.steps.monitored import gather, level, looked_at
from everfit.steps.monitored_requests import Period, calls
from everfit.steps.rows import batch_rows
from everfit.steps.sample import as_sent
from everfit.values import Took
from tests.predictions.answers import LOAD
from tests.services import Service
from tests.steps.judging import House, build
from tests.steps.mortal import Crash, counting, mortal

BEGIN = datetime(2013, 5, 10, tzinfo=UTC)
NOW = datetime(2013, 6, 1, 12, tzinfo=UTC)


def predictor_of(house: House) -> Predictor:
    made = house.ledger.view().versions[1]
    return Predictor.load(house.ports.registry.model_files(made.mlflow_run, made.files))


@pytest.fixture(scope="module")
def champion(mlflow: Service, tmp_path_factory: pytest.TempPathFactory) -> House:
    house = build(tmp_path_factory.mktemp("trips"), mlflow.url)
    house.accept(1, 2, 3)
    house.crown(house.trained("one").register().version)
    house.accept(4)
    return house


def watching(house: House, **said: Any) -> House:
    return replace(house, spec=house.spec.model_copy(update={"monitor": MonitorSpec(**said)}))


@pytest.fixture
def of_batches(champion: House) -> House:
    return watching(champion, of="batches")


def test_batches_after_its_own_are_scored_and_looked_at(of_batches: House):
    found = gather(of_batches.ports, of_batches.spec, of_batches.ledger.view(), 1, predictor_of(of_batches), NOW)
    seen = found.seen
    assert seen.reference.rows == 532  # March, less the rows without a label
    assert seen.reference.labelled.all()
    assert (seen.window.rows, int(seen.window.labelled.sum())) == (560, 532)
    assert [column.name for column in seen.window.columns] == ["carrier", "distance"]  # the time is no input to watch
    assert seen.window.columns[0].categories == seen.reference.columns[0].categories == ("AA", "UA", "WN")
    assert (seen.born.month, seen.now.month) == (3, 4)
    assert seen.window.losses[seen.window.labelled].mean() == pytest.approx(0.56, abs=0.01)
    assert seen.leans["carrier"] > 0.01
    assert seen.pulled.names == ("distance", "carrier", "hour", "late")
    assert seen.pulled.reference.shape == (500, 4)


def logged(house: House, first: datetime = BEGIN) -> tuple[list[Prediction], list[float]]:
    """April's rows, asked in requests of ten from then on, logged as a server does; and what came of each."""
    predictor = predictor_of(house)
    (april,) = [batch for _, batch in house.ledger.view().batches if batch.partition == "2013-04"]
    raw = batch_rows(house.ports, house.spec, predictor.code, april)
    sent = as_sent(predictor.card.inputs.read(raw))
    made = []
    for begin in range(0, len(sent), 10):
        rows, at = sent[begin : begin + 10], first + timedelta(minutes=begin)
        given = answer(predictor.guard, rows, predictor.answers_to)
        id_ = id_of(at, begin.to_bytes(8))
        made.append(
            Prediction(
                id_, at, house.spec.name, 1, "champion", rows, given.predictions, seconds=0.01, flags=given.flags
            )
        )
    house.ports.store.create(*pack(made))
    return made, raw["late"].tolist()


def asked(house: House) -> list[Prediction]:
    """The same in May, with labels that come later, some of them twice."""
    made, came = logged(house)
    labels = [
        Label(made[place // 10].id, None if np.isnan(value) else value, place % 10) for place, value in enumerate(came)
    ]
    keep_labels(house.ports.store, house.spec.name, labels[:300], BEGIN + timedelta(days=2))
    keep_labels(house.ports.store, house.spec.name, labels[250:], BEGIN + timedelta(days=9))
    return made


def test_what_callers_asked_is_looked_at_as_batches_are(champion: House, of_batches: House):
    made = asked(champion)
    view, predictor = champion.ledger.view(), predictor_of(champion)
    told = gather(champion.ports, champion.spec, view, 1, predictor, NOW).seen
    known = gather(of_batches.ports, of_batches.spec, view, 1, predictor, NOW).seen
    assert told.window.rows == known.window.rows == 560
    for name in ("day", "scores", "y", "losses"):
        ours, theirs = getattr(told.window, name), getattr(known.window, name)
        np.testing.assert_allclose(np.sort(ours), np.sort(theirs), rtol=1e-12, err_msg=name)
    heard = told.window.heard[np.isfinite(told.window.heard)] - BEGIN.timestamp()
    assert sorted(set(heard / 86400)) == [2, 9]
    assert int((heard == 2 * 86400).sum()) == 285  # 300, less those without a label; told again, they keep their day
    np.testing.assert_allclose(told.again, told.window.scores, rtol=1e-6)
    assert (len(told.calls.at), int(told.calls.failed.sum())) == (len(made), 0)


@pytest.fixture
def log_of_its_own(champion: House) -> Iterator[None]:
    """What a test logs and tells is gone after it."""
    store, folders = champion.ports.store, [f"{what}/{champion.spec.name}" for what in ("predictions", "labels")]
    before = {key for folder in folders for key in store.list(folder)}
    yield
    for key in {key for folder in folders for key in store.list(folder)} - before:
        store.delete(key)


@pytest.mark.usefixtures("log_of_its_own")
def test_what_server_and_trainings_took_is_looked_at(champion: House):
    made, _ = logged(champion)
    during, earlier = (replace(LOAD, at=at) for at in (made[0].at, made[0].at - timedelta(days=60)))
    champion.ports.store.create(*pack(made[:1], [during, earlier]))
    view = champion.ledger.view()
    judged = view.of(CandidateJudged)[-1]
    some = [
        replace(judged, key=f"judged:{days}", at=NOW - timedelta(days=days), body=replace(judged.body, took=took))
        for days, took in ((40, Took(30.0)), (20, Took(60.0)), (10, None))
    ]
    seen = gather(champion.ports, champion.spec, View((*view.entries, *some)), 1, predictor_of(champion), NOW).seen
    assert (len(seen.calls.at), seen.calls.loads, seen.took) == (len(made), [during], [Took(60.0)])
    assert [part.name for part in System().watch(seen).parts][-3:] == ["memory", "cpu", "cost"]


@pytest.mark.usefixtures("log_of_its_own")
def test_what_nobody_tells_is_found_by_key_in_a_later_batch(champion: House):
    """The batch that says it came on the first of June; a label that somebody tells counts for more."""
    made, came = logged(champion, first=datetime(2013, 5, 31, tzinfo=UTC))
    house = watching(champion, window="2d", key=["left", "carrier", "distance"])
    before = looked_at(house.ports, watching(champion, window="2d").spec, house.ledger.view(), 1, NOW)
    sources = looked_at(house.ports, house.spec, house.ledger.view(), 1, NOW)
    assert set(sources) > set(before), "a batch makes another look"
    told = Label(made[0].id, 1.0 - came[1], 1)
    keep_labels(house.ports.store, house.spec.name, [told], NOW)
    window = gather(house.ports, house.spec, house.ledger.view(), 1, predictor_of(house), NOW).seen.window
    expected = np.array(came)
    expected[1] = 1.0 - came[1]
    np.testing.assert_array_equal(window.y, expected)
    accepted = house.ledger.view().accepted("2013-04")[-1].at.timestamp()
    assert set(window.heard[np.isfinite(window.heard)]) == {accepted, NOW.timestamp()}
    wrong = watching(champion, window="2d", key=["carier"])
    with pytest.raises(SpecError, match=r"names 'carier', a column that rows\(\) does not make; did you mean"):
        gather(wrong.ports, wrong.spec, wrong.ledger.view(), 1, predictor_of(wrong), NOW)


def test_labels_that_come_later_make_another_look(champion: House):
    made = asked(champion)
    first = monitor(champion.ports, champion.spec, print)
    assert first.body.labelled == 532
    keep_labels(champion.ports.store, champion.spec.name, [Label(made[0].id, 1.0, 0)], BEGIN + timedelta(days=20))
    second = monitor(champion.ports, champion.spec, print)
    assert (second.seq, second.body.labelled) == (first.seq + 1, 533)


def test_a_year_has_so_many_false_alarms_to_give_away(of_batches: House):
    asked, nothing = of_batches.spec.monitor, View(())
    share = 28 / 365 / len(asked.monitors)  # the whole window is new
    assert level(asked, nothing, BEGIN, BEGIN - timedelta(days=365)) == pytest.approx(share)
    assert level(asked, nothing, BEGIN, BEGIN - timedelta(days=7)) == pytest.approx(share / 4)  # nobody asked before
    monitor(of_batches.ports, of_batches.spec, print)
    view = of_batches.ledger.view()
    newest = max(entry.body.until for entry in view.of(Monitored))
    assert level(asked, view, newest + timedelta(days=7), BEGIN) == pytest.approx(share / 4)
    assert level(asked, view, newest + timedelta(days=70), BEGIN) == pytest.approx(share)
    assert level(asked, view, newest, BEGIN) == 1e-6


def test_a_season_is_as_much_earlier_as_the_spec_says(champion: House):
    house = watching(champion, of="batches", season="59d")
    found = gather(house.ports, house.spec, house.ledger.view(), 1, predictor_of(house), NOW).seen
    assert found.window.rows == 560
    begin, end = (datetime.fromtimestamp(at, UTC) for at in (found.season.at.min(), found.season.at.max()))
    assert datetime(2013, 2, 1, tzinfo=UTC) <= begin < end < datetime(2013, 3, 1, tzinfo=UTC)
    assert not np.isfinite(found.season.scores).any()
    nothing = watching(champion, of="batches", season="365d")
    assert gather(nothing.ports, nothing.spec, house.ledger.view(), 1, predictor_of(house), NOW).seen.season is None


def test_a_look_is_written_down_once(of_batches: House):
    first = monitor(of_batches.ports, of_batches.spec, print)
    said: list[str] = []
    assert monitor(of_batches.ports, of_batches.spec, said.append) == first
    assert said == [f"nothing is new since entry {first.seq}"]
    assert (first.body.version, first.body.rows, first.body.labelled) == (1, 560, 532)
    assert {signal.monitor for signal in first.body.signals} >= {"staleness"}
    assert of_batches.ports.store.local_file(first.body.evidence).is_file()


FEW = ("staleness", "data_quality")


def test_two_who_look_at_once_write_one_entry(champion: House):
    house = watching(champion, of="batches", watch=FEW, false_alarms=2)
    early = replace(house.ports, clock=lambda: NOW - timedelta(seconds=1))
    both = Barrier(2)

    def look(ports: Ports) -> Entry[Monitored] | None:
        both.wait()
        return monitor(ports, house.spec, print)

    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(look, (house.ports, early))
    assert one == other
    assert house.ports.store.local_file(one.body.evidence).is_file()
    assert house.ports.store.exists(one.body.report)


def test_of_two_looks_that_differ_the_first_stays_whole(champion: House):
    """The second has another level, since somebody looked meanwhile: it must not touch what the first's entry names."""
    house, other = (watching(champion, of="batches", watch=("feature_drift",), false_alarms=a) for a in (3, 9))
    first: list[Entry[Monitored] | None] = []

    def overtaken(said: str) -> None:
        if not first and "rows up to" in said:  # everything is gathered, nothing is written
            first.append(None)
            monitor(other.ports, other.spec, print)
            first[0] = monitor(house.ports, house.spec, print)

    assert monitor(house.ports, house.spec, overtaken) == first[0]
    assert house.ports.store.local_file(first[0].body.evidence).is_file()


def test_a_crash_anywhere_is_made_up_for(champion: House):
    house, moment, crashed = watching(champion, of="batches", watch=FEW, false_alarms=4), 0, True
    while crashed:
        spec = house.spec.model_copy(update={"monitor": MonitorSpec(of="batches", watch=FEW, false_alarms=4 + moment)})
        dying = mortal(house.ports, counting(moment), store=("create", "write", "put_file"))
        crashed = False
        try:
            monitor(dying, spec, print)
        except Crash:
            crashed = True
        before = len(house.ledger.view().of(Monitored))
        entry = monitor(house.ports, spec, print)
        assert house.ports.store.local_file(entry.body.evidence).is_file()
        assert house.ports.store.exists(entry.body.report)
        assert len(house.ledger.view().of(Monitored)) - before <= 1
        assert sum(one.key == entry.key for one in house.ledger.view().of(Monitored)) == 1
        moment += 1
    assert moment > 6  # before and after the page, the evidence, the entry


def test_answers_are_held_against_those_of_as_long_a_time_before(champion: House):
    made = asked(champion)
    later = champion.ports.clock() + timedelta(days=20)  # the requests were on 10 May, of 28 days before
    found = requests_before(champion, later)
    assert (len(found.at), int(found.failed.sum())) == (len(made), 0)
    assert requests_before(champion, champion.ports.clock()) is None


def requests_before(house: House, at: datetime) -> Calls | None:
    return calls(house.ports.store, house.spec.name, 1, Period(at - timedelta(days=28), at).before)
