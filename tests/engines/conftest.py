from pathlib import Path

import pytest

from tests.workshop import Workshop, open_workshop


@pytest.fixture
def house_spec(tmp_path: Path) -> Workshop:
    """A workshop with nothing in it yet."""
    return open_workshop(tmp_path, [])
