"""Chooses what a search has found: the parameters that the candidate is trained with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from everfit.errors import SpecError, TrainingFailed
from everfit.models.space import Value
from everfit.search import Study
from everfit.values import canonical, dump, load

if TYPE_CHECKING:
    from everfit.ports import Ports
    from everfit.spec import ModelSpec


FOLDER = "studies"


@dataclass(frozen=True)
class Chosen:
    """What a search came to: the parameters of its best trial, and how it went.

    `params` may have `train.batches` beside the algorithm's own parameters, and has the number of rounds after which
    the trial was best. `value` is its `metric` then, on the batches that judged it; `seconds` is what all trials took.
    `study` is the folder in the store with all of them.
    """

    params: Mapping[str, Value]
    trial: int
    metric: str
    value: float
    trials: int
    pruned: int
    seconds: float
    study: str


def study_of(ports: Ports, spec: ModelSpec, run: str) -> Study:
    """The study of a run's search."""
    return Study(ports.store, f"{FOLDER}/{spec.name}/{run}", spec.train.space, spec.train.seed)


def choose(ports: Ports, spec: ModelSpec, run: str) -> Chosen:
    """The parameters of the best trial, decided once for the run. Errors: `SpecError` if no trial was finished,
    `TrainingFailed` if that is because their numbers stopped to make sense."""
    study = study_of(ports, spec, run)
    best, trials = study.best, study.trials
    failed = [one for one in trials if one.state == "failed"]
    if best is None and failed:
        raise TrainingFailed(
            f"no trial of run {run!r} was finished, and {len(failed)} of {len(trials)} failed, the first: "
            f"{failed[0].why}; search elsewhere (train.search.space)"
        )
    if best is None or best.value is None:
        raise SpecError(
            f"no trial of run {run!r} was finished: give train.search.budget more seconds or trials, then clear the "
            "search tasks"
        )
    counted = (
        hasattr(spec.algorithm, "rounds") and spec.train.early_stopping is None
    )  # which counts again, on more rows
    rounds = {"rounds": best.extra["rounds"]} if counted else {}
    found = Chosen(
        params={**best.params, **rounds},
        trial=best.number,
        metric=best.extra["metric"],
        value=abs(best.value),
        trials=len(trials),
        pruned=sum(one.state == "pruned" for one in trials),
        seconds=round(sum(one.extra.get("seconds", 0.0) for one in trials), 3),
        study=study.folder,
    )
    ports.store.create(_key(spec.name, run), canonical(dump(found)))
    return load(Chosen, json.loads(ports.store.read(_key(spec.name, run))))


def chosen(ports: Ports, model: str, run: str) -> Chosen | None:
    """What the search of a run came to, or None if none was made."""
    try:
        return load(Chosen, json.loads(ports.store.read(_key(model, run))))
    except FileNotFoundError:
        return None


def _key(model: str, run: str) -> str:
    return f"{FOLDER}/{model}/{run}/chosen.json"
