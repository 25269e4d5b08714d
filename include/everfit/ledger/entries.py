"""The kinds of decision that the ledger records: one frozen body each."""

from __future__ import annotations

from dataclasses import dataclass

from everfit.values import Batch, FileHash, ModelVersion, StoredFile, Verdict


@dataclass(frozen=True)
class BatchAccepted:
    """A batch passed validation and its bytes are in the data store."""

    batch: Batch
    fingerprint: str
    report: str


@dataclass(frozen=True)
class BatchQuarantined:
    """A batch was refused; its bytes are under `quarantine`, the reasons in `report`."""

    partition: str
    fingerprint: str
    sha256: str
    reasons: tuple[str, ...]
    report: str
    quarantine: str


@dataclass(frozen=True)
class BatchDuplicate:
    """The same bytes of a partition arrived again; entry `same_as` already says what became of them."""

    partition: str
    fingerprint: str
    sha256: str
    same_as: int


@dataclass(frozen=True)
class RunTriggered:
    """A training run started: why, by whom, on which snapshot, and which batch entries it is the first to use."""

    run: str
    why: str
    by: str
    note: str
    snapshot: str
    batches: tuple[Batch, ...]
    holdout: int
    consumed: tuple[int, ...]
    forced: bool
    device: str


@dataclass(frozen=True)
class CandidateJudged:
    """The gates spoke on a candidate, against the champion of that moment (None: there was none)."""

    run: str
    mlflow_run: str
    snapshot: str
    files: tuple[FileHash, ...]
    champion: int | None
    promote: bool
    reason: str
    verdicts: tuple[Verdict, ...]
    evidence: StoredFile
    sample: StoredFile


@dataclass(frozen=True)
class ModelRegistered:
    """A candidate that passed its gates became a version of the model: the challenger. `judged` is that entry."""

    version: ModelVersion
    judged: int


@dataclass(frozen=True)
class DeploymentStarted:
    """Intent: `version` is being put on the target, to replace `champion`."""

    version: int
    champion: int | None


@dataclass(frozen=True)
class DeploymentFailed:
    """The version did not load or answered differently; the champion stayed."""

    version: int
    reason: str


@dataclass(frozen=True)
class Promoted:
    """Decision: `version` is the champion from here on, and `previous` the one to go back to."""

    version: int
    previous: int | None
    judged: int
    checked_rows: int
    largest_difference: float


@dataclass(frozen=True)
class RolledBack:
    """Decision: `version` is the champion again instead of `undone`, because of `reason`."""

    version: int
    undone: int
    reason: str
    by: str


@dataclass(frozen=True)
class Deployed:
    """Receipt: registry and target follow the decision in entry `decision`."""

    version: int
    decision: int


@dataclass(frozen=True)
class AttemptOpened:
    """Attempt `attempt` took over `work`: whatever an earlier attempt still tries to append for it is refused."""

    work: str
    attempt: str


Body = (
    BatchAccepted
    | BatchQuarantined
    | BatchDuplicate
    | RunTriggered
    | CandidateJudged
    | ModelRegistered
    | DeploymentStarted
    | DeploymentFailed
    | Promoted
    | RolledBack
    | Deployed
    | AttemptOpened
)
