"""How many rounds: until the newest training span gets no better, and then as many on all of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from everfit.errors import NotEnoughData
from everfit.models import Stop
from everfit.steps.course import Course, Found
from everfit.values import Batch, digest, dump

if TYPE_CHECKING:
    from everfit.models import Algorithm, Part, Terms, Trained, Training
    from everfit.spec.training import EarlyStoppingSpec


def newest(training: Sequence[Batch], early: EarlyStoppingSpec) -> tuple[Sequence[Batch], Sequence[Batch]]:
    """The training batches that are learnt from to find the number of rounds, and those that are watched for it.

    Errors: `NotEnoughData` if none is left to learn from.
    """
    if len(training) <= early.batches:
        raise NotEnoughData(
            f"early stopping watches the newest {early.batches} of the {len(training)} training batches, so that none "
            "is left to learn from: train on more batches, or lower train.early_stopping.batches"
        )
    return training[: -early.batches], training[-early.batches :]


def fit_stopping(
    algorithm: Algorithm,
    data: Training,
    parts: tuple[Part, Part],
    early: EarlyStoppingSpec,
    terms: Terms,
    course: Course,
) -> Trained:
    """Find the number of rounds on the older of the two `parts` of `data.train`, by watching the newer; then, if the
    spec says `refit`, train as many on both, by the same path as without early stopping."""
    older, watched = parts
    asked = {
        "algorithm": dump(algorithm),
        "seed": terms.seed,
        "early": early.model_dump(),
        "device": terms.device.partition(":")[0],
    }
    what = f"rounds-{digest(asked)[:12]}"
    found = course.found(what) if early.refit else None
    if found is None:
        searching = replace(data, train=older, stop=Stop(watched, early.rounds))
        first = algorithm.fit(searching, replace(terms, checkpoints=course.checkpoints("stopping")))
        stop = {name: tuple(curve) for name, curve in first.curves.items() if name.startswith("stop_")}
        facts = {"early_stopping": f"best after {first.rounds} rounds on the newest {early.batches} training batches"}
        if not early.refit:
            return replace(first, facts={**first.facts, **facts})
        found = Found(first.rounds, stop)
        course.remember(what, found)
    terms.progress(f"training {found.rounds} rounds on all training batches")
    fixed = replace(algorithm, rounds=found.rounds)  # type: ignore[type-var]
    trained = fixed.fit(data, replace(terms, checkpoints=course.checkpoints("rounds")))
    said = f"{found.rounds} rounds were best on the newest {early.batches} training batches; learnt from all of them"
    facts = {"early_stopping": said}
    return replace(trained, curves={**trained.curves, **found.curves}, facts={**trained.facts, **facts})
