"""Decisions with only the fields that a test is about."""

from __future__ import annotations

from everfit.ledger.entries import (
    BatchAccepted,
    BatchQuarantined,
    CandidateJudged,
    DeploymentFailed,
    DeploymentStarted,
    ModelRegistered,
    Promoted,
    RolledBack,
    RunTriggered,
)
from everfit.values import Batch, ModelVersion, Outcome, StoredFile, Verdict


def note(text: str) -> DeploymentFailed:
    """A decision that changes nothing."""
    return DeploymentFailed(0, text)


def accepted(partition: str, sha256: str, version: int = 1, fingerprint: str = "f") -> BatchAccepted:
    return BatchAccepted(Batch(partition, version, sha256, 10, (), "outs: []"), fingerprint, "reports/r.html")


def refused(partition: str, sha256: str, fingerprint: str = "f") -> BatchQuarantined:
    return BatchQuarantined(partition, fingerprint, sha256, ("no rows",), "reports/r.html", "quarantine/q")


def triggered(run: str) -> RunTriggered:
    return RunTriggered(run, "new data", "everfit", "", "snap", (), 1, (), forced=False, device="auto")


def judged(run: str, champion: int | None = None) -> CandidateJudged:
    verdict = Verdict("above_bar", Outcome.PASSED, "0.7 > 0.6", 0.7, 0.68, 0.72, 0.6, 1000, "bootstrap")
    file = StoredFile("evidence/e", "0")
    return CandidateJudged(run, "mlflow", "snap", (), champion, True, "all passed", (verdict,), file, file)


def registered(version: int, judged: int = 0) -> ModelRegistered:
    return ModelRegistered(ModelVersion("m", version, f"mlflow-{version}", ()), judged)


def started(version: int, champion: int | None = None) -> DeploymentStarted:
    return DeploymentStarted(version, champion)


def promoted(version: int, previous: int | None = None) -> Promoted:
    return Promoted(version, previous, 0, 100, 0.0)


def rolled_back(version: int, undone: int) -> RolledBack:
    return RolledBack(version, undone, "worse in production", "somebody")
