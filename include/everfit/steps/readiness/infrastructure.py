"""Section 3 of the rubric: tests for the infrastructure."""

from __future__ import annotations

from everfit.ledger.entries import CandidateJudged, Deployed, Promoted, RolledBack
from everfit.ledger.trace import started
from everfit.rubric import Proof, by_hand, done, not_done
from everfit.steps.readiness.facts import Facts, Rule, at, better, main_metric

BY_ITSELF = ("everfit", "monitor")


def reproducible(facts: Facts) -> Proof:
    """Two runs on one snapshot made the same bytes, or a person made a version again."""
    own = facts.judged.body
    for one in facts.view.of(CandidateJudged):
        if one.body.run != own.run and one.body.snapshot == own.snapshot and one.body.files == own.files:
            return done(f"runs {one.body.run} and {own.run} on snapshot {own.snapshot} made the same bytes")
    if facts.reproduced:
        return by_hand(f"version {max(facts.reproduced)} was made again, byte for byte")
    return not_done("nobody has made a version again: everfit reproduce does")


def specs_tested(facts: Facts) -> Proof:
    """The spec trained to something that is better than what training begins with."""
    metrics = facts.evaluation.metrics if facts.evaluation else {}
    name = main_metric(metrics.get("candidate", {}))
    if not name or name not in metrics["baseline"]:
        return not_done(
            "no metric of candidate and constant answer was kept, so nobody knows that training does anything"
        )
    new, constant = metrics["candidate"][name], metrics["baseline"][name]
    said = f"{name} {new:.4g}, of a constant answer {constant:.4g}, on rows it has not seen"
    if not better(name, new, constant):
        return not_done(f"trained, and learnt nothing: {said}")
    return done(f"trained from this spec, it learnt something: {said}")


def integrated(facts: Facts) -> Proof:
    """Some run went the whole way, from raw batches to a server that answers."""
    for end in reversed(facts.view.of(Deployed)):
        decision = facts.view.entries[end.body.decision - 1]
        if isinstance(decision.body, Promoted):
            run = started(facts.view, facts.view.judged(decision.body.judged).run)
            return done(
                f"run {run.body.run} went from batches to serving version {end.body.version} ({at(run)} to {at(end)})"
            )
    return not_done("no run has gone the whole way from a batch to a server that answers")


def validated(facts: Facts) -> Proof:
    """Whatever served was judged before, and passed."""
    promotions = facts.view.of(Promoted)
    for one in promotions:
        judged = facts.view.judged(one.body.judged)
        if not judged.promote or not judged.verdicts:
            return not_done(f"version {one.body.version} was promoted although its gates had not passed ({at(one)})")
    if not facts.judged.body.verdicts:
        return not_done("no gate judged this candidate: name gates in the spec")
    gates = len(facts.judged.body.verdicts)
    before = f"{_times(len(promotions))} gates that passed; " if promotions else ""
    return done(f"{before}{gates} gates judged this candidate before anybody could ask it ({at(facts.judged)})")


def debuggable(facts: Facts) -> Proof:
    """An answer can be taken apart."""
    if facts.explanation and facts.explanation.effects:
        return done(f"{facts.explanation.rows:,} answers were taken apart into what each feature did (Shapley values)")
    return not_done("no answer of this candidate was taken apart into what its features did")


def canaried(facts: Facts) -> Proof:
    """A server answered as challenger before anybody was served by it."""
    checked = [one for one in facts.view.of(Promoted) if one.body.checked_rows]
    if not checked or len(checked) < len(facts.view.of(Promoted)):
        return not_done("not every promoted version answered for itself as challenger before")
    last = checked[-1]
    return done(f"version {last.body.version} answered {last.body.checked_rows} rows as challenger first ({at(last)})")


def rolled_back(facts: Facts) -> Proof:
    """Going back has been done, and the server followed."""
    followed = {one.body.decision for one in facts.view.of(Deployed)}
    backs = [one for one in facts.view.of(RolledBack) if one.seq in followed]
    if not backs:
        return not_done("nobody has ever gone back: try everfit rollback once")
    last = backs[-1]
    said = f"version {last.body.version} served again instead of {last.body.undone} ({at(last)}, by {last.body.by})"
    return done(said) if last.body.by in BY_ITSELF else by_hand(said)


INFRASTRUCTURE: tuple[Rule, ...] = (
    reproducible,
    specs_tested,
    integrated,
    validated,
    debuggable,
    canaried,
    rolled_back,
)


def _times(promotions: int) -> str:
    return "its one promotion followed" if promotions == 1 else f"each of {promotions} promotions followed"
