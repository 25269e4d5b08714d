"""Scores candidate, champion and a trivial baseline on the same rows, and keeps them as the gates' evidence."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from everfit.gates import Evidence, Standing
from everfit.steps.about import about
from everfit.steps.backtest import Backtest
from everfit.steps.champion import Champion, Holdout, score_champion
from everfit.steps.comparing import gather, same_rows
from everfit.steps.explaining import explain, keep_explanation
from everfit.steps.feature_table import TIME, TableFile
from everfit.steps.measuring import known, known_champion, measured
from everfit.steps.naive import with_naive
from everfit.steps.point_in_time import stack
from everfit.steps.put import put
from everfit.steps.rows import batch_rows
from everfit.steps.sample import Sample, draw_sample
from everfit.steps.scoring import scorer
from everfit.steps.skew import BothWays
from everfit.steps.standing import standing
from everfit.steps.study import as_chosen
from everfit.steps.tracking import run_of
from everfit.values import Candidate, Evaluation, Features, Snapshot, StoredFile, canonical, dump, load

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from everfit.ledger import View
    from everfit.ports import Ports, Progress, Run
    from everfit.spec import ModelSpec


def evaluate(
    ports: Ports,
    spec: ModelSpec,
    snapshot: Snapshot,
    features: Features,
    candidate: Candidate,
    progress: Progress,
    name: str = "",
) -> Evaluation:
    """Score the candidate, the champion and the baseline on the labelled rows of the holdout.

    The candidate is scored on the feature table, whose holdout rows know only of batches before their own. Metrics and
    plots go to its MLflow run, the scores to `evidence/<model>/<run>.parquet`, raw rows with the scores of the final
    bundle to `evidence/<model>/<run>-sample.json`, and what the model card draws to `<run>-explained.json`. Asked
    again, it returns what it found before, unless there is another champion or another level to judge at by now, and
    the gates have not spoken. Once they have, the evidence stays: to judge anew, give it another `name` than the run
    (see `again`). Errors: `Corrupted` for files that are not the recorded ones, `SpecError` if champion and candidate
    cannot be compared row by row.
    """
    view = ports.ledger(spec.name).view()
    stands = standing(view, spec, snapshot.held_out, candidate)
    name = name or candidate.run
    found = _found_before(ports, candidate, view, stands, name)
    if found:
        return found
    from everfit.predictor import Predictor

    folder = ports.registry.model_files(candidate.mlflow_run, candidate.files)
    predictor = Predictor.load(folder)
    rows = tuple(batch_rows(ports, spec, predictor.code, batch) for batch in snapshot.held_out)
    raw = stack(rows)
    progress(f"scoring {len(raw):,} rows of {', '.join(batch.label for batch in snapshot.held_out)}")
    champion = score_champion(
        ports, spec, view, Holdout(snapshot.held_out, rows, predictor.code.sha256, snapshot.between)
    )
    table = TableFile.open(ports.store.local_file(features.table))
    training, held_out = (
        table.of(tuple(batch.partition for batch in part), names)
        for part, names in ((snapshot.training, table.told), (snapshot.held_out, None))
    )
    evidence = gather(spec, training, held_out, scorer(ports, spec, predictor), champion, rows)
    places = same_rows(spec, rows)
    labelled = raw.iloc[places].reset_index(drop=True)
    evidence = replace(evidence, about=about(spec, labelled, predictor.inputs, held_out.features), standing=stands)
    evidence = with_naive(ports, spec, predictor.code, snapshot, rows, evidence)
    recipe, _ = as_chosen(ports, spec, candidate.run)
    past = Backtest(recipe, snapshot, table, predictor, ports.work, progress)
    ours, theirs = known(ports, predictor, folder, labelled), known_champion(ports, champion, places)
    both_ways = BothWays(ports, spec, snapshot, predictor, labelled, table)
    evidence = measured(spec, evidence, ours, theirs, table, snapshot, past, both_ways)
    evaluation = _keep(ports, candidate, name, champion, evidence, draw_sample(predictor, raw))
    explanation = explain(ports, candidate, predictor, held_out.features, evidence)
    keep_explanation(ports, candidate.model, name, explanation)
    with run_of(ports, candidate) as run:
        _log(run, evaluation, evidence, held_out.frame[TIME].dt.hour.to_numpy(), beside(name, candidate.run))
    ports.store.write(_key(candidate, name, "-evaluation.json"), canonical(dump(evaluation)))
    return evaluation


def again(run: str, champion: int | None) -> str:
    """What the evidence of a run's candidate is named when it is made again, against another champion.

    >>> again("weekly-7", 3)
    'against-3/weekly-7'
    """
    return f"against-{champion or 'nobody'}/{run}"


def beside(name: str, run: str) -> str:
    """The folder in which what has that name lies beside what has the run's own.

    >>> beside("against-3/weekly-7", "weekly-7"), beside("weekly-7", "weekly-7")
    ('against-3/', '')
    """
    return name.removesuffix(run)


def evaluation_of(ports: Ports, model: str, name: str) -> Evaluation | None:
    """What was found of a run's candidate, or None if it was never evaluated; `name` is the run, or `again`."""
    key = f"evidence/{model}/{name}-evaluation.json"
    return load(Evaluation, json.loads(ports.store.read(key))) if ports.store.exists(key) else None


def _found_before(ports: Ports, candidate: Candidate, view: View, stands: Standing, name: str) -> Evaluation | None:
    found = evaluation_of(ports, candidate.model, name)
    if found is None:
        return None
    current = (found.champion, found.level, found.uses) == (view.champion, stands.level, stands.uses)
    settled = current or view.claimed(f"judged:{name}") is not None
    return found if settled and found.candidate == candidate else None


def _keep(
    ports: Ports, candidate: Candidate, name: str, champion: Champion | None, evidence: Evidence, sample: Sample
) -> Evaluation:
    from everfit.statistics.metrics import table

    return Evaluation(
        candidate=candidate,
        champion=champion.version if champion else None,
        champion_saw_holdout=evidence.champion_saw_holdout,
        evidence=_put_frame(ports, _key(candidate, name, ".parquet"), evidence.to_frame()),
        sample=put(ports.store, _key(candidate, name, "-sample.json"), canonical(dump(sample))),
        metrics={who: table(evidence.task, evidence.truth, scores) for who, scores in evidence.scores.items()},
        holdout_rows=evidence.rows,
        level=evidence.standing.level,
        uses=evidence.standing.uses,
    )


def _log(run: Run, evaluation: Evaluation, evidence: Evidence, hours: NDArray[np.int64], folder: str) -> None:
    from everfit.plots.evaluation import draw
    from everfit.plots.holdout import Holdout as Drawn

    for who, metrics in evaluation.metrics.items():
        run.metrics({f"{who}_{name}": value for name, value in metrics.items()})
    with tempfile.TemporaryDirectory() as scratch:
        drawn = Drawn(evidence.task, evidence.truth, evidence.scores, evidence.clusters, hours, evidence.columns)
        draw(drawn, Path(scratch))
        run.artifact(Path(scratch), f"{folder}plots")


def _put_frame(ports: Ports, key: str, frame: pd.DataFrame) -> StoredFile:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, Path(key).name)
        frame.to_parquet(path, index=False)
        return ports.store.put_file(key, path)


def _key(candidate: Candidate, name: str, ending: str) -> str:
    return f"evidence/{candidate.model}/{name}{ending}"
