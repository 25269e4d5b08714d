"""One request's answers put together: the model's, its predecessor's, a constant, or none, each with its flags."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from everfit.errors import DataError
from everfit.predictions.prediction import ANSWERED_BY
from everfit.predictor.guard import Finding, Guard
from everfit.predictor.refusals import NO_ROWS
from everfit.values import Answer

Row = Mapping[str, Any]
CONSTANT = "constant"


class Answered(NamedTuple):
    """What a caller gets: for each row an answer or None, its flags (none at all if no row has one), and who answered
    where it was not the version that was asked: the version before it, or "constant"."""

    predictions: Sequence[Answer | None]
    flags: Sequence[Sequence[str]] = ()
    others: Mapping[int, int | str] | None = None

    def said(self, version: int) -> dict[str, Any]:
        """As JSON has it, for an answer of this version: beside `predictions` only what there is to say.

        >>> Answered([0.5, None], [(), ("abstained",)]).said(3)
        {'predictions': [0.5, None], 'flags': [(), ('abstained',)], 'abstained': [1]}
        """
        said: dict[str, Any] = {"predictions": self.predictions}
        if self.flags:
            said["flags"] = self.flags
        if None in self.predictions:
            said["abstained"] = [place for place, one in enumerate(self.predictions) if one is None]
        if self.others:
            by = ((place, self.others.get(place, version)) for place in range(len(self.predictions)))
            said["answered_by"] = [None if self.predictions[place] is None else one for place, one in by]
        return said


class Looked(NamedTuple):
    """Rows that have been looked at; the model is to answer those that are `asked`.

    `usual` are rows of which none is odd, for a model whose answers nobody doubts: whatever it says is the answer.
    """

    guard: Guard
    rows: Sequence[Row]
    findings: Sequence[Finding]
    usual: bool

    @classmethod
    def at(cls, guard: Guard, rows: Sequence[Row]) -> Looked:
        """Look at a request's rows. Errors: `DataError` if the policy refuses one of them, or that there is none."""
        if not rows and guard.policy.actions["empty"] == "refuse":
            raise DataError(NO_ROWS)
        findings = [guard.look(row) for row in rows]
        odd = [place for place, finding in enumerate(findings) if finding.odd]
        for place in odd:
            if findings[place].action == "refuse":
                raise guard.refuse(place, rows[place], findings[place])
        return cls(guard, rows, findings, bool(rows) and not odd and not guard.doubts)

    @property
    def asked(self) -> list[Row]:
        """The rows for the model, as it reads them: none has a key missing or holds what it cannot read."""
        return [finding.row for finding in self.findings if not finding.odd or finding.asks]

    def settled(self, scores: Sequence[Answer]) -> Settled:
        """With the model's answers to `asked`. Errors: `DataError` if low confidence refuses the request."""
        given = iter(scores)
        findings, answers = list[Finding](), list[Answer | None]()
        for place, finding in enumerate(self.findings):
            answer = next(given) if finding.asks else None
            after = finding if answer is None else self.guard.with_doubt(finding, answer)
            if after.action == "refuse":
                raise self.guard.refuse(place, self.rows[place], after)
            constant = after.action == CONSTANT
            findings.append(after)
            answers.append(self.guard.policy.constant if constant else answer if after.asks else None)
        return Settled(self.rows, findings, answers)


class Settled(NamedTuple):
    """All that the version itself can say; `waiting` are the rows that its predecessor is to answer."""

    rows: Sequence[Row]
    findings: Sequence[Finding]
    answers: Sequence[Answer | None]

    @property
    def waiting(self) -> list[int]:
        """Their places."""
        return [place for place, finding in enumerate(self.findings) if finding.action == "previous"]

    def whole(self, version: int | None = None, answers: Sequence[Answer | None] = ()) -> Answered:
        """The request's answer, with those of the predecessor `version` to `waiting`; where there is none, nobody
        answers such a row."""
        if not any(finding.odd for finding in self.findings):
            return Answered(self.answers)
        back = dict(zip(self.waiting, answers, strict=False)) if version is not None else {}
        made = [back.get(place, answer) for place, answer in enumerate(self.answers)]
        others: dict[int, int | str] = {}
        for place, finding in enumerate(self.findings):
            if finding.action == CONSTANT:
                others[place] = CONSTANT
            elif version is not None and back.get(place) is not None:
                others[place] = version
        flags = [(*finding.flags, *_who(made[place], others.get(place))) for place, finding in enumerate(self.findings)]
        return Answered(made, flags, others)


def answer(
    guard: Guard,
    rows: Sequence[Row],
    score: Callable[[Sequence[Row]], Sequence[Answer]],
    previous: Callable[[Sequence[Row]], tuple[int, Sequence[Answer | None]] | None] = lambda _: None,
) -> Answered:
    """Answer a request: `score` gives the model's answers to rows, `previous` those of the version before it
    and its number, None if there is no such version. Errors: `DataError` where the policy refuses."""
    looked = Looked.at(guard, rows)
    asked = looked.asked
    settled = looked.settled(score(asked) if asked else [])
    back = previous([rows[place] for place in settled.waiting]) if settled.waiting else None
    return settled.whole(*back) if back else settled.whole()


def stand_in(
    guard: Guard, rows: Sequence[Row], score: Callable[[Sequence[Row]], Sequence[Answer]]
) -> list[Answer | None]:
    """What a predecessor says to rows that its successor would not answer: None where it would not answer itself."""
    findings = [guard.look(row) for row in rows]
    asked = [finding.row for finding in findings if finding.asks]
    given = iter(score(asked) if asked else [])
    return [_sure(guard, finding, next(given)) if finding.asks else None for finding in findings]


def _sure(guard: Guard, finding: Finding, answer: Answer) -> Answer | None:
    return answer if guard.with_doubt(finding, answer).asks else None


def _who(answer: Answer | None, other: int | str | None) -> tuple[str, ...]:
    """The flag that says who answered, where it was not the model that was asked."""
    if answer is None:
        return ("abstained",)
    return () if other is None else (f"{ANSWERED_BY}{other}",)
