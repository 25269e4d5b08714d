from __future__ import annotations

import time
from pathlib import Path

from tests.services import model_server
from tests.serving.conftest import CLIENT, Town
from tests.toy_model import CODE, ROWS


def test_a_version_that_does_not_load_leaves_the_alias_where_it_was(town: Town) -> None:
    town.publish()
    town.point("champion", 1)
    town.publish(1, code=f"{CODE}# {town.model}")
    kept = (town.mlflow.log.parent / "artifacts").rglob("features.py")
    (victim,) = [path for path in kept if path.read_text().endswith(f"# {town.model}")]
    victim.write_text("INPUTS = []")
    town.registry.set_alias(town.model, "champion", 2)
    town.registry.set_alias(town.model, "previous", 1)
    answer = town.refresh()
    assert answer.status_code == 502
    assert "version 2 of" in answer.json()["error"]
    assert "SHA-256" in answer.json()["error"]
    assert town.ask(ROWS).json()["version"] == 1
    assert town.ask(ROWS, alias="previous").json()["version"] == 1
    assert "SHA-256" in town.get("/healthz").json()["problems"][town.model]
    assert town.point("champion", 1).status_code == 200
    assert town.model not in town.get("/healthz").json()["problems"]


def test_a_model_without_a_champion_is_healthy_and_says_so(town: Town) -> None:
    town.publish()
    assert town.refresh().json()["aliases"] == {}
    health = town.get("/healthz")
    assert health.status_code == 200
    assert "no champion yet" in health.json()["status"]
    assert town.model in health.json()["status"]
    assert town.ask(ROWS).status_code == 404


def test_a_model_nobody_knows_is_not_refreshed(town: Town) -> None:
    answer = town.refresh()
    assert answer.status_code == 404
    assert "there is no model" in answer.json()["error"]


def test_a_server_lives_through_the_registrys_absence(town: Town, tmp_path: Path) -> None:
    """It starts without a registry, finds it by itself, follows it by itself, and serves on when it goes."""

    def health() -> dict:
        return CLIENT.get(f"{server.url}/healthz").json()

    def until(true) -> None:
        end = time.monotonic() + 60
        while not true():
            assert time.monotonic() < end, health()
            time.sleep(0.1)

    town.publish()
    town.registry.set_alias(town.model, "champion", 1)
    with model_server(town.mlflow.url, tmp_path / "server", [town.model], look_every=0.2) as server:
        assert CLIENT.get(f"{server.url}/models").json()[town.model]["aliases"] == {"champion": 1}
        town.publish(1)
        town.registry.set_alias(town.model, "champion", 2)
        until(lambda: health()["models"] == {town.model: {"champion": 2}})
        town.mlflow.stop()
        try:
            until(lambda: "registry" in health()["problems"])
            body = {"model": town.model, "rows": list(ROWS)}
            assert CLIENT.post(f"{server.url}/predict", json=body).json()["version"] == 2
            refused = CLIENT.post(f"{server.url}/models/{town.model}/refresh")
            assert (refused.status_code, "Is it running" in refused.json()["error"]) == (503, True)
            server.stop()
            server.start(healthy=503)
            assert health()["status"] == "cannot serve"
        finally:
            town.mlflow.start()
        until(lambda: health()["models"] == {town.model: {"champion": 2}})
        assert health()["status"] == "ok"
