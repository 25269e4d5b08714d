"""What a request costs the model server: `python -m bench.serving [--picture serving.svg] [--seconds 2] [--mlflow]`.

CPU seconds of the server's process by request, for one row of 27 features and 100 trees of depth 8, in turns: an empty
raw ASGI endpoint, the same with nothing but orjson and ONNX Runtime in it, our /predict (asked with a token) without
and with a journal, and FastAPI with XGBoost's inplace_predict. All run on uvicorn with uvloop and httptools. The ratio
to the empty endpoint is what counts; seconds on the clock depend on who else is at work. Then a crowd: `bench.crowd`.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pandas as pd
import psutil
import uvloop  # noqa: F401 - uvicorn takes it where it is there, and without it the figures are others
from rich.console import Console
from rich.table import Table

from bench import crowd
from everfit.features import Columns, Inputs, Ranges, load_code, sum_up
from everfit.models import Rows, Terms, Training
from everfit.models.xgboost import XGBoost
from everfit.predictor import Card, Policy, policy, write_model_folder
from everfit.serving.tokens import VARIABLE
from everfit.spec import AnswersSpec

AIM = 2.5
ROUNDS = 20
WORDS = {
    "empty": "empty raw ASGI endpoint",
    "onnx": "orjson and ONNX Runtime, unchecked",
    "everfit": "everfit, validated",
    "journal": "everfit, validated and kept",
    "fastapi": "FastAPI, inplace_predict",
    "mlflow": "mlflow models serve",
}
USUAL = ("empty", "onnx", "everfit", "journal", "fastapi")
COLUMNS = tuple(f"feature_{n:02}" for n in range(27))
WORDY, GAPPY = COLUMNS[3:5], COLUMNS[9]
TOKEN = secrets.token_urlsafe(32)
CODE = f"""
from everfit.features import as_given as features

INPUTS = {list(COLUMNS)}
"""
APP = """
import json
from pathlib import Path

def raw(answer):
    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            while True:
                said = (await receive())["type"]
                await send({"type": said + ".complete"})
                if said == "lifespan.shutdown":
                    return
        message = await receive()
        body = message["body"]
        while message.get("more_body"):
            message = await receive()
            body += message["body"]
        body = answer(body)
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app

def empty():
    return raw(lambda _: b'{"model":"bench","version":0,"alias":"champion","predictions":[0.123456789]}')

def onnx():
    import orjson
    from everfit.predictor import Predictor
    from everfit.features.plain import Encoder
    from operator import itemgetter

    predictor = Predictor.load(Path(FOLDER))
    names = predictor.card.columns.names
    matrix, pick, score = Encoder(predictor.card.columns).matrix, itemgetter(*names), predictor.scorer.compiled().scorer

    def answer(body):
        rows = [pick(row) for row in orjson.loads(body)["rows"]]
        return orjson.dumps({"model": "bench", "version": 0, "predictions": score.predict(matrix(rows)).tolist()})

    return raw(answer)

def fastapi():
    import numpy as np
    import xgboost
    from fastapi import FastAPI
    from pydantic import BaseModel, create_model

    folder = Path(FOLDER)
    card = json.loads((folder / "everfit.json").read_text())
    columns = card["columns"]["columns"]
    booster = xgboost.Booster(model_file=folder / "model.ubj")
    booster.set_param("nthread", 1)
    kinds = {column["name"]: (float | str | None, ...) for column in columns}
    Row = create_model("Row", **kinds)
    codes = [{name: n for n, name in enumerate(column.get("categories") or ())} for column in columns]
    names = [column["name"] for column in columns]

    class Question(BaseModel):
        model: str
        rows: list[Row]

    app = FastAPI()

    @app.post("/predict")
    async def predict(question: Question):
        rows = [[getattr(row, name) for name in names] for row in question.rows]
        coded = [[of.get(v, np.nan) if of else np.nan if v is None else v for of, v in zip(codes, row)] for row in rows]
        return {"predictions": booster.inplace_predict(np.array(coded, "f4"), validate_features=False).tolist()}

    return app
