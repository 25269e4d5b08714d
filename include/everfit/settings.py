"""Where everything is: the addresses that an installation gives in `airflow_settings.yaml`, and the ports they open."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import everfit
from everfit.cost import Prices
from everfit.errors import SpecError, did_you_mean

if TYPE_CHECKING:
    from everfit.ports import Clock, Cluster, Ports, Store

FILE = "airflow_settings.yaml"
PRICES = "everfit_prices"
"""The variable with the price list: `Prices` as JSON."""
ROLES = "everfit_roles"
"""The variable with who has which role: `{"role": ["person", ...]}` as JSON."""
OPTIONAL = ("pointers", "spark", "signing", "alerts")
"""What an installation may do without."""
_AWS = ("endpoint_url", "region_name", "aws_session_token")
_ELSEWHERE = ("sagemaker://", "kserve://")


@dataclass(frozen=True)
class Address:
    """Where one thing is, and how to log in there: a path, `s3://bucket/prefix` or `http://host:port`.

    `options` go to boto3 (`endpoint_url`, `aws_access_key_id`, ...); they may hold secrets and are never shown.
    """

    url: str
    options: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Place:
    """The addresses that everfit needs: its store, the landing place, MLflow and the model server (or another target:
    see `everfit.targets.open_target`).

    `pointers`, a git repository for pointers to all batches, is not needed: without it none are published. Nor is
    `spark`, the cluster for models whose spec says `engine: spark`; its options are Spark's own settings. Nor is
    `signing`, the private key that promotions are signed with: a file, or the text of one in the option `pem`.
    """

    store: Address
    landing: Address
    mlflow: Address
    server: Address
    pointers: Address | None = None
    spark: Address | None = None
    signing: Address | None = None

    @classmethod
    def from_file(cls, path: Path | None = None, environ: Mapping[str, str] = os.environ) -> Place:
        """The connections `everfit_store`, `everfit_landing`, `everfit_mlflow` and `everfit_server` of the file.

        `EVERFIT_STORE`, `EVERFIT_LANDING`, `EVERFIT_MLFLOW` and `EVERFIT_SERVER` come first; with all four of them the
        file need not be there. So do `EVERFIT_POINTERS`, `EVERFIT_SPARK` and `EVERFIT_SIGNING`, and the connections of
        those names, if there are any. Default file: `settings_file()`. Errors: `SpecError` that says which one is
        missing.
        """
        path = path or settings_file()
        wanted = tuple(cls.__dataclass_fields__)
        found = {name: _address_in(name, environ[_variable(name)]) for name in wanted if environ.get(_variable(name))}
        needed = [name for name in wanted if name not in OPTIONAL]
        if not found.keys() >= set(needed):
            written = _connections(path)
            found |= {
                name: _address_of(written[f"everfit_{name}"], path)
                for name in wanted
                if name not in found and f"everfit_{name}" in written
            }
        missing = [name for name in needed if name not in found]
        if missing:
            raise SpecError(
                f"{path}: found no connection {', '.join(f'everfit_{name}' for name in missing)}; "
                f"add it there, or set {', '.join(map(_variable, missing))}"
            )
        return cls(**found)


def store_address(path: Path | None = None, environ: Mapping[str, str] = os.environ) -> Address:
    """Where the store is, for whoever needs nothing else: `EVERFIT_STORE`, or the connection `everfit_store`."""
    if environ.get(_variable("store")):
        return _address_in("store", environ[_variable("store")])
    path = path or settings_file()
    written = _connections(path)
    if "everfit_store" not in written:
        raise SpecError(f"{path}: found no connection everfit_store; add it there, or set {_variable('store')}")
    return _address_of(written["everfit_store"], path)


def read_prices(text: str, where: str) -> Prices | None:
    """The price list in the JSON text of a setting; None where nothing is said. `SpecError` names `where` it is."""
    if not text.strip():
        return None
    try:
        return Prices.read(json.loads(text), where)
    except ValueError as error:
        raise SpecError(f"{where}: found no JSON ({error}), wanted a price list") from error


def read_roles(text: str, where: str) -> Mapping[str, tuple[str, ...]]:
    """Who has which role, by the JSON text of a setting; `SpecError` names `where` it is.

    >>> read_roles('{"release": ["ann", "ben"]}', "here")
    {'release': ('ann', 'ben')}
    """
    if not text.strip():
        return {}
    try:
        said = json.loads(text)
        return {role: tuple(person for person in people if person[:1]) for role, people in said.items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise SpecError(f'{where}: wanted {{"role": ["person", ...]}}, found something else ({error})') from error


def roles(path: Path | None = None, environ: Mapping[str, str] = os.environ) -> Mapping[str, tuple[str, ...]]:
    """Who has which role: `EVERFIT_ROLES`, or the variable `everfit_roles` of the file; empty if neither is there."""
    if environ.get(_variable("roles")):
        return read_roles(environ[_variable("roles")], _variable("roles"))
    path = path or settings_file()
    return read_roles(_said(path, ROLES), f"{path}: variable {ROLES}")


def prices(path: Path | None = None, environ: Mapping[str, str] = os.environ) -> Prices | None:
    """What this installation pays: `EVERFIT_PRICES`, or the variable `everfit_prices` of the file; None if neither."""
    if environ.get(_variable("prices")):
        return read_prices(environ[_variable("prices")], _variable("prices"))
    path = path or settings_file()
    return read_prices(_said(path, PRICES), f"{path}: variable {PRICES}")


def address(
    conn_type: str,
    *,
    host: str = "",
    port: int | None = None,
    schema: str = "",
    login: str = "",
    password: str = "",
    extra: Mapping[str, Any] | None = None,
    base: Path | None = None,
) -> Address:
    """The address that an Airflow connection means; the values are those of the connection's fields.

    `fs` has its folder in extra `path` (relative to `base`), `aws` its prefix in extra `url`, `http` has host and port,
    and as its password the token that it asks for, if it does. A target elsewhere has its address in extra `url` too,
    and its options beside it: `aws` for `sagemaker://region`, `kubernetes` for `kserve://namespace` (a token may be the
    password). `git` has the repository's URL as host, login and password (or token) for https, and the extras
    `key_file` (for ssh) and `branch` (where it is not main). `spark` has Spark's own address as host (`sc://host`,
    `spark://host`, `yarn`, `local[2]`), and the extras `workers` and whatever begins with `spark.`. `generic` has a key
    (PEM) as its password.

    >>> address("http", host="localhost", port=5000).url
    'http://localhost:5000'
    >>> address("aws", login="key", extra={"url": "s3://lake/everfit", "region_name": "eu-west-1"}).options
    {'region_name': 'eu-west-1', 'aws_access_key_id': 'key'}
    """
    extra = extra or {}
    match conn_type:
        case "fs" if extra.get("path"):
            return Address(str((base or Path.cwd()) / Path(str(extra["path"])).expanduser()))
        case "aws" | "kubernetes" if extra.get("url"):
            whole = str(extra["url"]).startswith(_ELSEWHERE)
            options = {key: str(extra[key]) for key in extra if extra[key] and key != "url" and (whole or key in _AWS)}
            keys = {"aws_access_key_id": login, "aws_secret_access_key": password}
            keys = {"token": password} if conn_type == "kubernetes" else keys
            return Address(str(extra["url"]), options | {key: value for key, value in keys.items() if value})
        case "http" if host:
            start = host if "://" in host else f"{schema or 'http'}://{host}"
            known = {"token": password} if password else {}
            return Address(f"{start.rstrip('/')}:{port}" if port else start.rstrip("/"), known)
        case "git" if host:
            more = {name: str(extra[name]) for name in ("key_file", "branch") if extra.get(name)}
            keys = {"username": login, "password": password, **more}
            return Address(host, {key: value for key, value in keys.items() if value})
        case "spark" if host:
            options = {name: str(value) for name, value in extra.items() if name == "workers" or name[:6] == "spark."}
            return Address(f"{host}:{port}" if port else host, options)
        case "generic" if password:
            return Address("", {"pem": password.replace("\\n", "\n")})
    wanted = {
        "fs": "the extra `path`",
        "aws": "the extra `url` (s3://bucket/prefix)",
        "kubernetes": "the extra `url` (kserve://namespace)",
        "http": "a host",
        "git": "the repository's URL as host",
        "spark": "Spark's address as host",
        "generic": "the private key (PEM) as password",
    }
    if conn_type in wanted:
        raise SpecError(f"a connection of type {conn_type} needs {wanted[conn_type]}; it is not there")
    raise SpecError(f"there is no connection type {conn_type!r}{did_you_mean(conn_type, wanted)}")


def open_ports(place: Place, work: Path, clock: Clock) -> Ports:
    """Everything a step needs, opened at `place`, with `work` for local files.

    Nothing is asked of any service until a step asks: opening costs no network.
    """
    from everfit.ports import Ports
    from everfit.registry.mlflow import MlflowRegistry
    from everfit.stores import open_store
    from everfit.stores.dvc import DvcStore
    from everfit.stores.git import GitPointers
    from everfit.stores.landing import open_landing
    from everfit.targets import open_target

    work.mkdir(parents=True, exist_ok=True)

    def own(folder: str = "") -> Store:
        url = f"{place.store.url.rstrip('/')}/{folder}" if folder else place.store.url
        return open_store(url, cache=work / "files", **place.store.options)

    store, registry = own(), MlflowRegistry(place.mlflow.url, work / "mlflow")
    return Ports(
        store=store,
        landing=open_landing(place.landing.url, **place.landing.options),
        data=DvcStore(f"{store.url}/dvc", work / "dvc", **place.store.options),
        registry=registry,
        target=open_target(place.server.url, registry, own, work, **asked_with(place.server)),
        clock=clock,
        work=work,
        pointers=GitPointers(place.pointers.url, **place.pointers.options) if place.pointers else None,
        cluster=cluster_at(place.spark) if place.spark else None,
        signing_key=_pem(place.signing) if place.signing else None,
    )


def asked_with(address: Address, environ: Mapping[str, str] = os.environ) -> Mapping[str, str]:
    """The options of a target; a model server without a token of its own is asked with that of `EVERFIT_TOKEN`."""
    token = environ.get(_variable("token"), "") if address.url.startswith("http") else ""
    return {**({"token": token} if token else {}), **address.options}


def settings_file() -> Path:
    """The project's `airflow_settings.yaml`: `EVERFIT_SETTINGS`, or the one beside the folder `include`."""
    given = os.environ.get("EVERFIT_SETTINGS")
    return Path(given) if given else Path(everfit.__file__).parents[2] / FILE


