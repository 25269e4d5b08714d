"""Connections become addresses, and addresses become ports."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from everfit.cost import Prices
from everfit.errors import SpecError
from everfit.ports import Cluster
from everfit.settings import Address, Place, address, asked_with, cluster_at, open_ports, prices, settings_file

SETTINGS = """\
airflow:
  connections:
    - {conn_id: everfit_store, conn_type: fs, conn_extra: {path: .everfit/store}}
    - conn_id: everfit_landing
      conn_type: aws
      conn_login: key
      conn_password: hunter2
      conn_extra: {url: "s3://lake/in", endpoint_url: "http://s3:9000", region_name: eu-west-1, other: 1}
    - {conn_id: everfit_mlflow, conn_type: http, conn_host: localhost, conn_port: 5000, conn_schema: ""}
    - {conn_id: everfit_server, conn_type: http, conn_host: models.example, conn_schema: https, conn_port: }
    - {conn_id: something_else, conn_type: postgres}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "airflow_settings.yaml"
    path.write_text(SETTINGS)
    return path


def test_the_four_addresses_are_read(file: Path, tmp_path: Path) -> None:
    assert Place.from_file(file, {}) == Place(
        store=Address(str(tmp_path / ".everfit/store")),
        landing=Address(
            "s3://lake/in",
            {
                "endpoint_url": "http://s3:9000",
                "region_name": "eu-west-1",
                "aws_access_key_id": "key",
                "aws_secret_access_key": "hunter2",
            },
        ),
        mlflow=Address("http://localhost:5000"),
        server=Address("https://models.example"),
    )


def test_a_repository_for_pointers_is_not_needed_and_may_be_anywhere(file: Path, tmp_path: Path) -> None:
    assert Place.from_file(file, {}).pointers is None
    assert Place.from_file(file, {"EVERFIT_POINTERS": "https://git.example/p.git"}).pointers is not None
    fields = {"login": "bot", "password": "hunter2", "extra": {"branch": "data"}}
    far = address("git", host="https://git.example/p.git", **fields)
    assert far == Address("https://git.example/p.git", {"username": "bot", "password": "hunter2", "branch": "data"})
    place = Place.from_file(file, {})
    assert open_ports(place, tmp_path / "work", lambda: datetime.now(UTC)).pointers is None
    opened = open_ports(replace(place, pointers=far), tmp_path / "work", lambda: datetime.now(UTC)).pointers
    assert opened is not None
    assert opened.url == "https://git.example/p.git"


def test_a_spark_cluster_is_not_needed_and_is_named_as_spark_does(file: Path, tmp_path: Path) -> None:
    place = Place.from_file(file, {})
    assert open_ports(place, tmp_path / "work", lambda: datetime.now(UTC)).cluster is None
    here = Place.from_file(file, {"EVERFIT_SPARK": "local[2]"}).spark
    assert here == Address("local[2]")
    extra = {"workers": 4, "spark.executor.memory": "8g", "note": "ours"}
    far = address("spark", host="sc://spark.example", port=15002, extra=extra)
    opened = open_ports(replace(place, spark=far), tmp_path / "work", lambda: datetime.now(UTC))
    assert opened.cluster == Cluster("sc://spark.example:15002", 4, {"spark.executor.memory": "8g"})
    with pytest.raises(SpecError, match="says workers 'many'; wanted a number from 1"):
        cluster_at(address("spark", host="yarn", extra={"workers": "many"}))
    with pytest.raises(SpecError, match="of type spark needs Spark's address as host"):
        address("spark")


def test_a_secret_is_never_shown(file: Path) -> None:
    assert "hunter2" not in repr(Place.from_file(file, {}))


def test_the_environment_comes_first(file: Path) -> None:
    place = Place.from_file(file, {"EVERFIT_LANDING": "in", "EVERFIT_MLFLOW": "http://other:1", "EVERFIT_SERVER": ""})
    assert place.landing == Address(str(Path("in").absolute()))
    assert place.mlflow.url == "http://other:1"
    assert place.server.url == "https://models.example"


def test_with_the_whole_environment_there_need_be_no_file(tmp_path: Path) -> None:
    names = ("STORE", "LANDING", "MLFLOW", "SERVER")
    place = Place.from_file(tmp_path / "none.yaml", {f"EVERFIT_{name}": f"/{name}" for name in names})
    assert place.server.url == "/SERVER"


def test_the_project_s_own_file_can_be_read() -> None:
    assert Place.from_file(settings_file(), {}).mlflow.url.startswith("http")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("everfit_store", "everfit_stor", "found no connection everfit_store; add it there, or set EVERFIT_STORE"),
        (
            "conn_type: fs",
            "conn_type: fss",
            "connection everfit_store: there is no connection type 'fss'; did you mean",
        ),
        ("path: .everfit", "folder: .everfit", "connection everfit_store: a connection of type fs needs the extra"),
        ("conn_host: localhost", "conn_hst: x", "everfit_mlflow: a connection of type http needs a host"),
        ("airflow:", "airfow:", "wanted `airflow: connections:"),
        ("airflow:", "airflow: [", "wanted `airflow: connections:"),
    ],
)
def test_a_mistake_is_told(file: Path, old: str, new: str, message: str) -> None:
    file.write_text(SETTINGS.replace(old, new))
    with pytest.raises(SpecError, match=f"{file}.*{message}".replace("[", r"\[")):
        Place.from_file(file, {})


