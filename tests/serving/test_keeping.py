"""A real model server keeps what it answers, in a real store, through sudden deaths."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from everfit.models.cores import granted
from everfit.ports import Store
from everfit.predictions import Prediction, find, loads_in, predictions_of, segments
from everfit.stores import LocalStore, open_store
from tests.services import Service, free_port, model_server
from tests.serving.conftest import CLIENT, Town
from tests.stores.conftest import bucket, s3  # noqa: F401
from tests.toy_model import ROWS

HEADER = "X-Everfit-Prediction"


@contextmanager
def keeping(town: Town, folder: Path, *options: str, **env: str) -> Iterator[Service]:
    """A server of one's own for a published champion, that ships as soon as it is told to stop, or starts."""
    if not town.registry.aliases(town.model):
        town.publish()
        town.registry.set_alias(town.model, "champion", 1)
    keep = ("--keep-predictions", "1", "--ship-every", "3600", *options)
    env = {"EVERFIT_STORE": str(folder / "store")} | env
    with model_server(town.mlflow.url, folder, [town.model], keep=keep, env=env) as server:
        yield server


def ask(server: Service, town: Town, rows: Any = ROWS[:1]) -> httpx.Response:
    answer = CLIENT.post(f"{server.url}/predict", json={"model": town.model, "rows": list(rows)})
    assert answer.status_code == 200
    return answer


def until(true: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def metric(server: Service, name: str) -> float:
    lines = CLIENT.get(f"{server.url}/metrics").text.splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name))


def waiting(folder: Path) -> list[Path]:
    return [path for path in (folder / "work/predictions").glob("*.jsonl") if path.stat().st_size]


def stop_gently(server: Service) -> None:
    assert server.process is not None
    os.kill(server.process.pid, signal.SIGTERM)
    server.process.wait(30)


def test_an_answer_is_found_again_with_its_version_its_rows_and_its_scores(town: Town, tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store")
    with keeping(town, tmp_path) as server:
        answers = [ask(server, town, ROWS), ask(server, town)]
        assert CLIENT.post(f"{server.url}/predict", json={"model": town.model, "rows": []}).headers.get(HEADER) is None
        assert segments(store, town.model) == []
        assert metric(server, "everfit_predictions_kept_total") == 2
        stop_gently(server)
    for answer, rows in zip(answers, (ROWS, ROWS[:1]), strict=True):
        kept = find(store, town.model, answer.headers[HEADER])
        assert isinstance(kept, Prediction)
        assert (kept.model, kept.version, kept.alias, kept.rows) == (town.model, 1, "champion", list(rows))
        assert kept.scores == answer.json()["predictions"]
        assert set(answer.json()) == {"model", "version", "alias", "predictions"}
    served = predictions_of(store, town.model, 1)
    assert (served.predictions, served.rows, served.segments) == (2, 4, 1)
    (load,) = loads_in(store.read(segments(store, town.model)[0].key))
    assert load.memory > 50e6
    assert load.left > 0
    assert 0 < load.busy <= load.cores == granted()
    assert waiting(tmp_path) == []


def test_no_answer_is_lost_when_the_server_is_killed(town: Town, tmp_path: Path) -> None:
    """Each life ends by kill -9 right after an answer; the next one ships what the one before kept."""
    store, ids = LocalStore(tmp_path / "store"), []
    with keeping(town, tmp_path) as server:
        for life in range(3):
            ids += [ask(server, town).headers[HEADER] for _ in range(20)]
            server.stop()
            assert len(waiting(tmp_path)) == 1
            server.start()
            until(lambda life=life: predictions_of(store, town.model, 1).predictions == 20 * (life + 1))
    assert len(set(ids)) == 60
    assert all(find(store, town.model, one) for one in ids)


def test_a_death_between_shipping_and_forgetting_keeps_each_answer_once(town: Town, tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store")
    with keeping(town, tmp_path) as server:
        ask(server, town)
        server.stop()
        (journal,) = waiting(tmp_path)
        there = journal.read_bytes()
        server.start()
        until(lambda: not waiting(tmp_path))
        server.stop()
        journal.write_bytes(there + there[:40])  # shipped, not yet deleted, and one line more cut short
        server.start()
        until(lambda: not waiting(tmp_path))
    assert predictions_of(store, town.model, 1).predictions == 1


def test_a_store_that_is_away_costs_no_answer(
    town: Town,
    tmp_path: Path,
    s3: dict[str, Any],  # noqa: F811
    bucket: Callable[[], str],  # noqa: F811
) -> None:
    port, url = free_port(), bucket()
    settings = tmp_path / "settings.yaml"

    def point_to(endpoint: str) -> None:
        extra = {"url": url, "endpoint_url": endpoint, "region_name": s3["region_name"]}
        connection = {"conn_id": "everfit_store", "conn_type": "aws", "conn_extra": extra}
        settings.write_text(yaml.safe_dump({"airflow": {"connections": [connection]}}))

    point_to(f"http://127.0.0.1:{port}")
    keys = {"AWS_ACCESS_KEY_ID": s3["aws_access_key_id"], "AWS_SECRET_ACCESS_KEY": s3["aws_secret_access_key"]}
    env = {"EVERFIT_STORE": "", "EVERFIT_SETTINGS": str(settings), **keys}
    with keeping(town, tmp_path, "--ship-every", "0.2", **env) as server:
        ids = [ask(server, town).headers[HEADER] for _ in range(5)]
        until(lambda: metric(server, "everfit_predictions_waiting_bytes") > 0)
        assert "predictions wait in" in server.log.read_text()
        ids += [ask(server, town).headers[HEADER]]
        server.stop()
        point_to(s3["endpoint_url"])
        server.start()
        store: Store = open_store(url, **s3)
        until(lambda: predictions_of(store, town.model, 1).predictions == 6)
        assert all(find(store, town.model, one) for one in ids)
        until(lambda: metric(server, "everfit_predictions_waiting_bytes") == 0)


def test_without_room_answers_are_given_and_counted(town: Town, tmp_path: Path) -> None:
    with keeping(town, tmp_path, "--journal-mb", "0") as server:
        assert HEADER not in ask(server, town).headers
        assert metric(server, "everfit_predictions_dropped_total") == 1
        assert metric(server, "everfit_predictions_kept_total") == 0


@pytest.mark.parametrize(("share", "least", "most"), [("0", 0, 0), ("0.5", 5, 35)])
def test_a_share_of_the_answers(town: Town, tmp_path: Path, share: str, least: int, most: int) -> None:
    """Of 40 answers with 0.5, fewer than 5 or more than 35 are kept once in 20 million times."""
    with keeping(town, tmp_path, "--keep-predictions", share) as server:
        kept = sum(HEADER in ask(server, town).headers for _ in range(40))
    assert least <= kept <= most
