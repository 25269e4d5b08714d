"""What follows once versions are known to rest on bad data: freeze them, go back, ask for a new one.

The decision (`BatchRecalled` or `RowsErased`) freezes the versions by itself: the ledger's laws refuse them. What is
here comes after it and can be done again as often as needed, so that a crash anywhere equals no crash.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from everfit.errors import LedgerError, StaleHead
from everfit.ledger.entries import BatchRecalled, RetrainAsked, RowsErased
from everfit.ledger.reconciler import reconcile
from everfit.ledger.words import in_words
from everfit.steps.deploy import roll_back

if TYPE_CHECKING:
    from everfit.ledger import Entry, View
    from everfit.ports import Ports
    from everfit.spec import ModelSpec

TAG = "everfit.recalled"


@dataclass(frozen=True)
class Withdrawal:
    """What came of a recall or an erasure: the entry that decided it, and the versions that it touches.

    `back_to` is the version that became champion instead of a touched one. `stranded` is a champion that is touched
    and goes on serving, because there is no version to go back to: an outage may be worse than an old mistake, and
    that is for a person to say.
    """

    decision: Entry
    versions: tuple[int, ...]
    back_to: int | None
    stranded: int | None


def withdraw(ports: Ports, spec: ModelSpec, decision: Entry) -> Withdrawal:
    """Ask for a training run, put the newest untouched champion back, tag the touched versions.

    A run is asked for as well if it is a run, and no version yet, that took the data: what it makes is frozen as soon
    as it is registered, and the good batches that it used would be in no model that may serve.

    Errors: `Unreachable` and `DeployError` if registry or target do not follow. The decisions stand by then, and the
    same call again goes on from there.
    """
    ledger, body = ports.ledger(spec.name), decision.body
    if not isinstance(body, BatchRecalled | RowsErased):
        raise LedgerError(f"entry {decision.seq} is {decision.kind}, wanted a recall or an erasure")
    view = ledger.view()
    versions, run = tuple(sorted(view.knowing(body.batches))), view.run_knowing(body.batches)
    if versions or run:
        who = f"version{'s' * (len(versions) > 1)} {', '.join(map(str, versions))}" if versions else f"run {run}"
        asked = RetrainAsked(f"entry {decision.seq} took data away from {who}", body.by)
        ledger.append(f"retrain:{decision.seq}", asked)
    if not versions:
        return Withdrawal(decision, (), None, None)
    back_to = _go_back(ports, spec, decision, body)
    reconcile(spec.name, ledger, ports.registry, ports.target)
    for version in versions:
        ports.registry.tag(spec.name, version, {TAG: f"entry {decision.seq}: {in_words(decision)}"})
    view = ledger.view()
    return Withdrawal(decision, versions, back_to, view.champion if view.champion in view.touched else None)


def successor(view: View, gone: frozenset[int]) -> int | None:
    """The newest former champion that would not be touched if the batches of entries `gone` were bad as well."""
    touched = view.touched | view.knowing(gone)
    return next((version for version in view.standing.reign[-2::-1] if version not in touched), None)


def _go_back(ports: Ports, spec: ModelSpec, decision: Entry, body: BatchRecalled | RowsErased) -> int | None:
    """Go back once for this decision, if it touches the champion and there is a version to go back to."""
    ledger, key = ports.ledger(spec.name), f"rollback:{decision.seq}"
    while True:
        view = ledger.view()
        due = view.champion in view.knowing(body.batches) and view.previous is not None
        if not (due or view.claimed(key)):
            return None
        try:
            entry = roll_back(ports, spec, f"{body.reason} (entry {decision.seq})", body.by, key, view.champion)
        except StaleHead:  # somebody made another version the champion meanwhile: look again
            continue
        version: int | None = getattr(entry.body, "version", None)
        return version
