from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from everfit.features import FeatureCode, load_code


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    """Write a features.py and say where."""

    def write(source: str) -> Path:
        path = tmp_path / "features.py"
        path.write_text(dedent(source))
        return path

    return write


@pytest.fixture
def code(write: Callable[[str], Path]) -> Callable[[str], FeatureCode]:
    """The feature code with these functions; INPUTS are a and b."""
    return lambda source: load_code(write('import pandas as pd\nINPUTS = ["a", "b"]\n' + dedent(source)))
