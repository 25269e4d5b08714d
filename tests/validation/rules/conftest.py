from pathlib import Path

import pytest

from tests.validation.rules.deliveries import Shelf, history


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """No batch has been accepted yet."""
    return Shelf(tmp_path / "shelf")


@pytest.fixture
def year(shelf: Shelf) -> Shelf:
    """Seven months have been accepted; March is next."""
    history(shelf, [1, 2, 4, 5, 6, 7, 8])
    return shelf