def _variable(name: str) -> str:
    return f"EVERFIT_{name.upper()}"


def _address_in(name: str, url: str) -> Address:
    return Address(url if "://" in url or name in {"server", "spark"} else str(Path(url).absolute()))


def cluster_at(address: Address) -> Cluster:
    """The Spark cluster at an address; its option `workers` says how many of its workers train a model together."""
    from everfit.ports import Cluster

    options = dict(address.options)
    workers = options.pop("workers", "2")
    if not workers.isdigit() or int(workers) < 1:
        raise SpecError(f"the connection to Spark at {address.url} says workers {workers!r}; wanted a number from 1")
    return Cluster(address.url, int(workers), options)


def _pem(address: Address) -> str:
    if "pem" in address.options:
        return address.options["pem"]
    try:
        return Path(address.url).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise SpecError(f"the key for signing cannot be read: {error}") from error


def _connections(path: Path) -> Mapping[str, Mapping[str, Any]]:
    return {connection["conn_id"]: connection for connection in _listed(path, "connections")}


def _said(path: Path, name: str) -> str:
    """The value of a variable of the file, "" where there is none."""
    listed = _listed(path, "variables") if path.exists() else []
    return next((str(v.get("variable_value") or "") for v in listed if v.get("variable_name") == name), "")


def _listed(path: Path, what: str) -> list[Mapping[str, Any]]:
    """The connections or variables of the file; the connections must be there."""
    import yaml

    try:
        read = yaml.safe_load(path.read_text(encoding="utf-8"))["airflow"]
        {connection["conn_id"] for connection in read["connections"]}
        return list(read.get(what) or ())
    except FileNotFoundError as error:
        raise SpecError(f"found no file {path}, wanted the installation's connections there") from error
    except (yaml.YAMLError, KeyError, TypeError) as error:
        raise SpecError(
            f"{path}: wanted `airflow: connections: [{{conn_id: ...}}]`, found no such thing ({error})"
        ) from error


def _address_of(connection: Mapping[str, Any], path: Path) -> Address:
    fields = ("host", "port", "schema", "login", "password", "extra")
    values = {name: connection[f"conn_{name}"] for name in fields if connection.get(f"conn_{name}")}
    try:
        return address(str(connection.get("conn_type")), base=path.absolute().parent, **values)
    except SpecError as error:
        raise SpecError(f"{path}: connection {connection['conn_id']}: {error}") from error
