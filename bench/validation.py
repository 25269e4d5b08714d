"""One pass over a table's expectations against one plain read of the columns they need, and against GX.

`make bench` prints it; alone: `python -m bench.validation`, or with other numbers of rows as arguments.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tools.local.paths import PROJECT

SIZES = (1_000_000, 3_000_000)
GX_ROWS = 1_000_000
ROUNDS = 5
GROUP = 250_000
AIM = 1.2
COLUMN = "expect_column_"
EXPECTATIONS = [
    ("expect_table_row_count_to_be_between", {"min_value": 1}),
    ("expect_table_columns_to_match_set", {"column_set": ["id", "at", "age", "height", "city", "code", "fee", "paid"]}),
    (COLUMN + "values_to_be_unique", {"column": "id"}),
    (COLUMN + "values_to_not_be_null", {"column": "id"}),
    (COLUMN + "values_to_not_be_null", {"column": "at"}),
    (COLUMN + "values_to_not_be_null", {"column": "city"}),
    (COLUMN + "values_to_not_be_null", {"column": "height", "mostly": 0.9}),
    (COLUMN + "values_to_be_between", {"column": "age", "min_value": 0, "max_value": 120}),
    (COLUMN + "values_to_be_between", {"column": "height", "min_value": 0.3, "max_value": 2.5}),
    (COLUMN + "values_to_be_between", {"column": "at", "min_value": "2000-01-01T00:00:00"}),
    (COLUMN + "values_to_be_between", {"column": "fee", "min_value": 0}),
    (COLUMN + "values_to_be_in_set", {"column": "city", "value_set": [f"city {n}" for n in range(40)]}),
    (COLUMN + "values_to_match_regex", {"column": "code", "regex": "^[A-Z]{3}[0-9]$"}),
    (COLUMN + "values_to_be_in_type_list", {"column": "age", "type_list": ["int64"]}),
    (COLUMN + "max_to_be_between", {"column": "paid", "max_value": 1e9}),
]
NEEDED = ["id", "at", "age", "height", "city", "code", "fee", "paid"]


def write(path: Path, rows: int, *, shuffled: bool) -> None:
    """A table of `rows` rows in row groups; the ids rise, or are shuffled within the whole table."""
    import numpy as np
    import pyarrow as pa
    from pyarrow import parquet

    chance = np.random.default_rng(7)
    cities = pa.array([f"city {n}" for n in range(40)])
    codes = pa.array([f"{a}{b}C{n}" for a in "ABCDEFGHIJ" for b in "KLMNOPQRST" for n in range(10)])
    writer = None
    for start in range(0, rows, GROUP):
        n = min(GROUP, rows - start)
        rising = np.arange(start, start + n)
        height = chance.normal(1.7, 0.1, n).clip(0.5, 2.2)
        table = pa.table({
            "id": (rising * 982_451_653) % 2_147_483_647 if shuffled else rising,
            "at": pa.array(1_600_000_000_000_000 + rising * 1_000, pa.timestamp("us")),
            "age": chance.integers(0, 100, n),
            "height": pa.array(height, mask=chance.random(n) < 0.02),
            "city": cities.take(pa.array(chance.integers(0, 40, n))),
            "code": codes.take(pa.array(chance.integers(0, 1_000, n))),
            "fee": chance.random(n) * 100,
            "paid": chance.integers(0, 1_000_000, n),
        })  # fmt: skip
        writer = writer or parquet.ParquetWriter(path, table.schema)
        writer.write_table(table)
    if writer is not None:
        writer.close()


def suite():
    """The fifteen expectations."""
    from everfit.validation.suites import Expectation, Suite

    return Suite(Path("bench.json"), tuple(Expectation(kind, given) for kind, given in EXPECTATIONS))


def read_whole(path: Path) -> None:
    """The peer: one plain read of the needed columns by pyarrow, as a table in memory."""
    from pyarrow import parquet

    parquet.read_table(path, columns=NEEDED)


def read_streamed(path: Path) -> None:
    """The other peer: the same read, batch by batch, nothing kept."""
    from pyarrow import parquet

    for _ in parquet.ParquetFile(path, pre_buffer=False).iter_batches(batch_size=1 << 17, columns=NEEDED):
        pass


def one_pass(path: Path) -> None:
    """Ours."""
    from everfit.validation.ask import ask
    from everfit.validation.stream import Part

    answer = ask(suite(), "t", [Part(path.name, path)])
    failed = [check for check in answer.checks if not check.passed]
    assert not failed, failed


def with_gx(path: Path) -> None:
    """GX itself, on a frame with the needed columns only."""
    from everfit.validation import gx
    from everfit.validation.read import read_table

    assert all(check.passed for check in gx.run(suite(), "t", read_table(path)))


def seconds(work, path: Path) -> float:
    """How long one turn takes."""
    began = time.perf_counter()
    work(path)
    return time.perf_counter() - began


def measure(path: Path, *, rounds: int = ROUNDS, gx: bool = False) -> dict[str, float]:
    """Medians of turns taken one after the other in this process, after one turn to warm up; GX has one turn."""
    works = [read_whole, read_streamed, one_pass]
    turns: dict[str, list[float]] = {work.__name__: [] for work in works}
    for number in range(rounds + 1):
        for work in works:
            took = seconds(work, path)
            if number:
                turns[work.__name__].append(took)
    found = {name: statistics.median(some) for name, some in turns.items()}
    found["ratio"] = statistics.median(a / b for a, b in zip(turns["one_pass"], turns["read_whole"], strict=True))
    if gx:
        import great_expectations  # noqa: F401 - so that its import is not counted

        found["with_gx"] = seconds(with_gx, path)
    return found


def peak(work, path: Path) -> dict[str, float]:
    """Peak memory in MB of a process that does only this, and what it had after its imports."""
    env = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    code = f"import sys; from bench import validation as v; v.peak_here(v.{work.__name__}, sys.argv[1])"
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True, cwd=PROJECT, env=env
    )
    return json.loads(done.stdout.splitlines()[-1])


def peak_here(work, path: str) -> None:
    """The child's half of `peak`: imports first, so that they count as the start."""
    import pyarrow.compute
    import pyarrow.parquet  # noqa: F401

    base = high_water()
    work(Path(path))
    print(json.dumps({"base": base, "peak": high_water(), "gx": "great_expectations" in sys.modules}))


