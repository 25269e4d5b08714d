"""Training on everfit's terms against a bare XGBoost script: seconds and peak memory, by the number of rows.

`make bench` runs the smaller sizes; alone: `python -m bench.training`, or with other numbers of rows as arguments
(`python -m bench.training 10000000` needs 8 GB for the bare script). The rows are the flights of 2013, drawn again and
again; the files are made once, below .everfit/bench-training.
"""

from __future__ import annotations

import gc
import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tools.local.paths import PROJECT

FOLDER = PROJECT / ".everfit" / "bench-training"
SIZES = (336_000, 3_400_000)
LARGE = 10_000_000
TURNS = 3
TREES = 50
HELD_OUT = "2013-12"
LEFT_OUT = ("_delay", "_cancelled")  # with them 40 features, without them and these three 27
UNUSED = {"precip", "visib", "near_dew"}
FEW = 300  # MB: below, external memory saves nothing
NAMES = {
    "bare": "bare script: read_parquet, DMatrix",
    "everfit": "everfit, in memory",
    "external": "everfit, in external memory",
}


def table(rows: int) -> Path:
    """A feature table of so many flights, as build_features writes it."""
    path = FOLDER / f"{rows}.parquet"
    if path.exists():
        return path
    import numpy as np
    import pyarrow as pa
    from pyarrow import parquet

    from everfit.steps.feature_table import BATCH

    FOLDER.mkdir(parents=True, exist_ok=True)
    base = parquet.read_table(_flights())
    batches = base[BATCH].to_pylist()
    months = sorted(set(batches))
    ends = {month: place + 1 for place, month in enumerate(batches)}
    chance, begin = np.random.default_rng(rows), 0
    with parquet.ParquetWriter(path.with_suffix(".part"), base.schema) as writer:
        for month in months:
            drawn = rows * (ends[month] - begin) // len(batches)
            for start in range(0, drawn, 65_536):
                places = chance.integers(begin, ends[month], min(65_536, drawn - start))
                writer.write_table(base.take(pa.array(np.sort(places))).combine_chunks())
            begin = ends[month]
    path.with_suffix(".part").rename(path)
    return path


def _flights() -> Path:
    """The features of all flights, made by the team's own code."""
    path = FOLDER / "flights.parquet"
    if path.exists():
        return path
    import pandas as pd

    from bench import bare
    from everfit.features import Inputs
    from everfit.steps.feature_table import BATCH, LABEL, TIME, FeatureTable
    from tools.land_flights import MONTHS, land

    with tempfile.TemporaryDirectory() as folder:
        months = land(Path(folder), MONTHS)
        code = bare.load_feature_code(PROJECT / "include/models/flight_delays/features.py")
        made, rows = bare.feature_table(code, months)
    kept = [name for name in made.columns if not name.endswith(LEFT_OUT) and name not in UNUSED]
    frame = made[[name for name in kept if name not in (LABEL, BATCH)]].copy()
    for name in ("carrier", "origin", "maker"):
        frame[name] = frame[name].astype("category")
    frame[LABEL], frame[TIME], frame[BATCH] = made[LABEL], pd.Timestamp("2013-01-01", tz="UTC"), made[BATCH]
    raw = rows[0][code.INPUTS]
    FeatureTable(frame, Inputs.learn(raw, code.INPUTS), raw.head(3)).write(path)
    return path


def settings() -> dict[str, object]:
    """What both train with."""
    return {"max_depth": 6, "learning_rate": 0.1, "max_bin": 256, "subsample": 0.8}


def bare_script(path: Path) -> bytes:
    """What a data scientist writes."""
    import pandas as pd
    import xgboost

    def read(which: str) -> tuple[pd.DataFrame, pd.Series]:
        table = pd.read_parquet(path, filters=[("__batch", which, HELD_OUT)])
        return table.drop(columns=["__label", "__time", "__batch"]), table["__label"]

    train = xgboost.DMatrix(*read("!="), enable_categorical=True)
    rows, labels = read("==")
    test = xgboost.DMatrix(rows.head(10_000), labels.head(10_000), enable_categorical=True)
    params = {**settings(), "objective": "binary:logistic", "eval_metric": ["auc", "logloss"], "tree_method": "hist"}
    params["nthread"] = len(os.sched_getaffinity(0))
    booster = xgboost.train(params, train, TREES, evals=[(test, "test")], verbose_eval=False)
    return bytes(booster.save_raw("ubj"))


