"""Adds the four sections up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from everfit.rubric import Score, Section
from everfit.steps.readiness.data import DATA
from everfit.steps.readiness.facts import Rule, gather
from everfit.steps.readiness.infrastructure import INFRASTRUCTURE
from everfit.steps.readiness.model import MODEL
from everfit.steps.readiness.monitoring import MONITORING

if TYPE_CHECKING:
    from everfit.ledger import View
    from everfit.ports import Ports

RULES: Mapping[str, tuple[Rule, ...]] = {
    "data": DATA,
    "model": MODEL,
    "infrastructure": INFRASTRUCTURE,
    "monitoring": MONITORING,
}
"""For each section of the rubric its seven tests, in the paper's order."""


def score(ports: Ports, model: str, view: View, run: str) -> Score:
    """The ML Test Score of a model with the candidate of a run, at the moment of `view`.

    Nothing in it is declared: each test rests on entries of the ledger, on verdicts, and on what the steps left in the
    store. A test that did not run, or that does not hold now, gives no point. Errors: `LedgerError` for a run that is
    not judged.
    """
    facts = gather(ports, model, view, run)
    return Score(tuple(Section(name, tuple(rule(facts) for rule in rules)) for name, rules in RULES.items()))
