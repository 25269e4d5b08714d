"""All drift figures of 32 columns against one read of the window, and beside scipy's functions called one by one.

`make bench` prints it; alone: `python -m bench.drift`, or with other numbers of rows as arguments. The reference is
known as it is in production: by its profile, which was made once. scipy has no such thing and needs its rows.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import parquet
from rich.console import Console
from rich.table import Table

from everfit.monitors import Rows, Seen
from everfit.monitors.feature_drift import FeatureDrift
from everfit.statistics.decay.columns import Column
from everfit.statistics.drift.drift import Drift
from everfit.statistics.drift.judge import drifts, together
from everfit.statistics.drift.pair import line, pair
from everfit.statistics.drift.profile import Profile
from everfit.statistics.histogram import Bins
from everfit.statistics.tally import Categories

SIZES = (336_776, 3_400_000)
AIMS = {336_776: 4.0, 3_400_000: 1.5}
SCIPY_ROWS = 336_776
ROUNDS = 5
GROUP = 250_000
NUMBERS = [f"number {place}" for place in range(26)]
TEXTS = [f"text {place}" for place in range(6)]
MOVED = {"number 0": 0.3, "number 1": 0.5, "number 7": 1.0, "number 20": 0.3}
"""By how many standard deviations, in the window; a text moves too. All others move by .002."""
SHARE = 0.01
JUDGED = 100_000
"""Rows that the version was judged on, for the monitor."""
DAYS = 30

Known = Mapping[str, Bins | Categories]


def write(path: Path, rows: int, seed: int, *, window: bool) -> None:
    """26 columns of numbers (floats of either size, lopsided ones, counts, some with gaps) and six of texts."""
    chance = np.random.default_rng(seed)
    writer = None
    for start in range(0, rows, GROUP):
        n = min(GROUP, rows - start)
        columns = {}
        for place, name in enumerate(NUMBERS):
            z = chance.standard_normal(n) + (MOVED.get(name, 0.002) if window else 0)
            values = (z, np.exp(z), np.floor(np.exp(1 + z)))[place % 3].astype(np.float32 if place % 2 else np.float64)
            columns[name] = pa.array(values, mask=chance.random(n) < 0.02 if place % 5 == 0 else None)
        for place, name in enumerate(TEXTS):
            names = pa.array([f"{name} is {number}" for number in range(4 << place)])
            skew = 1.5 if window and not place else 1.0
            columns[name] = names.take(pa.array((chance.random(n) ** skew * len(names)).astype(np.int32)))
        table = pa.table(columns)
        writer = writer or parquet.ParquetWriter(path, table.schema)
        writer.write_table(table)
    if writer is not None:
        writer.close()


def read(path: Path) -> pa.Table:
    """The unit: one plain read of all columns, texts as dictionaries (as texts it takes longer)."""
    return parquet.read_table(path, read_dictionary=TEXTS)


def learn(table: pa.Table) -> Known:
    """Bins and categories, once."""
    known: dict[str, Bins | Categories] = {name: Bins.learn(floats(table[name])) for name in NUMBERS}
    for name in TEXTS:
        counts = table[name].value_counts()
        texts, rows = counts.field("values").to_pylist(), counts.field("counts").to_pylist()
        known[name] = Categories.learn(dict(zip(texts, rows, strict=True)))
    return known


def floats(column: pa.ChunkedArray) -> Any:
    """A column of numbers for numpy; what is missing is NaN."""
    return column.to_numpy()


def profiles(table: pa.Table, known: Known) -> dict[str, Profile]:
    """What each column held, chunk by chunk as the file has them."""
    found = {}
    for name, of in known.items():
        chunks = table[name].chunks
        if isinstance(of, Bins):
            first, *rest = (of.count(chunk.to_numpy(zero_copy_only=False)) for chunk in chunks)
            found[name] = Profile.of(first.merged(*rest))
        else:
            codes = [(chunk.indices.fill_null(-1).to_numpy(), chunk.dictionary.to_pylist()) for chunk in chunks]
            start, *more = (of.count_codes(*coded) for coded in codes)
            found[name] = Profile.of(start.merged(*more))
    return found


def by_day(table: pa.Table, known: Known) -> dict[str, Profile]:
    """The same of each of 30 days, merged: that tells how much days differ."""
    rows = -(-len(table) // DAYS)
    first, *rest = (profiles(table.slice(start, rows), known) for start in range(0, len(table), rows))
    return {name: first[name].merged(*(day[name] for day in rest)) for name in known}


def ours(references: Mapping[str, Profile], windows: Mapping[str, Profile]) -> dict[str, tuple[Drift, ...]]:
    """Every figure of every column, with its null band."""
    return {name: drifts(references[name], window) for name, window in windows.items()}


def with_scipy(reference: pa.Table, table: pa.Table, known: Known) -> None:
    """The peer: scipy's functions on the rows, one column and one figure at a time, as its users write it."""
    from scipy.spatial.distance import jensenshannon
    from scipy.stats import chi2_contingency, ks_2samp, wasserstein_distance

    for name in NUMBERS:
        old, new = (some[~np.isnan(some)] for some in (floats(one[name]) for one in (reference, table)))
        ks_2samp(old, new, method="asymp")
        wasserstein_distance(old, new)
        edges = np.r_[-np.inf, known[name].edges, np.inf]
        counts = np.array([np.histogram(some, edges)[0] for some in (old, new)])
        jensenshannon(*counts)
        chi2_contingency(counts[:, counts.sum(axis=0) > 0], correction=False)
    for name in TEXTS:
        both = [Counter(one[name].to_pylist()) for one in (reference, table)]
        counts = np.array([[one[text] for text in sorted(both[0] | both[1])] for one in both])
        jensenshannon(*counts)
        chi2_contingency(counts, correction=False)


