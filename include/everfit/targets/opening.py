"""Which target an address means."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from everfit.errors import SpecError, did_you_mean
from everfit.ports import Store, Target
from everfit.stores import open_store
from everfit.targets.bundles import Versions
from everfit.targets.everfit_server import EverfitServer

AWS = ("endpoint_url", "region_name", "aws_access_key_id", "aws_secret_access_key", "aws_session_token")
SAGEMAKER = ("image", "role", "instance", "count", "bake", "failing", "alarms", "models")
KSERVE = ("image", "replicas", "service_account", "models", "api", "token", "token_file", "ca", "gateway")


def open_target(url: str, registry: Versions, own: Callable[[str], Store], work: Path, **options: str) -> Target:
    """The target at `url`; `options` are those of its connection, and of the address itself behind a `?`.

        http://host:8000                   everfit's own model server
        sagemaker://eu-west-1/prefix       endpoints of SageMaker named prefix-<model>
        kserve://namespace/prefix          InferenceServices named prefix-<model>
        s3://bucket/prefix, file:///path   plain files, which somebody else serves

    `own` opens a folder of everfit's own store: models for SageMaker and KServe lie there, in `deployed`, if nothing
    else is said (`models`). Nothing is asked of any service yet. Errors: `SpecError` for any other address, or an
    option that is missing or not known.
    """
    from everfit.targets.s3_bundle import S3Bundle

    parts = urlsplit(url)
    said = {**options, **dict(parse_qsl(parts.query))}
    place = f"{parts.scheme}://{parts.netloc}{parts.path}"
    match parts.scheme:
        case "http" | "https":
            _check("everfit's server", said, ("token",), ())
            return EverfitServer(url, token=said.get("token", ""))
        case "sagemaker":
            said["region_name"] = parts.netloc
            return _sagemaker(parts.path.strip("/"), registry, _models(said, own, work), said)
        case "kserve":
            return _kserve(parts.netloc, parts.path.strip("/"), registry, _models(said, own, work), said)
        case "s3" | "file":
            return S3Bundle(open_store(place, cache=work / "files", **_only(said, AWS)), registry)
        case "" if Path(url).is_absolute():
            return S3Bundle(open_store(url), registry)
    raise SpecError(
        f"{url!r} is no address of a target; wanted http://host:port (everfit's server), sagemaker://region/name,"
        " kserve://namespace/name, s3://bucket/prefix or file:///path"
    )


def _sagemaker(name: str, registry: Versions, models: Store, said: Mapping[str, str]) -> Target:
    from everfit.targets.aws import connect
    from everfit.targets.guardrails import Guardrails
    from everfit.targets.sagemaker import Hosting, SageMaker

    _check("sagemaker", said, (*SAGEMAKER, *AWS), ("image", "role"))
    hosting = Hosting(said["image"], said["role"], said.get("instance", Hosting.instance), _read(said, "count", int, 1))
    alarms = tuple(alarm.strip() for alarm in said.get("alarms", "").split(",") if alarm.strip())
    guardrails = Guardrails(_read(said, "bake", int, 300), _read(said, "failing", float, 0.01), alarms)
    client = partial(connect, **_only(said, AWS))
    return SageMaker(name or "everfit", registry, models, hosting, guardrails, client)


def _kserve(namespace: str, name: str, registry: Versions, models: Store, said: Mapping[str, str]) -> Target:
    from everfit.targets.inference_service import Pod
    from everfit.targets.kserve import KServe
    from everfit.targets.kubernetes import Cluster

    _check("kserve", said, (*KSERVE, *AWS), ("image",))
    pod = Pod(said["image"], _read(said, "replicas", int, 1), said.get("service_account", ""))
    cluster = Cluster(**_only(said, ("api", "token", "token_file", "ca")))
    return KServe(namespace, registry, models, pod, cluster, name or "everfit", said.get("gateway", ""))


def _models(said: Mapping[str, str], own: Callable[[str], Store], work: Path) -> Store:
    """Where the versions' files lie."""
    return open_store(said["models"], cache=work / "files", **_only(said, AWS)) if "models" in said else own("deployed")


def _check(kind: str, said: Mapping[str, str], known: tuple[str, ...], needed: tuple[str, ...]) -> None:
    for name in said:
        if name not in known:
            raise SpecError(f"the target {kind} has no option {name!r}{did_you_mean(name, known)}")
    missing = [name for name in needed if name not in said]
    if missing:
        raise SpecError(f"the target {kind} needs {' and '.join(missing)} in the extra of its connection")


def _only(said: Mapping[str, str], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: said[name] for name in names if name in said}


def _read(said: Mapping[str, str], name: str, kind: Callable[[str], Any], usual: float) -> Any:
    try:
        return kind(said[name]) if name in said else usual
    except ValueError as error:
        raise SpecError(f"the option {name} of the target is {said[name]!r}; wanted a number") from error
