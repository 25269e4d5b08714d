"""The kinds of decision that the ledger records: one frozen body each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from everfit.signals import Signal
from everfit.values import Batch, FileHash, ModelVersion, Placement, Stage, StoredFile, Verdict, Withheld


@dataclass(frozen=True)
class BatchAccepted:
    """A batch passed validation and its bytes are in the data store.

    `delivered` is the hash of the delivery where it is not the batch's own, because bad rows were `withheld`.
    """

    batch: Batch
    fingerprint: str
    report: str
    delivered: str = ""
    withheld: tuple[Withheld, ...] = ()
    data_docs: str = ""


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
class BatchLate:
    """A delivery has been there since `since` and still does not count: `lacks` says what is missing. Told once."""

    partition: str
    fingerprint: str
    since: datetime
    lacks: str


@dataclass(frozen=True)
class BatchRecalled:
    """Decision: the batches that entries `batches` accepted must not be used any more.

    `versions` are the model versions that learnt from them or were judged on them; none of those is promoted again.
    """

    partition: str
    batches: tuple[int, ...]
    versions: tuple[int, ...]
    reason: str
    by: str


@dataclass(frozen=True)
class RowsErased:
    """Decision: the rows of `table` whose `column` has one of the values with these salted hashes are gone.

    `batches` are the entries that had accepted batches with such rows; `replaced_by` the entries that accepted their
    next versions, without the rows, in the same order (0 where nothing was left). `versions` are the model versions
    that learnt from the rows or were judged on them. The old bytes are deleted.
    """

    table: str
    column: str
    salt: str
    keys: tuple[str, ...]
    rows: int
    batches: tuple[int, ...]
    replaced_by: tuple[int, ...]
    versions: tuple[int, ...]
    reason: str
    by: str


@dataclass(frozen=True)
class RetrainAsked:
    """Somebody or something wants a training run although no batch is new: the next run consumes this entry."""

    why: str
    by: str


@dataclass(frozen=True)
class BaselineChanged:
    """Decision: from here on batches are held against these expectations (table to SHA-256 of its suite file).

    `learnt_from` are the batches that they were inferred from, if they were.
    """

    suites: Mapping[str, str]
    learnt_from: tuple[str, ...]
    note: str
    by: str


@dataclass(frozen=True)
class BytesDeleted:
    """Retention removed bytes that no living model needs: the batches (label and SHA-256) and how much it was."""

    batches: tuple[str, ...]
    files: int
    bytes: int


@dataclass(frozen=True)
class PointersPublished:
    """Receipt: commit `revision` of the pointers' git repository holds every accepted batch up to entry `upto`."""

    revision: str
    upto: int


@dataclass(frozen=True)
class RunTriggered:
    """A training run started: why, by whom, on which snapshot, and which entries it is the first to use.

    Of `batches`, the last `holdout` are to judge on, and the `gap` before them are for neither. `consumed` are entries
    that accepted a batch, asked for a run, or found that the champion got worse. With `base`, training goes on from
    that version instead of from nothing. `because` says in words on what evidence it started; `recipe` what the model
    is made with beside data (see `steps.recipe`).
    """

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
    gap: int = 0
    base: int | None = None
    because: tuple[str, ...] = ()
    recipe: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class CandidateJudged:
    """The gates spoke on a candidate, against the champion of that moment (None: there was none).

    `placement` says on which device it was made, and why that is not the one that was wanted, if it is not. `gates` are
    those that were asked, each with all of its settings as JSON: with the evidence they give the verdicts again.
    """

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
    placement: Placement | None = None
    gates: tuple[str, ...] = ()


@dataclass(frozen=True)
class GatesOverridden:
    """Decision: the candidate of `run`, which the gates of entry `judged` kept back, may be promoted all the same."""

    run: str
    judged: int
    reason: str
    by: str


@dataclass(frozen=True)
class ApprovalAsked:
    """People have to agree before `version` is promoted: the terms, as the spec had them at that moment.

    One of `people` has to approve (anybody, if it is empty), with `four_eyes` two different ones; one who rejects ends
    it. If nobody has decided by `until` (None: there is no deadline), the version is promoted if `otherwise` is
    `promote`, and kept back if it is `keep_back`.
    """

    version: int
    people: tuple[str, ...]
    four_eyes: bool
    until: datetime | None
    otherwise: str


@dataclass(frozen=True)
class ApprovalGiven:
    """Somebody's answer to entry `asked`, given at `at` and `where` (in Airflow, or at a terminal)."""

    version: int
    asked: int
    approved: bool
    by: str
    reason: str
    at: datetime
    where: str


@dataclass(frozen=True)
class ApprovalLapsed:
    """The time to answer entry `asked` was over: what its terms declare for that is what counts (`promote`, or not)."""

    version: int
    asked: int
    promote: bool


@dataclass(frozen=True)
class ModelRegistered:
    """A candidate that passed its gates became a version of the model: the challenger. `judged` is that entry."""

    version: ModelVersion
    judged: int


@dataclass(frozen=True)
class DeploymentStarted:
    """Intent: `version` is being put on the target, to replace `champion`, in the stages of `plan` (none: at once)."""

    version: int
    champion: int | None
    plan: tuple[Stage, ...] = ()


