"""GX's own page about a delivery: every expectation in GX's words, and not one address outside."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from everfit.validation.ask import ask
from everfit.validation.data_docs import Results, render, results_json
from everfit.validation.formats import Part
from everfit.validation.read import read_table
from everfit.validation.suites import load_suite

EVIL = "<script>alert(1)</script>"
LOADED = {"src", "href", "action", "data", "poster", "srcset", "formaction", "background"}


class Addresses(HTMLParser):
    """Whatever a browser would load or run."""

    def __init__(self) -> None:
        super().__init__()
        self.outside: list[str] = []
        self.scripts = 0

    def handle_starttag(self, tag, attrs):
        self.scripts += tag in ("script", "iframe", "object", "embed", "link", "base", "form")
        self.scripts += sum(name.startswith("on") for name, _ in attrs)
        self.outside += [value for name, value in attrs if name in LOADED and not (value or "").startswith("#")]


@pytest.fixture(scope="module")
def results(month: Path, expectations: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Results]:
    """Real answers on a bad month: an odd origin, no arrival delay (GX's own answer), a planes table that is whole."""
    flights = read_table(month / "flights.parquet").drop(columns="arr_delay")
    flights.loc[:2, "origin"] = EVIL
    bad = tmp_path_factory.mktemp("bad") / "flights.parquet"
    flights.to_parquet(bad)
    files = {"flights": bad, "planes": month / "planes.csv"}
    return [
        Results(table, ask(load_suite(expectations / f"{table}.json"), table, [Part(path.name, path)]).results)
        for table, path in files.items()
    ]


@pytest.fixture(scope="module")
def kept(results) -> bytes:
    return results_json("flight_delays", "2013-01", "2013-02-01 05:00:00 UTC", results)


@pytest.fixture(scope="module")
def page(kept) -> str:
    return render(kept)


def test_every_expectation_is_there_in_gxs_words(page):
    assert "18 of 23 expectations met" in page
    assert "12 of 12 expectations met" in page
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page))
    assert "values must belong to this set: EWR JFK LGA" in text
    assert "Values for given compound columns must be unique together: flight, carrier, time_hour, origin" in text
    assert 'The column "arr_delay" in BatchData does not exist' in text.replace("&quot;", '"').replace("&#34;", '"')
    assert text.count("values must never be null") == 8


def test_nothing_is_loaded_from_outside_and_nothing_runs(page):
    seen = Addresses()
    seen.feed(page)
    assert seen.outside == []
    assert seen.scripts == 0
    assert not re.search(r"(?:url\(|@import)", page)
    assert "<script" not in page
    assert EVIL not in page


def test_what_is_kept_is_json_without_this_machines_paths(kept, results):
    said = json.loads(kept)
    assert [one["table"] for one in said["tables"]] == ["flights", "planes"]
    assert b"Traceback" not in kept
    assert b"site-packages" not in kept
    assert results_json("flight_delays", "2013-01", "2013-02-01 05:00:00 UTC", results) == kept


def test_equal_results_give_an_equal_page(kept, page):
    assert render(kept) == page


PLACES = ["column", "value_set", "description", "observed_value", "exception_message", "table"]


@pytest.mark.parametrize("place", PLACES)
def test_nothing_that_is_in_the_data_or_a_suite_is_taken_for_html(place):
    asked: dict = {"type": "expect_column_distinct_values_to_be_in_set", "kwargs": {"column": "a", "value_set": ["b"]}}
    answer: dict = {"success": False, "expectation_config": asked, "result": {"observed_value": ["c"]}}
    if place == "description":
        asked[place] = EVIL
    elif place == "column":
        asked["kwargs"][place] = EVIL
    elif place == "value_set":
        asked["kwargs"][place] = [EVIL]
    elif place == "observed_value":
        answer["result"][place] = [EVIL]
    elif place == "exception_message":
        answer["exception_info"] = {"raised_exception": True, place: EVIL}
    seen = Addresses()
    seen.feed(render(results_json(EVIL, EVIL, EVIL, [Results(EVIL if place == "table" else "t", [answer])])))
    assert (seen.scripts, seen.outside) == (0, [])


def test_what_json_has_no_word_for_is_kept_as_text():
    answer = {"success": False, "expectation_config": {"type": "t", "kwargs": {}}, "result": {"x": [float("nan"), 1.5]}}
    said = json.loads(results_json("m", "p", "t", [Results("a", [answer])]))
    assert said["tables"][0]["answers"][0]["result"] == {"x": ["nan", 1.5]}


def test_a_teams_own_kind_is_shown_though_its_code_is_not_run(kept):
    said = json.loads(kept)
    asked = {"type": "expect_column_values_to_be_tail_numbers", "kwargs": {"column": "tailnum"}, "severity": "warning"}
    answer = {"success": False, "expectation_config": asked, "result": {"element_count": 5, "unexpected_count": 2}}
    told = dict(answer, expectation_config=dict(asked, description="an American tail number"))
    table = {"table": "flights", "answers": [answer, told]}
    page = render(json.dumps(said | {"tables": [table]}).encode())
    assert "expect_column_values_to_be_tail_numbers" in page
    assert "an American tail number" in page
