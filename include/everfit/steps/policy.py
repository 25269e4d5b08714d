"""What follows from the verdicts: promoted, kept back, or a matter for people. The spec's policy, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from everfit.values import Outcome, Verdict

if TYPE_CHECKING:
    from everfit.spec.promotion import PromotionSpec

HOLD_A_FIRST = ("above_bar", "beats_baseline")
"""The gates that ask something of a model which has no champion to compare with."""


def follows(promotion: PromotionSpec, verdicts: tuple[Verdict, ...], champion: int | None) -> tuple[bool, str]:
    """Whether the candidate goes on, and why, in a sentence.

    It goes on if every gate passed. Where a gate cannot tell, that is not passed: the candidate is kept back, or, if
    the spec says `cannot_tell: ask` and no gate failed, people decide. A first model has no champion, so that the gates
    against one pass it for nothing: it also has to pass one that asks something of it, a bar or a baseline.
    """
    passed = [verdict for verdict in verdicts if verdict.outcome is Outcome.PASSED]
    if champion is None and verdicts and not any(verdict.gate in HOLD_A_FIRST for verdict in verdicts):
        return False, (
            "there is no champion yet, and no gate of the spec asks anything of a first model: add "
            f"{' or '.join(HOLD_A_FIRST)}"
        )
    if not verdicts or len(passed) == len(verdicts):
        return bool(verdicts), reason_for(verdicts)
    failed = any(verdict.outcome is Outcome.FAILED for verdict in verdicts)
    if promotion.cannot_tell == "ask" and not failed:
        return True, f"people decide, since no gate failed. {reason_for(verdicts)}"
    return False, reason_for(verdicts)


def reason_for(verdicts: tuple[Verdict, ...]) -> str:
    """What the gates said, in a sentence.

    >>> reason_for((Verdict("above_bar", Outcome.FAILED, "AUC is 0.5"), Verdict("a", Outcome.PASSED, "")))
    '1 of 2 gates did not pass. above_bar failed: AUC is 0.5'
    """
    if not verdicts:
        return "the spec names no gate, and a model of which nothing was asked is not promoted: add gates to it"
    open_ones = [verdict for verdict in verdicts if verdict.outcome is not Outcome.PASSED]
    if not open_ones:
        return f"all {len(verdicts)} gates passed"
    said = (f"{verdict.gate} {verdict.outcome.value}: {verdict.reason}" for verdict in open_ones)
    return ". ".join([f"{len(open_ones)} of {len(verdicts)} gates did not pass", *said])
