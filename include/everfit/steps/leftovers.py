"""What lies in the store beside batches and ledger: copies and tables that did their work, and when they did it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from everfit.ledger.entries import (
    BatchAccepted,
    BatchDuplicate,
    BatchQuarantined,
    BatchScored,
    CandidateJudged,
    ModelRegistered,
    Monitored,
    ScoringRefused,
)
from everfit.ledger.scores import scores
from everfit.steps import checkpoints, choose, data_docs, together

if TYPE_CHECKING:
    from everfit.ledger import View
    from everfit.predictions import Segment

FOLDERS = (
    "staged",
    "quarantine",
    "features",
    checkpoints.FOLDER,
    together.FOLDER,
    choose.FOLDER,
    "evidence",
    "scores",
    "profiles",
    data_docs.FOLDER,
    data_docs.PAGES,
    "monitor",
)
"""Where they lie, each in a folder of its model."""


@dataclass(frozen=True)
class Leftover:
    """One of them: the beginnings of its keys, the moment of its last use, and why it is `needed` whatever its age."""

    what: str
    name: str
    at: datetime
    prefixes: tuple[str, ...]
    needed: str = ""


def leftovers(model: str, view: View, tables: Mapping[str, str], log: Sequence[Segment] = ()) -> Iterator[Leftover]:
    """All that the ledger speaks of; what it does not know (a delivery not settled, a run not judged) is not here.

    `tables` says the snapshot of each feature table, by the beginning of its keys; `log` is that of predictions.
    """
    yield from _deliveries(model, view)
    yield from _evidence(view)
    yield from _tables(view, tables)
    yield from _runs(model, view)
    yield from _profiles(model, view)
    yield from _monitored(model, view)
    yield from _scores(view)
    yield from _predictions(log)


def _deliveries(model: str, view: View) -> Iterator[Leftover]:
    for entry in view.entries:
        match entry.body:
            case BatchAccepted(batch=batch, fingerprint=fingerprint, withheld=withheld):
                yield from _delivery(model, batch.partition, fingerprint, entry.at)
                for rows in withheld:
                    yield Leftover("withheld rows", f"{batch.label} {rows.table}", entry.at, (rows.file.key,))
            case BatchQuarantined(partition=partition, fingerprint=fingerprint, quarantine=folder):
                yield from _delivery(model, partition, fingerprint, entry.at)
                if folder:
                    yield Leftover("quarantined batch", partition, entry.at, (f"{folder}/",))
            case (
                BatchDuplicate(partition=partition, fingerprint=fingerprint)
                | ScoringRefused(partition=partition, fingerprint=fingerprint)
            ):
                yield from _delivery(model, partition, fingerprint, entry.at)
            case BatchScored(partition=partition, fingerprint=fingerprint) if fingerprint:
                yield from _delivery(model, partition, fingerprint, entry.at)


def _delivery(model: str, partition: str, fingerprint: str, at: datetime) -> Iterator[Leftover]:
    name = f"{model}/{partition}-{fingerprint}"
    yield Leftover("staged copy", partition, at, (f"staged/{name}/", f"staged/{name}.json"))
    yield Leftover("data docs", partition, at, (f"{data_docs.FOLDER}/{name}.json", f"{data_docs.PAGES}/{name}/"))


def _evidence(view: View) -> Iterator[Leftover]:
    roles = {view.champion: "champion", view.previous: "previous champion", view.challenger: "challenger"}
    made = {view.judged(entry.body.judged).run: entry.body.version.version for entry in view.of(ModelRegistered)}
    for entry in view.of(CandidateJudged):
        version = made.get(entry.body.run)
        role = roles.get(version) if version is not None else None
        needed = f"it is what {role} {version} was judged on" if role else ""
        beginning = entry.body.evidence.key.removesuffix(".parquet")
        yield Leftover("evidence", entry.body.run, entry.at, (f"{beginning}.", f"{beginning}-"), needed)


def _tables(view: View, tables: Mapping[str, str]) -> Iterator[Leftover]:
    last = {entry.body.snapshot: entry.at for entry in view.triggers}
    for beginning, snapshot in sorted(tables.items()):
        if snapshot in last:
            yield Leftover("feature table", snapshot, last[snapshot], (f"{beginning}.",))


def _runs(model: str, view: View) -> Iterator[Leftover]:
    """A training that ends takes its checkpoints and shares away; these are of runs that never did, or were gone on
    with by a try given up. Of a search, what it chose stays: later searches begin with it."""
    for entry in view.triggers:
        run = f"{model}/{entry.body.run}"
        study = f"{choose.FOLDER}/{run}"
        for what, prefixes in {
            "checkpoints": (f"{checkpoints.FOLDER}/{run}/",),
            "shares of a training": (f"{together.FOLDER}/{run}/",),
            "study": (f"{study}/journal/", f"{study}/began.json"),
        }.items():
            yield Leftover(what, entry.body.run, entry.at, prefixes)


def _profiles(model: str, view: View) -> Iterator[Leftover]:
    """What rules keep of every batch; of one whose bytes can be used, they would only have to make it again."""
    used = {batch.sha256 for _, batch in view.batches}
    for entry in view.entries:
        match entry.body:
            case BatchAccepted(batch=batch):
                partition, sha256 = batch.partition, batch.sha256
            case BatchQuarantined(partition=partition, sha256=sha256):
                pass
            case _:
                continue
        needed = "rules compare new batches with it" if sha256 in used else ""
        kept = (f"profiles/{model}/{sha256}/", f"monitor/{model}/spans/{sha256}.")
        yield Leftover("profile", partition, entry.at, kept, needed)


def _monitored(model: str, view: View) -> Iterator[Leftover]:
    """What monitors found out about each version, which they could do again, and the numbers of each look."""
    looks = view.of(Monitored)
    last = {entry.body.version.version: entry.at for entry in view.of(ModelRegistered)}
    last |= {entry.body.version: entry.at for entry in looks}
    for version, at in last.items():
        needed = f"monitors hold rows against it as long as {version} is champion" if version == view.champion else ""
        yield Leftover("what monitors keep", f"version {version}", at, (f"monitor/{model}/{version}/",), needed)
    for key, entry in {entry.body.evidence.key: entry for entry in looks}.items():
        needed = "it is the newest look" if entry is looks[-1] else ""
        yield Leftover("numbers of a look", f"entry {entry.seq}", entry.at, (key,), needed)


def _scores(view: View) -> Iterator[Leftover]:
    """The predictions for whole batches. Those that count stay, whatever their age: they are what was asked for."""
    counting = {file.key for entry in scores(view).values() for file in (entry.body.file, *entry.body.shadows.values())}
    for entry in view.of(BatchScored):
        for file in (entry.body.file, *entry.body.shadows.values()):
            needed = "they are the newest of their batch" if file.key in counting else ""
            yield Leftover("scores", entry.body.partition, entry.at, (file.key,), needed)


def _predictions(log: Sequence[Segment]) -> Iterator[Leftover]:
    """The log, day by day of each version."""
    days: dict[tuple[int, str], list[Segment]] = {}
    for segment in log:
        days.setdefault((segment.version, f"{segment.last:%Y-%m-%d}"), []).append(segment)
    for (version, day), there in days.items():
        last = max(segment.last for segment in there)
        yield Leftover("predictions", f"version {version} {day}", last, tuple(segment.key for segment in there))
