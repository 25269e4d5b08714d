"""The ports that Airflow connections open, on a real S3 server."""

import json

import pytest

from everfit.cost import Prices
from everfit.errors import SpecError
from everfit.spec import ModelSpec
from everfit.steps.ingest import waiting
from everfit.steps.staging import stage
from everfit.stores.s3 import connect
from everfit_airflow.hooks.everfit import EverfitHook
from tests.services import KEYS, s3_server


@pytest.fixture(scope="module")
def s3():
    with s3_server() as options:
        yield options


def test_a_landing_place_on_s3_comes_from_an_airflow_connection(s3, tmp_path, monkeypatch):
    aws = {"conn_type": "aws", "login": KEYS["aws_access_key_id"], "password": KEYS["aws_secret_access_key"]}
    extra = {"endpoint_url": s3["endpoint_url"], "region_name": KEYS["region_name"]}
    connections = {
        "store": aws | {"extra": extra | {"url": "s3://hooked/store"}},
        "landing": aws | {"extra": extra | {"url": "s3://hooked/landing"}},
        "mlflow": {"conn_type": "http", "host": "127.0.0.1", "port": 9},
        "server": {"conn_type": "http", "host": "127.0.0.1", "port": 9},
    }
    for name, connection in connections.items():
        monkeypatch.setenv(f"AIRFLOW_CONN_EVERFIT_{name.upper()}", json.dumps(connection))
    monkeypatch.setenv("EVERFIT_WORK", str(tmp_path / "work"))
    client = connect(**s3)
    client.create_bucket(Bucket="hooked")
    for name in ("visits.csv", "_SUCCESS"):
        client.put_object(Bucket="hooked", Key=f"landing/shop/2013-05/{name}", Body=b"page\n1\n")
    tables = {"visits": {"file": "visits.csv"}}
    spec = ModelSpec(name="shop", task="binary", label="y", time="at", data={"landing": "shop", "tables": tables})
    ports = EverfitHook().ports()
    (arrival,) = waiting(ports, spec)
    staged = stage(ports, spec, arrival)
    assert ports.store.read(f"{staged.folder}/visits.csv") == b"page\n1\n"


def test_the_price_list_is_an_airflow_variable(monkeypatch, airflow_db):
    monkeypatch.delenv("AIRFLOW_VAR_EVERFIT_PRICES", raising=False)
    assert EverfitHook().prices() is None
    monkeypatch.setenv("AIRFLOW_VAR_EVERFIT_PRICES", '{"currency": "EUR", "cpu_core": 0.04}')
    assert EverfitHook().prices() == Prices("EUR", cpu_core=0.04)
    monkeypatch.setenv("AIRFLOW_VAR_EVERFIT_PRICES", "cheap")
    with pytest.raises(SpecError, match="Airflow variable everfit_prices: found no JSON"):
        EverfitHook().prices()
