"""Section 1 of the rubric: tests for features and data."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from everfit.ledger.entries import CandidateJudged, Promoted, RowsErased
from everfit.ledger.trace import CODE, started
from everfit.rubric import Proof, by_hand, done, not_done
from everfit.steps.readiness.facts import Facts, Rule, at
from everfit.values import Outcome

if TYPE_CHECKING:
    from everfit.ledger import Entry

NAMED = 3
LATENCY = ("not_slower",)
CODE_TESTS = ("features_alike", "behaves")
LEAKS = ("leaks_no_label",)


def schema(facts: Facts) -> Proof:
    """Expectations ran on every batch that the candidate knows."""
    known = {seq: one for seq, one in facts.checks.items() if one and one.expectations}
    if not known or len(known) < len(facts.run.body.batches):
        missing = len(facts.run.body.batches) - len(known)
        return not_done(f"of {missing} of {len(facts.run.body.batches)} batches no record says which expectations ran")
    last = max(known)
    ran = known[last]
    return done(
        f"{ran.expectations} expectations on {ran.tables} table{'s' * (ran.tables != 1)} ran on each of {len(known)} "
        f"batches, last on {_label(facts, last)} ({at(facts.view.entries[last - 1])})"
    )


def beneficial(facts: Facts) -> Proof:
    """Every feature brought some of the improvement, and changed answers."""
    found = facts.explanation.effects if facts.explanation else ()
    if not found:
        return not_done(f"what each feature brings was not computed{_why(facts)}")
    idle = [one.name for one in found if not one.size]
    if idle:
        named = ", ".join(idle[:NAMED]) + (" and others" if len(idle) > NAMED else "")
        return not_done(f"computed, and {len(idle)} of {len(found)} features changed no answer: {named}. Drop them")
    least = found[-1]
    return done(
        f"each of {len(found)} features moves answers (Shapley values); the least, {least.name}, by {least.size:.2g}"
    )


def cost(facts: Facts) -> Proof:
    """What making the features took is known, in money or by a gate on the time of an answer."""
    passed = [verdict for verdict in facts.verdicts(*LATENCY) if verdict.outcome is Outcome.PASSED]
    if passed:
        return done(f"{passed[0].gate} passed: {passed[0].reason}")
    features = next((one for one in facts.bill.steps if one.step == "features"), None)
    if features is None:
        return not_done("what making the features takes was not measured in this run")
    took = f"making them took {features.use.seconds:.1f} s"
    if features.cost is None:
        return by_hand(f"{took}; there is no price list and no gate that says what is too much")
    return done(f"{took} and cost {features.cost:.4f} {features.currency}")


def requirements(facts: Facts) -> Proof:
    """No feature may know what only the outcome tells."""
    found = _rule(facts, "no_leakage", "no column that gives the label away")
    passed = [verdict for verdict in facts.verdicts(*LEAKS) if verdict.outcome is Outcome.PASSED]
    return done(f"{passed[0].gate} passed: {passed[0].reason}") if passed and not found.points else found


def privacy(facts: Facts) -> Proof:
    """Personal data is looked for in every batch; or rows were erased on request."""
    erased = facts.view.of(RowsErased)
    also = f"; {erased[-1].body.rows} rows erased on request ({at(erased[-1])})" if erased else ""
    found = _rule(facts, "no_personal_data", f"no column with personal data{also}")
    if not found.points and erased:
        return by_hand(f"{erased[-1].body.rows} rows were erased on request ({at(erased[-1])}); {found.evidence}")
    return found


def quickly(facts: Facts) -> Proof:
    """The feature code did change, and from the start of the run to the verdicts nobody had to do anything."""
    judged = [one for one in facts.view.of(CandidateJudged) if one.seq <= facts.judged.seq]
    changed = [new for old, new in pairwise(judged) if _code(old) != _code(new)]
    if not changed:
        return not_done("features.py has never changed between two judged candidates, so nobody knows")
    last = changed[-1]
    seconds = (last.at - started(facts.view, last.body.run).at).total_seconds()
    return done(
        f"features.py changed {len(changed)} times; the last change was judged after {_long(seconds)} ({at(last)})"
    )


def tested(facts: Facts) -> Proof:
    """The feature code was run on raw rows by somebody else, and answers came out as expected."""
    passed = [verdict for verdict in facts.verdicts(*CODE_TESTS) if verdict.outcome is Outcome.PASSED]
    if passed:
        return done(f"{passed[0].gate} passed, from raw rows on: {passed[0].reason}")
    same = [
        one for one in facts.view.of(Promoted) if _code(facts.view.entries[one.body.judged - 1]) == _code(facts.judged)
    ]
    if same and same[-1].body.checked_rows:
        rows = same[-1].body.checked_rows
        return by_hand(
            f"this features.py made the same of {rows} raw rows at the server as in training ({at(same[-1])}); no test "
            "says what it should make of them"
        )
    return not_done(f"this features.py has no test that ran: name a gate that does ({', '.join(CODE_TESTS)})")


DATA: tuple[Rule, ...] = (schema, beneficial, cost, requirements, privacy, quickly, tested)


def _rule(facts: Facts, name: str, wanted: str) -> Proof:
    """Whether a rule ran on every batch of the run."""
    ran = [seq for seq, one in facts.checks.items() if one and name in one.rules]
    batches = len(facts.run.body.batches)
    if len(ran) < batches or not ran:
        return not_done(f"the rule {name} ran on {len(ran)} of {batches} batches: add it to data.rules")
    return done(f"{name} found {wanted} in {batches} batches, last {_label(facts, max(ran))}")


def _label(facts: Facts, seq: int) -> str:
    label: str = facts.view.entries[seq - 1].body.batch.label  # type: ignore[union-attr]
    return label


def _why(facts: Facts) -> str:
    return f": {facts.explanation.idle}" if facts.explanation and facts.explanation.idle else ""


def _code(entry: Entry) -> str:
    return next((file.sha256 for file in entry.body.files if file.name == CODE), "")  # type: ignore[union-attr]


def _long(seconds: float) -> str:
    """A time for people.

    >>> _long(30), _long(600), _long(90_000)
    ('30 s', '10 min', '1.0 days')
    """
    if seconds < 120:  # noqa: PLR2004 - two minutes
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 86400:.1f} days"  # noqa: PLR2004 - two hours
