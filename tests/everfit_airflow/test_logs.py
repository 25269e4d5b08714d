"""What a person reads in a task's log."""

import logging

import pytest

from everfit_airflow.logs import FOLD, say_all, tell_library_logs


@pytest.fixture
def said(caplog):
    tell_library_logs()
    caplog.set_level(logging.INFO, logger="everfit")
    return lambda: [record.getMessage() for record in caplog.records]


def test_a_short_block_is_open_and_a_long_one_folded(said):
    say_all("2 gates", ["a passed", "b failed"])
    assert said() == ["2 gates:", "  a passed", "  b failed"]
    say_all("many checks", ["ok"] * (FOLD + 1))
    assert said()[3:] == ["::group::many checks", *["ok"] * (FOLD + 1), "::endgroup::"]


def test_great_expectations_says_nothing_of_its_temporary_folders(said, caplog):
    import great_expectations as gx

    caplog.clear()
    gx.get_context(mode="ephemeral")
    assert said() == []
    logging.getLogger("great_expectations.data_context.types.base").warning("the disk is full")
    assert said() == ["the disk is full"]
