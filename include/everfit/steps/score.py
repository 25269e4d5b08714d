"""Scores a whole batch with the champion of the moment and keeps the predictions: Parquet in the store, and a receipt.

    AttemptOpened    from here on an older attempt at this partition leaves no trace
    (file)           `scores/<model>/<partition>/<stem>.parquet`, whole or not at all
    BatchScored      receipt, on top of a ledger in which neither batch nor version was taken back

The stem follows from the batch's bytes and from who answers what, so that the same work has the same key and the same
bytes, and a crash anywhere leaves at most a file that the next try writes again.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from everfit.errors import Recalled
from everfit.ledger.entries import BatchScored, ScoringRefused
from everfit.steps.score_asked import asked, score_part
from everfit.steps.score_deal import answer, challenged, load, serving, stands_in, versions
from everfit.steps.score_file import writing
from everfit.steps.score_pieces import pieces
from everfit.steps.score_tables import tables
from everfit.values import digest, dump

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from everfit.ledger import Entry, View
    from everfit.ports import Ports, Progress
    from everfit.predictor import Predictor
    from everfit.spec import ModelSpec
    from everfit.steps.score_asked import Asked
    from everfit.steps.score_deal import Answers
    from everfit.steps.score_file import ScoreFile
    from everfit.steps.score_pieces import Piece
    from everfit.steps.score_rows import Before
    from everfit.steps.score_tables import Tables
    from everfit.values import Route, StoredFile

FOLDER = "scores"
FORMAT = 2  # one more whenever the same batch and versions would give another file


def score(ports: Ports, spec: ModelSpec, partition: str, attempt: str, progress: Progress) -> Entry:
    """Score a partition, once for the same bytes and the same versions; returns the receipt in the ledger.

    Of the rows the challenger of a canary scores its share, and versions in the shadow score all that others
    answer, into files of their own. A delivery that breaks its expectations is not scored, and the entry returned is
    the refusal. `attempt` names this try: a later one fences it off. Errors: those of `asked` and `serving`,
    `SpecError` if the feature code makes no such rows, `Corrupted` for files that are not the recorded ones,
    `FencedOut`.
    """
    ledger = ports.ledger(spec.name)
    view = ledger.view()
    route = serving(spec, view)
    what = asked(ports, spec, view, partition)
    refused, key = f"unscored:{partition}:{what.mark}", f"scored:{_stem(spec, what, route)}:{what.mark}"
    settled = view.claimed(key) or view.claimed(refused)
    if settled:
        progress(f"{partition} was scored already, in entry {settled.seq}")
        return settled
    fence = ledger.open(f"score:{partition}", attempt)
    body = _scored_before(ports, spec, view, what, route)
    if body is None:
        with tables(ports, spec, view, what) as found:
            if found.reasons:
                body_refused = ScoringRefused(partition, what.fingerprint, what.sha256, found.reasons, found.report)
                return ledger.append(refused, body_refused, fence=fence)
            body = _write(ports, spec, view, what, route, found, progress)
    try:
        return ledger.append(key, body, fence=fence)
    except Recalled:
        _forget(ports, ledger.view(), body)
        raise


def _stem(spec: ModelSpec, what: Asked, route: Route) -> str:
    """The name of the file: the hash of all that its bytes follow from."""
    answering, shadows = versions(route)
    deal = [route.share, route.key, route.salt] if len(answering) > 1 else []
    said = score_part(spec)
    columns = [spec.time, *said.key], {name: list(some) for name, some in said.unknown.items()}
    return digest([FORMAT, what.sha256, answering, deal, shadows, route.previous, *columns])[:16]


def _key(spec: ModelSpec, what: Asked, name: str) -> str:
    return f"{FOLDER}/{spec.name}/{what.partition}/{name}.parquet"


def _scored_before(ports: Ports, spec: ModelSpec, view: View, what: Asked, route: Route) -> BatchScored | None:
    """The receipt for the same bytes that came another time, if its files are still there."""
    key = _key(spec, what, _stem(spec, what, route))
    same = [entry.body for entry in view.of(BatchScored) if entry.body.file.key == key]
    if not same or not all(ports.store.exists(file.key) for file in (same[-1].file, *same[-1].shadows.values())):
        return None
    return replace(same[-1], batch=what.seq, fingerprint=what.fingerprint)


def _write(
    ports: Ports, spec: ModelSpec, view: View, what: Asked, route: Route, found: Tables, progress: Progress
) -> BatchScored:
    """Write the files here, then put them into the store: those in the shadow first, the official one last."""
    answering, shadows = versions(route)
    predictors = load(ports, view, [*answering, *shadows])
    before = stands_in(ports, view, route, [predictors[version] for version in answering])
    stem = _stem(spec, what, route)
    said = {"sha256": what.sha256, "partition": what.partition, "route": dump(route)}
    ports.work.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=ports.work, prefix="score-") as folder:
        names = {None: stem} | {version: f"{stem}-shadow-{version}" for version in shadows}
        with ExitStack() as open_files:
            files = {
                version: open_files.enter_context(writing(spec, Path(folder, name), stem, said))
                for version, name in names.items()
            }
            turns, done, unanswered = 0, 0, 0
            for piece in pieces(spec, found.parts, list(predictors.values())):
                told = piece.frames[predictors[answering[0]].code.sha256]
                theirs = challenged(route, told, what.sha256, piece.start)
                official = _add(ports, spec, route, predictors, before, piece, theirs, files)
                turns += int(theirs.sum())
                unanswered += official.unanswered
                done += piece.rows
                progress(f"{what.partition}: {done:,} of {found.rows:,} rows")
        kept: dict[int | None, StoredFile] = {
            version: ports.store.put_file(_key(spec, what, name), Path(folder, name))
            for version, name in reversed(names.items())
        }
    return BatchScored(
        partition=what.partition,
        sha256=what.sha256,
        fingerprint=what.fingerprint,
        batch=what.seq,
        version=answering[0],
        rows=done,
        file=kept.pop(None),
        challenger=answering[1] if len(answering) > 1 else None,
        challenged=turns,
        shadows={version: file for version, file in kept.items() if version is not None},
        withheld=found.withheld,
        unanswered=unanswered,
        before=before[0] if before else None,
    )


def _add(
    ports: Ports,
    spec: ModelSpec,
    route: Route,
    predictors: Mapping[int, Predictor],
    before: Before | None,
    piece: Piece,
    theirs: NDArray[np.bool_],
    files: Mapping[int | None, ScoreFile],
) -> Answers:
    """Score a piece, of which the challenger has the rows `theirs`, and write it; returns the answers that count.

    In the shadow nobody stands in for a version.
    """
    import numpy as np

    answering, shadows = versions(route)
    told = piece.frames[predictors[answering[0]].code.sha256]
    who = np.where(theirs, answering[-1], answering[0])
    official = answer(ports, spec, {version: predictors[version] for version in answering}, piece, who, before)
    files[None].add(piece.start, told, official)
    for version in shadows:
        unseen = who != version
        said = answer(ports, spec, {version: predictors[version]}, piece, np.where(unseen, version, 0))
        files[version].add(piece.start, told, said, unseen)
    return official


def _forget(ports: Ports, view: View, body: BatchScored) -> None:
    """Delete the files of scores that must not count, unless an entry speaks of them."""
    named: set[str] = {entry.body.file.key for entry in view.of(BatchScored)}
    if body.file.key not in named:
        files: Sequence[Any] = (body.file, *body.shadows.values())
        for file in files:
            ports.store.delete(file.key)
