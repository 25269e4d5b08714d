"""What keeping an answer costs the one who waits for it: `python -m bench.predictions`."""

from __future__ import annotations

import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from everfit.serving.keeping import Keeper, Keeping
from everfit.serving.metrics import Metrics
from everfit.stores import LocalStore

ROW = {f"column_{n}": 1.5 * n if n % 2 else "text" for n in range(20)}


def main() -> None:
    for rows, times in ((1, 5000), (100, 500), (10_000, 20)):
        with tempfile.TemporaryDirectory() as folder:
            keeping = Keeping(LocalStore(Path(folder, "store")), Path(folder, "journal"))
            keeper = Keeper(keeping, Metrics(), lambda: datetime.now(UTC))
            took = []
            for _ in range(times):
                begun = time.perf_counter()
                assert keeper.keep("m", 1, "champion", [ROW] * rows, [0.5] * rows)
                took.append((time.perf_counter() - begun) * 1000)
            begun = time.perf_counter()
            keeper.ship()
            shipped = time.perf_counter() - begun
        p99 = sorted(took)[int(times * 0.99)]
        print(f"{rows:>6,} rows of 20 columns: median {statistics.median(took):.3f} ms, p99 {p99:.3f} ms; "
              f"shipping {times * rows:,} rows {shipped:.2f} s")  # fmt: skip


if __name__ == "__main__":
    main()
