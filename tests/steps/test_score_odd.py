"""An odd row in a batch gets what the same row would get from the model server, and says so."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from everfit.errors import DataError
from everfit.ledger.scores import scores
from everfit.ledger.words import in_words
from everfit.predictor import Predictor, answer, stand_in
from everfit.spec import AnswersSpec
from everfit.steps import score_rows
from everfit.steps.sample import as_sent
from tests.services import shared_model_server
from tests.steps.scoring import CARRIERS, CODE, ROWS, House, house_in, trips
from tests.toy_model import toy_folder

DECLARED = AnswersSpec(
    empty="refuse",
    wrong_type="abstain",
    missing_value="refuse",
    unseen_category="previous",
    out_of_range="constant",
    out_of_distribution="abstain",
    low_confidence="previous",
    confidence=0.55,
    constant=0.125,
)
SURE = AnswersSpec(confidence=0.52, low_confidence="abstain")


def odd_trips() -> pd.DataFrame:
    """Sixty trips, and among them some of each sort of oddity that a table can have."""
    made = trips(5, 60).astype({"hour": "float64"})
    made.loc[3, "hour"] = 99
    made.loc[[7, 9], "hour"] = np.nan
    made.loc[11, "carrier"] = "ZZ"
    made.loc[[12, 13], "leaves"] = pd.NaT
    made.loc[17, ["carrier", "leaves", "hour"]] = [None, pd.NaT, np.nan]
    made.loc[19, ["carrier", "hour"]] = ["ZZ", 99]
    return made


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    """Version 2 is the champion, and version 1 goes before it; the model server follows."""
    made = house_in(tmp_path_factory.mktemp("odd"), f"odd_{uuid4().hex[:8]}")
    made.accept(1)
    for seed, declared in ((1, SURE), (2, DECLARED)):
        made.promote(made.add_version(seed, CODE + ROWS, 1, answers=declared))
    made.accept(5, odd_trips())
    for alias, version in (("previous", 1), ("champion", 2)):
        made.ports.registry.set_alias(made.spec.name, alias, version)
    httpx.post(f"{shared_model_server().url}/models/{made.spec.name}/refresh", timeout=60).raise_for_status()
    return made


def at_the_server(house: House, row: Mapping[str, Any]) -> tuple[Any, list[str]]:
    """What one who sends the row gets; None where the request is refused."""
    asked = {"model": house.spec.name, "rows": [row]}
    reply = httpx.post(f"{shared_model_server().url}/predict", json=asked, timeout=60)
    if reply.status_code == 422:
        return None, ["refused"]
    (said,) = reply.raise_for_status().json()["predictions"]
    return said, reply.json().get("flags", [[]])[0]


def test_a_batch_answers_as_the_server_does(house: House) -> None:
    body = house.scored()
    frame = house.frame(body.file)
    made = house.ledger.view().versions[2]
    champion = Predictor.load(house.ports.registry.model_files(made.mlflow_run, made.files))
    rows = champion.code.rows({"trips": odd_trips(), "carriers": CARRIERS})
    seen = set()
    for place, row in enumerate(as_sent(champion.card.inputs.read(rows))):
        wanted, flags = at_the_server(house, row)
        found, said = frame["score"][place], list(frame["flags"][place])
        assert (None if np.isnan(found) else found) == (None if wanted is None else pytest.approx(wanted, abs=1e-6))
        if flags == ["refused"]:
            assert said[-1] == "abstained", "nobody is there to be refused"
            assert said[:-1] == list(champion.guard.look(row).flags)
        else:
            assert said == flags, row
        seen |= {flag.partition(":")[0] for flag in said} | {flag for flag in said if flag.startswith("answered_by")}
    assert seen >= {"empty", "missing_value", "unseen_category", "out_of_range", "out_of_distribution", "abstained"}
    assert seen >= {"low_confidence", "answered_by:1", "answered_by:constant"}
    assert set(frame["version"]) == {2}, "who was asked; the flag says who answered"
    assert (body.before, body.unanswered, body.rows) == (1, int(frame["score"].isna().sum()), 60)
    assert f"60 rows ({body.unanswered} without an answer)" in in_words(scores(house.ledger.view())["2013-05"])


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Predictor, Predictor]:
    folder = tmp_path_factory.mktemp("pair")
    more = CODE.replace('"carrier", "leaves"]', '"carrier", "leaves", "late"]')
    return (
        Predictor.load(toy_folder(folder / "one", 1, answers=DECLARED)),
        Predictor.load(toy_folder(folder / "before", 2, code=more, answers=AnswersSpec())),
    )


ANY = st.none() | st.booleans() | st.integers(-3, 40) | st.floats(allow_nan=False) | st.sampled_from(["UA", "ZZ", "6"])
TABLE = st.lists(
    st.fixed_dictionaries(
        {
            "hour": st.integers(5, 23) | ANY,
            "carrier": st.sampled_from(["UA", "AA", "ZZ"]) | ANY,
            "leaves": st.just("2013-05-01T08:00:00Z") | ANY,
            "late": st.none() | st.sampled_from([0.0, 1.0]),
        }
    ),
    min_size=1,
    max_size=5,
)
GOOD = {"hour": 6, "carrier": "UA", "leaves": "2013-05-01T08:00:00Z", "late": 1.0}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=TABLE)
@example(rows=[GOOD, {**GOOD, "hour": "six"}, {**GOOD, "carrier": 3}, {**GOOD, "hour": float("inf")}])
def test_any_row_of_a_table_is_answered_as_it_would_be_alone(pair: tuple[Predictor, Predictor], rows: list[Any]):
    one, before = pair
    found = score_rows.given(one, (1, before), pd.DataFrame(rows, dtype=object))
    for place, row in enumerate(rows):
        alone = answer(
            one.guard.unrefusing,
            [row],
            one.answers_to,
            lambda waiting: (1, stand_in(before.guard, waiting, before.answers_to)),
        )
        said, flags = found.instead.get(place, float(found.scores[place])), found.flags.get(place, ())
        assert (said, tuple(flags)) == (alone.predictions[0], tuple(alone.flags[0] if alone.flags else ())), row


def test_a_column_of_one_wrong_kind_is_no_matter_of_rows(pair: tuple[Predictor, Predictor]) -> None:
    table = pd.DataFrame([GOOD, GOOD])
    with pytest.raises(DataError, match="column 'hour' must be a number; row 0 has '6'"):
        score_rows.given(pair[0], None, table.assign(hour=["6", "7"]))
    with pytest.raises(DataError, match="no column 'hour'"):
        score_rows.given(pair[0], None, table.drop(columns="hour"))


def test_nobody_is_asked_about_a_table_of_odd_rows_only(pair: tuple[Predictor, Predictor], tmp_path: Path) -> None:
    fragile = CODE.replace("known = ", 'assert rows["hour"].notna().all()\n    known = ')
    strict = Predictor.load(toy_folder(tmp_path / "toy", 1, code=fragile, answers=AnswersSpec(missing_value="abstain")))
    found = score_rows.given(strict, None, pd.DataFrame([{**GOOD, "hour": np.nan}] * 2))
    assert found.instead == {0: None, 1: None}
    assert found.flags == dict.fromkeys(range(2), ("missing_value:hour", "abstained"))