def ours(path: Path, memory: int) -> tuple[bytes, dict[str, str]]:
    """The same from the same file by `<model>_train`'s own parts."""
    from everfit.models import Terms, Training, sample
    from everfit.models.spooled import Spooled
    from everfit.models.xgboost import XGBoost
    from everfit.steps.feature_rows import FeatureRows, learn_from
    from everfit.steps.feature_table import TableFile
    from everfit.steps.learn import DRAWN

    table = TableFile.open(path)
    learnt = tuple(f"2013-{month:02}" for month in range(1, 12))
    columns = learn_from(table, learnt)
    with tempfile.TemporaryDirectory(dir=FOLDER) as scratch:
        train = Spooled(FeatureRows(table, learnt, columns), Path(scratch, "train.rows"))
        held_out = sample(FeatureRows(table, (HELD_OUT,), columns), DRAWN)
        data = Training("binary", columns.names, columns.kinds, train, held_out)
        terms = Terms("cpu", 0, lambda _: None, memory=memory, scratch=Path(scratch))
        trained = XGBoost(rounds=TREES, **settings()).fit(data, terms)
    return trained.model, dict(trained.facts)


def measured(kind: str, path: Path, memory: int) -> dict[str, object]:
    """Seconds, and the most memory above that of the imports, of one training in this process."""
    import pandas  # noqa: F401
    import xgboost
    from pyarrow import parquet  # noqa: F401

    import everfit.steps.train  # noqa: F401
    from everfit.models.memory import Peak

    xgboost.build_info()
    gc.collect()
    peak, wall, cpu = Peak(), time.perf_counter(), time.process_time()
    if kind == "bare":
        model, facts = bare_script(path), {}
    else:
        model, facts = ours(path, memory)
    return {
        "wall": time.perf_counter() - wall,
        "cpu": time.process_time() - cpu,
        "peak_mb": peak.bytes() / 1e6,
        "model": hashlib.sha256(model).hexdigest(),
        "facts": facts,
    }


def child(kind: str, path: Path, memory: int = 0) -> dict[str, Any]:
    """`measured` in a process of its own."""
    command = [sys.executable, "-m", "bench.training", "--child", kind, str(path), str(memory)]
    env = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE"}
    done = subprocess.run(command, cwd=PROJECT, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{kind} failed on {path.name}:\n{done.stderr[-3000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def turn(path: Path) -> dict[str, dict[str, Any]]:
    """Each kind once. External memory is chosen because a little less may be taken than it needs in memory."""
    found = {"bare": child("bare", path), "everfit": child("everfit", path)}
    stated = int(found["everfit"]["facts"]["memory_stated_mb"])
    if stated > FEW:
        found["external"] = child("external", path, (stated - 1) * 10**6)
        if found["external"]["model"] != found["everfit"]["model"]:
            raise SystemExit("in memory and in external memory gave different models")
    return found


def runs(rows: int, turns: int) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Every kind, in turns, after one read of the file so that the disk is nothing to the first."""
    path = table(rows)
    path.read_bytes()
    found = [turn(path) for _ in range(turns)]
    for kind in found[0]:
        yield kind, [each[kind] for each in found]


def main(console: Console, sizes: tuple[int, ...] = SIZES) -> None:
    """Measure and print."""
    columns = ("rows", "training", "wall s", "CPU s", "peak MB", "stated MB", "CPU ratio", "memory ratio")
    shown = Table(*columns, box=None)
    for rows in sizes:
        bare: dict[str, float] = {}
        for kind, found in runs(rows, TURNS if rows < LARGE else 1):
            wall, cpu, peak = (
                statistics.median(float(one[name]) for one in found) for name in ("wall", "cpu", "peak_mb")
            )
            bare = bare or {"cpu": cpu, "peak": peak}
            stated = found[0]["facts"].get("memory_stated_mb", "")
            shown.add_row(
                f"{rows:,}", NAMES[kind], f"{wall:.1f}", f"{cpu:.1f}", f"{peak:,.0f}", stated,
                f"{cpu / bare['cpu']:.2f}", f"[bold]{peak / bare['peak']:.2f}[/]",
            )  # fmt: skip
    console.print(shown)
    console.print(f"{TREES} trees of depth 6 from 27 features; aim at 10 million rows: CPU ratio 1, memory ratio 0.25")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--child", kind, path, memory]:
            print(json.dumps(measured(kind, Path(path), int(memory))))
        case given:
            main(Console(), tuple(map(int, given)) or SIZES)
