"""Scoring a year of flights as a batch, against a bare script: `python -m bench.scoring`.

336,776 flights in one batch, in turns, each in a fresh process: a script that reads with pandas, makes rows and
features with the team's own code, asks the booster and writes Parquet, and `everfit.steps.score` on a store on this
disk, with rows() on the whole table and in pieces. Also four times as many flights, to see what memory grows with.
Seconds are those of the processor, which a busy machine lengthens less than those of the clock. What libraries and the
model need before the first row is read is measured too: it is the same for all.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from rich.console import Console
from rich.table import Table

from everfit.ledger.entries import BatchAccepted, CandidateJudged, ModelRegistered, Promoted
from everfit.ports import Ports
from everfit.spec import ModelSpec, ScoreSpec, load_spec
from everfit.stores import LocalStore
from everfit.stores.dvc import DvcStore
from everfit.values import Batch, FileHash, ModelVersion, StoredFile, batch_sha256
from tools.land_flights import MONTHS, land

MODEL = "flight_delays"
ROUNDS = 3
TIMES = 4
KEY = ("carrier", "origin", "dest")
WAYS = ("bare", "everfit", "everfit_in_pieces")


class FolderRegistry:
    """A model folder on this disk, where MLflow's client would put it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def model_files(self, mlflow_run: str, files: object) -> Path:  # noqa: ARG002
        return self.folder


def ports_of(root: Path) -> Ports:
    store = LocalStore(root / "store")
    nobody = cast(Any, None)
    return Ports(
        store=store,
        landing=nobody,
        data=DvcStore(f"{store.url}/dvc", root / "fetched"),
        registry=cast(Any, FolderRegistry(root / "model")),
        target=nobody,
        clock=lambda: datetime.now(UTC),
        work=root / "work",
    )


def spec_of(**said: Any) -> ModelSpec:
    return load_spec(MODEL).model_copy(update={"score": ScoreSpec(key=KEY, **said)})


def prepare(root: Path) -> None:
    """A model of the first three months, and two batches: all of the year, and that several times."""
    import pandas as pd

    from everfit.features import Columns, Inputs, Ranges, load_code, sum_up
    from everfit.models import Rows, Terms, Training
    from everfit.predictor import Card, Policy, write_model_folder
    from everfit.predictor.policy import files as policy_files
    from everfit.spec import AnswersSpec
    from everfit.steps.rows import read_tables

    spec, ports = spec_of(), ports_of(root)
    months = land(root / "landing", MONTHS)
    code = load_code(spec.code_path)
    rows = pd.concat([code.rows(read_tables(spec, month)) for month in months[:3]], ignore_index=True)
    rows = rows[rows["late"].notna()].reset_index(drop=True)
    inputs, history = Inputs.learn(rows, code.inputs), code.history(rows)
    made = code.features(inputs.read(rows), history)
    columns = Columns.learn(made)
    part = Rows(columns.encode(made), rows["late"].to_numpy("float32"))
    fitted = spec.algorithm.fit(
        Training("binary", columns.names, columns.kinds, part, part), Terms("cpu", 1, lambda _: None)
    )
    card = Card(
        *(MODEL, "binary", "late", "xgboost", spec.train.params, 1, "snap", code.sha256, inputs, columns),
        history=tuple(history),
        libraries={},
    )
    ranges = Ranges.merged([sum_up(inputs, inputs.read(rows))])
    beside = policy_files(Policy.of(AnswersSpec()), ranges)
    write_model_folder(root / "model", card, fitted.model, code, history, beside)
    ledger, file = ports.ledger(MODEL), StoredFile("f", "0")
    judged = ledger.append("judged", CandidateJudged("r", "m", "s", (), None, True, "", (), file, file))
    ledger.append("registered", ModelRegistered(ModelVersion(MODEL, 1, "m", ()), judged.seq))
    ledger.append("promoted", Promoted(1, None, judged.seq, 1, 0.0))
    for name, times in (("year", 1), ("years", TIMES)):
        accept(ports, root / name, months, times)


def accept(ports: Ports, folder: Path, months: list[Path], times: int) -> None:
    """All months as one batch, so many times over."""
    import pandas as pd
    import pyarrow as pa
    from pyarrow import parquet

    folder.mkdir()
    flights = pa.concat_tables(parquet.read_table(month / "flights.parquet") for month in months)
    with parquet.ParquetWriter(folder / "flights.parquet", flights.schema) as writer:
        for _ in range(times):
            writer.write_table(flights)
    parquet.write_table(
        pa.concat_tables(parquet.read_table(month / "weather.parquet") for month in months), folder / "weather.parquet"
    )
    for name in ("planes", "airports"):
        whole = pd.concat([pd.read_csv(month / f"{name}.csv") for month in months])
        whole.drop_duplicates().to_csv(folder / f"{name}.csv", index=False)
    files = tuple(FileHash.of(path) for path in sorted(folder.iterdir()))
    pointer = ports.data.commit(folder, folder.name)
    batch = Batch(folder.name, 1, batch_sha256(files), len(flights) * times, files, pointer)
    ports.ledger(MODEL).append(f"arrival:{folder.name}", BatchAccepted(batch, "f", ""))


