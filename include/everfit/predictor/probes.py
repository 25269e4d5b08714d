"""Rows to try a loaded version on: nobody sent them, but they go everywhere that its trees and tables tell apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from everfit.features import Columns
    from everfit.features.inputs import Input
    from everfit.predictor.card import Card

    Thresholds = Sequence[NDArray[np.float32]]

MANY = 256
MISSING = 0.15
SEED = 20130101


def matrix_probes(columns: Columns, thresholds: Thresholds, many: int = MANY) -> NDArray[np.float32]:
    """Rows of a model's matrix on the thresholds of its trees and one float beside them, in all its categories, and
    missing."""
    import numpy as np

    random = np.random.default_rng(SEED)
    matrix = random.normal(size=(many, len(columns.columns))).astype(np.float32)
    for place, (column, known) in enumerate(zip(columns.columns, thresholds, strict=True)):
        if column.kind == "c":
            matrix[:, place] = random.integers(0, max(1, len(column.categories)), many)
        elif len(known):
            exact, side = random.choice(known, many), random.choice([-np.inf, np.inf], many).astype(np.float32)
            matrix[:, place] = np.where(random.random(many) < 0.5, exact, np.nextafter(exact, side))  # noqa: PLR2004
    matrix[random.random(matrix.shape) < MISSING] = np.nan
    return matrix


def row_probes(
    card: Card, history: Mapping[str, pd.DataFrame], thresholds: Thresholds, many: int = MANY
) -> list[dict[str, Any]]:
    """Rows as a caller sends them: values from the history's tables (whole keys of them, so that they are found), the
    columns' categories and thresholds, others that nobody has seen, and missing ones."""
    import numpy as np

    random = np.random.default_rng(SEED)
    known = {name: values.tolist() for name, values in zip(card.columns.names, thresholds)}  # noqa: B905 - or none
    known |= {column.name: list(column.categories) for column in card.columns.columns if column.kind == "c"}
    pools = {column.name: _pool(column, known.get(column.name, ()), random) for column in card.inputs.inputs}
    kinds = {column.name: column.kind for column in card.inputs.inputs}
    rows: list[dict[str, Any]] = [dict.fromkeys(pools)]
    while len(rows) < many:
        row = {name: pool[random.integers(len(pool))] for name, pool in pools.items()}
        for table in history.values():
            shared = [name for name in table.columns if name in kinds]
            if len(table) and shared and random.random() < 0.5:  # noqa: PLR2004
                found = table.iloc[int(random.integers(len(table)))]
                row |= {name: value for name in shared if (value := _sent(found[name], kinds[name])) is not ...}
        rows.append({name: None if random.random() < MISSING else value for name, value in row.items()})
    return rows


def _pool(column: Input, known: Sequence[Any], random: np.random.Generator) -> list[Any]:
    """What an input may be."""
    match column.kind:
        case "number":
            some = [*known[:: max(1, len(known) // 50)]] if known and isinstance(known[0], float) else []
            return [*some, *range(-1, 61), *random.normal(0, 100, 40).tolist(), 0.5, 1e6]
        case "truth":
            return [True, False]
        case "time":
            days = random.integers(0, 40_000, 50).tolist()
            return [
                (datetime(1970, 1, 1, 5, 30, 7, tzinfo=UTC) + timedelta(days, 977 * n)).isoformat()
                for n, days in enumerate(days)
            ]
        case _:
            return [*(one for one in known if isinstance(one, str)), "", "nobody has seen this"]


def _sent(value: Any, kind: str) -> Any:
    """A value of a history table as JSON would have it; `...` where it is of another kind than the input."""
    import pandas as pd

    if pd.isna(value):
        return None
    value = value.item() if hasattr(value, "item") else value
    fits: dict[str, tuple[type, ...]] = {"number": (int, float), "text": (str,), "truth": (bool,)}
    return value if isinstance(value, fits.get(kind, ())) and (kind == "truth") == isinstance(value, bool) else ...
