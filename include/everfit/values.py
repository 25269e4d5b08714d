"""The values that travel between steps: small, frozen, and turned into JSON and back by `dump` and `load`.

Frames, models and files do not travel: a value names them by store key and SHA-256.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeVar

T = TypeVar("T")

Answer = float | Mapping[str, float]
"""What a model says of a row: a number, or one for each class or quantile by its name."""


def numbers(answer: Answer) -> tuple[float, ...]:
    """All numbers in an answer.

    >>> numbers(0.5), numbers({"late": 0.2, "on time": 0.8})
    ((0.5,), (0.2, 0.8))
    """
    return tuple(answer.values()) if isinstance(answer, Mapping) else (answer,)


class Outcome(StrEnum):
    """What a gate can say."""

    PASSED = "passed"
    FAILED = "failed"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True)
class FileHash:
    """One file of a batch or a model: its name, its bytes' SHA-256 and how many bytes there are."""

    name: str
    sha256: str
    size: int

    @classmethod
    def of(cls, path: Path, name: str = "") -> FileHash:
        """The file as it is now; `name` is what it is called, if that is not the last part of its path.

        >>> FileHash.of(Path("/dev/null")).sha256[:12]
        'e3b0c44298fc'
        """
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        return cls(name or path.name, sha256, path.stat().st_size)


def batch_sha256(files: Iterable[FileHash]) -> str:
    """The hash of a whole batch: of its files' names and hashes, in order of name."""
    return digest(sorted([file.name, file.sha256] for file in files))


@dataclass(frozen=True)
class StoredFile:
    """A file in the store, by key, with the SHA-256 that its bytes must have."""

    key: str
    sha256: str


