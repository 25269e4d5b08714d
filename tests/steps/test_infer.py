"""Expectations learnt from accepted months of real flights: they accept what taught them; a person's stay theirs."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from everfit.errors import NotEnoughData, SpecError, UnknownName
from everfit.ledger.entries import BaselineChanged
from everfit.ledger.words import in_words
from everfit.spec import load_spec
from everfit.spec.loading import load_spec_before_suites
from everfit.steps.baseline import baseline_checks, record, suites
from everfit.steps.infer import accepted, infer, landed, write
from everfit.validation import gx
from everfit.validation.read import read_table
from everfit.validation.suites import load_suite
from tests.workshop import Workshop, open_workshop
from tools.land_flights import MONTHS, land

MODELS = Path(__file__).parents[2] / "include" / "models"


@pytest.fixture(scope="module")
def months(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    return land(tmp_path_factory.mktemp("landing"), MONTHS[:3], 0.1)


@pytest.fixture(scope="module")
def shop(months, tmp_path_factory) -> Workshop:
    return open_workshop(tmp_path_factory.mktemp("shop"), months)


@pytest.fixture
def own(shop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    """The same accepted months, with a copy of the model's folder that may be written to, and a ledger of its own."""
    monkeypatch.setenv("EVERFIT_MODELS", str(tmp_path / "models"))
    shutil.copytree(MODELS / "flight_delays", tmp_path / "models" / "flight_delays")
    shutil.copytree(Path(shop.ports.store.url) / "ledger", tmp_path / "store" / "ledger")
    store = type(shop.ports.store)(tmp_path / "store")
    return Workshop(replace(shop.ports, store=store), load_spec("flight_delays"))


def failing(shop: Workshop, months) -> list[tuple[str, str, str]]:
    """What of the suites the months break, with Great Expectations itself."""
    found = []
    for month in months:
        for table, spec in shop.spec.data.tables.items():
            checks = gx.run(load_suite(shop.spec.suite_path(table)), table, read_table(month / spec.file))
            found += [(month.name, check.wanted, check.found) for check in checks if not check.passed]
    return found


def without_suites(shop: Workshop) -> Workshop:
    shutil.rmtree(shop.spec.folder / "expectations")
    return replace(shop, spec=load_spec_before_suites("flight_delays"))


def test_the_first_suites_come_from_a_landing_folder_and_accept_it(own, months):
    own = without_suites(own)
    with pytest.raises(SpecError, match="wanted the table's expectations there"):
        load_spec("flight_delays")
    written = write(infer(own.spec, landed(months)))

    assert [path.name for path in written] == ["flights.json", "weather.json", "planes.json", "airports.json"]
    assert load_spec("flight_delays").data.tables
    assert failing(own, months) == []


def test_nothing_that_a_person_wrote_changes_and_the_months_are_still_accepted(own, months):
    before = {table: own.spec.suite_path(table).read_text() for table in own.spec.data.tables}
    proposals = infer(own.spec, accepted(own.ports, own.spec))
    assert {one.table: own.spec.suite_path(one.table).read_text() for one in proposals} == before, "it only proposes"
    write(proposals)

    for table, text in before.items():
        old = json.loads(text)
        new = json.loads(own.spec.suite_path(table).read_text())
        assert new["expectations"][: len(old["expectations"])] == old["expectations"]
        assert {key: new[key] for key in old if key != "expectations"} == {
            key: old[key] for key in old if key != "expectations"
        }
    assert [found for found in failing(own, months) if found[0] != "2013-02"] == []
    (wind,) = [conflict for one in proposals for conflict in one.conflicts]
    assert "such as 1048.361" in wind.found
    assert not wind.mended


def test_a_diff_shows_added_lines_and_a_second_look_finds_nothing(own):
    sources = accepted(own.ports, own.spec)
    proposals = infer(own.spec, sources, ["flights"])
    diff = proposals[0].diff(own.spec.folder)
    assert diff[:2] == ["--- a/expectations/flights.json\n", "+++ b/expectations/flights.json\n"]
    assert len([line for line in diff[2:] if line.startswith("-")]) == 1, "the last line, which gets a comma"
    assert infer(own.spec, sources, ["flights"])[0].after == proposals[0].after, "deterministic"

    write(proposals)
    (again,) = infer(own.spec, sources, ["flights"])
    assert (again.after, again.diff(own.spec.folder)) == (again.before, [])


def test_the_same_bytes_in_every_month_are_one_batch_of_evidence(own):
    words = {one.table: one.words for one in infer(own.spec, accepted(own.ports, own.spec))}
    assert words["planes"] == "3,322 rows of 1 batch"
    assert words["weather"].endswith("rows of 3 batches")
    newest = infer(own.spec, accepted(own.ports, own.spec, 2), ["weather"])
    assert newest[0].learnt_from == ("2013-02", "2013-03")
    assert newest[0].words.endswith("of 2 batches")


def test_a_critical_expectation_that_accepted_months_break_is_mended_and_told(own, months):
    path = own.spec.suite_path("weather")
    path.write_text(path.read_text().replace('"humid", "min_value": 0', '"humid", "min_value": 50'))
    (weather,) = infer(own.spec, accepted(own.ports, own.spec), ["weather"])
    humid = next(one for one in weather.conflicts if one.expectation.column == "humid")
    assert humid.found.startswith("2013-01: ")
    assert humid.mended
    write([weather])
    assert [found for found in failing(own, months) if "humid" in found[1] or "between 50" in found[1]] == []


def test_what_cannot_be_learnt_is_told(own, tmp_path):
    with pytest.raises(UnknownName, match=r"table 'wether'.*did you mean 'weather'"):
        infer(own.spec, accepted(own.ports, own.spec), ["wether"])
    with pytest.raises(NotEnoughData, match=r"no batch of flight_delays is accepted yet.*--from FOLDER"):
        infer(own.spec, [])


def test_a_baseline_is_recorded_once_and_a_difference_is_told(own):
    view = own.ledger.view
    assert baseline_checks(view(), own.spec) == (), "nobody has ever recorded one"

    entry = record(own.ports, own.spec, note="first", by="ada")
    assert record(own.ports, own.spec, note="again", by="bob") == entry
    assert view().of(BaselineChanged) == (entry,)
    assert set(entry.body.suites) == {"flights", "weather", "planes", "airports"}
    (same,) = baseline_checks(view(), own.spec)
    assert (same.passed, same.severity, same.found) == (True, "info", "the same files")

    path = own.spec.suite_path("flights")
    path.write_text(path.read_text().replace('"min_value": 500', '"min_value": 400'))
    (other,) = baseline_checks(view(), own.spec)
    assert not other.passed
    assert "other files for flights" in other.found
    assert "everfit expectations accept flight_delays" in other.found

    newer = record(own.ports, own.spec, note="fewer flights in winter", by="ada", learnt_from=("2013-01",))
    assert "by ada, learnt from 2013-01: fewer flights in winter" in in_words(newer)
    path.write_text(path.read_text().replace('"min_value": 400', '"min_value": 500'))
    assert record(own.ports, own.spec, note="back", by="ada").seq > newer.seq, "to go back is a decision too"


def test_the_teams_own_kinds_belong_to_the_baseline(own):
    before = suites(own.spec)
    custom = own.spec.folder / "expectations" / "custom.py"
    custom.write_text("x = 1\n")
    assert suites(own.spec).keys() - before.keys() == {"expectations/custom.py"}
    own.spec.suite_path("flights").unlink()
    with pytest.raises(SpecError, match=r"flights\.json: cannot read the expectations"):
        suites(own.spec)