def apart(references: Mapping[str, Profile], windows: Mapping[str, Profile]) -> float:
    """The largest difference to what scipy makes of the same counts, as a share of it."""
    from scipy.spatial.distance import jensenshannon
    from scipy.special import rel_entr
    from scipy.stats import chi2_contingency, ks_2samp, wasserstein_distance

    farthest = 0.0
    for name, reference in references.items():
        cells, bins = pair(reference, windows[name]), line(reference, windows[name])
        found = {drift.distance: drift for drift in drifts(reference, windows[name])}
        shares, (n, m) = (cells.reference, cells.window), cells.rows
        p, q = ((each * rows + 0.5) / (rows + len(each) / 2) for each, rows in zip(shares, cells.rows, strict=True))
        tests = chi2_contingency(np.array([shares[0] * n, shares[1] * m]), correction=False)
        theirs = {
            "PSI": rel_entr(p, q).sum() + rel_entr(q, p).sum(),
            "Jensen-Shannon": jensenshannon(*shares),
            "chi-squared": (tests.statistic * (1 / n + 1 / m)) ** 0.5,
        }
        if bins is not None:
            numbers = np.arange(len(bins.places))
            rows = [np.repeat(numbers, np.rint(each * of).astype(int)) for each, of in zip(
                (bins.reference, bins.window), bins.rows, strict=True)]  # fmt: skip
            theirs["Kolmogorov-Smirnov"] = ks_2samp(*rows, method="asymp").statistic
            far = wasserstein_distance(bins.places, bins.places, bins.reference, bins.window)
            theirs["Wasserstein"] = far / bins.spread
        farthest = max(farthest, *(abs(found[one].value / value - 1) for one, value in theirs.items()))
    return farthest


