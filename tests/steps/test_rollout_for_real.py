"""Rollouts with everything real: MLflow, a model server that is asked over HTTP, its log in the store, late labels."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pandas as pd
import pytest

from everfit.ledger.entries import CandidateJudged, DeploymentFailed, ModelRegistered, Promoted, StageEntered
from everfit.ports import Ports
from everfit.predictor import Predictor
from everfit.registry import MlflowRegistry
from everfit.spec import ModelSpec, load_spec
from everfit.spec.building import strategy_from
from everfit.steps.deploy import deploy
from everfit.steps.rollout import Standing, advance
from everfit.stores import LocalStore
from everfit.targets.everfit_server import EverfitServer
from tests.services import Service, model_server, shared_mlflow
from tests.toy_model import CODE, ROWS, publish, toy_folder

BARS = {"errors": 0.2, "latency": None, "agreement": None, "quality": 0.25, "calibration": None, "block": 0.0}
ROLLOUT: tuple[Any, ...] = (
    {"shadow": {"at_least": "1s", "answers": 20, "bars": BARS}},
    {"canary": {"steps": [20, 50], "bake": "1s", "key": "carrier", "answers": 5, "bars": BARS}},
)
SKEWED = CODE.replace('"hour": rows["hour"],', '"hour": rows["hour"] if len(rows) > 150 else 29 - rows["hour"],')
"""As good as any in training, and wrong about the few rows of a request: what offline evidence cannot know."""
FAILS = """    if len(rows) < 150 and (rows["hour"] == 23).any():
        raise RuntimeError("23")
    known = """
BROKEN = CODE.replace("    known = ", FAILS)


@dataclass
class Street:
    """A model, its server, and the people who ask it."""

    ports: Ports
    spec: ModelSpec
    server: Service
    root: Path
    random: np.random.Generator = field(default_factory=lambda: np.random.default_rng(5))
    late: list[dict[str, Any]] = field(default_factory=list)
    versions: dict[str, set[int]] = field(default_factory=dict)

    def version(self, seed: int, against: int | None, code: str = CODE) -> int:
        folder = toy_folder(self.root / f"toy-{seed}", seed, self.spec.name, code)
        made = publish(self.ports.registry, folder, self.spec.name, f"run:{seed}")  # type: ignore[arg-type]
        scores = Predictor.load(folder).predict(pd.DataFrame(ROWS)).tolist()
        path = self.root / "sample.json"
        path.write_text(pd.Series({"rows": list(ROWS), "scores": scores}).to_json())
        sample = self.ports.store.put_file(f"evidence/{seed}.json", path)
        judged = CandidateJudged(
            *(f"run:{seed}", made.mlflow_run, "5nap", made.files, against, True, "good", (), sample, sample)
        )
        ledger = self.ports.ledger(self.spec.name)
        entry = ledger.append(f"judged:{seed}", judged)
        ledger.append(f"registered:{seed}", ModelRegistered(made, entry.seq))
        return made.version

    def ask(self, client: httpx.Client, hour: int, carrier: str) -> None:
        """One request of four flights of one carrier; what became of them is told with the next ones."""
        rows = [{"hour": hour, "carrier": carrier, "leaves": f"2013-03-{day:02}T06:00:00Z"} for day in range(1, 5)]
        answer = client.post(f"{self.server.url}/predict", json={"model": self.spec.name, "rows": rows})
        assert answer.status_code == 200, answer.text
        self.versions.setdefault(carrier, set()).add(answer.json()["version"])
        came = (hour + self.random.normal(0, 4, len(rows)) > 15).astype(float).tolist()
        id_ = answer.headers["X-Everfit-Prediction"]
        self.late += [{"id": id_, "row": row, "label": label} for row, label in enumerate(came)]

    def roll(self, version: int, within: float = 90) -> Standing:
        """People ask, labels come late, and the rollout is looked at again and again, until it is over."""
        end = time.monotonic() + within
        with httpx.Client(trust_env=False, timeout=30) as client:
            while not (standing := advance(self.ports, self.spec, version, "run#1", lambda _: None)).done:
                assert time.monotonic() < end, standing
                told, self.late = self.late, []
                if told:
                    answer = client.post(f"{self.server.url}/labels", json={"model": self.spec.name, "labels": told})
                    assert answer.json() == {"kept": len(told)}
                for _ in range(25):
                    self.ask(client, int(self.random.integers(5, 24)), f"C{self.random.integers(0, 40)}")
        return standing

    def route(self) -> dict[str, Any]:
        return httpx.get(f"{self.server.url}/models", trust_env=False).json()[self.spec.name]


@pytest.fixture
def street(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Street]:
    rollout = tuple(map(strategy_from, ROLLOUT))
    spec = load_spec("flight_delays").model_copy(update={"name": request.node.originalname[5:60], "rollout": rollout})
    mlflow = shared_mlflow()
    keep = ("--keep-predictions", "1", "--ship-every", "0.2")
    env = {"EVERFIT_STORE": str(tmp_path / "store")}
    with model_server(mlflow.url, tmp_path / "server", [spec.name], keep=keep, env=env) as server:
        ports = Ports(
            store=LocalStore(tmp_path / "store"),
            landing=None,  # type: ignore[arg-type]
            data=None,  # type: ignore[arg-type]
            registry=MlflowRegistry(mlflow.url, tmp_path / "work"),
            target=EverfitServer(server.url),
            clock=lambda: datetime.now(UTC),
            work=tmp_path / "work",
        )
        yield Street(ports, spec, server, tmp_path)


def test_shadow_canary_champion(street: Street) -> None:
    deploy(street.ports, street.spec, street.version(0, None), "first#1", lambda _: None)
    standing = street.roll(street.version(1, 1))
    assert standing.outcome == "champion", standing
    view = street.ports.ledger(street.spec.name).view()
    assert [entry.body.name for entry in view.of(StageEntered)] == ["shadow", "canary 20 %", "canary 50 %"]
    assert view.of(Promoted)[-1].body.evidence is not None
    assert street.route()["aliases"] == {"champion": 2, "previous": 1}
    assert any(versions == {1, 2} for versions in street.versions.values())


def test_a_version_that_is_worse_with_people_is_stopped_by_itself(
    street: Street, record_property: Callable[[str, float], None]
) -> None:
    deploy(street.ports, street.spec, street.version(0, None), "first#1", lambda _: None)
    standing = street.roll(street.version(1, 1, SKEWED))
    assert standing.outcome == "stopped", standing
    assert standing.words.startswith("harm: quality")
    view = street.ports.ledger(street.spec.name).view()
    (began, *_), (failed,) = view.of(StageEntered), view.of(DeploymentFailed)
    assert (failed.at - began.body.began).total_seconds() < 60
    record_property("seconds_to_stop", (failed.at - began.body.began).total_seconds())
    assert street.route()["aliases"] == {"champion": 1}
    assert "route" not in street.route()


def test_people_get_an_answer_where_the_challenger_fails_and_it_counts_against_it(street: Street) -> None:
    street.spec = street.spec.model_copy(
        update={"rollout": (strategy_from({"canary": {"steps": [50], "answers": 5, "bars": BARS | {"errors": 0.01}}}),)}
    )
    deploy(street.ports, street.spec, street.version(0, None), "first#1", lambda _: None)
    version = street.version(1, 1, BROKEN)
    advance(street.ports, street.spec, version, "run#1", lambda _: None)
    with httpx.Client(trust_env=False, timeout=30) as client:
        for _ in range(60):
            street.ask(client, 23, "UA")
        body = {"model": street.spec.name, "rows": [dict(ROWS[0], hour=23)], "alias": "challenger"}
        assert client.post(f"{street.server.url}/predict", json=body).status_code >= 400
        page = client.get(f"{street.server.url}/metrics").text
    fallbacks = [line for line in page.splitlines() if line.startswith("everfit_fallbacks_total")]
    assert 10 < sum(float(line.rsplit(" ", 1)[1]) for line in fallbacks) < 50
    standing = street.roll(version)
    assert (standing.outcome, standing.words[:12]) == ("stopped", "harm: errors")


def test_without_a_log_the_server_says_that_nobody_can_judge(street: Street, tmp_path: Path) -> None:
    deploy(street.ports, street.spec, street.version(0, None), "first#1", lambda _: None)
    with model_server(shared_mlflow().url, tmp_path / "blind", [street.spec.name]) as blind:
        assert advance(street.ports, street.spec, street.version(1, 1), "run#1", lambda _: None).stage == "shadow"
        with httpx.Client(trust_env=False, timeout=30) as client:
            client.post(f"{blind.url}/models/{street.spec.name}/refresh")
            problem = client.get(f"{blind.url}/healthz").json()["problems"][street.spec.name]
            told = {"model": street.spec.name, "labels": [{"id": "013bf3685800-0000000000000000", "label": 1}]}
            refused = client.post(f"{blind.url}/labels", json=told)
    assert "predictions are not kept" in problem
    assert (refused.status_code, "nothing to label" in refused.json()["error"]) == (409, True)
