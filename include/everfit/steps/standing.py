"""Where a decision stands among those that the model has had: what it may spend, and how worn its holdout is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from everfit.gates import Standing
from everfit.ledger.entries import CandidateJudged, RunTriggered
from everfit.statistics.addis import Addis
from everfit.statistics.e_lond import ELond
from everfit.statistics.interval import LEVEL
from everfit.statistics.online import Decided, Lord, over
from everfit.values import Snapshot

if TYPE_CHECKING:
    from collections.abc import Sequence

    from everfit.ledger import View
    from everfit.spec import ModelSpec
    from everfit.spec.promotion import PromotionSpec
    from everfit.values import Batch, Candidate, FileHash

What = tuple["tuple[FileHash, ...]", "int | None", frozenset[str]]
"""A model's files, the champion that they are held against, and the partitions that they are judged on."""

COMPARISONS = frozenset({"beats_champion", "not_worse_than_champion"})
"""The gates whose errors the budget is for."""


@dataclass(frozen=True)
class Judged:
    """One earlier judgement: of which model's files against which champion, on which rows, and what was decided.

    `rows` are those of each held-out partition; `decided` is None where nobody was compared with a champion.
    """

    files: tuple[FileHash, ...]
    champion: int | None
    rows: Mapping[str, int]
    decided: Decided | None

    @property
    def what(self) -> What:
        """What was asked: the same of the same is no new question."""
        return self.files, self.champion, frozenset(self.rows)


def standing(view: View, spec: ModelSpec, held_out: Sequence[Batch], candidate: Candidate | None = None) -> Standing:
    """What the next decision may spend and how often its holdout has judged, as the ledger tells it.

    A model that was judged before against the same champion, byte for byte, stands where it stood: training the same
    once more spends nothing and wears nothing.
    """
    rows = {batch.partition: batch.rows for batch in held_out}
    this = (candidate.files if candidate else (), view.champion, frozenset(rows))
    earlier = list(_before(this, judgements(view, spec.name)))
    budget, uses = spec.promotion, _uses(earlier, rows)
    if budget.bad_share is None or view.champion is None:
        return Standing(uses=uses, most=budget.uses)
    decided = [one.decided for one in earlier if one.decided is not None]
    sharing = decided[len(decided) // budget.decisions * budget.decisions :]
    may = min(_level(budget, sharing, frozenset(rows)), 1 - LEVEL)
    return Standing(1 - may, uses, _because(budget, sharing, may), budget.uses)


def standing_of(view: View, spec: ModelSpec, candidate: Candidate) -> Standing:
    """The same for a candidate whose run the ledger knows."""
    return standing(view, spec, _held_out(spec.name, _runs(view).get(candidate.run)), candidate)


def judgements(view: View, model: str) -> Iterator[Judged]:
    """Every judgement of the model, the oldest first."""
    runs = _runs(view)
    for entry in view.of(CandidateJudged):
        body = entry.body
        rows = {batch.partition: batch.rows for batch in _held_out(model, runs.get(body.run))}
        yield Judged(body.files, body.champion, rows, _decided(body, frozenset(rows)))


def _runs(view: View) -> Mapping[str, RunTriggered]:
    return {entry.body.run: entry.body for entry in reversed(view.triggers)}


def _held_out(model: str, run: RunTriggered | None) -> tuple[Batch, ...]:
    return Snapshot(model, run.batches, run.holdout, run.gap).held_out if run else ()


def _decided(body: CandidateJudged, on: frozenset[str]) -> Decided | None:
    """A candidate must pass each of its comparisons, so the weakest of them speaks for all."""
    chances = [one.p for one in body.verdicts if one.gate in COMPARISONS and one.p is not None]
    return Decided(max(chances), body.promote, on) if chances else None


def _before(this: What, of: Iterator[Judged]) -> Iterator[Judged]:
    """The judgements before this was asked for the first time, each question once."""
    seen: set[What] = set()
    for one in of:
        if one.what == this:
            return
        if one.what not in seen:
            seen.add(one.what)
            yield one


def _uses(earlier: Sequence[Judged], rows: Mapping[str, int]) -> int:
    """How many candidates each row of the holdout has judged on average, rounded up."""
    taken = sum(rows[name] for one in earlier for name in one.rows if name in rows)
    return -(-taken // max(sum(rows.values()), 1))


def _level(budget: PromotionSpec, earlier: Sequence[Decided], on: frozenset[str]) -> float:
    share, shares = float(budget.bad_share or 0), over(budget.decisions)
    match budget.by:
        case "addis":
            return Addis(share, shares, start=share).level(earlier)
        case "e_lond":
            return ELond(share, shares).level(earlier)
        case _:
            return Lord(share, shares).level(earlier, on)


def _because(budget: PromotionSpec, earlier: Sequence[Decided], may: float) -> str:
    promoted = sum(one.passed for one in earlier)
    return (
        f"Judged at {100 * may:.2g} %: decision {len(earlier) + 1} of {budget.decisions} that share a budget of "
        f"{100 * float(budget.bad_share or 0):.3g} % bad promotions, {promoted or 'none'} promoted so far"
    )
