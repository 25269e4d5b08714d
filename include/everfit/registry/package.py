"""A model folder as MLflow keeps it: our files, byte for byte, beside MLflow's description of them."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from everfit.errors import Corrupted
from everfit.values import FileHash

if TYPE_CHECKING:
    from mlflow.entities import LoggedModel

BOOSTER = "model.ubj"
NEEDED = ("xgboost", "pandas", "numpy", "pyarrow", "scipy")
SKIPPED = "__pycache__"


def hash_folder(folder: Path) -> tuple[FileHash, ...]:
    """Name, SHA-256 and size of every file of a folder, sorted by name; Python's own leftovers do not count."""
    files = [p for p in folder.rglob("*") if p.is_file() and SKIPPED not in p.parts]
    named = sorted((p.relative_to(folder).as_posix(), p) for p in files)
    return tuple(FileHash.of(path, name) for name, path in named)


def package(folder: Path, into: Path, logged: LoggedModel, example: Any) -> None:
    """Write the folder `into` that MLflow shows and `mlflow.xgboost.load_model` loads, around the files of `folder`.

    The signature is of `example`: rows as a caller of the model server sends them. There is no `python_function`
    flavor: MLflow's generic scorer would give the booster raw rows, which it would answer wrongly. Requirements are
    the installed versions, never inferred (that starts a process and takes half a minute).
    """
    import mlflow.xgboost
    import numpy as np
    import xgboost
    from mlflow.models import Model, infer_signature

    booster = xgboost.Booster()
    booster.load_model(folder / BOOSTER)
    model = Model(
        artifact_path=logged.artifact_location,
        run_id=logged.source_run_id,
        model_uuid=logged.model_id,
        model_id=logged.model_id,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # "integer columns cannot hold missing values": our rows say null
        mlflow.xgboost.save_model(
            booster,
            str(into),
            mlflow_model=model,
            signature=infer_signature(example, np.zeros(1, np.float32)),
            input_example=example,
            pip_requirements=requirements(),
            model_format="ubj",
        )
    model.flavors.pop("python_function")
    model.save(str(into / "MLmodel"))
    shutil.copytree(folder, into, dirs_exist_ok=True, ignore=shutil.ignore_patterns(SKIPPED))


def requirements() -> list[str]:
    """The exact versions of what a loader of the model needs, as installed here."""
    pins = []
    for name in NEEDED:
        try:
            pins.append(f"{name}=={version(name)}")
        except PackageNotFoundError:  # xgboost-cpu is xgboost under another name
            pins.append(f"{name}-cpu=={version(f'{name}-cpu')}")
    return pins


def check_names(files: Sequence[FileHash]) -> None:
    """Refuse a list of files that would reach outside its folder."""
    for file in files:
        path = PurePosixPath(file.name)
        if path.is_absolute() or ".." in path.parts or "\\" in file.name:
            raise Corrupted(f"a model file is named {file.name!r}; wanted a name inside the model's folder")


def check_files(folder: Path, files: Sequence[FileHash], where: str) -> None:
    """Raise `Corrupted` unless `folder` has exactly `files`, byte for byte."""
    found = {file.name: file for file in hash_folder(folder)}
    for file in files:
        there = found.pop(file.name, None)
        if there is None:
            raise Corrupted(f"{where} has no {file.name}; it was recorded with SHA-256 {file.sha256[:12]}…")
        if there.sha256 != file.sha256:
            raise Corrupted(
                f"{file.name} of {where} has SHA-256 {there.sha256[:12]}… ({there.size} bytes), recorded was"
                f" {file.sha256[:12]}… ({file.size} bytes). Do not load it: find out who changed it, or train again."
            )
    if found:
        raise Corrupted(f"{where} has files that nobody recorded: {', '.join(sorted(found))}")
