"""Make a model version again from its lineage alone, and prove that the bytes are equal."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from everfit.errors import Corrupted, DataError, UnknownName
from everfit.features.code import load_code
from everfit.ledger.entries import BytesDeleted, RowsErased
from everfit.models.objectives import FILE as OBJECTIVES
from everfit.predictor.card import Card
from everfit.predictor.policy import FILES as RANGES_AND_ANSWERS
from everfit.registry.package import hash_folder
from everfit.spec import ModelSpec
from everfit.steps.base import load_base
from everfit.steps.build_features import build_features
from everfit.steps.environment import Environment, environment, libraries
from everfit.steps.erasure_search import gone
from everfit.steps.feature_table import TableFile
from everfit.steps.publish_pointers import all_ledgers
from everfit.steps.snapshot import snapshot_of
from everfit.steps.train import make_model
from everfit.stores import LocalStore
from everfit.values import FileHash, canonical, digest, load

if TYPE_CHECKING:
    from everfit.ledger import View
    from everfit.ledger.entries import RunTriggered
    from everfit.ports import Ports, Progress
    from everfit.values import Batch

SPEC = "lineage/spec.json"
ENVIRONMENT = "lineage/environment.json"


@dataclass(frozen=True)
class Lineage:
    """All that a version was made from: its spec as it was then, feature code, batches, device and environment, and
    the `objectives` that it was trained with, if the team wrote them.

    `folder` has the version's files as the registry keeps them, each checked against its hash in the ledger.
    """

    version: int
    run: RunTriggered
    spec: ModelSpec
    code: bytes
    device: str
    made_with: Environment
    card: Card
    files: tuple[FileHash, ...]
    objectives: bytes = b""


@dataclass(frozen=True)
class Difference:
    """Something about this machine that is not as it was when the model was made."""

    what: str
    then: str
    now: str


@dataclass(frozen=True)
class Compared:
    """A file of the model: the SHA-256 that the ledger has, and the one that was made now ("" if there was none)."""

    name: str
    wanted: str
    made: str

    @property
    def equal(self) -> bool:
        """Whether the bytes are the same."""
        return self.wanted == self.made


@dataclass(frozen=True)
class Reproduction:
    """What came of it: the folder with the model that was made, and each file beside the recorded one."""

    folder: Path
    files: tuple[Compared, ...]

    @property
    def equal(self) -> bool:
        """Whether every file of the model is the same, byte for byte."""
        return all(file.equal for file in self.files)


def remember(ports: Ports, lineage: Lineage, by: str) -> None:
    """Keep that a version was made again byte for byte, and by whom: the first time counts."""
    said = {"version": lineage.version, "by": by, "at": ports.clock().isoformat()}
    ports.store.create(f"reproduced/{lineage.card.model}/{lineage.version}.json", canonical(said))


def lineage_of(ports: Ports, model: str, version: int) -> Lineage:
    """Read what a version was made from: ledger, registry and model package, and nothing of the checkout.

    Errors: `UnknownName` for a model without a ledger or a version that is not registered, `Corrupted` if the files or
    the spec are not the recorded ones.
    """
    view = ports.ledger(model).view()
    if not view.entries:
        raise UnknownName("model with a ledger in the store", model, all_ledgers(ports))
    run = view.trained_on(version)
    made = view.versions[version]
    folder = ports.registry.model_files(made.mlflow_run, made.files)
    params = ports.registry.run_params(made.mlflow_run)
    return Lineage(
        version=version,
        run=run,
        spec=_spec(ports, made.mlflow_run),
        code=(folder / "features.py").read_bytes(),
        device=params["device"].partition(":")[0],  # which of equal GPUs it was changes no byte
        made_with=load(Environment, json.loads(ports.registry.run_file(made.mlflow_run, ENVIRONMENT))),
        card=Card.read(folder),
        files=made.files,
        objectives=(folder / OBJECTIVES).read_bytes() if (folder / OBJECTIVES).is_file() else b"",
    )


def differences(lineage: Lineage) -> tuple[Difference, ...]:
    """What is different here from where the model was made, as far as it can change the model's bytes."""
    here, then = environment(Path.cwd()), lineage.made_with
    now = libraries()
    pairs = [
        (name, lineage.card.libraries.get(name, "none"), now.get(name, "none"))
        for name in sorted({*now, *lineage.card.libraries})
    ]
    pairs.append(("CPU", then.cpu, here.cpu))
    if lineage.device != "cpu":
        pairs.append(("GPU", then.gpu or "unknown", here.gpu or "none"))
    return tuple(Difference(*pair) for pair in pairs if pair[1] != pair[2])