@dataclass(frozen=True)
class Seen:
    """A file in the landing place, as one look saw it: where below the looked-at folder, its size, and a `tag` that
    changes whenever it is written (its time, on S3 also the ETag)."""

    path: str
    size: int
    tag: str

    @property
    def name(self) -> str:
        """The file's own name, without the folder that it lies in."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True)
class Arrival:
    """A complete batch seen in the landing place and not yet judged.

    `fingerprint` is cheap (names, sizes, times or ETags) and names this delivery, not its content.
    """

    partition: str
    fingerprint: str
    files: tuple[str, ...]


@dataclass(frozen=True)
class Batch:
    """An accepted partition of data, known by the hash of its content.

    `version` starts at 1 and counts the corrections of the partition. `pointer` is the text of its `.dvc` file.
    """

    partition: str
    version: int
    sha256: str
    rows: int
    files: tuple[FileHash, ...]
    pointer: str

    @property
    def label(self) -> str:
        """`2013-05` or, once corrected, `2013-05 v2`."""
        return self.partition if self.version == 1 else f"{self.partition} v{self.version}"


@dataclass(frozen=True)
class Check:
    """One thing that was asked of a batch: which table and column, what was wanted and what was found.

    `share` is the part of the rows that break it, where rows can be counted. `severity` says what a failure does:
    `critical` stops the batch, `quarantine` takes the rows that break it out of the batch, `warning` and `info` only
    say so.
    """

    table: str
    column: str | None
    wanted: str
    found: str
    passed: bool
    severity: str = "critical"
    share: float | None = None

    @property
    def sentence(self) -> str:
        """What was wanted and found, on one line."""
        return f"{self.table}{'.' + self.column if self.column else ''}: {self.wanted}, found {self.found}"


@dataclass(frozen=True)
class Withheld:
    """Bad rows of one table that were taken out of a delivery so that the rest of it can be used.

    They are kept under `file` (Parquet: the rows as delivered, and a column `everfit_reason`); `of` is how many rows
    the table had. `kept` are the table's files without them, which take the place of the delivered ones.
    """

    table: str
    rows: int
    of: int
    file: StoredFile
    kept: tuple[FileHash, ...]


@dataclass(frozen=True)
class Change:
    """One commit to a git repository: the new bytes of some of its files by path (None: the file goes), and why."""

    files: Mapping[str, bytes | None]
    message: str
    at: datetime


@dataclass(frozen=True)
class Inspection:
    """What validation found in one arrival: every check, and whether the batch may be used.

    `sha256` and `files` are the delivery's; if bad rows were withheld, `kept` are the files that the batch is made of.
    `upto` is the newest ledger entry that was known then: rules compared the delivery with the batches up to there.
    """

    partition: str
    fingerprint: str
    sha256: str
    rows: int
    files: tuple[FileHash, ...]
    staged: str
    checks: tuple[Check, ...]
    report: str
    duplicate_of: int | None = None
    withheld: tuple[Withheld, ...] = ()
    kept: tuple[FileHash, ...] = ()
    data_docs: str = ""
    upto: int = 0

    @property
    def accepted(self) -> bool:
        """True when no critical check failed."""
        return not self.reasons

    @property
    def reasons(self) -> tuple[str, ...]:
        """One sentence for each critical check that failed."""
        return tuple(c.sentence for c in self.checks if not c.passed and c.severity == "critical")


@dataclass(frozen=True)
class Snapshot:
    """The ordered batches that one training run uses; the last `holdout` of them are kept from training.

    The `gap` batches before the holdout are neither learnt from nor judged on.
    """

    model: str
    batches: tuple[Batch, ...]
    holdout: int
    gap: int = 0

    @property
    def id(self) -> str:
        """The hash of what the snapshot holds and how it is split: equal data, equal id."""
        parts = [[b.partition, b.sha256] for b in self.batches]
        gap = {"gap": self.gap} if self.gap else {}
        return digest({"batches": parts, "holdout": self.holdout} | gap)[:16]

    @property
    def training(self) -> tuple[Batch, ...]:
        """The batches that the model may learn from."""
        return self.batches[: len(self.batches) - self.holdout - self.gap]

    @property
    def between(self) -> tuple[Batch, ...]:
        """The batches of the gap, which keep training and holdout apart."""
        return self.batches[len(self.training) : len(self.training) + self.gap]

    @property
    def held_out(self) -> tuple[Batch, ...]:
        """The newest batches, which only the judges see."""
        return self.batches[len(self.batches) - self.holdout :]


@dataclass(frozen=True)
class Features:
    """The feature table of a snapshot, in the store, how its rows split, and the `classes` of a multiclass task."""

    snapshot: str
    table: StoredFile
    history: StoredFile
    code: str
    columns: tuple[str, ...]
    training_rows: int
    holdout_rows: int
    unlabeled_rows: int
    classes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Placement:
    """Which device was wanted for a training run (`auto`, `cpu`, `cuda`, `cuda:1`), which was used, and why it was the
    CPU although a GPU was wanted ("" if it was not)."""

    wanted: str
    used: str
    why: str = ""

    @property
    def fell_back(self) -> bool:
        """Whether a GPU was asked for by name and could not be had; `auto` takes what there is."""
        return bool(self.why) and self.wanted != "auto"


@dataclass(frozen=True)
class Took:
    """How many seconds a training run took, and what it cost by the price list of that day (None: not known)."""

    seconds: float
    cost: float | None = None
    currency: str = ""


@dataclass(frozen=True)
class ServerLoad:
    """What a process of the model server held of its machine at a moment.

    It held `memory` bytes and could have taken `left` more; since the load before it kept `busy` of its `cores` busy,
    on average.

    >>> ServerLoad(datetime(2013, 1, 1), 300, 100, 0.5, 2).full
    0.75
    """

    at: datetime
    memory: int
    left: int
    busy: float
    cores: int

    @property
    def full(self) -> float:
        """Which share of the memory within its reach it held."""
        return self.memory / max(self.memory + self.left, 1)


@dataclass(frozen=True)
class Candidate:
    """A trained model that nobody has judged yet: its MLflow run and the SHA-256 of each of its files.

    `device` is the one that was used; `placement` also says which one was wanted.
    """

    model: str
    run: str
    mlflow_run: str
    snapshot: str
    files: tuple[FileHash, ...]
    device: str
    seconds: float
    placement: Placement | None = None


@dataclass(frozen=True)
class Detail:
    """What a verdict says of one part of what it judged: a slice, a group, a window, an expectation."""

    name: str
    outcome: Outcome
    reason: str = ""
    effect: float | None = None
    low: float | None = None
    high: float | None = None
    bar: float | None = None
    n: int = 0


@dataclass(frozen=True)
class Verdict:
    """What one gate says of a candidate: the outcome, and the numbers that it rests on.

    `effect` is what was measured, `low` and `high` its interval, `bar` what it was held against, `wanted` the side of
    the bar that passes (`above` or `below`), `n` the rows used. `level` is the confidence of each end of the interval
    (0.95), `p` how often chance alone would show so much if the truth were exactly at the bar. `detectable` is the
    smallest true effect that such evidence shows four times in five. `parts` say the same of slices, groups or windows.
    """

    gate: str
    outcome: Outcome
    reason: str
    effect: float | None = None
    low: float | None = None
    high: float | None = None
    bar: float | None = None
    n: int = 0
    test: str = ""
    wanted: str = ""
    p: float | None = None
    level: float | None = None
    detectable: float | None = None
    parts: tuple[Detail, ...] = ()


@dataclass(frozen=True)
class Evaluation:
    """What the gates look at: scores on the holdout in the store, and the metrics that follow from them.

    `metrics` maps who (`candidate`, `champion`, `baseline`) to metric name to value. `sample` holds a few raw rows with
    the candidate's scores for them: what a target must answer once the candidate is deployed there. `level` is the
    confidence that a comparison with the champion must have, `uses` how many candidates the holdout judged before.
    """

    candidate: Candidate
    champion: int | None
    champion_saw_holdout: bool
    evidence: StoredFile
    sample: StoredFile
    metrics: Mapping[str, Mapping[str, float]]
    holdout_rows: int
    level: float = 0.95
    uses: int = 0


@dataclass(frozen=True)
class Judgement:
    """The verdicts of all gates on one candidate, and what follows from them."""

    candidate: Candidate
    champion: int | None
    promote: bool
    reason: str
    verdicts: tuple[Verdict, ...]
    evidence: StoredFile
    sample: StoredFile
    entry: int


@dataclass(frozen=True)
class ModelVersion:
    """A version in the registry, with the SHA-256 of each of its files: what a loader checks before it loads."""

    model: str
    version: int
    mlflow_run: str
    files: tuple[FileHash, ...]


@dataclass(frozen=True)
class Route:
    """Which versions of a model answer whom: what the ledger has decided, and targets follow.

    The challenger answers the part `share` of the champion's requests. Who is in it is decided by the value of the
    input `key`, so that a passenger or a shop always gets the same version, or by chance for each request where `key`
    is "". `salt` makes each rollout deal anew. The versions under the aliases in `shadows` score the champion's
    requests too, unseen: nobody waits for them.
    """

    model: str
    champion: int | None = None
    previous: int | None = None
    challenger: int | None = None
    share: float = 0.0
    key: str = ""
    salt: str = ""
    shadows: tuple[str, ...] = ()

    @property
    def aliases(self) -> Mapping[str, int | None]:
        """Where each alias of the registry belongs."""
        return {"champion": self.champion, "previous": self.previous, "challenger": self.challenger}

    @property
    def deal(self) -> str:
        """What this deal is called in the log of predictions; "" where nothing is being rolled out.

        >>> Route("m", 1, None, 2, share=0.05, salt="m:7").deal
        'm:7/0.05'
        """
        return f"{self.salt}/{self.share:g}" if self.salt else ""


@dataclass(frozen=True)
class Stage:
    """One stage of a rollout: whom the challenger answers meanwhile, for how long, and what it takes to go on.

    It answers the part `share` of the requests, dealt by the input `key` or by chance (see `Route`). With `shadow`,
    whichever of champion and challenger does not answer a request scores it too, unseen. The next stage comes after
    `at_least`, not before the challenger has given so many `answers`, and once it `needs` nothing more: `no_harm` wants
    no evidence that it is worse than `bars` allow (settings of the judge, as JSON), `not_worse` wants evidence that it
    is not. If it has not come to that at `at_most`, the challenger is kept back, or goes on, as `otherwise` says. Harm
    ends the rollout at any time.

    >>> Stage("canary 5 %", 0.05, at_least=timedelta(minutes=30)).needs
    'not_worse'
    """

    name: str
    share: float
    shadow: bool = False
    key: str = ""
    at_least: timedelta = timedelta(0)
    at_most: timedelta = timedelta(days=1)
    answers: int = 1
    needs: Literal["not_worse", "no_harm"] = "not_worse"
    otherwise: Literal["keep_back", "promote"] = "keep_back"
    bars: str = "{}"


def dump(value: Any) -> Any:
    """A frozen value as plain JSON data.

    >>> dump(StoredFile("a/b", "00"))
    {'key': 'a/b', 'sha256': '00'}
    """
    kind: Any = type(value)
    return _adapter(kind).dump_python(value, mode="json")


def load(kind: type[T], data: Any) -> T:
    """Plain JSON data as a frozen value; a missing or retyped field raises `ValueError`.

    >>> load(StoredFile, {"key": "a/b", "sha256": "00"})
    StoredFile(key='a/b', sha256='00')
    """
    wanted: Any = kind
    found: T = _adapter(wanted).validate_python(data)
    return found


def canonical(data: Any) -> bytes:
    """JSON with one spelling only, so that equal data has equal bytes.

    >>> canonical({"b": 1, "a": [1.5, None]})
    b'{"a":[1.5,null],"b":1}'
    """
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def digest(data: Any) -> str:
    """The SHA-256 of canonical JSON.

    >>> digest({})[:12]
    '44136fa355b3'
    """
    return hashlib.sha256(canonical(data)).hexdigest()


@cache
def _adapter(kind: Any) -> Any:
    from pydantic import TypeAdapter  # 0.2 s that a DAG file with no value in it need not pay

    return TypeAdapter(kind)
