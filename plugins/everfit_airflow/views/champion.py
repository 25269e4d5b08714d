"""The version that serves: what it was made of, and the gates that let it pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from everfit.ledger import Entry, View
    from everfit.ledger.entries import RollbackRehearsed, RunTriggered
    from everfit.plots.card.interval import Drawing
    from everfit.values import Verdict

MARKS = {"passed": ("good", "✓"), "failed": ("bad", "✗"), "cannot tell": ("unsure", "?")}


@dataclass(frozen=True)
class Gate:
    """One verdict, ready to be drawn; `drawing` is None where there is no interval."""

    tone: str
    mark: str
    verdict: Verdict
    drawing: Drawing | None


@dataclass(frozen=True)
class Part:
    """One batch that the champion was made of; `use` says what for, `corrected` that it has changed since."""

    label: str
    sha256: str
    rows: int
    use: str
    corrected: bool


@dataclass(frozen=True)
class Champion:
    """What the page says of the version that serves."""

    version: int
    since: str
    entry: int
    run: RunTriggered
    parts: tuple[Part, ...]
    gates: tuple[Gate, ...]
    report: str
    mlflow: str
    people: tuple[str, ...] = ()
    rehearsed: Entry[RollbackRehearsed] | None = None


def champion(view: View, model: str, run_url: Callable[[str], str]) -> Champion | None:
    """The champion of this view, or None; `run_url` knows where MLflow shows a run."""
    from everfit.ledger.entries import ModelRegistered, Promoted, RolledBack
    from everfit.ledger.people import in_sentences
    from everfit.steps.card import name_of, report_key

    version = view.champion
    if version is None:
        return None
    crowned = next(e for e in reversed(view.entries) if isinstance(e.body, Promoted | RolledBack))
    made = next(e.body for e in view.of(ModelRegistered) if e.body.version.version == version)
    judged, run = view.judgement(version), view.trained_on(version)
    return Champion(
        version=version,
        since=f"{crowned.at:%Y-%m-%d %H:%M:%S}",
        entry=crowned.seq,
        run=run,
        parts=_parts(view, run),
        gates=tuple(map(_gate, judged.body.verdicts)),
        report=report_key(model, name_of(judged.key, judged.body.run)),
        mlflow=run_url(made.version.mlflow_run),
        people=in_sentences(view, judged.body.run),
        rehearsed=_rehearsed(view),
    )


def _rehearsed(view: View) -> Entry[RollbackRehearsed] | None:
    """The newest rehearsal of going back to the version that is the one to go back to now."""
    from everfit.ledger.entries import RollbackRehearsed

    mine = (entry for entry in reversed(view.of(RollbackRehearsed)) if entry.body.version == view.previous)
    return next(mine, None)


def _parts(view: View, run: RunTriggered) -> tuple[Part, ...]:
    now = {batch.partition: batch.sha256 for _, batch in view.batches}
    judged = len(run.batches) - run.holdout
    uses = ["learned from"] * (judged - run.gap) + ["kept apart"] * run.gap + ["judged on"] * run.holdout
    return tuple(
        Part(b.label, b.sha256, b.rows, use, now.get(b.partition) != b.sha256)
        for b, use in zip(run.batches, uses, strict=True)
    )


def _gate(verdict: Verdict) -> Gate:
    from everfit.plots.card.interval import draw

    tone, mark = MARKS[verdict.outcome.value]
    return Gate(tone, mark, verdict, draw(verdict, verdict.wanted))
