"""Searches for better parameters: trials on the training batches of a run, made by any number of workers."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from math import isfinite
from time import perf_counter
from typing import TYPE_CHECKING

from everfit.errors import NotEnoughData, TrainingFailed
from everfit.ledger.entries import RunTriggered
from everfit.models.space import Value
from everfit.search import STEPS, Study, Trial, Tried
from everfit.spec.training import BATCHES, HALF_LIFE, OURS
from everfit.steps.choose import Chosen, chosen, study_of
from everfit.steps.feature_table import TableFile
from everfit.steps.health import check_model, watch_health
from everfit.steps.learn import learn
from everfit.steps.purse import Purse
from everfit.steps.rounds import Best
from everfit.values import Snapshot, canonical

if TYPE_CHECKING:
    from pathlib import Path

    from everfit.cost import Prices
    from everfit.models import Round
    from everfit.ports import Ports, Progress
    from everfit.spec import ModelSpec
    from everfit.spec.search import SearchSpec
    from everfit.values import Features

JUDGED = 200_000
"""Rows that judge a trial, evenly spread over the batches that do: enough to tell trials apart."""


class Hopeless(Exception):
    """A trial is cut short."""


def search(
    ports: Ports,
    spec: ModelSpec,
    snapshot: Snapshot,
    features: Features,
    run: RunTriggered,
    worker: int,
    progress: Progress,
    prices: Prices | None = None,
) -> int:
    """Make trials, as one of the workers of this run's search, until its budget is used up; returns how many.

    A trial trains like the step that follows, on all training batches but the newest `judge_on`, and is judged on
    these; the holdout is never looked at. All that is known lies in the store: a worker that died goes on where it
    was. Errors: `NotEnoughData` if there are too few training batches to judge on some, `SpecError` for a budget in
    money where the price list does not say what a trial costs.
    """
    folder = ports.work / "search" / spec.name / run.run / str(worker)
    shutil.rmtree(folder, ignore_errors=True)  # what a worker that was killed has left there
    work = Search(ports, spec, trial_snapshot(spec, snapshot), run, Purse.of(spec, prices, run.device), folder)
    if worker == 0:
        work.study.suggest([work.own, *work.earlier()])
    table = TableFile.open(ports.store.local_file(features.table))
    made = 0
    while not work.spent() and (trial := work.study.ask(worker, work.settings.budget.trials)):
        progress(work.words(work.make(trial, table)))
        made += 1
    shutil.rmtree(folder, ignore_errors=True)
    return made


def trial_snapshot(spec: ModelSpec, snapshot: Snapshot) -> Snapshot:
    """The snapshot that trials train and are judged on: the training batches alone, split in the same way again."""
    settings, training = searched(spec), snapshot.training
    needed = settings.judge_on + snapshot.gap + 1
    if len(training) < needed:
        raise NotEnoughData(
            f"found {len(training)} training batches, wanted {needed} or more to search: one to learn from, "
            f"{settings.judge_on} to judge trials on (train.search.judge_on), {snapshot.gap} between them; "
            "wait for more data, or take a longer window"
        )
    return Snapshot(snapshot.model, training, settings.judge_on, snapshot.gap)


def searched(spec: ModelSpec) -> SearchSpec:
    """The search that the spec asks for."""
    if spec.train.search is None:
        raise ValueError(f"the spec of {spec.name} asks for no search")
    return spec.train.search


@dataclass(frozen=True, eq=False)
class Search:
    """The search of one run, by one worker; `inner` is the snapshot of its trials, `work` where their files lie."""

    ports: Ports
    spec: ModelSpec
    inner: Snapshot
    run: RunTriggered
    purse: Purse
    work: Path

    @property
    def settings(self) -> SearchSpec:
        """What the spec says of it."""
        return searched(self.spec)

    @cached_property
    def study(self) -> Study:
        """Its trials."""
        return study_of(self.ports, self.spec, self.run.run)

    @cached_property
    def began(self) -> datetime:
        """When the first worker began: what its seconds are counted from, whatever dies."""
        key = f"{self.study.folder}/began.json"
        self.ports.store.create(key, canonical(self.ports.clock().isoformat()))
        return datetime.fromisoformat(json.loads(self.ports.store.read(key)))

    @property
    def own(self) -> Mapping[str, Value]:
        """What would be trained with if nobody searched."""
        space, train = self.study.space, self.spec.train
        own = {name: getattr(self.spec.algorithm, name) for name in space if not name.startswith(OURS)}
        longest = {BATCHES: max(self.settings.batches)} if BATCHES in space else {}
        return own | longest | ({HALF_LIFE: train.half_life} if HALF_LIFE in space and train.half_life else {})

    def earlier(self) -> list[Mapping[str, Value]]:
        """What the newest earlier searches of this model chose, the newest first."""
        runs = [entry.body.run for entry in self.ports.ledger(self.spec.name).view().of(RunTriggered)]
        before = runs[: runs.index(self.run.run)] if self.run.run in runs else runs
        found: list[Chosen] = []
        for run in reversed(before):
            if len(found) == self.settings.recall:
                break
            if made := chosen(self.ports, self.spec.name, run):
                found.append(made)
        return [made.params for made in found]

    def seconds_left(self) -> float:
        """Until the budget's time is up."""
        most = self.settings.budget.seconds
        return float("inf") if most is None else most - (self.ports.clock() - self.began).total_seconds()

    def spent(self, now: float = 0.0) -> bool:
        """Whether time or money is used up; `now` is what the trial under way has cost so far."""
        before = (one.extra.get("cost") or 0.0 for one in self.study.trials) if self.purse.most else ()
        return self.seconds_left() <= 0 or sum(before) + now >= (self.purse.most or float("inf"))

    def make(self, trial: Trial, table: TableFile) -> Tried:
        """Train with the trial's parameters, and record how good that was.

        One whose numbers stop to make sense ends there, as the candidate's training would, and the search goes on.
        """
        begin, best, paid = perf_counter(), Best(), self.purse.open()
        largest = table.largest_label
        watch_numbers = watch_health(largest)
        train = self.spec.train.chosen(trial.params).model_copy(update={"early_stopping": None})  # `best` looks itself
        spec = self.spec.model_copy(update={"train": train})

        def watch(ended: Round) -> None:
            watch_numbers(ended)
            best(ended)
            step = ended.done * STEPS // ended.most
            if step == (ended.done - 1) * STEPS // ended.most:
                return
            if not isfinite(best.value) or trial.hopeless(step, best.value) or self.spent(paid() or 0.0):
                raise Hopeless

        pruned, why = False, ""
        try:
            columns, fitted = learn(
                *(spec, self.inner, table, self.run.device, lambda _: None, watch, JUDGED), work=self.work
            )
            check_model(spec, self.inner, table, columns, fitted.trained, largest)
        except Hopeless:
            pruned = True
        except TrainingFailed as error:
            why = str(error)
        seconds = round(perf_counter() - begin, 3)
        extra = {"metric": best.metric, "rounds": best.round, "seconds": seconds, "cost": paid()}
        if why:
            return self.study.fail(trial, why, extra)
        return self.study.tell(trial, best.value, extra, pruned=pruned)

    def words(self, tried: Tried) -> str:
        """A line about a trial."""
        best = self.study.best
        so_far = (
            f"best so far {abs(best.value):.4f} (trial {best.number + 1})" if best and best.value else "none done yet"
        )
        params = ", ".join(f"{name.removeprefix('train.')} {_short(value)}" for name, value in tried.params.items())
        return (
            f"trial {tried.number + 1} of {self.settings.budget.trials}: {_outcome(tried)} in "
            f"{tried.extra['seconds']:.1f} s, {so_far}; {params}"
        )


def _outcome(tried: Tried) -> str:
    if tried.why:
        return f"failed ({tried.why})"
    how = "cut short at " if tried.state == "pruned" else ""
    return f"{how}{tried.extra['metric']} {abs(tried.value or 0):.4f}"


def _short(value: Value) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
