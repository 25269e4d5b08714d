"""What runs in the containers of other services: our model server on one folder, as a process of its own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from everfit.errors import Corrupted
from everfit.predictor import Predictor
from everfit.serving.folder import OneFolder
from everfit.targets.bundles import FILE, Bundle
from everfit.targets.s3_bundle import answers
from tests.services import folder_server
from tests.targets.conftest import Shelf, trained
from tests.toy_model import ROWS


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A folder as a container finds it, with version 7 of the model."""
    shelf = Shelf(tmp_path, {7: trained(1)})
    folder = Path(shutil.copytree(trained(1), tmp_path / "model"))
    (folder / FILE).write_bytes(Bundle("toy", 7, shelf.version("toy", 7).files).to_bytes())
    return folder


@pytest.fixture
def container(bundle: Path, tmp_path: Path) -> Iterator[str]:
    with folder_server(bundle, tmp_path, "--behind", "sagemaker", health="/ping") as service:
        yield service.url


def test_it_answers_where_sagemaker_and_kserve_ask_with_its_own_version(container: str) -> None:
    question = {"model": "toy", "alias": "champion", "rows": ROWS}
    offline = answers(Predictor.load(trained(1)), ROWS)
    for path in ("/invocations", "/predict"):
        said = httpx.post(f"{container}{path}", json=question, timeout=30).json()
        assert said["version"] == 7
        assert said["predictions"] == pytest.approx(offline)
    assert httpx.get(f"{container}/ping", timeout=30).status_code == 200
    assert httpx.get(f"{container}/healthz", timeout=30).json()["models"] == {"toy": {"champion": 7}}


@pytest.mark.parametrize("name", ["features.py", "history/carriers.parquet"])
def test_files_that_are_not_the_registered_ones_are_not_loaded(bundle: Path, name: str) -> None:
    served = OneFolder("toy", bundle)
    assert served.model_files("", served.bundle.files) == bundle
    (bundle / name).write_bytes(b"INPUTS = []")
    with pytest.raises(Corrupted, match=f"{name} has SHA-256 .* do not load it"):
        served.model_files("", served.bundle.files)
    (bundle / name).unlink()
    with pytest.raises(Corrupted, match=f"{name} has SHA-256 none"):
        served.model_files("", served.bundle.files)
