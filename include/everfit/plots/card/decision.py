"""The decision in words: what becomes of the candidate, and why, in a sentence."""

from __future__ import annotations

from dataclasses import dataclass

from everfit.values import Judgement, Outcome, Verdict

AGAINST = ("beats_champion", "not_worse_than_champion")


@dataclass(frozen=True)
class Decision:
    """`tone` is good, bad or unsure; `what` becomes of the candidate, and `why`."""

    tone: str
    what: str
    why: str


PEOPLE = {
    "open": ("unsure", "waiting for a person", "A person has to agree before it serves."),
    "rejected": ("bad", "kept back by a person", "A person has looked at it and said no."),
    "lapsed": ("bad", "kept back", "A person had to agree, and nobody has in time."),
}
"""What a candidate that passed its gates is, as long as people have not agreed."""


def decision(judgement: Judgement, answer: str = "") -> Decision:
    """In words that a person who knows no statistics understands; `answer` is what people say of it, if they are asked.

    What the gates said stays: an override does not make it a candidate that passed.
    """
    open_ones = [verdict for verdict in judgement.verdicts if verdict.outcome is not Outcome.PASSED]
    if judgement.promote and answer in PEOPLE:
        tone, what, more = PEOPLE[answer]
        return Decision(tone, what, f"{_passed(judgement)} {more}")
    if judgement.promote:
        return Decision("good", "to be promoted", _passed(judgement))
    if not judgement.verdicts:
        return Decision("bad", "kept back", f"{_upper(judgement.reason)}.")
    if all(verdict.outcome is Outcome.CANNOT_TELL for verdict in open_ones) and open_ones:
        return Decision("unsure", "kept back", _lacking(judgement, open_ones, "could not tell"))
    return Decision("bad", "kept back", _lacking(judgement, open_ones, "did not pass"))


def _passed(judgement: Judgement) -> str:
    count = len(judgement.verdicts)
    unsure = [verdict for verdict in judgement.verdicts if verdict.outcome is not Outcome.PASSED]
    if unsure:
        return f"No gate failed, so that people decide. {_lacking(judgement, unsure, 'could not tell')}"
    gates = f"All {count} gates passed" if count > 1 else "Its one gate passed"
    if judgement.champion is None:
        return f"{gates}, and there is no champion yet that it would have to be held against."
    against = [verdict for verdict in judgement.verdicts if verdict.gate in AGAINST]
    told = f": {without_basis(against[0].reason)}" if against else ""
    return f"{gates}, against champion version {judgement.champion}{told}."


def _lacking(judgement: Judgement, open_ones: list[Verdict], what: str) -> str:
    if not open_ones:
        return f"{_upper(judgement.reason)}."
    first = min(open_ones, key=lambda verdict: verdict.outcome is Outcome.CANNOT_TELL)
    count = f"{len(open_ones)} of {len(judgement.verdicts)} gates {what}"
    if len(open_ones) == 1:
        return f"{count}: {first.gate}, because {without_basis(first.reason)}."
    others = ", ".join(dict.fromkeys(verdict.gate for verdict in open_ones if verdict is not first))
    return f"{count}. {first.gate}: {without_basis(first.reason)}. The others: {others}."


def without_basis(reason: str) -> str:
    """A reason without its last words in brackets, which say what the interval rests on.

    >>> without_basis("AUC is 0.7 (one-sided 95 %, 100 rows of 30 days)"), without_basis("it is NaN")
    ('AUC is 0.7', 'it is NaN')
    """
    return reason[: reason.rindex(" (")] if reason.endswith(")") and " (" in reason else reason


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
