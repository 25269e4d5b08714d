"""What a person wants to see of a candidate, computed once while it is at hand: curves, explanations, parts, origin."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from everfit.models import Explains
from everfit.plots.card.curves import curves
from everfit.plots.card.panels import Grid, Panel
from everfit.plots.card.slices import Slices, slices
from everfit.plots.holdout import Holdout
from everfit.statistics.contributions import Effect, effects
from everfit.statistics.evenly import evenly
from everfit.steps.trace import MadeWith, made_with
from everfit.values import canonical, dump, load

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from everfit.gates import Evidence
    from everfit.ports import Ports
    from everfit.predictor import Predictor
    from everfit.values import Candidate

ROWS = 2_000
"""So many rows of the holdout are explained, evenly drawn."""

LOSSES = {
    "binary": "log_loss",
    "multiclass": "log_loss",
    "regression": "absolute",
    "quantile": "pinball",
    "survival": "aft_nloglik",
}
"""The loss of a row by which parts of the holdout are compared; a ranking has none by row."""


@dataclass(frozen=True)
class Explanation:
    """What the model card draws beside verdicts and metrics.

    `effects` are what the features did to the answers of `rows` rows, `idle` is why there are none ("" if there are).
    `parts` is None where a row has no loss of its own.
    """

    task: str
    curves: tuple[Panel | Grid, ...]
    effects: tuple[Effect, ...]
    rows: int
    idle: str
    parts: Slices | None
    made_with: MadeWith


def explain(
    ports: Ports, candidate: Candidate, predictor: Predictor, features: pd.DataFrame, evidence: Evidence
) -> Explanation:
    """Compute it from the evidence and from the model itself: about a second for 25,000 rows of 40 features.

    `features` are those of the evidence's rows. Kept by `keep_explanation`, so that the card can be made again from the
    store alone.
    """
    found, rows, idle = _effects(predictor, features)
    columns = [name for name in evidence.about if name in predictor.inputs or name not in features]
    return Explanation(
        task=evidence.task,
        curves=_curves(evidence),
        effects=found,
        rows=rows,
        idle=idle,
        parts=_parts(evidence, columns),
        made_with=made_with(ports, candidate.mlflow_run, candidate.files),
    )


def keep_explanation(ports: Ports, model: str, name: str, explanation: Explanation) -> None:
    """Keep it with the evidence, under its name: the run, unless it was made again."""
    ports.store.write(explanation_key(model, name), canonical(dump(explanation)))


def explanation_of(ports: Ports, model: str, run: str) -> Explanation | None:
    """What was kept of a run's candidate; None for one that is older than the model card, or was erased since."""
    key = explanation_key(model, run)
    return load(Explanation, json.loads(ports.store.read(key))) if ports.store.exists(key) else None


def explanation_key(model: str, run: str) -> str:
    """Where the store has it."""
    return f"evidence/{model}/{run}-explained.json"


def _effects(predictor: Predictor, features: pd.DataFrame) -> tuple[tuple[Effect, ...], int, str]:
    scorer, columns = predictor.scorer, predictor.card.columns
    if not isinstance(scorer, Explains):
        return (), 0, f"the algorithm {predictor.card.algorithm} does not say what made its answers"
    places = evenly(len(features), ROWS)
    matrix = columns.encode(features.iloc[places])
    found = scorer.contributions(matrix)
    if predictor.card.quantiles:  # the levels rise and fall together: the middle one speaks for all
        found = found[:, found.shape[1] // 2][:, None]
    categories = [column.categories for column in columns.columns]
    return effects(found, matrix, scorer.importance(), columns.names, categories), len(matrix), ""


def _curves(evidence: Evidence) -> tuple[Panel | Grid, ...]:
    days = evidence.clusters
    return curves(Holdout(evidence.task, evidence.truth, evidence.scores, days, days * 0, evidence.columns))


def _parts(evidence: Evidence, columns: Sequence[str]) -> Slices | None:
    import numpy as np

    from everfit.statistics.losses import per_row

    loss = LOSSES.get(evidence.task)
    if loss is None or not all(np.isfinite(scores).all() for scores in evidence.scores.values()):
        return None
    candidate = per_row(loss, evidence.truth, evidence.candidate)
    champion = None if evidence.champion is None else per_row(loss, evidence.truth, evidence.champion)
    return slices(loss, {name: evidence.about[name] for name in columns}, candidate, champion, evidence.clusters)
