from __future__ import annotations

from pathlib import Path

import pytest

from everfit.ledger import Ledger
from everfit.stores import LocalStore
from everfit.testing.fakes import TickingClock
from tests.stores.conftest import bucket, home, s3  # noqa: F401


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "store")


@pytest.fixture
def ledger(store: LocalStore) -> Ledger:
    return Ledger("m", store, TickingClock())
