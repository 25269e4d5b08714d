"""Section 4 of the rubric: monitoring."""

from __future__ import annotations

from everfit.cost import Bill
from everfit.ledger.entries import BatchLate, BatchQuarantined, Promoted
from everfit.rubric import Proof, by_hand, done, not_done
from everfit.steps.readiness.facts import Facts, Rule, at, better, main_metric
from everfit.steps.readiness.model import by_gates
from everfit.values import Outcome

TOLERANCE = 1e-6
SLOWER = 1.5
WORK = ("features", "train")
PERSON = "a person"
SERVED = ("answers_when_served",)


def dependencies(facts: Facts) -> Proof:
    """A source that changed was noticed, or each batch is compared with what is usual."""
    refused, late = facts.view.of(BatchQuarantined), facts.view.of(BatchLate)
    if refused or late:
        last = [*(f"{one.body.partition} refused, {at(one)}" for one in refused[-1:])]
        last += [f"{one.body.partition} late, {at(one)}" for one in late[-1:]]
        times = len(refused) + len(late)
        return done(f"{times} time{'s' * (times > 1)} a delivery was refused or late, and told ({'; '.join(last)})")
    compared = [seq for seq, one in facts.checks.items() if one and "like_reference" in one.rules]
    if compared and len(compared) == len(facts.run.body.batches):
        return done(f"like_reference compared each of {len(compared)} batches with what is usual")
    return not_done("no delivery was ever refused or told as late, and none is compared with what is usual")


def invariants(facts: Facts) -> Proof:
    """Whatever came in was checked before it was used."""
    known = [one for one in facts.checks.values() if one]
    if not known or len(known) < len(facts.run.body.batches):
        return not_done(f"of {len(known)} of {len(facts.run.body.batches)} batches it is known what was checked")
    expectations, rules = sum(one.expectations for one in known), sum(len(one.rules) for one in known)
    if not expectations + rules:
        return not_done("batches came in without any expectation or rule")
    return done(f"{expectations:,} expectations and {rules:,} rules ran on {len(known)} batches before they were used")


def skew(facts: Facts) -> Proof:
    """The server answered as training did, on the same raw rows."""
    served = [verdict for verdict in facts.verdicts(*SERVED) if verdict.outcome is Outcome.PASSED]
    if served:
        return done(f"{served[0].gate} passed ({at(facts.judged)}): {served[0].reason}")
    checked = [one for one in facts.view.of(Promoted) if one.body.checked_rows]
    if not checked:
        return not_done("no server has answered for a version of this model yet")
    last = checked[-1].body
    apart = f"by at most {last.largest_difference:.1e}" if last.largest_difference else "not at all"
    said = f"server and training differ {apart} on {last.checked_rows} raw rows"
    if last.largest_difference > TOLERANCE:
        return not_done(f"{said}: too much ({at(checked[-1])})")
    return done(f"{said}, of version {last.version} ({at(checked[-1])})")


def fresh(facts: Facts) -> Proof:
    """The newest batch is in what the model was trained and judged on, and runs start by themselves."""
    newest = facts.view.batches[-1][1] if facts.view.batches else None
    known = facts.run.body.batches
    if newest is None or newest.partition > known[-1].partition:
        label = newest.label if newest else "nothing"
        return not_done(f"the newest batch is {label}, and this candidate knows no later one than {known[-1].label}")
    by_itself = [one for one in facts.view.triggers if one.body.why != PERSON]
    said = f"it knows everything up to {newest.label}"
    if not by_itself:
        return by_hand(f"{said}; every run so far was started by a person")
    return done(
        f"{said}; {len(by_itself)} of {len(facts.view.triggers)} runs started by themselves, last {at(by_itself[-1])}"
    )


def stable(facts: Facts) -> Proof:
    """No answer is NaN, infinite or always the same."""
    return by_gates(facts, ("answers_sanely",), "looks for NaN and infinite answers")


def performance(facts: Facts) -> Proof:
    """Features and training took no longer than the run before."""
    before, now = _seconds(facts.bill_before), _seconds(facts.bill)
    if not before or not now:
        return not_done("there is no earlier run whose time is known")
    said = f"features and training took {now:.1f} s of CPU time, {before:.1f} s in the run before"
    if now > SLOWER * before:
        return not_done(f"measured, and slower: {said}")
    return done(said)


def quality(facts: Facts) -> Proof:
    """On the newest labels the champion is still better than a constant answer."""
    found = facts.evaluation
    if found is None or found.champion is None or "champion" not in found.metrics:
        return not_done("no champion was measured on labels that came after it")
    name = main_metric(found.metrics["champion"])
    if not name or name not in found.metrics["baseline"]:
        return not_done("champion and constant answer have no metric in common on these labels")
    now, constant = found.metrics["champion"][name], found.metrics["baseline"][name]
    said = f"champion {found.champion} has {name} {now:.4g} on the newest labels, a constant answer {constant:.4g}"
    return done(said) if better(name, now, constant) else not_done(f"measured, and lost: {said}")


MONITORING: tuple[Rule, ...] = (dependencies, invariants, skew, fresh, stable, performance, quality)


def _seconds(bill: Bill | None) -> float:
    return sum(one.use.cpu_seconds for one in bill.steps if one.step in WORK) if bill else 0.0
