"""How long going back takes while people ask, and whether anybody gets no answer.

A real model server and a real MLflow; a process of its own asks for one row after the other, and the champion is undone
in the middle. `make bench` prints it; alone: `python -m bench.rollback`.
"""

from __future__ import annotations

import json
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from everfit.errors import EverfitError
from everfit.ledger.entries import CandidateJudged, ModelRegistered
from everfit.ports import Ports
from everfit.predictor import Predictor
from everfit.registry import MlflowRegistry
from everfit.spec import ModelSpec, load_spec
from everfit.steps.deploy import deploy, roll_back
from everfit.steps.rehearse import rehearse
from everfit.stores import LocalStore
from everfit.targets.everfit_server import EverfitServer
from tests.services import mlflow_server, model_server
from tests.toy_model import ROWS, publish, toy_folder

MODEL = "undone"
SECONDS = 6.0
CALLERS = 4
PAUSE = 0.002
AT_MOST = 120
"""Seconds after which callers end by themselves, whatever became of who started them."""
SPAWN = multiprocessing.get_context("spawn")


@dataclass(frozen=True)
class Answered:
    """One request: when it was sent and answered (seconds of this machine's clock), and by which version (0: not)."""

    sent: float
    done: float
    version: int
    error: str = ""


@dataclass(frozen=True)
class Measured:
    """What the callers saw: `recovered` is from the wish to the last answer of the undone version, `decided` until
    ledger, registry and server had followed."""

    answers: Sequence[Answered]
    undone: int
    recovered: float
    decided: float

    @property
    def failed(self) -> list[str]:
        """What went wrong, request by request."""
        return [answer.error for answer in self.answers if answer.error]

    @property
    def words(self) -> str:
        """In a sentence."""
        took = sorted(1000 * (answer.done - answer.sent) for answer in self.answers)
        return (
            f"{len(self.answers):,} requests of {CALLERS} callers around a roll back, {len(self.failed)} failed; the "
            f"last answer of the undone version came {1000 * self.recovered:.0f} ms after the wish, all had followed "
            f"after {1000 * self.decided:.0f} ms (a request: median {statistics.median(took):.1f} ms, p99 "
            f"{took[int(len(took) * 0.99)]:.1f} ms)"
        )


def measure(ports: Ports, spec: ModelSpec, seconds: float = SECONDS) -> Measured:
    """Ask from another process, go back after half of the `seconds`, and ask for as long once more after that."""
    undone = ports.ledger(spec.name).view().champion or 0
    with tempfile.TemporaryDirectory() as folder:
        said = Path(folder, "said.json")
        callers = SPAWN.Process(target=call, args=(ports.target, spec.name, said))
        callers.start()
        while not said.with_suffix(".began").exists():
            if callers.exitcode is not None:
                raise SystemExit("the callers ended before they began")
            time.sleep(0.01)
        time.sleep(seconds / 2)
        wish = time.monotonic()
        roll_back(ports, spec, "measuring how long it takes", "bench", f"bench:{wish}", undone)
        followed = time.monotonic()
        time.sleep(seconds / 2)
        said.with_suffix(".over").touch()
        callers.join(60)
        answers = [Answered(*one) for one in json.loads(said.read_text())]
    last = max((answer.done for answer in answers if answer.version == undone), default=wish)
    return Measured(answers, undone, max(last - wish, 0.0), followed - wish)


def call(target: EverfitServer, model: str, said: Path) -> None:
    """A process that asks the champion for one row again and again, on a few lines at a time, until told to end."""
    import httpx

    end, over = time.monotonic() + AT_MOST, said.with_suffix(".over")

    def one_caller(_number: int) -> list[tuple[float, float, int, str]]:
        found: list[tuple[float, float, int, str]] = []
        with httpx.Client() as session:
            line = replace(target, session=session)
            ask(line, model)
            said.with_suffix(".began").touch()
            while time.monotonic() < end and not over.exists():
                found.append(ask(line, model))
                time.sleep(PAUSE)
        return found

    with ThreadPoolExecutor(CALLERS) as pool:
        said.write_text(json.dumps([one for some in pool.map(one_caller, range(CALLERS)) for one in some]))


def ask(line: EverfitServer, model: str) -> tuple[float, float, int, str]:
    """One request."""
    sent = time.monotonic()
    try:
        version, _ = line.predict(model, "champion", ROWS[:1])
    except EverfitError as error:
        return sent, time.monotonic(), 0, str(error)
    return sent, time.monotonic(), version, ""


def two_champions(ports: Ports, spec: ModelSpec, root: Path) -> None:
    """Two versions, one after the other the champion."""
    ledger = ports.ledger(spec.name)
    for seed in (1, 2):
        folder = toy_folder(root / f"toy-{seed}", seed, spec.name)
        made = publish(ports.registry, folder, spec.name, f"run:{seed}")
        sample = _sample(ports, folder, root / f"sample-{seed}.json", f"evidence/{spec.name}/{seed}-sample.json")
        judged = CandidateJudged(
            *(f"run:{seed}", made.mlflow_run, "snap", made.files, ledger.view().champion, True, "all gates passed"),
            *((), sample, sample),
        )
        entry = ledger.append(f"judged:run:{seed}", judged)
        ledger.append(f"registered:run:{seed}", ModelRegistered(made, entry.seq))
        deploy(ports, spec, made.version, "bench", lambda _: None)


def _sample(ports: Ports, folder: Path, path: Path, key: str) -> Any:
    import pandas as pd

    said: Mapping[str, Any] = {"rows": ROWS, "scores": Predictor.load(folder).predict(pd.DataFrame(ROWS)).tolist()}
    path.write_text(json.dumps(said))
    return ports.store.put_file(key, path)


def main(console: Console) -> None:
    """Measure once, and say what it was; a request that failed is an error."""
    nothing: Any = None
    with tempfile.TemporaryDirectory(prefix="everfit-bench-") as place:
        root = Path(place)
        spec = load_spec("flight_delays").model_copy(update={"name": MODEL})
        with mlflow_server(root / "mlflow") as mlflow, model_server(mlflow.url, root / "server") as server:
            ports = Ports(
                *(LocalStore(root / "store"), nothing, nothing),
                registry=MlflowRegistry(mlflow.url, root / "work"),
                target=EverfitServer(server.url),
                clock=lambda: datetime.now(UTC),
                work=root / "work",
            )
            two_champions(ports, spec, root)
            rehearsed = rehearse(ports, spec, "rehearsed:bench", lambda _: None)
            found = measure(ports, spec)
    console.print(f"rehearsal of a roll back: {getattr(rehearsed.body, 'seconds', 0):.2f} s; {found.words}")
    if found.failed:
        raise SystemExit(f"a roll back must not cost anybody an answer: {found.failed[0]}")


if __name__ == "__main__":
    main(Console())
    sys.exit(0)