"""


Measured = dict[tuple[str, int], list["Found"]]


@dataclass(frozen=True)
class Found:
    """One turn: CPU microseconds by request, requests by second, and the time that they took."""

    cpu: float
    rate: float
    p50: float
    p99: float


def main() -> int:
    """Measure in turns and print the ratios; 1 if ours is further from the empty endpoint than the aim."""
    parser = argparse.ArgumentParser("python -m bench.serving")
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--seconds", type=float, default=3, help="of load on each server")
    parser.add_argument("--mlflow", action="store_true", help="mlflow models serve too")
    said = parser.parse_args()
    found = show(Console(), said.seconds, [*USUAL, *(["mlflow"] if said.mlflow else [])], said.picture)
    return int(ratio(found, "journal", 1) > AIM)


def show(console: Console, seconds: float, ways: Sequence[str] = USUAL, picture: Path | None = None) -> Measured:
    """Measure, tell and draw."""
    found = measure(seconds, ways)
    tell(console, found)
    crowds = crowded(seconds)
    tell_crowds(console, crowds)
    if picture:
        crowd.draw(found, crowds, picture)
        console.print(f"drawn: {picture}")
    return found


def measure(seconds: float, ways: Sequence[str], connections: Sequence[int] = (1, 16)) -> Measured:
    """All servers are up at once and take short turns, so that what else goes on meets each of them alike."""
    turns: Measured = {}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as up:
        row, body = prepared(Path(folder))
        bodies = dict.fromkeys(ways, body) | {"mlflow": json.dumps({"dataframe_records": [row]}).encode()}
        servers = {way: up.enter_context(server(way, Path(folder))) for way in ways}
        for many in connections:
            for _ in range(ROUNDS):
                for way, (process, port) in servers.items():
                    path = "/invocations" if way == "mlflow" else "/predict"
                    found = load(process, port, path, bodies[way], many, seconds / ROUNDS)
                    turns.setdefault((way, many), []).append(found)
    return turns


def crowded(seconds: float) -> dict[str, list[crowd.Level]]:
    """What callers meet, the more there are of them: with one row, and with many, to overload."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as up:
        row, one = prepared(Path(folder))
        many = json.dumps({"model": "bench", "rows": [row] * crowd.ROWS}).encode()
        servers = {way: up.enter_context(server(way, Path(folder))) for way in crowd.NAMED}
        asked = {way: request_of("/predict", many if way == "many" else one) for way in servers}
        return crowd.levels({way: (port, asked[way]) for way, (_, port) in servers.items()}, seconds)


def prepared(folder: Path) -> tuple[dict[str, object], bytes]:
    """A model in its folder, one row for it, and the body that asks about that row."""
    random, count = np.random.default_rng(0), 20_000
    frame = pd.DataFrame(random.normal(size=(count, len(COLUMNS))), columns=list(COLUMNS))
    for name, many in zip(WORDY, (16, 100), strict=True):
        frame[name] = np.array([f"{name}_{n}" for n in range(many)])[random.integers(0, many, count)]
    frame.loc[random.random(count) < 0.02, GAPPY] = np.nan
    labels = (frame[COLUMNS[0]] + frame[COLUMNS[1]] * frame[COLUMNS[2]] + random.normal(size=count) > 0).to_numpy("f4")
    (folder / "features.py").write_text(CODE)
    code, inputs, columns = load_code(folder / "features.py"), Inputs.learn(frame, COLUMNS), Columns.learn(frame)
    part = Rows(columns.encode(frame), labels)
    trained = XGBoost(rounds=100, max_depth=8).fit(
        Training("binary", columns.names, columns.kinds, part, part), Terms("cpu", 0, lambda _: None)
    )
    said = {"task": "binary", "label": "y", "algorithm": "xgboost", "params": {}, "seed": 0, "snapshot": ""}
    card = Card(model="bench", code=code.sha256, inputs=inputs, columns=columns, history=(), libraries={}, **said)
    beside = policy.files(Policy.of(AnswersSpec()), Ranges.merged([sum_up(inputs, frame)]))
    write_model_folder(folder / "model", card, trained.model, code, {}, beside)
    (folder / "apps.py").write_text(APP.replace("FOLDER", repr(str(folder / "model"))))
    row = {str(name): value.item() if hasattr(value, "item") else value for name, value in frame.iloc[0].items()}
    row[GAPPY] = None
    return row, json.dumps({"model": "bench", "rows": [row]}).encode()


