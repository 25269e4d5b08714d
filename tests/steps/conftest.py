from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.services import Service, mlflow_server


@pytest.fixture(scope="session")
def mlflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with mlflow_server(tmp_path_factory.mktemp("mlflow")) as service:
        yield service
