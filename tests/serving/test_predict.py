from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import pytest

from everfit.predictor import Predictor
from everfit.serving.questions import MOST_BYTES, MOST_ROWS
from tests.serving.conftest import CLIENT, Town
from tests.toy_model import CODE, ROWS


def test_the_server_answers_as_the_model_does_offline(town: Town) -> None:
    town.publish()
    assert town.point("champion", 1).json() == {"model": town.model, "aliases": {"champion": 1}}
    answer = town.ask(ROWS)
    assert answer.status_code == 200
    offline = Predictor.load(town.local()).predict(pd.DataFrame(ROWS)).tolist()
    assert answer.json() == {"model": town.model, "version": 1, "alias": "champion", "predictions": offline}


def test_each_alias_answers_with_its_own_version(town: Town) -> None:
    for seed in (0, 1):
        town.publish(seed)
    town.point("champion", 2)
    town.point("previous", 1)
    assert town.point("challenger", 2).json()["aliases"] == {"champion": 2, "previous": 1, "challenger": 2}
    said = {alias: town.ask(ROWS, alias=alias).json() for alias in ("champion", "challenger", "previous")}
    assert {alias: answer["version"] for alias, answer in said.items()} == {
        "champion": 2,
        "challenger": 2,
        "previous": 1,
    }
    assert said["champion"]["predictions"] == said["challenger"]["predictions"] != said["previous"]["predictions"]
    assert town.point("previous", None).json()["aliases"] == {"champion": 2, "challenger": 2}


@pytest.mark.parametrize(
    ("rows", "status", "message"),
    [
        ([], 422, "at least one row"),
        ([{"hour": 1, "carrier": "UA"}], 422, "row 0 has no 'leaves'"),
        ([{**ROWS[0]}, {"hour": 1, "carier": "UA", "leaves": None}], 422, "did you mean 'carier'"),
        ([{**ROWS[0], "hour": "early"}], 422, "'hour' must be a number"),
        ([{**ROWS[0], "hour": [1]}], 422, "'hour' must be a number"),
        ([{**ROWS[0], "hour": 10**400}], 422, "too large|must be a number|hour"),
        ([{**ROWS[0], "leaves": "someday"}], 422, "'leaves' must be a time"),
        ([1, 2], 422, "rows.0"),
        ({"hour": 1}, 422, "rows"),
        ([{}] * (MOST_ROWS + 1), 413, "10,001"),
    ],
)
def test_bad_rows(town: Town, rows: object, status: int, message: str) -> None:
    if not town.registry.aliases(town.model):
        town.publish()
        town.point("champion", 1)
    answer = town.ask(rows)
    assert answer.status_code == status
    assert pd.Series([answer.json()["error"]]).str.contains(message).all(), answer.text


def test_bad_requests(town: Town) -> None:
    town.publish()
    town.point("champion", 1)
    post = f"{town.server.url}/predict"
    assert CLIENT.post(post, content=b"{nonsense").status_code == 400
    assert CLIENT.post(post, content=b"").status_code == 400
    assert CLIENT.post(post, content=b" " * (MOST_BYTES + 1)).status_code == 413
    wrong = CLIENT.post(post, json={"model": town.model[:-1] + "z", "rows": list(ROWS)})
    assert (wrong.status_code, f"did you mean '{town.model}'" in wrong.json()["error"]) == (404, True)
    assert "rowz" in CLIENT.post(post, json={"model": town.model, "rowz": []}).json()["error"]
    assert town.ask(ROWS, alias="winner").status_code == 422
    none = town.ask(ROWS, alias="previous")
    assert (none.status_code, "no previous of" in none.json()["error"]) == (404, True)
    assert CLIENT.get(post).status_code == 405


def test_feature_code_that_breaks_is_not_the_callers_fault(town: Town) -> None:
    town.publish(code=CODE.replace("    known =", "    assert len(rows) != 1, 'one is unlucky'\n    known ="))
    town.point("champion", 1)
    answer = town.ask(ROWS[:1])
    assert (answer.status_code, "one is unlucky" in answer.json()["error"]) == (502, True)
    assert town.ask(ROWS).status_code == 200


def test_many_rows_from_many_callers_while_the_version_changes(town: Town) -> None:
    for seed in (0, 1):
        town.publish(seed)
    town.point("champion", 1)
    wanted = {n: Predictor.load(town.local(n - 1)).predict(pd.DataFrame(ROWS * 100)).tolist() for n in (1, 2)}

    def call(number: int) -> int:
        if number == 10:
            town.point("champion", 2)
        answer = town.ask(ROWS * 100)
        assert answer.status_code == 200
        assert answer.json()["predictions"] == wanted[answer.json()["version"]]
        assert town.get("/healthz").status_code == 200
        return int(answer.json()["version"])

    with ThreadPoolExecutor(4) as pool:
        served = [*pool.map(call, range(30)), call(30)]
    assert (served[0], served[-1]) == (1, 2)


def test_what_is_counted(town: Town) -> None:
    town.publish()
    town.point("champion", 1)
    town.ask(ROWS)
    town.ask([{}])
    CLIENT.post(f"{town.server.url}/predict", json={"model": "x" * 50, "rows": []})
    page = town.get("/metrics").text
    by = f'alias="champion",model="{town.model}"'
    assert f'everfit_requests_total{{{by},status="200",version="1"}} 1.0' in page
    assert f'everfit_requests_total{{{by},status="422",version="1"}} 1.0' in page
    assert f'everfit_rows_total{{{by},version="1"}} 3.0' in page
    assert f'everfit_score_count{{model="{town.model}",version="1"}} 3.0' in page
    assert f'everfit_version_info{{{by},version="1"}} 1.0' in page
    assert f'everfit_request_seconds_count{{{by},version="1"}} 2.0' in page
    assert "xxx" not in page


def test_models_say_what_they_want(town: Town) -> None:
    town.publish()
    town.point("champion", 1)
    said = town.get("/models").json()[town.model]
    assert said["inputs"] == {"hour": "number", "carrier": "text", "leaves": "time"}
    assert said["aliases"] == {"champion": 1}
    schema = town.get("/openapi.json").json()["paths"]["/predict"]["post"]["requestBody"]
    assert "rows" in json.dumps(schema)
