"""What rows left behind beside their files: tables and scores, pages about them, what rules keep of them."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from everfit.ledger.entries import BatchAccepted, BatchDuplicate, BatchQuarantined, BatchScored, CandidateJudged
from everfit.steps.card import name_of
from everfit.steps.data_docs import FOLDER, PAGES

if TYPE_CHECKING:
    from everfit.ledger import Entry, View
    from everfit.ports import Ports
    from everfit.validation.erasing import Wanted

_PLACES = ("reports", FOLDER, PAGES)


def traces(
    ports: Ports,
    model: str,
    view: View,
    batches: Sequence[Entry[BatchAccepted]],
    gone: Collection[int],
    copies: Sequence[str],
    wanted: Wanted,
) -> tuple[str, ...]:
    """What is to be deleted because these accepted batches and these copies of deliveries have such rows."""
    stems = _deliveries(model, view, batches, copies)
    lost = {entry.seq for entry in batches} | set(gone)
    found = [*_pages(ports, model, stems, wanted), *_handed_over(ports, model, stems)]
    found += _looks(ports, model, wanted)
    if batches or copies:
        found += _profiles(ports, model, view, lost)
        found += _watched(ports, model, view, lost)
    found += _scores(ports, view, batches, stems)
    return tuple(dict.fromkeys([*found, *_made_from(ports, model, view, batches)]))


def names(text: str, wanted: Wanted) -> bool:
    """Whether a text, HTML or JSON has one of the keys as a word of its own."""
    plain = html.unescape(text)
    spelled = {spelling for key in wanted.keys for spelling in (key, json.dumps(key)[1:-1])}
    return any(re.search(rf"(?<!\w){re.escape(key)}(?!\w)", plain) for key in spelled)


def _deliveries(model: str, view: View, batches: Sequence[Entry[BatchAccepted]], copies: Sequence[str]) -> set[str]:
    """The deliveries with such rows, as `<partition>-<fingerprint>`."""
    settled = list(_settled(view))
    stems = {key.split("/")[2] for key in copies if key.startswith(f"staged/{model}/")}
    seqs = {entry.seq for entry in batches}
    bytes_ = {(partition, sha256) for seq, partition, sha256, stem in settled if seq in seqs or stem in stems}
    bytes_ |= {(parts[2], parts[3]) for key in copies if (parts := key.split("/"))[0] == "quarantine"}
    return stems | {stem for _, partition, sha256, stem in settled if (partition, sha256) in bytes_}


def _settled(view: View) -> Iterator[tuple[int, str, str, str]]:
    """Every settled delivery: its entry, partition, the SHA-256 of its bytes as delivered, and its own name."""
    for entry in view.entries:
        match entry.body:
            case BatchAccepted(batch=batch, fingerprint=fingerprint, delivered=delivered):
                yield entry.seq, batch.partition, delivered or batch.sha256, f"{batch.partition}-{fingerprint}"
            case (
                BatchQuarantined(partition=partition, fingerprint=fingerprint, sha256=sha256)
                | BatchDuplicate(partition=partition, fingerprint=fingerprint, sha256=sha256)
            ):
                yield entry.seq, partition, sha256, f"{partition}-{fingerprint}"


def _pages(ports: Ports, model: str, stems: Collection[str], wanted: Wanted) -> Iterator[str]:
    """The pages of deliveries with such rows, and those that show a key where no copy can say any more what was in it.

    The cards of candidates show sums only: they stay, unless one names a key (as a category that moved the answers).
    """
    there = {key.split("/")[2] for key in ports.store.list(f"staged/{model}") if key.count("/") > 2}  # noqa: PLR2004
    for place in _PLACES:
        for key in ports.store.list(f"{place}/{model}"):
            name = key.split("/")[2]
            stem = name if place == PAGES else PurePosixPath(name).stem
            if stem in stems or (stem not in there and names(ports.store.read(key).decode(errors="replace"), wanted)):
                yield key


def _handed_over(ports: Ports, model: str, stems: Collection[str]) -> Iterator[str]:
    """What validation handed to the next task about one of the deliveries: the checks may quote values."""
    folders = {f"staged/{model}/{stem}" for stem in stems}
    for key in ports.store.list("runs") if folders else ():
        told = json.loads(ports.store.read(key))
        if isinstance(told, dict) and told.get("staged") in folders:
            yield key


def _scores(ports: Ports, view: View, batches: Sequence[Entry[BatchAccepted]], stems: Collection[str]) -> Iterator[str]:
    """The predictions for rows of these batches and deliveries, all of them: a key stands beside each."""
    bad = {(entry.body.batch.partition, entry.body.batch.sha256) for entry in batches}
    for body in (entry.body for entry in view.of(BatchScored)):
        if (body.partition, body.sha256) in bad or f"{body.partition}-{body.fingerprint}" in stems:
            files = (body.file, *body.shadows.values())
            yield from (file.key for file in files if ports.store.exists(file.key))


def _profiles(ports: Ports, model: str, view: View, lost: Collection[int]) -> Iterator[str]:
    """What rules keep of batches that are no more, and of deliveries that never became one."""
    stay = _staying(view, lost)
    return (key for key in ports.store.list(f"profiles/{model}") if key.split("/")[2] not in stay)


def _staying(view: View, lost: Collection[int]) -> set[str]:
    return {entry.body.batch.sha256 for entry in view.of(BatchAccepted) if entry.seq not in lost}


def _looks(ports: Ports, model: str, wanted: Wanted) -> Iterator[str]:
    """The numbers of looks at the champion that name a key, as a category in which it got worse."""
    for key in ports.store.list(f"monitor/{model}/looks"):
        if names(ports.store.read(key).decode(), wanted):
            yield key


def _watched(ports: Ports, model: str, view: View, lost: Collection[int]) -> Iterator[str]:
    """What monitors keep of batches that are no more, row by row (scores, Shapley values); what can be, they make anew.

    It is by version, `monitor/<model>/<version>/`: of one that knew such a batch, all of it goes.
    """
    stay, knowing = _staying(view, lost), {str(version) for version in view.knowing(lost)}
    for key in ports.store.list(f"monitor/{model}"):
        place, by_batch = key.split("/")[2], PurePosixPath(key).parent.name in ("scores", "spans")
        if place in knowing or (by_batch and PurePosixPath(key).stem not in stay):
            yield key


def _made_from(ports: Ports, model: str, view: View, batches: Sequence[Entry[BatchAccepted]]) -> list[str]:
    """What was made from these batches: tables, scores, samples."""
    bad = {(entry.body.batch.partition, entry.body.batch.sha256) for entry in batches}
    runs = [e.body for e in view.triggers if any((b.partition, b.sha256) in bad for b in e.body.batches)]
    snapshots = {run.snapshot for run in runs}
    found = [
        made
        for key in ports.store.list(f"features/{model}")
        if key.endswith(".json") and json.loads(ports.store.read(key)).get("snapshot") in snapshots
        for made in (key.removesuffix(".json") + ending for ending in (".parquet", ".history.tar", ".json"))
    ]
    judged = [(name_of(entry.key, entry.body.run), entry.body.run) for entry in view.of(CandidateJudged)]
    found += [
        f"evidence/{model}/{name}{ending}"
        for run in runs
        for name in dict.fromkeys((run.run, *(name for name, of in judged if of == run.run)))
        for ending in (".parquet", "-sample.json", "-explained.json", "-evaluation.json")
    ]
    return [key for key in found if ports.store.exists(key)]