def rows_of(table: pa.Table) -> Rows:
    """The same rows as monitors see them: 30 days, with losses."""
    count = len(table)
    columns = [Column(name, floats(table[name]).astype(np.float64)) for name in NUMBERS]
    for name in TEXTS:
        coded = table[name].combine_chunks()
        columns.append(Column(name, coded.indices.to_numpy().astype(np.float64), tuple(coded.dictionary.to_pylist())))
    at = 86_400.0 * DAYS * np.arange(count) / count
    nothing, losses = np.full(count, np.nan), np.random.default_rng(3).gamma(2, 0.2, count)
    return Rows(at, (at // 86_400).astype(np.int64), tuple(columns), np.zeros(count), nothing, nothing, losses)


def seen_of(reference: Rows, window: Rows) -> Seen:
    """What the monitor is asked about: a model that leans on every other input."""
    now = datetime(2013, 7, 1, tzinfo=UTC)
    leans = {name: 0.1 * (place % 2) for place, name in enumerate([*NUMBERS, *TEXTS])}
    return Seen(now, "regression", "absolute", reference, window, SHARE, now, now, leans=leans)


def watched(reference: Rows, table: pa.Table) -> float:
    """One look of the monitor `feature_drift`, after one to warm up: figures by day of both sides, the classifiers that
    tell all inputs apart together, and what the loss is expected to be."""
    seen = seen_of(reference, rows_of(table))
    signal = FeatureDrift().watch(seen)
    assert {part.name for part in signal.parts if part.reason.startswith("drifted")} == {*MOVED, "text 0"}, signal
    return timed(lambda: FeatureDrift().watch(seen))


def timed(work) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def measure(folder: Path, rows: int) -> dict[str, float]:
    """Medians of turns taken one after the other in this process, after one turn to warm up; scipy has one turn."""
    old, new = folder / "reference.parquet", folder / "window.parquet"
    write(old, rows, 1, window=False)
    write(new, rows, 2, window=True)
    reference = read(old)
    began = time.perf_counter()
    known = learn(reference)
    references, daily = profiles(reference, known), by_day(reference, known)
    learnt = time.perf_counter() - began
    judged = rows_of(reference.slice(0, JUDGED))
    if rows != SCIPY_ROWS:
        del reference
    table = read(new)
    works = {
        "read": lambda: read(new),
        "figures": lambda: ours(references, profiles(table, known)),
        "daily": lambda: ours(daily, by_day(table, known)),
    }
    turns = [{name: timed(work) for name, work in works.items()} for _ in range(ROUNDS + 1)][1:]
    found = {name: statistics.median(turn[name] for turn in turns) for name in works}
    found |= {f"{name} ratio": statistics.median(turn[name] / turn["read"] for turn in turns) for name in works}
    found["learning"] = learnt
    by_psi = {name: figures[0] for name, figures in ours(references, profiles(table, known)).items()}
    assert set(together(by_psi, SHARE)) == {*MOVED, "text 0"}, together(by_psi, SHARE)
    found["apart"] = apart(references, profiles(table, known))
    assert found["apart"] < 1e-6, found["apart"]
    found["monitor"] = watched(judged, table)
    if rows == SCIPY_ROWS:
        found["scipy"] = timed(lambda: with_scipy(reference, table, known))
    return found


def main(console: Console | None = None, sizes: Sequence[int] = SIZES) -> int:
    """Print the section."""
    console = console or Console()
    table = Table(
        "rows", "read", "32 columns", "ratio", "by day", "aim", "scipy", "learning", "monitor", "off scipy by", box=None
    )
    for rows in sizes:
        with tempfile.TemporaryDirectory(prefix="everfit-bench-") as folder:
            found = measure(Path(folder), rows)
        theirs = f"{found['scipy'] / found['read']:.0f}" if "scipy" in found else ""
        ratios = (f"[bold]{found['figures ratio']:.2f}[/]", f"{found['daily ratio']:.2f}", f"{AIMS.get(rows, '')}")
        seconds = (f"{found[name]:.3f} s" for name in ("read", "figures"))
        once = (f"{found[name]:.2f} s" for name in ("learning", "monitor"))
        table.add_row(f"{rows:,}", *seconds, *ratios, theirs, *once, f"{found['apart']:.0e}")
    console.print(table)
    console.print(
        "drift: PSI, Jensen-Shannon, Wasserstein, chi-squared and Kolmogorov-Smirnov with null bands, of a window in "
        "memory whose reference is known by its profile; ratios to one read of the window. monitor: a look of "
        "feature_drift by day, which learns its reference anew, tells all inputs apart together and expects the loss"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sizes=[int(rows) for rows in sys.argv[1:]] or SIZES))
