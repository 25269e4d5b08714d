"""The ML Test Score: 28 tests of whether a model is ready for production, and how they are added up.

Source: Breck, Cai, Nielsen, Salib and Sculley, "The ML Test Score: A Rubric for ML Production Readiness and Technical
Debt Reduction", IEEE Big Data 2017, tables I to IV and section VI.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

SECTIONS: Mapping[str, tuple[str, ...]] = {
    "data": (
        "Feature expectations are captured in a schema",
        "All features are beneficial",
        "No feature's cost is too much",
        "Features adhere to meta-level requirements",
        "The data pipeline has appropriate privacy controls",
        "New features can be added quickly",
        "All input feature code is tested",
    ),
    "model": (
        "Model specs are reviewed and submitted",
        "Offline and online metrics correlate",
        "All hyperparameters have been tuned",
        "The impact of model staleness is known",
        "A simpler model is not better",
        "Model quality is sufficient on important data slices",
        "The model is tested for considerations of inclusion",
    ),
    "infrastructure": (
        "Training is reproducible",
        "Model specs are unit tested",
        "The ML pipeline is integration tested",
        "Model quality is validated before serving",
        "The model is debuggable",
        "Models are canaried before serving",
        "Serving models can be rolled back",
    ),
    "monitoring": (
        "Dependency changes result in notification",
        "Data invariants hold for inputs",
        "Training and serving are not skewed",
        "Models are not too stale",
        "Models are numerically stable",
        "Computing performance has not regressed",
        "Prediction quality has not regressed",
    ),
}
"""The sections and their tests, in the paper's order and words."""

MANUAL, AUTOMATED = 0.5, 1.0
MEANINGS = (
    (0.0, "more of a research project than a productionized system"),
    (1.0, "not totally untested, but it is worth considering the possibility of serious holes in reliability"),
    (2.0, "there has been a first pass at basic productionization, but additional investment may be needed"),
    (3.0, "reasonably tested, but it is possible that more of those tests and procedures may be automated"),
    (5.0, "strong levels of automated testing and monitoring, appropriate for mission-critical systems"),
    (float("inf"), "exceptional levels of automated testing and monitoring"),
)
"""Up to which score it means what (the paper's table V)."""


@dataclass(frozen=True)
class Proof:
    """What one test rests on: 1 point if it runs by itself, 0.5 if a person ran it, 0 if it did not run or does not
    hold now; and what ran, where, with which result."""

    points: float
    evidence: str


@dataclass(frozen=True)
class Section:
    """One section's tests with their proofs, in the paper's order."""

    name: str
    proofs: tuple[Proof, ...]

    @property
    def points(self) -> float:
        """Their sum, at most 7."""
        return sum(proof.points for proof in self.proofs)

    @property
    def tests(self) -> tuple[tuple[str, Proof], ...]:
        """Each test's words with its proof."""
        return tuple(zip(SECTIONS[self.name], self.proofs, strict=True))


@dataclass(frozen=True)
class Score:
    """The four sections of one model."""

    sections: tuple[Section, ...]

    @property
    def points(self) -> float:
        """The least of the sections' sums: a chain is as strong as its weakest link.

        >>> full = [Section(name, (Proof(1.0, ""),) * 7) for name in SECTIONS]
        >>> Score(tuple(full)).points, Score((*full[:3], Section("monitoring", (Proof(0.5, ""),) * 7))).points
        (7.0, 3.5)
        """
        return min(section.points for section in self.sections)

    @property
    def meaning(self) -> str:
        """What the paper says of such a score."""
        return next(words for most, words in MEANINGS if self.points <= most)


def done(evidence: str) -> Proof:
    """It runs by itself, and holds."""
    return Proof(AUTOMATED, evidence)


def by_hand(evidence: str) -> Proof:
    """A person ran it, or half of it is known."""
    return Proof(MANUAL, evidence)


def not_done(why: str) -> Proof:
    """It did not run, or does not hold now: `why`, and what to do."""
    return Proof(0.0, why)