@contextmanager
def server(way: str, folder: Path) -> Iterator[tuple[psutil.Process, int]]:
    """A server of that kind as a process of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    uvicorn = [sys.executable, "-m", "uvicorn", "--port", str(port), "--log-level", "warning", "--no-access-log"]
    ours = [sys.executable, "-m", "everfit.serving", "--folder", str(folder / "model"), "--port", str(port)]
    command, health = {
        "empty": ([*uvicorn, "--app-dir", str(folder), "--factory", "apps:empty"], "/"),
        "onnx": ([*uvicorn, "--app-dir", str(folder), "--factory", "apps:onnx"], "/"),
        "fastapi": ([*uvicorn, "--app-dir", str(folder), "--factory", "apps:fastapi"], "/docs"),
        "everfit": (ours, "/healthz"),
        "many": ([*ours, "--most-waiting", str(crowd.LINE)], "/healthz"),
        "journal": ([*ours, "--keep-predictions", "1", "--work", str(folder / "work")], "/healthz"),
        "mlflow": ([sys.executable, "-c", "", str(port)], "/ping"),
    }[way]
    if way == "mlflow":
        command = mlflow_command(folder, port)
    env = {**os.environ, "EVERFIT_STORE": str(folder / "store"), "OMP_WAIT_POLICY": "PASSIVE"}
    env |= {"MLFLOW_DISABLE_TELEMETRY": "true", VARIABLE: f"predict:{TOKEN}"}
    with (folder / f"{way}.log").open("wb+") as log:
        started = subprocess.Popen(command, env=env, stderr=log, stdout=log)
        try:
            wait(f"http://127.0.0.1:{port}{health}", started, log)
            yield psutil.Process(started.pid), port
        finally:
            started.terminate()
            started.wait(30)


def mlflow_command(folder: Path, port: int) -> list[str]:
    """`mlflow models serve` for the same booster; its rows are coded already, which spares it work."""
    import mlflow
    import xgboost

    saved = folder / "mlflow"
    if not saved.exists():
        booster = xgboost.Booster(model_file=folder / "model/model.ubj")
        booster.feature_types = None
        mlflow.xgboost.save_model(booster, saved, pip_requirements=["xgboost"])
    serve = ["models", "serve", "-m", str(saved), "-p", str(port), "--env-manager", "local", "--workers", "1"]
    return [str(Path(sys.executable).with_name("mlflow")), *serve]


def wait(url: str, started: subprocess.Popen[bytes], log: BinaryIO, seconds: float = 90) -> None:
    """Until somebody answers; a server that ends, or takes too long, is told with its last words."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and started.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=2).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
        else:
            return
    log.seek(0)
    raise SystemExit(f"{url} did not start:\n{log.read()[-3000:].decode(errors='replace')}")


def load(process: psutil.Process, port: int, path: str, body: bytes, connections: int, seconds: float) -> Found:
    """Ask on so many connections at once for so many seconds; each asks again when it has its answer."""
    request, open_ = request_of(path, body), [socket.create_connection(("127.0.0.1", port)) for _ in range(connections)]
    for one in open_:
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for _ in range(20):
        turn(open_, request)
    before, begun, took = cpu(process), time.perf_counter(), []
    while time.perf_counter() - begun < seconds:
        at = time.perf_counter()
        turn(open_, request)
        took.append(time.perf_counter() - at)
    elapsed, used = time.perf_counter() - begun, cpu(process) - before
    for one in open_:
        one.close()
    many = len(took) * connections
    took.sort()
    return Found(used / many * 1e6, many / elapsed, took[len(took) // 2] * 1e3, took[int(len(took) * 0.99)] * 1e3)


def request_of(path: str, body: bytes) -> bytes:
    """The bytes of one request; the token goes to every server, so that all of them have as much to read."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {TOKEN}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def turn(connections: list[socket.socket], request: bytes) -> None:
    """One request on each connection, and its answer."""
    for one in connections:
        one.sendall(request)
    for one in connections:
        answer = one.recv(65536)
        head, _, rest = answer.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise SystemExit(f"the server said {answer[:300]!r}")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        while len(rest) < length:
            rest += one.recv(65536)


def cpu(process: psutil.Process) -> float:
    """CPU seconds of a process and of its children so far, to the nanosecond, by the clocks that Linux has of each."""
    return sum(time.clock_gettime((~one.pid << 3) | 2) for one in (process, *process.children(True)))


def ratio(found: Measured, way: str, connections: int) -> float:
    """CPU by request over that of the empty endpoint: the median of the turns, each against the one just before."""
    pairs = zip(found[way, connections], found["empty", connections], strict=True)
    return statistics.median(one.cpu / empty.cpu for one, empty in pairs)


def median(found: Sequence[Found], what: str) -> float:
    return statistics.median(getattr(one, what) for one in found)


def tell(console: Console, found: Measured) -> None:
    """A table of the medians."""
    table = Table("one row", "at once", "CPU us", "x empty", "requests/s", "p50 ms", "p99 ms", box=None)
    for (way, many), one in sorted(found.items(), key=lambda item: (item[0][1], list(WORDS).index(item[0][0]))):
        figures = f"{median(one, 'cpu'):.0f}", f"[bold]{ratio(found, way, many):.2f}[/]", f"{median(one, 'rate'):,.0f}"
        table.add_row(WORDS[way], str(many), *figures, f"{median(one, 'p50'):.2f}", f"{median(one, 'p99'):.2f}")
    console.print(table)
    console.print(f"aim: at most {AIM} with validation and journal; medians of {ROUNDS} short turns")


def tell_crowds(console: Console, crowds: Mapping[str, Sequence[crowd.Level]]) -> None:
    """A table of the levels."""
    table = Table("a crowd", "callers", "answered/s", "503 with Retry-After/s", "p50 ms", "p99 ms", box=None)
    for way, levels in crowds.items():
        for one in levels:
            figures = f"{one.answered:,.0f}", f"{one.shed:,.0f}" if one.shed else "", f"{one.p50:.2f}", f"{one.p99:.2f}"
            table.add_row(crowd.NAMED[way], str(one.callers), *figures)
    console.print(table)


if __name__ == "__main__":
    sys.exit(main())
