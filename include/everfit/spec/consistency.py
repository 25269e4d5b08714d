"""What each task needs to be told, and what it has no use for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from everfit.errors import SpecError, did_you_mean
from everfit.models.objectives import FILE, names_in
from everfit.spec.answers import CLASSES, answer_mistakes
from everfit.spec.mistakes import Mistake

if TYPE_CHECKING:
    from everfit.spec.model import ModelSpec

OF = {"quantiles": "quantile", "group": "ranking", "observed": "survival"}
BINARY = {"0", "1"}


def task_mistakes(spec: ModelSpec) -> Iterator[Mistake]:
    """Settings of another task, settings that are missing, and an algorithm that does not learn this one."""
    for name, task in OF.items():
        given = getattr(spec, name)
        if given and spec.task != task:
            yield Mistake((name,), f"is for the task {task}, and this one is {spec.task}: take it out")
        if not given and spec.task == task:
            yield Mistake((name,), f"is missing: the task {task} needs it")
    if list(spec.quantiles) != sorted(set(spec.quantiles)):
        yield Mistake(("quantiles",), f"found {list(spec.quantiles)}, wanted levels that rise, each once")
    columns = {"label": spec.label, "time": spec.time, "group": spec.group, "observed": spec.observed}
    for name in ("group", "observed"):
        same = [other for other, column in columns.items() if other != name and column and column == columns[name]]
        if same and not (name == "group" and same == ["time"]):
            yield Mistake((name,), f"found {columns[name]!r}, which is the {same[0]} already")
    yield from _class_weight_mistakes(spec)
    yield from answer_mistakes(spec.answers, spec.task, spec.quantiles)
    try:
        getattr(spec.algorithm, "check", lambda _: None)(spec.task)
    except SpecError as error:
        yield Mistake(("train", "params"), str(error))


def objective_mistakes(spec: ModelSpec, folder: Path | None) -> Iterator[Mistake]:
    """A function that objectives.py, in the folder that is being read, does not have."""
    name = own_objective(spec)
    if not name or folder is None:
        return
    try:
        known = names_in(folder / FILE)
    except SpecError as error:
        yield Mistake(("train", "params", "objective"), f"names the function {name!r} of {FILE}: {error}")
        return
    if name not in known:
        yield Mistake(("train", "params", "objective"), f"{FILE} has no function {name!r}{did_you_mean(name, known)}")


def own_objective(spec: ModelSpec) -> str:
    """The function of objectives.py that the spec names, "" if none: an algorithm's own objectives have a colon."""
    name = str(getattr(spec.algorithm, "objective", ""))
    return "" if ":" in name else name


def _class_weight_mistakes(spec: ModelSpec) -> Iterator[Mistake]:
    given, at = spec.train.class_weights, ("train", "class_weights")
    if given is None:
        return
    if spec.task not in CLASSES:
        yield Mistake(at, f"is for {' and '.join(CLASSES)}, and the task is {spec.task}: take it out")
    elif spec.task == "binary" and isinstance(given, dict) and (unknown := sorted(set(given) - BINARY)):
        yield Mistake(at, f"found {unknown[0]!r}, wanted 0 or 1, the classes of a binary task")
