"""Predictions with only the fields that a test is about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from everfit.predictions import Prediction
from everfit.predictions.prediction import id_of
from everfit.values import ServerLoad

BEGIN = datetime(2013, 1, 1, tzinfo=UTC)
LOAD = ServerLoad(BEGIN, memory=3 * 10**8, left=10**8, busy=0.5, cores=2)


def answer(second: float = 0, rows: int = 1, **changes: Any) -> Prediction:
    at = BEGIN + timedelta(seconds=second)
    said = {"model": "flights", "version": 3, "alias": "champion"} | changes
    asked = [{"carrier": "UA", "distance": 1400 + row, "tail": None} for row in range(rows)]
    return Prediction(id_of(at, f"{second:8.3f}".encode()[:8]), at, rows=asked, scores=[0.25] * rows, **said)
