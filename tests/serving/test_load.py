"""Under load: callers are served together, told in time, spared each other's mistakes, and served through swaps."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pandas as pd
import pytest
import uvicorn

from everfit.predictor import Predictor, apart
from everfit.serving.app import Settings, create_app
from everfit.serving.batching import Limits
from everfit.serving.front import Front
from everfit.values import FileHash, ModelVersion, Route
from tests.services import free_port
from tests.test_quick import AS_GIVEN, BY_ROW
from tests.toy_model import CODE, ROWS, toy_folder

SLOW = CODE.replace("    known =", "    import time\n    time.sleep(0.25)\n    known =")
UNLUCKY = SLOW.replace("    known =", "    assert not (rows['hour'] == 13.5).any(), 'thirteen'\n    known =")


@dataclass
class Folders:
    """A registry of model folders."""

    folders: Sequence[Path]
    by_alias: dict[str, int] = field(default_factory=lambda: {"champion": 1})

    def models(self) -> list[str]:
        return ["toy"]

    def aliases(self, model: str) -> Mapping[str, int]:
        return dict(self.by_alias)

    def route(self, model: str) -> Route:
        return Route(model, self.by_alias["champion"])

    def version(self, model: str, number: int) -> ModelVersion:
        return ModelVersion(model, number, str(number), ())

    def model_files(self, mlflow_run: str, files: Sequence[FileHash]) -> Path:
        return self.folders[int(mlflow_run) - 1]


@asynccontextmanager
async def door(folder: Path, code: str, limits: Limits) -> AsyncIterator[httpx.AsyncClient]:
    """A server in this process, without the network."""
    source = Folders([toy_folder(folder / "toy", code=code)])
    app = create_app(Settings(source, look_every=3600, limits=limits), lambda: datetime.now(UTC))
    assert isinstance(app, Front)
    transport = httpx.ASGITransport(app)
    async with (
        app.behind.router.lifespan_context(app.behind),
        httpx.AsyncClient(transport=transport, base_url="http://server") as client,
    ):
        yield client


async def ask(client: httpx.AsyncClient, rows: Sequence[object] = ROWS[:1]) -> httpx.Response:
    return await client.post("/predict", json={"model": "toy", "rows": list(rows)}, timeout=60)


def test_who_waits_is_scored_together(tmp_path: Path) -> None:
    async def scene() -> tuple[list[httpx.Response], float]:
        async with door(tmp_path, SLOW, Limits(1)) as client:
            begun = time.monotonic()
            return await asyncio.gather(*(ask(client, ROWS[n % 3 :]) for n in range(40))), time.monotonic() - begun

    answers, seconds = asyncio.run(scene())
    assert seconds < 5  # one by one it would be 10
    offline = Predictor.load(tmp_path / "toy/model").predict(pd.DataFrame(ROWS)).tolist()
    for number, answer in enumerate(answers):
        assert answer.json()["predictions"] == offline[number % 3 :]


def test_a_row_that_breaks_the_teams_code_costs_nobody_else_an_answer(tmp_path: Path) -> None:
    async def scene() -> list[httpx.Response]:
        async with door(tmp_path, UNLUCKY, Limits(1)) as client:
            rows = [{**ROWS[0], "hour": hour} for hour in (6, 7, 13.5, "early", 8)]
            return await asyncio.gather(*(ask(client, [row]) for row in rows))

    assert [answer.status_code for answer in asyncio.run(scene())] == [200, 200, 502, 422, 200]


def test_who_would_wait_too_long_is_told_at_once(tmp_path: Path) -> None:
    async def scene() -> tuple[list[httpx.Response], float, str]:
        async with door(tmp_path, SLOW, Limits(1, waiting=4)) as client:
            asked = [asyncio.create_task(ask(client)) for _ in range(20)]
            await asyncio.sleep(0.1)
            begun = time.monotonic()
            assert (await client.get("/healthz")).status_code == 200
            healthy = time.monotonic() - begun
            page = (await client.get("/metrics")).text
            return await asyncio.gather(*asked), healthy, page

    answers, healthy, page = asyncio.run(scene())
    said = [answer.status_code for answer in answers]
    assert (said.count(200), said.count(503)) == (5, 15)
    shed = answers[said.index(503)]
    assert int(shed.headers["Retry-After"]) >= 1
    assert "rows wait to be scored: try again in 1 s" in shed.json()["error"]
    assert healthy < 0.2
    assert "everfit_rows_waiting 4.0" in page


def test_whose_time_is_up_is_told_so(tmp_path: Path) -> None:
    async def scene() -> tuple[list[httpx.Response], httpx.Response]:
        async with door(tmp_path, SLOW, Limits(1, seconds=0.1)) as client:
            late = await asyncio.gather(*(ask(client) for _ in range(3)))
            await asyncio.sleep(0.4)
            assert "everfit_rows_waiting 0.0" in (await client.get("/metrics")).text
            return late, await client.get("/healthz")

    late, health = asyncio.run(scene())
    assert [answer.status_code for answer in late] == [504] * 3
    assert "no answer within 0.1 s" in late[0].json()["error"]
    assert health.status_code == 200


def test_a_short_way_that_parts_from_the_long_one_is_given_up(tmp_path: Path) -> None:
    """It is right on every row that is tried at loading, and wrong on one that only a caller thought of."""
    wrong = BY_ROW.replace('row["hour"], "carrier"', 'row["hour"] if row["hour"] != 77.25 else 1.0, "carrier"')

    async def scene() -> tuple[list[float], str]:
        async with door(tmp_path, wrong, Limits(1)) as client:
            before = await client.get("/models")
            assert "row_features()" in before.json()["toy"]["way"]
            said = []
            for _ in range(2):
                said += (await ask(client, [{**ROWS[0], "hour": 77.25}])).json()["predictions"]
                await asyncio.sleep(0.5)
            return said, (await client.get("/healthz")).json()["problems"]["toy"]

    said, problem = asyncio.run(scene())
    offline = Predictor.load(tmp_path / "toy/model").predict(pd.DataFrame([{**ROWS[0], "hour": 77.25}])).tolist()
    assert said[0] != said[1] == offline[0]
    assert "the short way says" in problem


@pytest.mark.slow
@pytest.mark.parametrize("code", [AS_GIVEN, CODE], ids=["short way", "pandas"])
def test_no_request_is_lost_while_versions_change(code: str, tmp_path: Path) -> None:
    """A real server on a real port, four callers without a pause, and a new champion every third of a second."""
    folders = [toy_folder(tmp_path / f"toy-{seed}", seed, code=code) for seed in (0, 1)]
    source = Folders(folders)
    wanted = [Predictor.load(folder).answers(pd.DataFrame(ROWS[:1])) for folder in folders]
    app = create_app(Settings(source, look_every=3600), lambda: datetime.now(UTC))
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning", access_log=False))
    thread = threading.Thread(target=server.run)
    thread.start()
    stop = threading.Event()
    client = httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30)

    def call() -> list[int]:
        found = []
        while not stop.is_set():
            answer = client.post("/predict", json={"model": "toy", "rows": list(ROWS[:1])})
            assert answer.status_code == 200, answer.text
            version = answer.json()["version"]
            assert not apart(answer.json()["predictions"], wanted[version - 1])
            found.append(version)
        return found

    try:
        until(lambda: server.started)
        with ThreadPoolExecutor(4) as pool:
            calls = [pool.submit(call) for _ in range(4)]
            for swap in range(15):
                source.by_alias["champion"] = 1 + (swap + 1) % 2
                assert client.post("/models/toy/refresh").status_code == 200
                assert client.get("/healthz").status_code == 200
                time.sleep(0.33)
            stop.set()
            versions = [version for one in calls for version in one.result()]
    finally:
        stop.set()
        server.should_exit = True
        thread.join(30)
    assert len(versions) > 100
    assert set(versions) == {1, 2}


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)
