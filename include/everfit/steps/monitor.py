"""Looks at the champion in production, says whether it is harmed, why, and what to do; written down once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from everfit.catalog import name_of
from everfit.ledger.entries import Monitored
from everfit.signals import Signal
from everfit.steps.decayed import advice, decayed
from everfit.steps.monitor_report import report
from everfit.steps.monitored import Gathered, asked_before, gather, looked_at
from everfit.steps.put import put
from everfit.values import Outcome, canonical, digest, dump

if TYPE_CHECKING:
    from everfit.ledger import Entry, View
    from everfit.monitors import Seen
    from everfit.ports import Ports, Progress
    from everfit.spec import ModelSpec

WORST_FIRST = (Outcome.FAILED, Outcome.CANNOT_TELL, Outcome.PASSED)


def monitor(ports: Ports, spec: ModelSpec, progress: Progress) -> Entry[Monitored] | None:
    """Look at what the champion met since it was judged; None while there is no champion, or nobody has asked it yet,
    or the rows that it was judged on were erased.

    What is found goes to the ledger once for each state of the world: if no answer, label or batch is new, and the spec
    asks for the same, the entry of the look before is returned. Page and evidence come before the entry, under names
    that say what is in them: of two who look at once, neither changes what the other's entry names. Errors: `Corrupted`
    for files of the version that are not the recorded ones.
    """
    ledger, at = ports.ledger(spec.name), ports.clock()
    view = ledger.view()
    version = view.champion
    if version is None:
        progress(f"{spec.name} has no champion yet")
        return None
    if version in view.touched and not ports.store.exists(view.judgement(version).body.evidence.key):
        progress(
            f"the rows that version {version} of {spec.name} was judged on were erased, so there is nothing to hold "
            "newer rows against: the next champion is looked at again"
        )
        return None
    sources = looked_at(ports, spec, view, version, at)
    name = digest([version, sources, spec.monitor.model_dump(mode="json")])[:16]
    if before := _look(view, name):
        progress(f"nothing is new since entry {before.seq}")
        return before
    gathered = _gathered(ports, spec, view, version, at) if sources else None
    if gathered is None:
        progress(f"nobody has asked version {version} of {spec.name} yet")
        return None
    seen = gathered.seen
    progress(
        f"{seen.window.rows:,} rows up to {seen.now:%Y-%m-%d %H:%M} UTC that version {version} answered, "
        f"{_labels(seen):,} with a label"
    )
    signals = tuple(sorted((_signal(one, seen) for one in spec.monitor.monitors), key=_rank))
    for signal in signals:
        progress(f"{signal.monitor}: {signal.outcome}: {signal.reason}")
    ledger.append(f"monitored:{name}", _kept(ports, spec, view, version, gathered, signals))
    return _look(ledger.view(), name)


def _look(view: View, name: str) -> Entry[Monitored] | None:
    return next((entry for entry in reversed(view.of(Monitored)) if entry.key == f"monitored:{name}"), None)


def _gathered(ports: Ports, spec: ModelSpec, view: View, version: int, at: datetime) -> Gathered | None:
    from everfit.predictor import Predictor

    made = view.versions[version]
    predictor = Predictor.load(ports.registry.model_files(made.mlflow_run, made.files))
    return gather(ports, spec, view, version, predictor, at)


def _signal(one: Any, seen: Seen) -> Signal:
    """What a monitor says; nothing if it is not for such a task."""
    tasks = getattr(one, "tasks", {seen.task})
    if seen.task in tasks:
        found: Signal = one.watch(seen)
        return found
    words = f"it is for {', '.join(sorted(tasks))} models, and this one is {seen.task}"
    return Signal(name_of(type(one)), Outcome.CANNOT_TELL, words)


def _labels(seen: Seen) -> int:
    """How many rows of the window have a label, also where that does not give them a loss."""
    import numpy as np

    return int(np.isfinite(seen.window.y).sum())


def _rank(signal: Signal) -> int:
    return WORST_FIRST.index(signal.outcome)


def _kept(
    ports: Ports, spec: ModelSpec, view: View, version: int, gathered: Gathered, signals: tuple[Signal, ...]
) -> Monitored:
    """Ask why, and keep report and evidence."""
    seen = asked_before(ports, spec, view, gathered) if any(signal.harms for signal in signals) else gathered.seen
    decay = decayed(seen, signals)
    said = advice(decay, signals, seen.loss)
    window, asked = seen.window, spec.monitor.model_dump(mode="json")
    evidence = {"signals": dump(signals), "monitor": asked, "decay": dump(decay)}
    name = digest(evidence)[:16]
    found = Monitored(
        version=version,
        since=datetime.fromtimestamp(window.at.min(), UTC),
        until=seen.now,
        rows=window.rows,
        labelled=_labels(seen),
        level=seen.level,
        signals=signals,
        cause=said.cause,
        action=said.action,
        why=said.why,
        report=f"reports/{spec.name}/monitor-{name}.html",
        evidence=put(ports.store, f"monitor/{spec.name}/looks/{name}.json", canonical(evidence)),
    )
    ports.store.write(found.report, report(ports, spec, view, seen, found, decay).encode())
    return replace(found, signals=tuple(replace(signal, course=()) for signal in signals))