def reproduce(ports: Ports, lineage: Lineage, into: Path, progress: Progress) -> Reproduction:
    """Make the model again in the empty folder `into`: fetch and hash every file, build features, train, compare.

    Errors: `DataError` if bytes that the model learnt from were deleted or `into` is not empty, `Corrupted` that names
    the file if one byte of it is not as it was, and what training raises.
    """
    if into.exists() and any(into.iterdir()):
        raise DataError(f"{into} is not empty; wanted a folder that nothing else can get into the model from")
    (into / "work").mkdir(parents=True)
    _check_still_there(ports.ledger(lineage.spec.name).view(), lineage)
    clean = replace(ports, store=LocalStore(into / "store"), work=into / "work")
    for batch in lineage.run.batches:
        progress(f"checking every byte of batch {batch.label}")
        check_batch(ports.data.fetch(batch), batch)
    spec = with_code(lineage, into / "spec")
    snapshot = snapshot_of(spec, lineage.run)
    progress("building the features")
    features = build_features(clean, spec, snapshot)
    table = TableFile.open(clean.store.local_file(features.table))
    base = load_base(ports, spec, snapshot, table, lineage.run.run, progress)
    made = make_model(clean, spec, snapshot, features, lineage.device, into, progress, base=base)
    return Reproduction(made.folder, compare(lineage.files, _as_old(lineage.files, hash_folder(made.folder))))


def compare(wanted: Sequence[FileHash], made: Sequence[FileHash]) -> tuple[Compared, ...]:
    """File beside file, in order of name; one that is only on one side is different.

    >>> [file.equal for file in compare([FileHash("a", "1", 1)], [FileHash("a", "1", 1), FileHash("b", "2", 1)])]
    [True, False]
    """
    then, now = ({file.name: file.sha256 for file in files} for files in (wanted, made))
    return tuple(Compared(name, then.get(name, ""), now.get(name, "")) for name in sorted({*then, *now}))


def _as_old(wanted: Sequence[FileHash], made: Sequence[FileHash]) -> list[FileHash]:
    """What was made, without the ranges and answers that a version of before there were any has not."""
    then = {file.name for file in wanted}
    return [file for file in made if file.name in then or file.name not in RANGES_AND_ANSWERS]


def check_batch(folder: Path, batch: Batch) -> None:
    """Hash every file of a fetched batch anew; `Corrupted` with the name of the one that differs."""
    for file in batch.files:
        found = FileHash.of(folder / file.name).sha256
        if found != file.sha256:
            raise Corrupted(
                f"{file.name} of batch {batch.label} has SHA-256 {found}, wanted {file.sha256}: the model cannot be "
                f"made again from it. If only the copy in {folder} is damaged, delete that; else restore the file in "
                "the DVC remote from a backup"
            )


def _spec(ports: Ports, mlflow_run: str) -> ModelSpec:
    """The spec of that run, whatever model.yaml says by now."""
    text = ports.registry.run_file(mlflow_run, SPEC)
    data: Mapping[str, object] = json.loads(text)
    spec = ModelSpec.model_validate_json(text)
    recorded = ports.registry.run_tags(mlflow_run).get("everfit.spec")
    if digest(data) != recorded:
        raise Corrupted(
            f"{SPEC} of the MLflow run {mlflow_run} has hash {digest(data)[:12]}, the run's tag everfit.spec says "
            f"{str(recorded)[:12]}: one of the two was changed, so nobody knows what the model was made with"
        )
    return spec


def with_code(lineage: Lineage, folder: Path) -> ModelSpec:
    """The spec with its feature code in a folder of its own; `Corrupted` if the code is not what the card says.

    It does not fall back to another device: bytes from another one prove nothing.
    """
    path = folder / lineage.spec.features
    path.parent.mkdir(parents=True)
    path.write_bytes(lineage.code)
    found = load_code(path).sha256
    if found != lineage.card.code:
        raise Corrupted(f"features.py of version {lineage.version} has SHA-256 {found}, wanted {lineage.card.code}")
    if lineage.objectives:
        (folder / OBJECTIVES).write_bytes(lineage.objectives)
    train = lineage.spec.train.model_copy(update={"fallback": "none"})
    return lineage.spec.model_copy(update={"folder": folder, "train": train})


def _check_still_there(view: View, lineage: Lineage) -> None:
    lost, sha256s = gone(view), {batch.sha256 for batch in lineage.run.batches}
    for seq in sorted(lost):
        batch = getattr(view.entries[seq - 1].body, "batch", None)
        if batch is None or batch.sha256 not in sha256s:
            continue
        erased = [entry.seq for entry in view.of(RowsErased) if seq in entry.body.batches]
        deleted = [e.seq for e in view.of(BytesDeleted) if any(t.endswith(batch.sha256) for t in e.body.batches)]
        raise DataError(
            f"version {lineage.version} cannot be made again: the bytes of batch {batch.label} were deleted "
            f"(entry {min(erased + deleted)} of the ledger says why); no store has them any more"
        )
