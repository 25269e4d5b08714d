"""The production shape: what can be said of it without a container engine. `test_compose_runs.py` runs it."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from tests.architecture.compose import (
    HOME,
    PROJECT,
    MissingError,
    assigned,
    example,
    filled,
    interpolate,
    load,
    variables,
)
from tools.local import settings
from tools.local.environment import MEASURED, PRELOAD, QUIET, python_path
from tools.local.paths import Paths

FILES = ["docker-compose.yaml", "docker-compose.override.yml"]
ONE_SHOT = {"airflow-init", "bucket"}


@pytest.fixture(scope="module")
def services() -> dict:
    return load("docker-compose.yaml", filled())


def requirement(name: str) -> str:
    return re.search(rf"^{name}==(\S+)", (PROJECT / "requirements.txt").read_text(), re.MULTILINE)[1]


@pytest.mark.parametrize("file", FILES)
def test_the_file_keeps_the_compose_specification(file: str) -> None:
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(PROJECT / file)]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("file", FILES)
def test_everything_is_pinned_and_looked_after(file: str) -> None:
    for name, service in load(file, filled()).items():
        assert re.search(r":v?\d[\w.-]*\d", service["image"]), f"{name}: {service['image']} is not pinned"
        if name not in ONE_SHOT:
            assert service["restart"] == "unless-stopped", name
            assert file == FILES[1] or service["healthcheck"]["test"], name


def test_no_secret_is_in_clear_and_none_has_a_default() -> None:
    secret = re.compile("PASSWORD|SECRET|KEY|TOKEN")
    for file in FILES:
        used = variables(file)
        for name in filter(secret.search, used):
            assert ":-" not in used[name], f"{name} in {file} has a default"
            assert ":?" in used[name], f"{file} does not say what to do when {name} is missing"
        for service in yaml.safe_load((PROJECT / file).read_text())["services"].values():
            for name, value in (service.get("environment") or {}).items():
                clear = {"MLFLOW_ALLOW_PICKLE_DESERIALIZATION"}
                assert name in clear or not secret.search(name) or "${" in value, f"{name} of {file}"
    assert not [
        name
        for name, value in example().items()
        if secret.search(name) and value[:2] not in {"", "${"} and "KEY" not in name
    ]


def test_the_example_says_every_variable_and_no_other() -> None:
    used = set().union(*(variables(file) for file in FILES))
    passed_on = {"COMPOSE_FILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "EVERFIT_TOKEN"}
    assert set(example()) - passed_on == used


def test_it_refuses_to_start_while_a_secret_is_missing() -> None:
    with pytest.raises(MissingError, match=r"see \.env\.example"):
        load("docker-compose.yaml", example())


def test_interpolation_is_that_of_compose() -> None:
    assert interpolate("a ${B:-c} $$D ${E:?no}", {"E": "e"}) == "a c $D e"


def test_git_ignores_the_filled_in_file() -> None:
    done = subprocess.run(["git", "check-ignore", ".env"], cwd=PROJECT, capture_output=True, check=False)
    assert done.returncode in {0, 128}, ".env would be committed"  # 128: not a git checkout


def test_every_airflow_setting_exists() -> None:
    """A misspelt setting would be ignored without a word."""
    known = _known_options()
    for service in load("docker-compose.yaml", filled()).values():
        for name in service.get("environment") or {}:
            if name.startswith("AIRFLOW__"):
                _, section, option = name.lower().split("__")
                assert option in known[section], name


def _known_options() -> dict[str, set[str]]:
    core = importlib.metadata.distribution("apache-airflow-core").locate_file("airflow/config_templates/config.yml")
    sections = yaml.safe_load(Path(str(core)).read_text())
    for provider in ("celery", "fab"):
        info = importlib.import_module(f"airflow.providers.{provider}.get_provider_info").get_provider_info()
        sections |= info.get("config", {})
    return {name: {option.lower() for option in section["options"]} for name, section in sections.items()}


def test_airflow_is_set_as_measured_and_as_locally(services: dict) -> None:
    airflow = {name: one["environment"] for name, one in services.items() if name.startswith("airflow-")}
    assert len(airflow) == 7
    for name, environment in airflow.items():
        assert environment.items() >= (QUIET | MEASURED).items(), name
        assert PRELOAD in environment["AIRFLOW__CELERY__EXTRA_CELERY_CONFIG"]
        assert environment["AIRFLOW_HOME"] == HOME
        assert environment["AIRFLOW__CORE__DAGS_FOLDER"] == f"{HOME}/dags"
        assert environment["AIRFLOW__CORE__PLUGINS_FOLDER"] == f"{HOME}/plugins"
    shared = {"AIRFLOW__API_AUTH__JWT_SECRET", "AIRFLOW__API__SECRET_KEY", "AIRFLOW__CORE__FERNET_KEY"}
    assert all(len({one[name] for one in airflow.values()}) == 1 for name in shared)


def test_components_are_the_issue_s(services: dict) -> None:
    commands = [one["command"] for one in services.values() if "command" in one]
    assert {" ".join(words[:2]) for words in commands if words[0] == "airflow"} == {
        "airflow api-server",
        "airflow scheduler",
        "airflow dag-processor",
        "airflow triggerer",
        "airflow celery",
    }
    assert services["airflow-gpu-worker"]["profiles"] == ["gpu"]
    assert services.keys() >= {"postgres", "redis", "s3", "mlflow", "model-server", "airflow-init"}
    assert "standalone" not in str(services)


def test_workers_take_every_queue_that_the_dags_use(services: dict) -> None:
    from everfit_airflow.dag._placing import GPU

    queues = services["airflow-worker"]["command"][-1].split(",")
    assert queues == ["default", GPU]
    assert services["airflow-gpu-worker"]["command"][-1] == GPU
    assert [pool.name for pool in settings.read().pools] == [GPU]


def test_connections_name_services_that_listen_there(services: dict) -> None:
    for connection in settings.read().connections:
        if connection.type == "http":
            command = services[connection.host]["command"]
            assert command[command.index("--port") + 1] == str(connection.port), connection.id
        elif connection.type == "fs":
            mounted = [volume.split(":")[1] for volume in services["airflow-worker"]["volumes"]]
            assert str(Path(connection.extra["path"]).parent) in mounted, connection.id
        else:
            endpoint = urlsplit(connection.extra["endpoint_url"])
            assert f"-s3.port={endpoint.port}" in services[endpoint.hostname]["command"][0], connection.id
            assert connection.extra["url"].startswith("s3://everfit/")


def test_services_name_each_other_by_names_that_exist(services: dict) -> None:
    ports = {
        "postgres": 5432,
        "redis": 6379,
        "s3": 8333,
        "mlflow": 5000,
        "airflow-apiserver": 8080,
        "model-server": 8000,
        "prometheus": 9090,
        "grafana": 3000,
    }
    for name, service in services.items():
        said = str(service.get("environment", {})) + str(service.get("command", ""))
        for host, port in re.findall(r"(?://|@)([a-z][a-z0-9-]*):(\d+)\b", re.sub(r"airflow:\w+@", "@", said)):
            assert host == "localhost" or ports.get(host) == int(port), f"{name} looks for {host}:{port}"
        for other in service.get("depends_on", {}):
            assert other in services
    for name, service in services.items():
        for mapping in service.get("ports", []):
            assert int(mapping.split(":")[-1]) == ports[name]


def test_folders_of_the_project_are_where_the_image_has_them(services: dict) -> None:
    mounted = services["airflow-worker"]["volumes"]
    for folder in ("dags", "plugins", "include", "config"):
        assert f"./{folder}:{HOME}/{folder}:ro" in mounted
        assert (PROJECT / folder).is_dir()
    assert f"./airflow_settings.yaml:{HOME}/airflow_settings.yaml:ro" in mounted
    named = yaml.safe_load((PROJECT / "docker-compose.yaml").read_text())["volumes"]
    for service in services.values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert source in named or (PROJECT / source).exists(), volume


def test_python_path_is_the_same_everywhere(services: dict) -> None:
    here = python_path(Paths.of("up")).replace(str(PROJECT), "")
    folders = [folder.strip("/") for folder in here.split(":")]
    container = ":".join(f"{HOME}/{folder}".rstrip("/") for folder in folders)
    assert {one["environment"]["PYTHONPATH"] for name, one in services.items() if name.startswith("airflow")} == {
        container
    }
    assert services["model-server"]["environment"]["PYTHONPATH"] == container
    assert dict(assigned((PROJECT / "Dockerfile").read_text()))["PYTHONPATH"] == container
    make = dict(assigned((PROJECT / "Makefile").read_text()))["PYTHONPATH"]
    assert make.replace("$(CURDIR)", "") == here
    pytest_path = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]["pythonpath"]
    assert [folder.strip(".") for folder in pytest_path] == folders


@pytest.mark.parametrize("file", ["Makefile", "Dockerfile"])
def test_the_quiet_settings_are_the_same_everywhere(file: str) -> None:
    said = dict(assigned((PROJECT / file).read_text()))
    assert said.items() >= QUIET.items()


def test_the_image_has_the_pinned_airflow_and_all_that_the_services_need() -> None:
    docker = (PROJECT / "Dockerfile").read_text()
    base = re.search(r"^ARG BASE_IMAGE=apache/airflow:([\d.]+)-python(3\.\d+)$", docker, re.MULTILINE)
    assert base[1] == requirement("apache-airflow")
    assert "3.11" <= base[2] <= "3.13"
    kept = (PROJECT / ".dockerignore").read_text().splitlines()
    for source in re.findall(r"^COPY (?:--\S+ )?(\S+) ", docker, re.MULTILINE):
        assert (PROJECT / source).exists()
        assert f"!{source}" in kept, f"{source} does not get into the image"
    assert "user: " not in (PROJECT / "docker-compose.yaml").read_text()


def test_astro_s_command_line_finds_what_it_asks_for() -> None:
    """A runtime label of Airflow 3, a user `astro`, its home; and our services under the names of the connections."""
    docker = (PROJECT / "Dockerfile").read_text()
    assert re.search(r"^ARG ASTRO_RUNTIME=3\.\d+-\d+$", docker, re.MULTILINE)
    assert "LABEL io.astronomer.docker.runtime.version=${ASTRO_RUNTIME}" in docker
    assert "useradd --non-unique --uid 50000" in docker
    assert f"AIRFLOW_HOME={HOME}" in docker
    for file in ("packages.txt", "requirements.txt", "airflow_settings.yaml", ".astro/config.yaml"):
        assert (PROJECT / file).is_file()
    ours, theirs = (load(file, filled()) for file in FILES)
    for name in ("s3", "mlflow", "model-server"):
        assert theirs[name]["image"] == ours[name]["image"]
        assert theirs[name]["command"] == ours[name]["command"]
        assert theirs[name]["networks"] == ["airflow"]


def test_bare_make_lists_the_words_and_continuous_integration_says_one() -> None:
    listed = subprocess.run(["make"], cwd=PROJECT, capture_output=True, text=True, check=True).stdout
    words = re.findall(r"^  make ([a-z-]+)", listed, re.MULTILINE)
    assert {"env", "test", "up", "down", "status", "demo", "bench", "lock", "clean"} <= set(words)
    phony = re.search(r"^\.PHONY: (.*)$", (PROJECT / "Makefile").read_text(), re.MULTILINE)[1]
    assert set(words) == set(phony.split())
    assert (PROJECT / ".ci/run").read_text().rstrip().endswith("exec make test")
    assert (PROJECT / ".ci/run").stat().st_mode & 0o111
