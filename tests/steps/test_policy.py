"""What follows from the verdicts."""

import pytest
from pydantic import ValidationError

from everfit.ledger.entries import CandidateJudged
from everfit.spec.approval import ApprovalSpec
from everfit.spec.promotion import PromotionSpec
from everfit.steps.policy import follows
from everfit.values import Outcome, Verdict
from tests.steps.judging import build

BAR, OTHER = Verdict("above_bar", Outcome.PASSED, "AUC is 0.7"), Verdict("answers_sanely", Outcome.PASSED, "")
OPEN = Verdict("beats_champion", Outcome.CANNOT_TELL, "from lower to higher")
BAD = Verdict("harms_no_slice", Outcome.FAILED, "carrier UA is harmed")
ASK = PromotionSpec(cannot_tell="ask", approval=ApprovalSpec())


@pytest.mark.parametrize(
    ("verdicts", "champion", "promotion", "promote", "because"),
    [
        ((), 1, PromotionSpec(), False, "the spec names no gate"),
        ((BAR, OTHER), 1, PromotionSpec(), True, "all 2 gates passed"),
        ((OTHER,), 1, PromotionSpec(), True, "all 1 gates passed"),
        ((BAR, OPEN), 1, PromotionSpec(), False, "beats_champion cannot tell: from lower to higher"),
        ((BAR, OPEN), 1, ASK, True, "people decide, since no gate failed. 1 of 2 gates did not pass"),
        ((BAR, OPEN, BAD), 1, ASK, False, "2 of 3 gates did not pass"),
        ((BAR, OTHER), None, PromotionSpec(), True, "all 2 gates passed"),
        ((OTHER,), None, PromotionSpec(), False, "no gate of the spec asks anything of a first model: add above_bar"),
        ((OTHER,), None, ASK, False, "no gate of the spec asks anything of a first model"),
    ],
)
def test_what_follows(verdicts, champion, promotion, promote, because):
    found, why = follows(promotion, verdicts, champion)
    assert found is promote
    assert because in why


def test_who_is_asked_has_to_be_there():
    for wrong in ({}, {"approval": {"within": "1h", "otherwise": "promote"}}):
        with pytest.raises(ValidationError, match="found ask, and nobody who has to answer: add `approval`"):
            PromotionSpec(cannot_tell="ask", **wrong)


def test_a_first_model_is_no_rubber_stamp(tmp_path, mlflow):
    """Against nobody, the gate against the champion passes; that is not enough."""
    house = build(tmp_path, mlflow.url, gates=["answers_sanely", {"beats_champion": {"loss": "log_loss"}}])
    house.accept(1, 2, 3)
    judgement = house.trained("first").judge()
    assert {verdict.outcome for verdict in judgement.verdicts} == {Outcome.PASSED}
    assert not judgement.promote
    (judged,) = house.ledger.view().of(CandidateJudged)
    assert "there is no champion yet" in judged.body.reason
