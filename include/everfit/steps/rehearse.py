"""Rehearses going back: proves that the version before the champion could serve, before anyone needs it.

Nothing that serves is changed. The rehearsal makes registry and target follow the ledger (a process that was killed may
have left an alias behind), and then asks of the previous champion what a roll back would ask of it: its files, its
features, its answers.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from everfit.errors import DeployError, EverfitError, LedgerError, NotEnoughData, Unreachable
from everfit.ledger.entries import RollbackRehearsed
from everfit.ledger.reconciler import reconcile
from everfit.steps.rows import batch_rows
from everfit.steps.sample import draw_sample
from everfit.steps.trial import ask, put_on_trial

if TYPE_CHECKING:
    from everfit.ledger import Entry, Ledger, View
    from everfit.ports import Ports, Progress
    from everfit.predictor import Predictor
    from everfit.spec import ModelSpec

ALIAS = "previous"


def rehearse(ports: Ports, spec: ModelSpec, key: str, progress: Progress) -> Entry:
    """Let the version before the champion show that it could take over; returns the entry that says so.

    Its files come from the registry anew and have their hashes; its feature code makes features of the newest accepted
    batch; the target answers for it, through the alias `previous`, as it was recorded offline when it was judged, and
    on rows of that batch as the files do here. Once for a `key`. Errors: `NotEnoughData` if there is no version to go
    back to, `DeployError` if going back would fail (the reason is on record, the champion stays), `Unreachable` if a
    service is away (nothing is on record: the next try tells).
    """
    ledger = ports.ledger(spec.name)
    entry = ledger.view().claimed(key) or ledger.append(key, _rehearsed(ports, spec, ledger, progress))
    if not isinstance(entry.body, RollbackRehearsed):
        raise LedgerError(f"entry {entry.seq} ({entry.key}) is a {entry.kind}, wanted a rehearsal")
    if not entry.body.ok:
        raise DeployError(f"going back to version {entry.body.version} of {spec.name} would fail: {entry.body.reason}")
    return entry


def _rehearsed(ports: Ports, spec: ModelSpec, ledger: Ledger, progress: Progress) -> RollbackRehearsed:
    view = ledger.view()
    if view.previous is None:
        raise NotEnoughData(f"{spec.name} has no version to go back to yet, so there is nothing to rehearse")
    began = ports.clock()
    try:
        ok, words = True, _go_through(ports, spec, ledger, view.previous, progress)
    except Unreachable:
        raise
    except EverfitError as error:
        ok, words = False, str(error)
    return RollbackRehearsed(view.previous, ok, (ports.clock() - began).total_seconds(), words)


def _go_through(ports: Ports, spec: ModelSpec, ledger: Ledger, version: int, progress: Progress) -> str:
    """What it showed, in words."""
    from everfit.predictor import Predictor

    view = ledger.view()
    made, judged = view.versions[version], view.judgement(version).body
    ports.work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=ports.work, prefix="rehearsal-") as folder:
        progress(f"version {version}: fetching its {len(made.files)} files from the registry")
        predictor = Predictor.load(ports.registry.fetch_model(made.mlflow_run, made.files, Path(folder)))
    reconcile(spec.name, ledger, ports.registry, ports.target)
    progress(f"version {version}: asking the target for what it answered when it was judged")
    trial = put_on_trial(ports, spec.name, version, judged.sample, ALIAS)
    said = f"{len(made.files)} files are whole, {trial.rows} rows answered as when it was judged"
    return f"{said}, {_newest_rows(ports, spec, view, predictor, version, progress)}"


def _newest_rows(
    ports: Ports, spec: ModelSpec, view: View, predictor: Predictor, version: int, progress: Progress
) -> str:
    """Features and answers for rows that came long after it was made."""
    if not view.batches:
        return "and there is no newer batch to make features of"
    batch = view.batches[-1][1]
    progress(f"version {version}: making features of {batch.label}, and asking the target for those rows")
    sample = draw_sample(predictor, batch_rows(ports, spec, predictor.code, batch))
    pairs = [(row, score) for row, score in zip(sample.rows, sample.scores, strict=True) if score is not None]
    rows, scores = [row for row, _ in pairs], [score for _, score in pairs]
    trial = ask(ports, spec.name, version, ALIAS, rows, scores, batch.label)
    return f"{trial.rows} rows of batch {batch.label} as its files do here"