def high_water() -> float:
    """The most memory that this process ever had, in MB (what `getrusage` says, its parent may have had)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def main(console: Console | None = None, sizes: Sequence[int] = SIZES) -> int:
    """Print the section: ratios to one read and to GX, peak memory at two sizes."""
    console = console or Console()
    table = Table("rows, ids", "read", "streamed", "one pass", "ratio", "GX", "MB", box=None)
    with tempfile.TemporaryDirectory(prefix="everfit-bench-") as folder:
        for rows in sizes:
            for shuffled in (False, True):
                path = Path(folder) / "t.parquet"
                write(path, rows, shuffled=shuffled)
                found = measure(path, gx=rows == GX_ROWS and not shuffled)
                most = peak(one_pass, path)["peak"]
                name = f"{rows:,} {'shuffled' if shuffled else 'rising'}"
                theirs = f"{found['with_gx'] / found['read_whole']:.1f}" if "with_gx" in found else ""
                table.add_row(
                    name, *(f"{found[one.__name__]:.3f} s" for one in (read_whole, read_streamed, one_pass)),
                    f"[bold]{found['ratio']:.2f}[/]", theirs, f"{most:.0f}",
                )  # fmt: skip
    console.print(table)
    console.print(
        f"validation: aim {AIM} times one read of the {len(NEEDED)} columns for 15 expectations (GX in the same unit), "
        "and peak memory that does not grow"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sizes=[int(rows) for rows in sys.argv[1:]] or SIZES))
