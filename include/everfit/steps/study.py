"""What the step that trains takes from the search before it, and what it keeps of it with the candidate."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from everfit.errors import SpecError
from everfit.plots.card.content import Found
from everfit.plots.study import draw
from everfit.steps.choose import Chosen, chosen, study_of
from everfit.values import dump

if TYPE_CHECKING:
    from everfit.ports import Ports, Run
    from everfit.search import Study
    from everfit.spec import ModelSpec


@dataclass(frozen=True, eq=False)
class Searched:
    """A search that is over."""

    chosen: Chosen
    study: Study


def as_chosen(ports: Ports, spec: ModelSpec, run: str) -> tuple[ModelSpec, Searched | None]:
    """The spec that the candidate is trained with: itself, or with what the run's search chose.

    Errors: `SpecError` if the search that the spec asks for was not made.
    """
    if spec.train.search is None:
        return spec, None
    found = chosen(ports, spec.name, run)
    if found is None:
        raise SpecError(
            f"the spec of {spec.name} asks for a search (train.search), and that of run {run!r} was not ended: "
            "let the search and choose steps run before this one"
        )
    made = spec.model_copy(update={"train": spec.train.chosen(found.params)})
    return made, Searched(found, study_of(ports, spec, run))


def log_study(opened: Run, searched: Searched, work: Path) -> None:
    """Keep the trials as a table and as a picture with the candidate's run."""
    found, trials = searched.chosen, searched.study.trials
    opened.params({"search.trial": found.trial, "search.trials": found.trials, "search.pruned": found.pruned})
    opened.metrics({f"search_{found.metric}": found.value, "search_seconds": found.seconds})
    folder = work / "study"
    folder.mkdir()
    said = {"chosen": dump(found), "trials": [dump(one) for one in trials]}
    (folder / "trials.json").write_text(json.dumps(said, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    draw(trials, found.trial, found.metric, searched.study.importance(), folder / "study.png")
    opened.artifact(folder, "study")


def searched(ports: Ports, spec: ModelSpec, run: str) -> Found | None:
    """How the parameters of a run's candidate were found, for its page; None where nothing was searched for."""
    found = chosen(ports, spec.name, run) if spec.train.search else None
    if found is None:
        return None
    study = study_of(ports, spec, run)
    with tempfile.TemporaryDirectory() as folder:
        picture = draw(study.trials, found.trial, found.metric, study.importance(), Path(folder, "study.png"))
        words = (
            f"{found.trials} trials on the training batches, {found.pruned} of them cut short; {found.metric} "
            f"{found.value:.4f} in trial {found.trial + 1}"
        )
        return Found(words, {name.removeprefix("train."): v for name, v in found.params.items()}, picture.read_bytes())
