"""A model's life as ledger and store tell it, with a switch for each thing that the ML Test Score looks at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from everfit.cost import Spent, Use
from everfit.ledger.entries import (
    BatchAccepted,
    BatchLate,
    BatchQuarantined,
    Body,
    CandidateJudged,
    Deployed,
    ModelRegistered,
    Promoted,
    RolledBack,
    RowsErased,
    RunTriggered,
)
from everfit.plots.card.panels import Panel
from everfit.ports import Ports
from everfit.rubric import SECTIONS, Proof, Score
from everfit.statistics.contributions import Effect
from everfit.steps.checked import Checked, checked_key
from everfit.steps.choose import Chosen
from everfit.steps.explaining import Explanation, explanation_key
from everfit.steps.readiness import score
from everfit.steps.trace import MadeWith
from everfit.stores import LocalStore
from everfit.testing.fakes import TickingClock
from everfit.values import (
    Batch,
    Candidate,
    Evaluation,
    FileHash,
    ModelVersion,
    Outcome,
    StoredFile,
    Verdict,
    canonical,
    dump,
)

MODEL = "m"
FILE = StoredFile("f", "ab")
RULES = ("no_leakage", "no_personal_data", "like_reference")
GATES = ("answers_sanely", "beats_baseline", "harms_no_slice", "treats_groups_alike", "features_alike")
RUNS = 4
ALL_CHECKED = Checked(2, 12, RULES, 0)


@dataclass(frozen=True)
class Life:
    """What happened. As it is, every test of the rubric finds something that ran and holds."""

    checked: Checked | None = ALL_CHECKED
    effects: tuple[float, ...] = (0.5, 0.1)
    cost: float | None = 0.25
    features_took: float | None = 2.0
    code: tuple[str, ...] = ("c1", "c1", "c2", "c2")
    gates: Mapping[str, Outcome] = field(default_factory=lambda: dict.fromkeys(GATES, Outcome.PASSED))
    revision: str = "0123456789abcdef"
    offline: tuple[float, ...] = (0.50, 0.49, 0.48, 0.47)
    later: tuple[float, ...] = (0.52, 0.51, 0.50)
    baseline: float = 0.6
    searched: tuple[int, ...] = (3,)
    reproduced: bool = True
    whole_way: bool = True
    promote: bool = True
    checked_rows: int = 200
    apart: float = 0.0
    rolled_back_by: str | None = "ann"
    refused: bool = True
    late: bool = False
    erased: bool = False
    newer_batch: bool = False
    why: str = "schedule"
    seconds: tuple[float, ...] = (4.0, 4.0, 4.0, 4.1)
    same_bytes_twice: bool = False
    kept: bool = True

    def but(self, **changes: Any) -> Life:
        """Another life."""
        return replace(self, **changes)

    def without(self, *gates: str) -> Life:
        """The same with gates that nobody asked."""
        return replace(self, gates={name: out for name, out in self.gates.items() if name not in gates})

    def with_gate(self, gate: str, outcome: Outcome = Outcome.FAILED) -> Life:
        """The same, and one gate says this."""
        return replace(self, gates={**self.gates, gate: outcome})


def test_of(name: str) -> tuple[str, int]:
    """Section and place of a test, by its words."""
    return next((section, tests.index(name)) for section, tests in SECTIONS.items() if name in tests)


def proof(found: Score, name: str) -> Proof:
    """What a score says of one test."""
    section, place = test_of(name)
    return next(one for one in found.sections if one.name == section).proofs[place]


def live(root: Path, life: Life) -> Score:
    """Write the life down as it would have been, and score the last run."""
    ports = Ports(
        **cast("Any", dict.fromkeys(("landing", "data", "registry", "target"))),
        store=LocalStore(root / "store"),
        clock=TickingClock(),
        work=root / "work",
    )
    ports.work.mkdir(parents=True, exist_ok=True)
    Writing(ports, life).all()
    return score(ports, MODEL, ports.ledger(MODEL).view(), run_name(RUNS - 1))


def run_name(number: int) -> str:
    return f"run-{number}"


def batch(number: int) -> Batch:
    return Batch(f"2013-{number + 1:02}", 1, f"{number:064}", 100, (), "")


@dataclass
class Writing:
    """Puts a life into a ledger and a store."""

    ports: Ports
    life: Life

    def append(self, key: str, body: Body) -> int:
        return self.ports.ledger(MODEL).append(key, body).seq

    def write(self, key: str, value: object) -> None:
        self.ports.store.write(key, canonical(dump(value)))

    def all(self) -> None:
        life = self.life
        for number in range(RUNS + 2):
            self.accept(number)
        if life.refused:
            self.append("q", BatchQuarantined("2013-09", "f9", "x", ("bad",), "r", "q"))
        if life.late:
            self.append("l", BatchLate("2013-09", "f9", datetime(2013, 9, 1, tzinfo=UTC), "a marker"))
        if life.erased:
            self.append("e", RowsErased("t", "c", "s", (), 7, (), (), (), "asked", "ann"))
        for number in range(RUNS):
            self.run(number)
        if life.newer_batch:
            self.accept(RUNS + 2)
        if life.reproduced:
            self.ports.store.write(f"reproduced/{MODEL}/2.json", b"{}")

    def accept(self, number: int) -> None:
        one = batch(number)
        self.append(f"a{number}", BatchAccepted(one, f"f{number}", ""))
        if self.life.checked:
            self.write(checked_key(MODEL, f"{one.partition}-f{number}"), self.life.checked)

    def run(self, number: int) -> None:
        """One run from trigger to serving: run k is judged beside the version that run k - 1 made."""
        life, run = self.life, run_name(number)
        batches = tuple(batch(one) for one in range(number, number + 3))
        self.append(run, RunTriggered(run, life.why, "x", "", "snap", batches, 1, (), False, "cpu"))
        files = (FileHash("features.py", life.code[number], 1), FileHash("model", self.bytes(number), 1))
        self.evidence(number, Candidate(MODEL, run, "ml", "snap", files, "cpu", 1.0))
        last = number == RUNS - 1
        verdicts = tuple(Verdict(gate, outcome, f"{gate} told") for gate, outcome in life.gates.items())
        said = CandidateJudged(run, "ml", "snap", files, number or None, life.promote or last, "", verdicts, FILE, FILE)
        judged = self.append(f"judged:{run}", said)
        if not last:
            self.serve(number + 1, judged, files)

    def bytes(self, number: int) -> str:
        return "same" if self.life.same_bytes_twice and number >= RUNS - 2 else f"model {number}"

    def serve(self, version: int, judged: int, files: tuple[FileHash, ...]) -> None:
        life = self.life
        self.append(f"r{version}", ModelRegistered(ModelVersion(MODEL, version, "ml", files), judged))
        promoted = Promoted(version, version - 1 or None, judged, life.checked_rows, life.apart)
        seq = self.append(f"promoted:{version}", promoted)
        if life.whole_way:
            self.append(f"d{version}", Deployed(version, seq))
        if version == RUNS - 1 and life.rolled_back_by:
            for new, old in ((version - 1, version), (version, version - 1)):
                back = self.append(f"b{new}{old}", RolledBack(new, old, "try", life.rolled_back_by))
                self.append(f"bd{new}{old}", Deployed(new, back))

    def evidence(self, number: int, candidate: Candidate) -> None:
        life, run = self.life, candidate.run
        metrics = {"candidate": {"log_loss": life.offline[number]}, "baseline": {"log_loss": life.baseline}}
        if number and life.later:
            metrics["champion"] = {"log_loss": life.later[number - 1]}
        found = Evaluation(candidate, number or None, False, FILE, FILE, metrics, 100)
        if life.kept:
            self.write(f"evidence/{MODEL}/{run}-evaluation.json", found)
        made = MadeWith("xgboost", {}, 1, {}, life.revision, "", 0, "")
        effects = tuple(Effect(f"x{place}", size, 0.5, None, ()) for place, size in enumerate(life.effects))
        panel = Panel("roc", "ROC", "x", "y", ())
        self.write(explanation_key(MODEL, run), Explanation("binary", (panel,), effects, 100, "", None, made))
        if life.features_took is not None:
            use = Use(life.features_took, life.seconds[number], 100)
            self.write(f"spent/{MODEL}/{run}/features-1.json", Spent("features", use, life.cost, "EUR"))
        if number in life.searched:
            chosen = Chosen({}, 0, "auc", 0.7, 3, 0, 1.0, "s")
            self.write(f"studies/{MODEL}/{run}/chosen.json", chosen)
