"""What a run took and cost, from its first step to its page, and a run that had to do without its GPU."""

import json
import re
from dataclasses import replace

import mlflow as mlflow_library
import pytest

from everfit import gpu
from everfit.cost import Prices
from everfit.errors import NoGpu
from everfit.ledger.entries import CandidateJudged
from everfit.registry import MlflowRegistry
from everfit.spec import ModelSpec
from everfit.steps import spending as module
from everfit.steps.build_features import build_features
from everfit.steps.card import report_key
from everfit.steps.evaluate import evaluate
from everfit.steps.judge import judge
from everfit.steps.register import register
from everfit.steps.snapshot import TrainRequest, resolve, snapshot_of
from everfit.steps.spending import STEPS, bill, spending
from everfit.steps.train import train
from everfit.values import Evaluation, Placement, Took, load
from tests.steps.judging import House, build

PRICES = Prices("EUR", cpu_core=36.0, memory_gib=3.6)  # a cent for each core-second
ABSENT = "cuda:98"


def placed(house: House, device: str, fallback: str) -> House:
    fields = {name: getattr(house.spec, name) for name in type(house.spec).model_fields}
    train = {"device": device, "fallback": fallback, "params": {"rounds": 20, "max_depth": 3}}
    return House(house.root, house.ports, ModelSpec(**(fields | {"train": train})))


def walk(house: House, said: list[str], prices: Prices | None = PRICES) -> House:
    """Every step of a run named `first`, each measured, as the doors do it."""
    ports, spec = house.ports, house.spec

    def measured(step: str, device: str = "cpu"):
        return spending(ports, prices, spec.name, step, said.append, device)

    with measured("resolve") as account:
        triggered = resolve(ports, spec, TrainRequest("first", "test", forced=True))
        account.run = triggered.run
    snapshot = snapshot_of(spec, triggered)
    with measured("features") as account:
        account.run = "first"
        features = build_features(ports, spec, snapshot)
    with measured("train", triggered.device) as account:
        account.run = "first"
        candidate = train(ports, spec, snapshot, features, "first", triggered.device, said.append)
        account.mlflow_run = candidate.mlflow_run
    with measured("evaluate") as account:
        account.run, account.mlflow_run = "first", candidate.mlflow_run
        evaluation = evaluate(ports, spec, snapshot, features, candidate, said.append)
    with measured("judge") as account:
        account.run, account.mlflow_run = "first", candidate.mlflow_run
        judgement = judge(ports, spec, evaluation)
    with measured("register") as account:
        version = register(ports, spec, judgement).version
        account.for_version(house.ledger.view(), version)
    return house


@pytest.fixture(scope="module")
def said() -> list[str]:
    return []


@pytest.fixture(scope="module")
def house(tmp_path_factory, mlflow, said) -> House:
    made = build(tmp_path_factory.mktemp("spent"), mlflow.url)
    made.accept(1, 2, 3)
    return walk(placed(made, ABSENT, "cpu"), said)


@pytest.fixture
def run(house: House, mlflow):
    version = house.ledger.view().versions[1]
    return mlflow_library.MlflowClient(mlflow.url).get_run(version.mlflow_run)


WALKED = tuple(step for step in STEPS if step not in {"search", "deploy"})


def page(house: House) -> str:
    return house.ports.store.read(report_key(house.spec.name, "first")).decode()


def test_every_step_is_on_the_bill_and_in_mlflow(house, run):
    taken = bill(house.ports, house.spec.name, "first")
    assert [one.step for one in taken.steps] == list(WALKED)
    for one in taken.steps:
        assert one.use.seconds > 0
        assert one.use.peak_memory_mb > 50
        assert one.cost == pytest.approx(PRICES.cost(one.use))
    metrics = run.data.metrics
    for step in WALKED:
        for name in ("seconds", "cpu_seconds", "peak_memory_mb", "cost"):
            assert f"{name}_{step}" in metrics
    assert metrics["cost_total"] == pytest.approx(taken.total)
    assert metrics["seconds_total"] == pytest.approx(taken.seconds)
    assert metrics["cost_total"] >= 0.01 * metrics["cpu_seconds_total"]
    assert run.info.status == "FINISHED"


def test_the_page_shows_what_came_before_the_judgement(house):
    text = page(house)
    table = text[text.index("What it cost") : text.index("<footer>")]
    assert re.findall(r"<td>(\w+)</td><td class", table) == ["resolve", "features", "train", "evaluate", "together"]
    assert "EUR" in table
    assert f"{bill(house.ports, house.spec.name, 'first', before='judge').total:.4f}"[:5] in table
    assert "up to the judgement" in table


