from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tools.land_flights import land


@pytest.fixture(scope="session")
def months(tmp_path_factory: pytest.TempPathFactory) -> Sequence[Path]:
    """Three winter months, one flight in ten."""
    return land(tmp_path_factory.mktemp("landing"), ["2013-01", "2013-02", "2013-03"], 0.1)
