"""Which accepted batches a training run uses, and whether there is anything new to learn from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from everfit.errors import NotEnoughData, SpecError
from everfit.features import load_code
from everfit.gpu import ordinal
from everfit.ledger.entries import BatchAccepted, CandidateJudged, RunTriggered
from everfit.steps.base import base_for
from everfit.steps.recipe import recipe
from everfit.steps.why_now import NotNow, Now, occasion, why_now
from everfit.steps.window import choose
from everfit.values import Batch, Snapshot, digest

if TYPE_CHECKING:
    from everfit.ledger import View
    from everfit.ports import Ports
    from everfit.spec import ModelSpec, WindowSpec


Numbered = tuple[tuple[int, Batch], ...]
"""Batches, each after the entry that accepted it."""


@dataclass(frozen=True)
class TrainRequest:
    """Somebody's wish for a training run, named `run`: why, by whom, and how it differs from what the spec says.

    `batches` is the size of the window (None: what the spec says), `until` the last partition that may be in it.
    """

    run: str
    why: str
    by: str = ""
    note: str = ""
    batches: int | None = None
    until: str | None = None
    device: str | None = None
    forced: bool = False


def resolve(ports: Ports, spec: ModelSpec, request: TrainRequest) -> RunTriggered | NotNow:
    """Take the window's batches as the run's snapshot and record that it starts, and why; or say why it does not.

    A batch is new until a run that learnt from it has been judged: a run that died is made up for by the next one. So
    is an entry that asks for a run. The same run asked again gets the same answer, whatever has arrived since. Errors:
    `NotEnoughData` for too few accepted batches, `SpecError` for a window that the spec does not allow.
    """

    def trigger(view: View) -> RunTriggered:
        window = _window(view, spec, request)
        fresh = _unused(view, window)
        triggered = _trigger(view, spec, request, window)
        found = why_now(view, spec, occasion(view, fresh, triggered.recipe, ports.clock()), request.why)
        if isinstance(found, Now):
            return replace(triggered, because=found.because)
        if request.forced:
            return replace(triggered, because=(f"forced, though {found.words}",))
        raise _Waits(found)

    try:
        body = ports.ledger(spec.name).decide(f"run:{request.run}", trigger).body
    except _Waits as error:
        return error.found
    if not isinstance(body, RunTriggered):
        raise TypeError(f"entry run:{request.run} is {type(body).__name__}, not RunTriggered")
    return body


def same_again(ports: Ports, spec: ModelSpec, request: TrainRequest) -> TrainRequest:
    """The request under a name that follows from what is asked for, so that who asks again goes on with what died.

    Another spec, code, snapshot or device is another run, and so is the same one once a candidate has been judged.
    Errors: those of `resolve`.
    """
    view = ports.ledger(spec.name).view()
    asked = as_asked(view, spec, request)
    judged = sum(1 for _ in view.of(CandidateJudged))
    what = [spec.spec_hash, load_code(spec.code_path).sha256, asked.snapshot, asked.device, asked.base, judged]
    return replace(request, run=f"{request.run}-{digest(what)[:12]}")


def as_asked(view: View, spec: ModelSpec, request: TrainRequest) -> RunTriggered:
    """What the request would be as a run, if it began now, whether or not there is a reason to; errors as `resolve`."""
    return _trigger(view, spec, request, _window(view, spec, request))


def snapshot_of(spec: ModelSpec, triggered: RunTriggered) -> Snapshot:
    """The snapshot that a run trains on."""
    return Snapshot(spec.name, triggered.batches, triggered.holdout, triggered.gap)


def unused_batches(view: View, window: WindowSpec | None = None) -> Numbered:
    """Accepted batches that no judged run has learnt from, after the seq of their entries.

    With `window`, only those in it: an old month that is corrected long after it left the window is nothing to train
    for.
    """
    return _unused(view, view.batches if window is None else choose(window, view.batches))


class _Waits(Exception):
    def __init__(self, found: NotNow) -> None:
        super().__init__(found.words)
        self.found = found


def _trigger(view: View, spec: ModelSpec, request: TrainRequest, window: Numbered) -> RunTriggered:
    ordinal(request.device or spec.train.device)  # refuses what is no device, before anything is paid
    batches = tuple(batch for _, batch in window)
    snapshot = Snapshot(spec.name, batches, spec.window.holdout, spec.window.gap)
    return RunTriggered(
        run=request.run,
        why=request.why,
        by=request.by,
        note=request.note,
        snapshot=snapshot.id,
        batches=batches,
        holdout=snapshot.holdout,
        consumed=_taken_up(view, window),
        forced=request.forced,
        device=request.device or spec.train.device,
        gap=snapshot.gap,
        base=base_for(view, spec, snapshot),
        recipe=recipe(spec),
    )


def _window(view: View, spec: ModelSpec, request: TrainRequest) -> Numbered:
    least, until = spec.window.at_least, request.until
    if request.batches is not None and request.batches < least:
        raise SpecError(
            f"{spec.name}: a window of {request.batches} batches was asked for, "
            f"wanted at least {least} (the spec's window.at_least)"
        )
    chosen = choose(spec.window, view.batches, request.batches, until)
    if len(chosen) < least:
        found = ", ".join(batch.label for _, batch in chosen) or "none"
        left_out = f" in the window: {spec.window.words}" if len(chosen) < len(view.batches) else ""
        raise NotEnoughData(
            f"{spec.name}: training takes at least {least} accepted batches{f' up to {until}' if until else ''}; "
            f"there are {len(chosen)} ({found}){left_out}. Let more arrive, or lower window.at_least"
        )
    return chosen


def _unused(view: View, window: Numbered) -> Numbered:
    """A correction that is taken back is new again: what counts is the newest judged run that had the partition."""
    learnt = {
        batch.partition: batch.sha256
        for entry in view.triggers
        if entry.body.run in view.judged_runs
        for batch in entry.body.batches
    }
    return tuple((seq, batch) for seq, batch in window if learnt.get(batch.partition) != batch.sha256)


def _taken_up(view: View, window: Numbered) -> tuple[int, ...]:
    """The entries that are settled once a run on the window is judged, and that none has settled before.

    With a batch go the earlier versions of it that no run came to use, and with any run those of which nothing is left,
    since they were recalled or deleted first. Batches outside of the window wait for one that holds them.
    """
    outside = {batch.partition for _, batch in view.batches} - {batch.partition for _, batch in window}
    open_ = (entry for entry in view.of(BatchAccepted) if entry.seq not in view.consumed)
    batches = (entry.seq for entry in open_ if entry.body.batch.partition not in outside)
    return tuple(sorted({*batches, *view.asked, *(look.seq for look, _ in view.decayed)}))
