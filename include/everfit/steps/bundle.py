"""All that speaks for a promotion, as one in-toto statement: data, model, verdicts, people, seed, environment.

    _type           https://in-toto.io/Statement/v1
    subject         the files of the model, each with its SHA-256
    predicateType   urn:everfit:promotion:v1
    predicate       what follows here, from the ledger up to the promotion and from the model's MLflow run

Format: in-toto attestation framework, https://github.com/in-toto/attestation, spec/v1/statement.md.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from everfit.errors import LedgerError
from everfit.ledger.entries import EvidenceSigned, ModelRegistered, Promoted
from everfit.ledger.people import people
from everfit.ledger.trace import started
from everfit.ledger.view import View
from everfit.values import Snapshot, canonical, dump

if TYPE_CHECKING:
    from everfit.ledger import Entry
    from everfit.ports import Registry
    from everfit.values import FileHash

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "urn:everfit:promotion:v1"
MADE_WITH = ("training", "environment")
"""What the model's MLflow run keeps of its making, as `lineage/<name>.json`."""


def statement(view: View, registry: Registry, model: str, promoted: Entry[Promoted]) -> bytes:
    """The statement about a promotion, as canonical JSON: the same whenever it is made.

    Errors: `Corrupted` if the MLflow run does not have the files that say how the model was made.
    """
    then, version = View(view.entries[: promoted.seq]), promoted.body.version
    made = next(entry for entry in then.of(ModelRegistered) if entry.body.version.version == version)
    mlflow_run = made.body.version.mlflow_run
    said = {name: json.loads(registry.run_file(mlflow_run, f"lineage/{name}.json")) for name in MADE_WITH}
    return canonical(
        {
            "_type": STATEMENT,
            "subject": subject(made.body.version.files),
            "predicateType": PREDICATE,
            "predicate": {"model": model, "version": version, **by_the_ledger(then, made, promoted), **said},
        }
    )


def subject(files: tuple[FileHash, ...]) -> list[dict[str, Any]]:
    """The files of a model as the subject of a statement."""
    return [{"name": file.name, "digest": {"sha256": file.sha256}} for file in files]


def by_the_ledger(then: View, made: Entry[ModelRegistered], promoted: Entry[Promoted]) -> dict[str, Any]:
    """The part of the predicate that follows from the ledger alone, `then` being its state at the promotion.

    `ledger.head` is the hash of the promotion's own entry: by the chain, that of every entry before it.
    """
    judged = then.judged(promoted.body.judged)
    run = started(then, judged.run).body
    return {
        "run": judged.run,
        "mlflow_run": made.body.version.mlflow_run,
        "promoted": _entry(promoted),
        "ledger": {"entries": promoted.seq, "head": promoted.sha256},
        "snapshot": judged.snapshot,
        "data": _data(Snapshot(made.body.version.model, run.batches, run.holdout, run.gap)),
        "judged": _entry(then.entries[promoted.body.judged - 1]),
        "people": [_entry(entry) for entry in people(then, judged.run)],
    }


def signed(view: View, promoted: int) -> EvidenceSigned | None:
    """The receipt of the bundle for a promotion, or None if nobody has signed one."""
    return next((entry.body for entry in view.of(EvidenceSigned) if entry.body.promoted == promoted), None)


def promotion_of(view: View, version: int) -> Entry[Promoted]:
    """The newest promotion of a version; `LedgerError` if it never was one."""
    found = [entry for entry in view.of(Promoted) if entry.body.version == version]
    if not found:
        raise LedgerError(f"version {version} was never promoted, so there is no evidence to verify")
    return found[-1]


def _entry(entry: Entry) -> dict[str, Any]:
    return {"entry": entry.seq, "sha256": entry.sha256, "kind": entry.kind, "at": entry.at.isoformat()} | {
        "said": dump(entry.body)
    }


def _data(snapshot: Snapshot) -> list[Mapping[str, Any]]:
    parts = {"learnt from": snapshot.training, "kept apart": snapshot.between, "judged on": snapshot.held_out}
    return [
        {
            "use": use,
            "partition": batch.partition,
            "version": batch.version,
            "sha256": batch.sha256,
            "files": [dump(file) for file in batch.files],
        }
        for use, batches in parts.items()
        for batch in batches
    ]


def contradictions(payload: bytes, then: View, made: Entry[ModelRegistered], promoted: Entry[Promoted]) -> list[str]:
    """The parts of a signed statement that are not what the ledger says; what only MLflow knew is taken as signed."""
    said = json.loads(payload)
    version = made.body.version
    about = {"model": version.model, "version": version.version, **by_the_ledger(then, made, promoted)}
    wanted = {"_type": STATEMENT, "subject": subject(version.files), "predicateType": PREDICATE}
    if not isinstance(said, dict) or not isinstance(said.get("predicate"), dict) or canonical(said) != payload:
        return ["it is no statement"]
    told = {name: value for name, value in said.pop("predicate").items() if name not in MADE_WITH}
    outer = (name for name in sorted({*said, *wanted}) if said.get(name) != wanted.get(name))
    return [*outer, *(name for name in sorted({*told, *about}) if told.get(name) != about.get(name))]
