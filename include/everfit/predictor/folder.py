"""Writes a model folder: whole files only, on disk before anybody reads them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from everfit import catalog
from everfit.features import FeatureCode, write_tables
from everfit.predictor.card import FILE, Card

if TYPE_CHECKING:
    import pandas as pd

CODE = "features.py"
HISTORY = "history"


def write_model_folder(
    folder: Path,
    card: Card,
    model: bytes,
    code: FeatureCode,
    history: Mapping[str, pd.DataFrame],
    beside: Mapping[str, bytes] = MappingProxyType({}),
) -> Path:
    """Make `folder` anew: the model in its own format, features.py, history/<name>.parquet and everfit.json.

    `beside` are more files that the model was made with, by name.

    A crash or a full disk leaves no folder under that name: it is written beside it, synced, and renamed.
    """
    half = folder.with_name(f".{folder.name}.half")
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(parents=True)
    (half / catalog.algorithm(card.algorithm).file).write_bytes(model)
    (half / CODE).write_bytes(code.source)
    (half / FILE).write_bytes(card.to_bytes())
    for name, source in beside.items():
        (half / name).write_bytes(source)
    if history:
        write_tables(history, half / HISTORY)
    for path in [*half.rglob("*"), half]:
        _sync(path)
    shutil.rmtree(folder, ignore_errors=True)
    half.rename(folder)
    _sync(folder.parent)
    return folder


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