@dataclass(frozen=True)
class StageEntered:
    """The rollout that entry `intent` began is at stage `number` of its plan from `began` on, because of `why`.

    `share`, `shadow` and `key` say whom the version answers now (see `Route`). `evidence` is what the stage before was
    judged on.
    """

    version: int
    intent: int
    number: int
    name: str
    share: float
    shadow: bool
    key: str
    began: datetime
    why: str
    evidence: StoredFile | None = None


@dataclass(frozen=True)
class DeploymentFailed:
    """The version did not load, answered differently, did harm in a stage, or was kept back when judged again: the
    champion stays.

    `evidence` is what its last stage was judged on, if it had one.
    """

    version: int
    reason: str
    evidence: StoredFile | None = None


@dataclass(frozen=True)
class DeploymentOvertaken:
    """Another version came first while this one was on trial: no fault of its own, so it waits to be judged again."""

    version: int
    reason: str


@dataclass(frozen=True)
class Promoted:
    """Decision: `version` is the champion from here on, and `previous` the one to go back to.

    `evidence` is what its last stage was judged on, if it was rolled out in stages.
    """

    version: int
    previous: int | None
    judged: int
    checked_rows: int
    largest_difference: float
    evidence: StoredFile | None = None


@dataclass(frozen=True)
class EvidenceSigned:
    """Receipt: `bundle` holds all that speaks for the promotion in entry `promoted`, signed with the key of that id."""

    version: int
    promoted: int
    bundle: StoredFile
    key: str


@dataclass(frozen=True)
class RolledBack:
    """Decision: `version` is the champion again instead of `undone`, because of `reason`."""

    version: int
    undone: int
    reason: str
    by: str


@dataclass(frozen=True)
class RollbackRehearsed:
    """Whether `version`, the one to go back to, was found able to serve; `reason` says why not, or what it showed."""

    version: int
    ok: bool
    seconds: float
    reason: str


@dataclass(frozen=True)
class Deployed:
    """Receipt: registry and target follow the decision in entry `decision`."""

    version: int
    decision: int


@dataclass(frozen=True)
class BatchScored:
    """Receipt: `file` has a prediction for each of `rows` rows of the partition, made by the champion `version`.

    `sha256` is the hash of what was scored: the batch that entry `batch` accepted, or (with `batch` 0) a delivery with
    this `fingerprint` that was only to be scored. During a canary `challenged` of the rows were scored by the
    `challenger` instead. `shadows` are what versions said, unseen, of rows that others answered.
    `withheld` rows of the delivery were too bad to be scored. `unanswered` rows are in the file without an answer, as
    the policy of the version says; `before` is the version that stood in where that says so.
    """

    partition: str
    sha256: str
    fingerprint: str
    batch: int
    version: int
    rows: int
    file: StoredFile
    challenger: int | None = None
    challenged: int = 0
    shadows: Mapping[int, StoredFile] = field(default_factory=dict)
    withheld: int = 0
    unanswered: int = 0
    before: int | None = None


@dataclass(frozen=True)
class ScoringRefused:
    """A delivery that was only to be scored breaks its expectations: nothing of it was scored."""

    partition: str
    fingerprint: str
    sha256: str
    reasons: tuple[str, ...]
    report: str


@dataclass(frozen=True)
class Monitored:
    """What was found of the champion `version` in the rows from `since` to before `until`: one signal per monitor.

    `rows` were looked at, `labelled` of them had a label by then. At the `level` of this look a signal is harm. `cause`
    says why the model decayed ("none" where it did not), `action` what to do about it (retrain, fix_data, roll_back,
    wait), `why` both in words. `report` is the page for people, `evidence` has all numbers.
    """

    version: int
    since: datetime
    until: datetime
    rows: int
    labelled: int
    level: float
    signals: tuple[Signal, ...]
    cause: str
    action: str
    why: str
    report: str
    evidence: StoredFile

    @property
    def harmful(self) -> tuple[Signal, ...]:
        """The signals that found harm."""
        return tuple(signal for signal in self.signals if signal.harms)

    @property
    def asks_to_retrain(self) -> bool:
        """Whether there is harm, and a training run is what may mend it."""
        return self.action == "retrain" and bool(self.harmful)


@dataclass(frozen=True)
class AttemptOpened:
    """Attempt `attempt` took over `work`: whatever an earlier attempt still tries to append for it is refused."""

    work: str
    attempt: str


Body = (
    BatchAccepted
    | BatchQuarantined
    | BatchDuplicate
    | BatchLate
    | BatchRecalled
    | RowsErased
    | RetrainAsked
    | BaselineChanged
    | BytesDeleted
    | PointersPublished
    | RunTriggered
    | CandidateJudged
    | GatesOverridden
    | ModelRegistered
    | ApprovalAsked
    | ApprovalGiven
    | ApprovalLapsed
    | DeploymentStarted
    | StageEntered
    | DeploymentFailed
    | DeploymentOvertaken
    | Promoted
    | EvidenceSigned
    | RolledBack
    | RollbackRehearsed
    | Deployed
    | BatchScored
    | ScoringRefused
    | Monitored
    | AttemptOpened
)