def bare(root: Path, partition: str) -> int:
    """What somebody would write who has no everfit: read, predict, write."""
    import pandas as pd

    from everfit.predictor import Predictor

    predictor = Predictor.load(root / "model")
    folder = root / partition
    tables = {name: pd.read_parquet(folder / f"{name}.parquet") for name in ("flights", "weather")}
    tables |= {name: pd.read_csv(folder / f"{name}.csv") for name in ("planes", "airports")}
    rows = predictor.code.module.rows(tables)
    features = predictor.code.module.features(rows[list(predictor.inputs)], predictor.history)
    scores = predictor.scorer.predict(predictor.card.columns.encode(features))
    made = rows[[*KEY, "time_hour"]].assign(model=MODEL, version=1, score=scores)
    made.to_parquet(root / f"bare-{partition}.parquet", index=False)
    return len(made)


def with_everfit(root: Path, partition: str, **said: Any) -> int:
    from everfit.ledger.entries import BatchScored
    from everfit.steps.score import score

    ports = replace(ports_of(root), store=LocalStore(root / "store"))
    body = score(ports, spec_of(**said), partition, f"{time.time_ns()}", lambda _: None).body
    assert isinstance(body, BatchScored)
    return body.rows


def one(way: str, root: Path, partition: str) -> None:
    """In a process of its own: do it and tell what it took."""
    from everfit.predictor import Predictor

    works: dict[str, Callable[[], int]] = {
        "bare": lambda: bare(root, partition),
        "everfit": lambda: with_everfit(root, partition),
        "everfit_in_pieces": lambda: with_everfit(root, partition, in_pieces=True),
        "nothing": lambda: 0,
    }
    import pandas as pd
    from pyarrow import parquet

    Predictor.load(root / "model").answers(pd.DataFrame([dict.fromkeys(Predictor.load(root / "model").inputs)]))
    parquet.read_schema(root / partition / "flights.parquet")
    before = resource.getrusage(resource.RUSAGE_SELF)
    began, used = time.perf_counter(), time.process_time()
    rows = works[way]()
    took, used = time.perf_counter() - began, time.process_time() - used
    after = resource.getrusage(resource.RUSAGE_SELF)
    told = {"rows": rows, "seconds": took, "cpu": used, "peak": after.ru_maxrss / 1024, "base": before.ru_maxrss / 1024}
    print(json.dumps(told))


def measured(way: str, root: Path, partition: str) -> dict[str, float]:
    """The same seen from here; what an earlier round wrote is gone."""
    ledger = root / "store" / "ledger" / MODEL
    for path in ledger.iterdir():
        if json.loads(path.read_bytes())["kind"] in ("batch_scored", "attempt_opened"):
            path.unlink()
    command = [sys.executable, "-m", "bench.scoring", way, str(root), partition]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{way} failed:\n{done.stderr[-3000:]}")
    told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return told


def main(console: Console) -> None:
    """Make a model and batches, measure, and print."""
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder))
        compare(Path(folder), console)


def compare(root: Path, console: Console) -> None:
    """Measure in turns, and print medians and ratios."""
    found: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
    for turn in range(ROUNDS):
        for way in WAYS[:: 1 if turn % 2 else -1]:
            found[way].append(measured(way, root, "year"))
    check(root)
    large = {way: measured(way, root, "years") for way in WAYS}
    table = Table(
        "what",
        "CPU seconds",
        "ratio",
        "rows per CPU second",
        "rows/s",
        "peak MB above start",
        f"{TIMES} times the rows",
        box=None,
    )
    for way in WAYS:
        ratio = statistics.median(
            mine["cpu"] / theirs["cpu"] for mine, theirs in zip(found[way], found["bare"], strict=True)
        )
        cpu, seconds, peak = (statistics.median(one[what] for one in found[way]) for what in ("cpu", "seconds", "peak"))
        base = statistics.median(one["base"] for one in found[way])
        table.add_row(
            way.replace("_", " "),
            f"{cpu:.2f}",
            f"{ratio:.2f}",
            f"{found[way][0]['rows'] / cpu:,.0f}",
            f"{found[way][0]['rows'] / seconds:,.0f}",
            f"{peak - base:,.0f}",
            f"{large[way]['peak'] - large[way]['base']:,.0f} MB, {large[way]['cpu']:.1f} s",
        )
    console.print(table)
    console.print(f"{int(found['bare'][0]['rows']):,} flights, medians of {ROUNDS} rounds in turns")


def check(root: Path) -> None:
    """All ways gave the same scores."""
    import numpy as np
    import pandas as pd

    (written,) = (root / "store" / "scores" / MODEL / "year").glob("*.parquet")
    ours, theirs = (pd.read_parquet(path)["score"] for path in (written, root / "bare-year.parquet"))
    np.testing.assert_array_equal(ours.to_numpy("float32"), theirs.to_numpy("float32"))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        one(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
    else:
        main(Console())
