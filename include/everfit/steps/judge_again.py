"""Evidence that has gone stale is made again: the same candidate, the same holdout, the champion of now.

A candidate that was judged against champion 4 says nothing about champion 5. It is not thrown away: it is evaluated
and judged once more, in an entry of its own beside the first, which pays for the question as any other does. What its
features were made of comes from its lineage, so that it is the same candidate whatever the checkout says by now; the
gates are those of today.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from everfit.errors import KeptBack, StaleHead
from everfit.ledger.entries import DeploymentFailed
from everfit.steps.build_features import build_features
from everfit.steps.card import name_of
from everfit.steps.evaluate import again, evaluate, evaluation_of
from everfit.steps.judge import judge, judged_before
from everfit.steps.register import judged_tags
from everfit.steps.reproduce import lineage_of, with_code
from everfit.steps.snapshot import snapshot_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from everfit.ledger import View
    from everfit.ports import Ports, Progress
    from everfit.spec import ModelSpec
    from everfit.values import Judgement

T = TypeVar("T")

TRIES = 3
"""So many champions may come while one candidate is judged; then somebody should look."""


def with_fresh_evidence(ports: Ports, spec: ModelSpec, version: int, progress: Progress, act: Callable[[], T]) -> T:
    """Do `act` (deploy the version); where its evidence is stale, judge it against the new champion and do it again.

    Errors: those of `act` (`StaleHead` for a version that does not wait any more, or when champions come faster than
    candidates can be judged), and those of `judge_again`.
    """
    for _ in range(TRIES):
        try:
            return act()
        except StaleHead as stale:
            view = ports.ledger(spec.name).view()
            if not waits(view, version) or view.judgement_against(view.trained_on(version).run, view.champion):
                raise
            progress(f"{stale}; its evidence is made again")
        except KeptBack:
            if not waits(ports.ledger(spec.name).view(), version):
                raise
            progress("the try before died before it wrote down what follows from its judgement")
        judge_again(ports, spec, version, progress)
    return act()


def waits(view: View, version: int) -> bool:
    """Whether the version waits for its promotion, so that it may be judged again by itself.

    One that was the champion, that failed, that people rejected, or that is older than a champion since does not wait:
    who asks for it by its number gets no new evidence by that.
    """
    return version in view.standing.waiting - view.touched


def judge_again(ports: Ports, spec: ModelSpec, version: int, progress: Progress) -> Judgement:
    """Evaluate and judge a registered version against the champion of now; returns what the gates said.

    Exactly once for each champion: asked again it returns the judgement that there is. The decision has its place in
    the budget and on the holdout like any other (`steps.standing`). Errors: `KeptBack` if the gates say no now (then
    `DeploymentFailed` is on record, and the version waits no more), `StaleHead` if the champion changes all the time,
    `DataError` if the bytes that it was judged on are gone, and those of `evaluate` and `judge`.
    """
    judgement, ledger = _judged_in_time(ports, spec, version, progress), ports.ledger(spec.name)
    ports.registry.tag(spec.name, version, judged_tags(ledger.view(), judgement.entry))
    if not judgement.promote:
        words = f"judged against champion {judgement.champion}, version {version} is kept back: {judgement.reason}"
        ledger.append(f"failed:judged:{judgement.entry}", DeploymentFailed(version, words))
        raise KeptBack(words)
    progress(f"version {version} passed against champion {judgement.champion}, too: {judgement.reason}")
    return judgement


def _judged_in_time(ports: Ports, spec: ModelSpec, version: int, progress: Progress) -> Judgement:
    """Judged against a champion that was still the champion when the gates had spoken."""
    for _ in range(TRIES - 1):
        try:
            return _judge(ports, spec, version, progress)
        except StaleHead as stale:
            progress(str(stale))
    return _judge(ports, spec, version, progress)


def _judge(ports: Ports, spec: ModelSpec, version: int, progress: Progress) -> Judgement:
    view = ports.ledger(spec.name).view()
    run = view.trained_on(version).run
    found = view.judgement_against(run, view.champion)
    if found and (evaluation := evaluation_of(ports, spec.name, name_of(found.key, run))):
        return judge(ports, spec, evaluation, name_of(found.key, run))
    candidate, lineage = judged_before(ports, spec, run).candidate, lineage_of(ports, spec.name, version)
    name = again(run, view.champion)
    ports.work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=ports.work, prefix="judged-again-") as folder:
        asked = {"gates": spec.gates, "promotion": spec.promotion}
        then = with_code(lineage, Path(folder, "spec")).model_copy(update=asked)
        snapshot = snapshot_of(then, lineage.run)
        held_out = ", ".join(batch.label for batch in snapshot.held_out)
        progress(f"judging version {version} on {held_out} again, against champion {view.champion or 'none'}")
        features = build_features(ports, then, snapshot)
        evaluation = evaluate(ports, then, snapshot, features, candidate, progress, name)
        if evaluation.champion != view.champion:
            raise StaleHead(f"while version {version} was evaluated, version {evaluation.champion} became the champion")
        return judge(ports, then, evaluation, name)
