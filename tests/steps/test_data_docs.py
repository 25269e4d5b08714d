"""What GX's page is made of is kept at validation; the page is made once, by whoever asks first."""

import json
from types import SimpleNamespace
from typing import cast

import pytest

from everfit.errors import DataError
from everfit.ports import Ports
from everfit.spec import ModelSpec
from everfit.steps import data_docs
from everfit.testing.fakes import MemoryStore, frozen_clock
from everfit.validation.data_docs import Results
from everfit.values import Arrival

SPEC = cast(ModelSpec, SimpleNamespace(name="flight_delays"))
ANSWER = {
    "success": True,
    "expectation_config": {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "carrier"}},
    "result": {"element_count": 5, "unexpected_count": 0, "unexpected_percent": 0.0},
    "exception_info": {"raised_exception": False, "exception_message": None, "exception_traceback": None},
}


@pytest.fixture
def ports() -> Ports:
    return cast(Ports, SimpleNamespace(store=MemoryStore(), clock=frozen_clock()))


def keep(ports: Ports, answer: dict = ANSWER) -> str:
    return data_docs.keep_results(ports, SPEC, Arrival("2013-01", "f1", ()), [Results("flights", [answer])])


def test_the_page_is_made_when_it_is_asked_for_and_once(ports, monkeypatch):
    key = keep(ports)
    assert key == "data-docs/flight_delays/2013-01-f1.html"
    assert ports.store.list("data-docs") == ["data-docs/flight_delays/2013-01-f1.json"]

    page = data_docs.page(ports, key)
    assert b"1 of 1 expectations met" in page
    monkeypatch.setattr(data_docs, "_render", lambda results: pytest.fail("it was made before"))
    assert data_docs.page(ports, key) == page


def test_other_results_make_another_page(ports):
    before = data_docs.page(ports, keep(ports))
    after = data_docs.page(ports, keep(ports, ANSWER | {"success": False}))
    assert b"0 of 1 expectations met" in after
    assert after != before


def test_there_is_no_page_without_results(ports):
    with pytest.raises(FileNotFoundError):
        data_docs.page(ports, "data-docs/flight_delays/2013-02-f1.html")


def test_results_that_gx_cannot_show_are_told(ports):
    ports.store.write("data-docs/m/x.json", json.dumps({"tables": [{"answers": [{}]}]}).encode())
    with pytest.raises(DataError, match="Great Expectations could not make a page of the results: KeyError"):
        data_docs.page(ports, "data-docs/m/x.html")
