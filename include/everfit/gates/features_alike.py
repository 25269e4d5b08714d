"""The gate `features_alike`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from everfit.gates._claims import cannot_tell, show
from everfit.gates.evidence import TASKS
from everfit.refuse import number, whole
from everfit.values import Detail, Outcome, Verdict

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from everfit.gates.evidence import Evidence
    from everfit.gates.subject import Subject

NAME = "features_alike"


@dataclass(frozen=True)
class FeaturesAlike:
    """A request gets the features that its row has in the feature table: no skew between training and serving.

    For (at most) `rows` rows of the oldest held-out batch the features are made again as the server makes them: from
    the row as a caller sends it, through JSON, with the history that a model had which was trained just before. Each
    value has to be that of the feature table, to within `tolerance` of its size (0: exactly). One feature code makes
    both, so what this finds is a value that changes on the way: a time that loses its zone, a whole number that becomes
    another kind, a category that is missing, a history that knew too much. No chance is in it. Fails with the names of
    the features (Sculley et al., NIPS 2015, and Breck et al., IEEE Big Data 2017, monitor 3, say why to look).
    """

    rows: int = 500
    tolerance: float = 0.0

    def __post_init__(self) -> None:
        whole("rows", self.rows, least=1)
        number("tolerance", self.tolerance, least=0)

    @property
    def tasks(self) -> frozenset[str]:
        """Any."""
        return frozenset(TASKS)

    def measure(self, subject: Subject) -> Mapping[str, Any]:
        """Make the features again, and count in which rows they differ."""
        table, served = subject.both_ways(self.rows)
        lacking = [str(name) for name in table.columns if name not in served.columns]
        differ = {
            str(name): _differ(table[name], served[name], self.tolerance) for name in table if name in served.columns
        }
        features = {
            name: {"rows": int(rows.sum()), "example": _example(table[name], served[name], rows)}
            for name, rows in differ.items()
            if rows.any()
        }
        return {"asked": len(table), "features": len(table.columns), "lacking": lacking, "differ": features}

    def judge(self, evidence: Evidence) -> Verdict:
        """No feature may differ."""
        found = evidence.measured
        if not found:
            return cannot_tell(NAME, "no feature was made again when it was evaluated: evaluate it again", evidence)
        if not found["asked"]:
            return cannot_tell(NAME, "the oldest held-out batch has no labelled row", evidence)
        parts = [Detail(name, Outcome.FAILED, "the server does not make it", n=0) for name in found["lacking"]]
        parts += [
            Detail(name, Outcome.FAILED, f"{one['rows']:,} of {found['asked']:,} rows differ: {one['example']}")
            for name, one in found["differ"].items()
        ]
        of = f"{found['features']} features of {found['asked']:,} rows"
        if not parts:
            reason = f"all {of} are the same when a server makes them"
            return Verdict(NAME, Outcome.PASSED, reason, n=found["asked"], test=_TEST)
        named = "; ".join(f"{part.name}: {part.reason}" for part in parts[:3])
        more = f", and {len(parts) - 3} more" if len(parts) > 3 else ""  # noqa: PLR2004 - as many as a line holds
        reason = f"a server makes {len(parts)} of {of} otherwise: {named}{more}"
        return Verdict(NAME, Outcome.FAILED, reason, n=found["asked"], test=_TEST, parts=tuple(parts))


_TEST = "features made again as a server makes them; every value compared"


def _differ(table: pd.Series, served: pd.Series, tolerance: float) -> NDArray[np.bool_]:
    """In which rows two columns differ; two that are missing do not."""
    import numpy as np
    import pandas as pd

    missing = table.isna().to_numpy() & served.isna().to_numpy()
    if pd.api.types.is_numeric_dtype(table.dtype) and pd.api.types.is_numeric_dtype(served.dtype):
        one, other = table.to_numpy(float, na_value=np.nan), served.to_numpy(float, na_value=np.nan)
        same = np.isclose(one, other, rtol=tolerance, atol=0.0)
    else:
        same = np.array([str(a) == str(b) for a, b in zip(table, served, strict=True)], dtype=bool)
    return np.asarray(~(missing | same), dtype=bool)


def _example(table: pd.Series, served: pd.Series, rows: NDArray[np.bool_]) -> str:
    place = int(rows.argmax())
    one, other = (column.iloc[place] for column in (table, served))
    words = [show(value) if isinstance(value, float) else str(value) for value in (one, other)]
    return f"{words[0]} in the table, {words[1]} in the server (row {place})"