def test_the_ledger_knows_what_the_run_took_up_to_its_judgement(house, run):
    taken = bill(house.ports, house.spec.name, "first", before="judge")
    (judged,) = house.ledger.view().of(CandidateJudged)
    assert judged.body.took == Took(taken.seconds, taken.total, "EUR")


def test_a_run_without_its_gpu_says_so_everywhere(house, run, said):
    """`cuda:98` is on no machine: with a GPU and without one this run falls back."""
    why = NoGpu(ABSENT, gpu.lacking(98) or "").why
    (judged,) = house.ledger.view().of(CandidateJudged)
    assert judged.body.placement == Placement(ABSENT, "cpu", why)
    assert (run.data.params["device"], run.data.params["device_wanted"]) == ("cpu", ABSENT)
    tags = {"everfit.device": "cpu", "everfit.device_wanted": ABSENT, "everfit.device_why": why}
    assert tags.items() <= run.data.tags.items()
    version = mlflow_library.MlflowClient(house.ports.registry._server.uri).get_model_version(house.spec.name, "1")
    assert tags.items() <= version.tags.items()
    assert f"not on {ABSENT}, but on the CPU: {why}" in said
    lineage = json.loads(house.ports.registry.run_file(run.info.run_id, "lineage/device.json"))
    assert lineage == {"wanted": ABSENT, "used": "cpu", "why": why, "gpu": None}
    text = page(house)
    assert f"<code>{ABSENT}</code> was asked for, <code>cpu</code> was used: {why}" in text
    assert "<dt>trained on</dt><dd>CPU</dd>" in text


def test_without_leave_the_run_ends_before_it_trains(tmp_path, mlflow):
    strict = placed(build(tmp_path, mlflow.url), ABSENT, "none")
    strict.accept(1, 2, 3)
    with pytest.raises(NoGpu, match=r"'cuda:98' was asked for, but .*allow train\.fallback: cpu"):
        walk(strict, [])
    taken = bill(strict.ports, strict.spec.name, "first")
    assert [one.step for one in taken.steps] == ["resolve", "features", "train"], "what failed took its time too"


def test_each_attempt_counts_and_none_is_lost(house):
    name = f"{house.spec.name}_again"
    with pytest.raises(ValueError, match="no luck"):
        _fail(house, name, None)
    for _ in range(2):
        with spending(house.ports, None, name, "train", print) as account:
            account.run = "failed"
    keys = house.ports.store.list(f"spent/{name}/failed")
    assert [key.rpartition("/")[2] for key in keys] == ["train-1.json", "train-2.json", "train-3.json"]
    taken = bill(house.ports, name, "failed")
    assert (taken.attempts, taken.total, taken.currency) == ({"train": 3}, None, "")


def _fail(house: House, name: str, prices: Prices | None, device: str = "cpu") -> None:
    with spending(house.ports, prices, name, "train", print, device) as account:
        account.run = "failed"
        raise ValueError("no luck")


def test_a_step_for_nobody_is_not_kept(house):
    with spending(house.ports, PRICES, "nobody", "resolve", print):
        pass
    assert house.ports.store.list("spent/nobody") == []


def test_mlflow_that_is_away_fails_no_step(house, tmp_path):
    away = replace(house.ports, registry=MlflowRegistry("http://127.0.0.1:9", tmp_path))
    told: list[str] = []
    with spending(away, PRICES, "away", "evaluate", told.append) as account:
        account.run, account.mlflow_run = "r", "whichever"
    assert "in the store, but not in MLflow yet: MLflow" in told[0]
    assert len(bill(house.ports, "away", "r").steps) == 1


def test_who_holds_a_gpu_pays_for_it_also_when_it_fails(house, monkeypatch):
    class Card:
        name, of_mb = "NVIDIA H200", 1.0

    monkeypatch.setattr(module.gpu, "find", lambda device: Card() if device == "cuda" else None)
    prices, told = Prices("USD", gpu={"H200": 3600.0}), list[str]()
    with pytest.raises(ValueError, match="no luck"):
        _fail(house, "gpu", prices, "cuda")
    (spent,) = bill(house.ports, "gpu", "failed").steps
    assert (spent.use.gpu, spent.currency) == ("NVIDIA H200", "USD")
    assert spent.cost == pytest.approx(spent.use.seconds)
    with spending(house.ports, Prices("USD"), "gpu", "train", told.append, "cuda") as one:
        one.run = "unpriced"
    assert told == ["what this step cost is not known: the price list has no price for the GPU 'NVIDIA H200'"]
    assert bill(house.ports, "gpu", "unpriced").total is None


def test_judged_again_the_page_shows_the_same_costs(house):
    before = page(house).partition("What it cost")[2]
    found = json.loads(house.ports.store.read(f"evidence/{house.spec.name}/first-evaluation.json"))
    judge(house.ports, house.spec, load(Evaluation, found))
    assert page(house).partition("What it cost")[2] == before
