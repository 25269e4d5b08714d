"""An address, and what it opens."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from everfit.errors import SpecError
from everfit.ports import Store, Target
from everfit.settings import Address, Place, address, open_ports
from everfit.stores import LocalStore, S3Store
from everfit.targets import open_target
from everfit.targets.everfit_server import EverfitServer
from everfit.targets.kserve import KServe
from everfit.targets.s3_bundle import S3Bundle
from everfit.targets.sagemaker import Hosting, SageMaker
from tests.targets.conftest import Shelf

ROLE = "arn:aws:iam::123456789012:role/everfit"


def opened(url: str, **options: str) -> Target:
    def own(folder: str) -> Store:
        return S3Store(f"s3://own/{folder}")

    return open_target(url, Shelf(Path()), own, Path("work"), **options)


def test_our_server_is_a_plain_address() -> None:
    assert opened("http://localhost:8000") == EverfitServer("http://localhost:8000")


def test_sagemaker() -> None:
    target = opened("sagemaker://eu-west-1/shop", image="ecr/everfit:1", role=ROLE, alarms="p99, cpu", bake="60")
    assert isinstance(target, SageMaker)
    assert target.endpoint("flight_delays") == "shop-flight-delays"
    assert target.hosting == Hosting("ecr/everfit:1", ROLE)
    assert (target.guardrails.alarms, target.guardrails.bake) == (("p99", "cpu"), 60)
    assert target.store.url == "s3://own/deployed"
    assert target.client("sagemaker").meta.region_name == "eu-west-1"


def test_kserve_by_the_address_alone() -> None:
    target = opened("kserve://shop?image=everfit:1&models=s3://lake/models&api=https://k8s&token=t&replicas=2")
    assert isinstance(target, KServe)
    assert (target.namespace, target.name, target.store.url) == ("shop", "everfit", "s3://lake/models")
    assert (target.cluster.api, target.pod.replicas) == ("https://k8s", 2)
    assert "'t'" not in repr(target), "a token is never shown"


@pytest.mark.parametrize("url", ["file://{}", "{}"])
def test_a_folder(url: str, tmp_path: Path) -> None:
    target = opened(url.format(tmp_path))
    assert isinstance(target, S3Bundle)
    assert isinstance(target.store, LocalStore)
    assert target.store.root == tmp_path


@pytest.mark.parametrize(
    ("url", "options", "message"),
    [
        ("localhost:8000", {}, "'localhost:8000' is no address of a target; wanted http://host:port"),
        ("ftp://models", {}, "is no address of a target"),
        ("models", {}, "is no address of a target"),
        ("sagemaker://eu-west-1", {"image": "a"}, "the target sagemaker needs role in the extra of its connection"),
        ("sagemaker://eu-west-1", {}, "needs image and role"),
        ("kserve://shop", {"imgae": "a"}, "kserve has no option 'imgae'; did you mean 'image'"),
        ("kserve://shop", {"image": "a", "replicas": "many"}, "option replicas of the target is 'many'; wanted a num"),
    ],
)
def test_what_is_no_target(url: str, options: dict[str, str], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        opened(url, **options)


def test_an_installation_chooses_by_its_connection(tmp_path: Path) -> None:
    far = address("aws", login="key", extra={"url": "sagemaker://eu-west-1/shop", "image": "i", "role": ROLE})
    assert far.options == {"image": "i", "role": ROLE, "aws_access_key_id": "key"}
    near = address("kubernetes", password="secret", extra={"url": "kserve://shop", "image": "i"})
    assert near.options == {"image": "i", "token": "secret"}
    store = Address("s3://lake/everfit", {"region_name": "eu-west-1"})
    place = Place(store, Address(str(tmp_path)), Address("http://localhost:1"), far)
    target = open_ports(place, tmp_path / "work", lambda: datetime.now(UTC)).target
    assert isinstance(target, SageMaker)
    assert target.store.url == "s3://lake/everfit/deployed"
    with pytest.raises(SpecError, match="of type kubernetes needs the extra `url`"):
        address("kubernetes")


def test_an_environment_chooses_too(tmp_path: Path) -> None:
    names = {f"EVERFIT_{name}": str(tmp_path) for name in ("STORE", "LANDING", "MLFLOW")}
    for url, kind in (("localhost:8000", None), (f"file://{tmp_path}/bundles", S3Bundle)):
        place = Place.from_file(tmp_path / "none.yaml", {**names, "EVERFIT_SERVER": url})
        if kind:
            assert isinstance(open_ports(place, tmp_path / "work", lambda: datetime.now(UTC)).target, kind)
        else:
            with pytest.raises(SpecError, match="is no address of a target"):
                open_ports(place, tmp_path / "work", lambda: datetime.now(UTC))
