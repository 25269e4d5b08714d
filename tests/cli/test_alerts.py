"""`everfit alerts`: what is open, since when, and who was told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from everfit.ledger import Ledger
from everfit.ledger.entries import AlertDue, Alerted, BatchQuarantined, Told
from everfit.stores import open_store

AT = datetime.now(UTC) - timedelta(hours=3)


@pytest.fixture
def ledger(everfit, project) -> Ledger:
    assert everfit("new", "toy")[0] == 0
    return Ledger("toy", open_store(str(project / "store")), lambda: AT)


def test_a_model_with_which_nothing_is_wrong(everfit, ledger):
    assert everfit("alerts", "toy") == (0, "toy: nothing is wrong\n")


def test_what_is_open_who_was_told_and_who_wants_to_hear_no_more(everfit, ledger):
    ledger.append("refused", BatchQuarantined("2013-05", "f", "s", ("no rows",), "reports/r.html", "quarantine/q"))
    code, said = everfit("alerts")
    assert code == 1
    assert "toy: 1 open" in said
    assert f"warning  batch 2013-05 was refused, since {AT:%Y-%m-%d %H:%M} UTC (3 h)" in said
    assert "kept in quarantine: no rows." in said
    assert "to do: Read the report." in said
    assert "data_refused:2013-05; entry 1" in said
    assert "nobody has been told" in said
    due = ledger.append(
        "due", AlertDue("mail", (Told("data_refused:2013-05", "new", "batch 2013-05 was refused", AT),))
    )
    ledger.append("told", Alerted("mail", due.seq))
    assert f"told: mail on {AT:%Y-%m-%d %H:%M} UTC" in everfit("alerts", "toy")[1]
    code, said = everfit("alerts", "toy", "--silence", "data_refused:2013-05", "it never comes")
    assert (code, "it never comes" in said, "silenced by " in said) == (1, True, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("toy", "--silence", "data_refused:2013", "why"), "there is no open incident 'data_refused:2013'"),
        (("toy", "--silence", "data_refused:2013-05", " "), "name the model and say why"),
        (("--silence", "data_refused:2013-05", "why"), "name the model and say why"),
        (("nobody",), "nobody"),
    ],
)
def test_wrong_words(everfit, ledger, words, said):
    code, found = everfit("alerts", *words)
    assert (code, said in found) == (1, True)
