import os
from pathlib import Path

import pytest

from tools.land_flights import land

os.environ["GX_ANALYTICS_ENABLED"] = "false"


@pytest.fixture(scope="session")
def month(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tenth of the flights of January, as delivered: read it, do not write to it."""
    return land(tmp_path_factory.mktemp("landing"), ["2013-01"], 0.1)[0]


@pytest.fixture(scope="session")
def expectations() -> Path:
    """The real suites of the model flight_delays."""
    return Path(__file__).parents[2] / "include" / "models" / "flight_delays" / "expectations"