PRICE_LIST = """  variables:
    - {variable_name: other, variable_value: "1"}
    - variable_name: everfit_prices
      variable_value: '{"currency": "EUR", "cpu_core": 0.04, "gpu": {"H100": 2.5}}'
"""


def test_the_price_list_is_a_variable_of_the_file(file: Path, tmp_path: Path) -> None:
    assert prices(file, {}) is None
    file.write_text(SETTINGS + PRICE_LIST)
    assert prices(file, {}) == Prices("EUR", cpu_core=0.04, gpu={"H100": 2.5})
    other = prices(file, {"EVERFIT_PRICES": '{"currency": "USD"}'})
    assert other == Prices("USD"), "the environment comes first"
    assert prices(tmp_path / "none.yaml", {}) is None
    assert prices(settings_file(), {}) is None, "nobody's prices but your own"


@pytest.mark.parametrize(
    ("text", "message"),
    [("{", "found no JSON"), ('{"currency": "EUR", "gpus": {}}', "no price 'gpus'; did you mean 'gpu'")],
)
def test_a_price_list_that_cannot_be_read_is_told(file: Path, text: str, message: str) -> None:
    file.write_text(SETTINGS + PRICE_LIST.replace('{"currency": "EUR", "cpu_core": 0.04, "gpu": {"H100": 2.5}}', text))
    with pytest.raises(SpecError, match=f"variable everfit_prices: .*{message}"):
        prices(file, {})
    with pytest.raises(SpecError, match=f"EVERFIT_PRICES: .*{message}"):
        prices(file, {"EVERFIT_PRICES": text})


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"found no file .*none\.yaml, wanted the installation's connections there"):
        Place.from_file(tmp_path / "none.yaml", {})


def test_an_airflow_host_may_carry_its_scheme() -> None:
    assert address("http", host="https://m.example/", port=8443).url == "https://m.example:8443"


def test_opening_asks_nothing_of_any_service(tmp_path: Path) -> None:
    nowhere = "http://192.0.2.1:9"  # a documentation address: a connection there would hang
    s3 = Address("s3://bucket/store", {"endpoint_url": nowhere, "region_name": "eu-west-1"})
    place = Place(s3, Address(str(tmp_path / "landing")), Address(nowhere), Address(nowhere))
    now = datetime(2026, 1, 2, tzinfo=UTC)
    ports = open_ports(place, tmp_path / "work", lambda: now)
    assert ports.store.url == "s3://bucket/store"
    assert ports.ledger("shop").model == "shop"
    assert ports.clock() == now
    assert ports.work == tmp_path / "work"


def test_the_key_for_signing_is_a_file_or_the_password_of_a_connection(tmp_path, monkeypatch):
    from datetime import UTC, datetime

    from everfit.settings import Address, Place, address, open_ports

    (tmp_path / "signing.pem").write_text("PEM")
    where = [
        Address(str(tmp_path)),
        Address(str(tmp_path)),
        Address("http://127.0.0.1:9"),
        Address("http://127.0.0.1:9"),
    ]

    def key(signing):
        return open_ports(Place(*where, signing=signing), tmp_path / "work", lambda: datetime.now(UTC)).signing_key

    assert key(None) is None
    assert key(address("fs", extra={"path": "signing.pem"}, base=tmp_path)) == "PEM"
    assert key(address("generic", password="-----BEGIN\\nPEM")) == "-----BEGIN\nPEM"
    with pytest.raises(SpecError, match="the key for signing cannot be read"):
        key(Address(str(tmp_path / "none.pem")))
    with pytest.raises(SpecError, match="needs the private key"):
        address("generic")
    assert "BEGIN" not in repr(address("generic", password="-----BEGIN"))


def test_roles_are_in_the_file_or_in_the_environment(tmp_path):
    from everfit.settings import roles

    file = tmp_path / "airflow_settings.yaml"
    variable = """{variable_name: everfit_roles, variable_value: '{"release": ["ann"]}'}"""
    file.write_text(f"airflow: {{connections: [], variables: [{variable}]}}")
    assert roles(file, {}) == {"release": ("ann",)}
    assert roles(file, {"EVERFIT_ROLES": '{"release": ["ben", "cleo"]}'}) == {"release": ("ben", "cleo")}
    assert roles(tmp_path / "none.yaml", {}) == {}
    for wrong in ("[]", "{", '{"release": 1}', '{"release": [1]}'):
        with pytest.raises(SpecError, match="EVERFIT_ROLES: wanted"):
            roles(file, {"EVERFIT_ROLES": wrong})


def test_the_model_server_is_asked_with_the_token_of_its_connection_or_of_the_environment(tmp_path: Path) -> None:
    given = address("http", host="models.example", schema="https", password="of-the-connection")
    assert given == Address("https://models.example", {"token": "of-the-connection"})
    assert "of-the-connection" not in repr(given)
    environ = {"EVERFIT_TOKEN": "of-the-environment"}
    assert asked_with(given, environ) == {"token": "of-the-connection"}
    assert asked_with(address("http", host="models.example"), environ) == {"token": "of-the-environment"}
    assert asked_with(address("http", host="models.example"), {}) == {}
    file = tmp_path / "airflow_settings.yaml"
    file.write_text(SETTINGS.replace("conn_schema: https,", "conn_schema: https, conn_password: hunter3,"))
    opened = open_ports(Place.from_file(file, {}), tmp_path / "work", lambda: datetime.now(UTC))
    assert (opened.target.url, opened.target.token) == ("https://models.example", "hunter3")
