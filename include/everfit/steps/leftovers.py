"""What lies in the store beside batches and ledger: copies and tables that did their work, and when they did it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from everfit.ledger.entries import BatchAccepted, BatchDuplicate, BatchQuarantined, CandidateJudged, ModelRegistered

if TYPE_CHECKING:
    from everfit.ledger import View

FOLDERS = ("staged", "quarantine", "features", "evidence")
"""Where they lie, each in a folder of its model."""


@dataclass(frozen=True)
class Leftover:
    """One of them: the beginnings of its keys, the moment of its last use, and why it is `needed` whatever its age."""

    what: str
    name: str
    at: datetime
    prefixes: tuple[str, ...]
    needed: str = ""


def leftovers(model: str, view: View, tables: Mapping[str, str]) -> Iterator[Leftover]:
    """All that the ledger speaks of; what it does not know (a delivery not settled, a run not judged) is not here.

    `tables` says the snapshot of each feature table, by the beginning of its keys.
    """
    yield from _deliveries(model, view)
    yield from _evidence(view)
    yield from _tables(view, tables)


def _deliveries(model: str, view: View) -> Iterator[Leftover]:
    for entry in view.entries:
        match entry.body:
            case BatchAccepted(batch=batch, fingerprint=fingerprint, withheld=withheld):
                yield _staged(model, batch.partition, fingerprint, entry.at)
                for rows in withheld:
                    yield Leftover("withheld rows", f"{batch.label} {rows.table}", entry.at, (rows.file.key,))
            case BatchQuarantined(partition=partition, fingerprint=fingerprint, quarantine=folder):
                yield _staged(model, partition, fingerprint, entry.at)
                if folder:
                    yield Leftover("quarantined batch", partition, entry.at, (f"{folder}/",))
            case BatchDuplicate(partition=partition, fingerprint=fingerprint):
                yield _staged(model, partition, fingerprint, entry.at)


def _staged(model: str, partition: str, fingerprint: str, at: datetime) -> Leftover:
    folder = f"staged/{model}/{partition}-{fingerprint}"
    return Leftover("staged copy", partition, at, (f"{folder}/", f"{folder}.json"))


def _evidence(view: View) -> Iterator[Leftover]:
    roles = {view.champion: "champion", view.previous: "previous champion", view.challenger: "challenger"}
    made = {entry.body.judged: entry.body.version.version for entry in view.of(ModelRegistered)}
    for entry in view.of(CandidateJudged):
        version = made.get(entry.seq)
        role = roles.get(version) if version is not None else None
        needed = f"it is what {role} {version} was judged on" if role else ""
        beginning = entry.body.evidence.key.removesuffix(".parquet")
        yield Leftover("evidence", entry.body.run, entry.at, (f"{beginning}.", f"{beginning}-"), needed)


def _tables(view: View, tables: Mapping[str, str]) -> Iterator[Leftover]:
    last = {entry.body.snapshot: entry.at for entry in view.triggers}
    for beginning, snapshot in sorted(tables.items()):
        if snapshot in last:
            yield Leftover("feature table", snapshot, last[snapshot], (f"{beginning}.",))
