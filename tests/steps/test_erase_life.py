"""A key goes through a whole life, in every place that everfit has; after the erasure no byte of it is left."""

from __future__ import annotations

import gzip
import io
import json
import os
import tarfile
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from everfit.ledger.entries import BatchAccepted, BatchQuarantined
from everfit.ports import Ports
from everfit.predictions import Prediction, pack, segments, unpack
from everfit.spec import DataSpec
from everfit.steps.commit import commit
from everfit.steps.data_docs import page
from everfit.steps.erase import ErasureOrder, erase
from everfit.steps.ingest import waiting
from everfit.steps.validate import validate
from everfit.stores.landing import open_landing
from everfit.values import Inspection
from everfit_airflow.handover import give
from tests.services import Service
from tests.steps.judging import CODE, House, build, month

os.environ["GX_ANALYTICS_ENABLED"] = "false"
KEY = "C-4711-ann"
ORDER = ErasureOrder("trips", "card", (KEY,), "asked on 2013-06-01", "ann", "salt")
REMEMBERS = CODE.replace('INPUTS = ["carrier"', 'INPUTS = ["card", "carrier"').replace(
    "return {", 'return {"cards": rows[["card"]].drop_duplicates(), '
)
SUITE = {
    "expectations": [
        {
            "type": "expect_column_values_to_be_between",
            "kwargs": {"column": "distance", "min_value": 0, "max_value": 100_000},
            "meta": {"on_failure": "quarantine_rows"},
        },
        {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "carrier"}},
        {
            "type": "expect_column_values_to_not_match_regex",
            "kwargs": {"column": "card", "regex": "ann"},
            "severity": "warning",
        },
    ]
}


@pytest.fixture
def house(mlflow: Service, tmp_path: Path) -> House:
    made = build(tmp_path, mlflow.url)
    made.code(REMEMBERS)
    (made.spec.folder / "expectations").mkdir()
    (made.spec.folder / "expectations" / "trips.json").write_text(json.dumps(SUITE))
    data = DataSpec(
        landing="trips",
        tables={"trips": {"file": "trips-*.csv.gz"}},
        rules=[{"unique_across_batches": {"table": "trips", "columns": ["card", "left"]}}],
    )
    made.spec = made.spec.model_copy(update={"data": data})
    made.ports = Ports(**vars(made.ports) | {"landing": open_landing(str(tmp_path / "landing"))})
    return made


def deliver(house: House, number: int, where: tuple[int, ...] = (), **broken: object) -> Inspection:
    """A month in two files; the key is in the rows `where`, and those of them in the second file are bad."""
    frame = month(number)
    frame["card"] = [f"C-{number}-{place}" for place in range(len(frame))]
    frame.loc[list(where), "card"] = KEY
    frame.loc[[place for place in where if place >= 300], "distance"] = -5.0
    frame = frame.assign(left=frame["left"].dt.strftime("%Y-%m-%dT%H:%M:%SZ"), **broken)
    folder = house.root / "landing" / "trips" / f"2013-{number:02}"
    folder.mkdir(parents=True)
    for part, rows in enumerate((frame[:300], frame[300:])):
        (folder / f"trips-{part}.csv.gz").write_bytes(gzip.compress(rows.to_csv(index=False).encode()))
    (folder / "_SUCCESS").touch()
    (arrival,) = [one for one in waiting(house.ports, house.spec) if one.partition == folder.name]
    inspection = validate(house.ports, house.spec, arrival)
    ti = SimpleNamespace(dag_id="ingest", run_id="r", task_id="validate_batch", map_index=number)
    give(house.ports, {"ti": ti}, inspection)
    page(house.ports, inspection.data_docs)
    return inspection


def content(data: bytes) -> bytes:
    """What is in a file, however it is packed."""
    if data[:2] == b"\x1f\x8b":
        return content(gzip.decompress(data))
    if data[:4] == b"PAR1":
        return pd.read_parquet(io.BytesIO(data)).astype(str).to_csv().encode()
    if data[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            return b"".join(content(packed.read(name)) for name in packed.namelist())
    if data[257:262] == b"ustar":
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            files = [found for member in tar if (found := tar.extractfile(member))]
            return b"".join(content(file.read()) for file in files)
    return data


def hunt(house: House) -> set[str]:
    """The places that have the key, but for the landing place."""
    files = [path for place in ("store", "cache", "work") for path in (house.root / place).rglob("*") if path.is_file()]
    return {
        "/".join(path.relative_to(house.root).parts[:2])
        for path in files
        if KEY.encode() in content(path.read_bytes()) or KEY in path.name
    }


def test_no_byte_of_the_key_is_left(house: House) -> None:
    ports, spec = house.ports, house.spec
    for number, where in ((1, (3, 400)), (2, ()), (3, tuple(range(300)))):
        assert isinstance(commit(ports, spec, deliver(house, number, where), "1").body, BatchAccepted)
    assert isinstance(commit(ports, spec, deliver(house, 4, (7, 500), carrier=None), "1").body, BatchQuarantined)
    deliver(house, 5, (9,))
    version = house.trained("one").register()
    house.crown(version.version)
    ports.registry.model_files(version.mlflow_run, version.files)
    asked = Prediction(
        "1", ports.clock(), spec.name, 1, "champion", [{"card": KEY}, {"card": "C-2-7"}, {"card": None}], [0.5, 0.25, 1]
    )
    ports.store.create(*pack([asked]))
    for folder in ("features", "evidence", "models"):
        assert ports.store.list(f"{folder}/{spec.name}")
    profiles = ports.store.list(f"profiles/{spec.name}")
    (_, first), (_, clean), (_, third) = house.ledger.view().batches
    places = ("data-docs", "data-docs-pages", "dvc", "evidence", "features", "predictions", "quarantine", "reports")
    assert hunt(house) == {
        *(f"store/{place}" for place in (*places, "runs", "staged")),
        *(f"cache/{batch.sha256}" for batch in (first, third)),
        "work/mlflow",
    }

    (done,) = erase(ports, spec, ORDER, lambda _: None)

    assert done.versions == (version.version,)
    assert hunt(house) == {"work/mlflow"}  # the model itself, which the command names
    view = house.ledger.view()
    assert [(batch.label, batch.rows) for _, batch in view.batches] == [
        ("2013-01 v2", 558), ("2013-02", 560), ("2013-03 v2", 260),
    ]  # fmt: skip
    assert [key for key in profiles if ports.store.exists(key)] == [key for key in profiles if clean.sha256 in key]
    pages = [f"{place}/{spec.name}" for place in ("reports", "data-docs", "data-docs-pages")]
    left = [key.split("/")[2] for place in pages for key in ports.store.list(place)]
    assert {name[:7] for name in left if not name.startswith("judged-")} == {"2013-02"}
    assert [json.loads(ports.store.read(key))["partition"] for key in ports.store.list("runs")] == ["2013-02"]
    (segment,) = segments(ports.store, spec.name)
    (answer,) = unpack(ports.store.read(segment.key))
    assert (answer.rows, answer.scores, segment.rows) == ([{"card": "C-2-7"}, {"card": None}], [0.25, 1], 2)
    assert erase(ports, spec, ORDER, lambda _: None) == ()
