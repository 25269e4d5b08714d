"""The local stack's parts; the whole of it is started and ended by the end-to-end tests."""

from __future__ import annotations

import os
import shlex
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tools.local import credentials, health, ports, processes, settings, stack, templates
from tools.local.environment import (
    MEASURED,
    PRELOADING,
    QUIET,
    airflow_environment,
    process_environment,
    python_path,
    shell_environment,
)
from tools.local.errors import StackError
from tools.local.files import locked, read_json, write_json
from tools.local.paths import PROJECT, Paths
from tools.local.ports import Ports
from tools.local.processes import MARK, Recorded
from tools.local.services import Service, services

CREDENTIALS = credentials.make()


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths.of(tmp_path / "state")


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Callable[..., Recorded]]:
    """Start a Python program as a service; whatever is left of it is killed after the test."""
    programs: list[Recorded] = []

    def start(program: str, mark: str = "ours", name: str = "toy") -> Recorded:
        environment = {**os.environ, MARK: mark}
        log = tmp_path / f"{name}.log"
        programs.append(processes.start(name, [sys.executable, "-c", program], environment, log, tmp_path))
        return programs[-1]

    yield start
    for mark in ("ours", "other"):
        processes.end(programs, mark, patience=0)


def said(log: Path, word: str) -> str:
    """What the log says, once the word is in it."""
    deadline = time.monotonic() + 20
    while word not in (text := log.read_text()):
        assert time.monotonic() < deadline, f"{log} never said {word!r}: {text!r}"
        time.sleep(0.02)
    return text


# --- ports


def test_a_busy_port_is_replaced_by_a_free_one_and_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        wanted = Ports(mlflow=busy.getsockname()[1])
        chosen = ports.choose(wanted)
        assert chosen.mlflow != wanted.mlflow
        assert ports.is_free(chosen.mlflow)
        assert f"port {wanted.mlflow} (mlflow) is busy: took {chosen.mlflow}" in ports.moved(wanted, chosen)


def test_a_port_busy_on_every_address_is_busy_too() -> None:
    with socket.create_server(("0.0.0.0", 0)) as busy:
        assert not ports.is_free(busy.getsockname()[1])


def test_no_two_services_get_the_same_port() -> None:
    others = iter([8000, 8000, 7001, 7001, 7002, 7003, 7003, 7004, 7005])
    chosen = ports.choose(Ports(), free=lambda port: port == 8000, other=lambda: next(others))
    assert chosen == Ports(8000, 7001, 7002, 7003, 7004, 7005)


def test_ports_are_remembered_while_the_instance_runs(tmp_path: Path) -> None:
    ports.save(tmp_path / "ports.json", Ports(airflow=1))
    assert ports.load(tmp_path / "ports.json") == Ports(airflow=1)


@pytest.mark.parametrize("rubbish", ["", "{", "[1]", '{"airflow": 1}'])
def test_a_half_written_ports_file_counts_as_none(tmp_path: Path, rubbish: str) -> None:
    (tmp_path / "ports.json").write_text(rubbish)
    assert ports.load(tmp_path / "ports.json") is None


# --- secrets and settings


def test_secrets_are_made_once_random_and_private(paths: Paths) -> None:
    file = paths.state / "secrets.json"
    first = credentials.keep(file)
    assert credentials.keep(file) == first != credentials.make()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(first.jwt) >= 32
    assert first.password not in repr(first)


def test_secrets_of_a_killed_first_start_are_made_anew(paths: Paths) -> None:
    write_json(paths.state / "secrets.json", {"jwt": "x"})
    assert credentials.keep(paths.state / "secrets.json").password
    assert stat.S_IMODE((paths.state / "secrets.json").stat().st_mode) == 0o600


def test_the_fernet_key_is_one() -> None:
    from cryptography.fernet import Fernet

    box = Fernet(CREDENTIALS.fernet)
    assert box.decrypt(box.encrypt(b"x")) == b"x"


def test_the_environment_follows_paths_ports_and_secrets_alone(paths: Paths) -> None:
    made = airflow_environment(paths, Ports(airflow=1234, execution=4321), CREDENTIALS)
    assert made == airflow_environment(paths, Ports(airflow=1234, execution=4321), CREDENTIALS)
    assert made["AIRFLOW_HOME"] == str(paths.airflow_home)
    assert made["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == "http://127.0.0.1:4321/execution/"
    assert made["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] == f"sqlite:///{paths.database}?timeout=20"
    assert made["AIRFLOW__API_AUTH__JWT_SECRET"] == CREDENTIALS.jwt
    assert made["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert made.items() >= {**QUIET, **MEASURED}.items()
    assert not [name for name in made if "ALL_ADMINS" in name]


def test_every_airflow_setting_exists_in_this_airflow(paths: Paths) -> None:
    """A misspelt setting would be ignored without a word."""
    import yaml

    airflow = next(
        Path(folder) / "airflow" for folder in sys.path if (Path(folder) / "airflow/config_templates").is_dir()
    )
    known = yaml.safe_load((airflow / "config_templates/config.yml").read_text())
    per_component = {"mp_start_method", "mp_forkserver_preload"}  # of [core], for one component
    for name in airflow_environment(paths, Ports(), CREDENTIALS):
        if name.startswith("AIRFLOW__"):
            _, section, option = name.lower().split("__")
            where = "core" if option in per_component else section
            assert option in known[where]["options"], name


def test_only_the_scheduler_preloads_the_heavy_libraries(paths: Paths) -> None:
    made = airflow_environment(paths, Ports(), CREDENTIALS)
    assert [name for name in made if "__MP_" in name] == list(PRELOADING)
    assert all(name.startswith("AIRFLOW__SCHEDULER__") for name in PRELOADING)


def test_what_the_caller_has_set_for_airflow_or_mlflow_does_not_leak_in() -> None:
    inherited = {
        "AIRFLOW_HOME": "/x",
        "MLFLOW_TRACKING_URI": "y",
        "PATH": "/bin",
        "HTTP_PROXY": "http://p",
        "NO_PROXY": "z",
    }
    made = process_environment({"A": "1"}, inherited, "/state")
    assert made == {
        "A": "1",
        "PATH": "/bin",
        "HTTP_PROXY": "http://p",
        "NO_PROXY": "z,localhost,127.0.0.1",
        "no_proxy": "localhost,127.0.0.1",
        MARK: "/state",
    }


def test_python_finds_the_library_the_plugin_and_the_tools(paths: Paths) -> None:
    assert python_path(paths).split(":") == [str(PROJECT / "include"), str(PROJECT / "plugins"), str(PROJECT)]


def test_a_shell_can_read_the_addresses_and_keeps_what_it_has(paths: Paths) -> None:
    script = shell_environment(paths, Ports()) + "echo $EVERFIT_STORE $EVERFIT_MLFLOW"
    done = subprocess.run(
        ["sh", "-c", script], env={"EVERFIT_MLFLOW": "mine"}, capture_output=True, text=True, check=True
    )
    assert shlex.split(done.stdout) == [str(paths.store), "mine"]


def test_every_service_has_its_own_name_and_answers_on_its_own_machine_only(paths: Paths) -> None:
    every = services(paths, Ports(), CREDENTIALS)
    assert len({service.name for service in every}) == len(every)
    assert all(service.url.startswith("http://127.0.0.1:") for service in every)
    assert not [service.name for service in every if "standalone" in service.command]


def test_all_connections_of_the_file_are_replaced_by_local_ones(paths: Paths) -> None:
    written, local = settings.read(), settings.localised(settings.read(), paths, Ports(mlflow=1, server=2))
    by_id = {one.id: one for one in local.connections}
    assert by_id.keys() == settings.overrides(paths, Ports()).keys() == {one.id for one in written.connections}
    assert by_id["everfit_store"].extra == {"path": str(paths.store)}
    assert (by_id["everfit_mlflow"].host, by_id["everfit_mlflow"].port) == ("127.0.0.1", 1)
    assert (by_id["everfit_server"].host, by_id["everfit_server"].port) == ("127.0.0.1", 2)
    assert local.pools == written.pools
    assert [(pool.name, pool.slots) for pool in local.pools] == [("gpu", 1)]


def test_connections_that_the_stack_does_not_run_are_used_as_they_are(paths: Paths) -> None:
    slack = settings.Connection("slack", "slack", password="x")
    assert settings.localised(settings.Settings((slack,), (), ()), paths, Ports()).connections == (slack,)


def test_a_key_that_astro_does_not_know_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "airflow_settings.yaml"
    file.write_text("airflow: {pools: [{pool_name: gpu, pool_slots: 1}]}")
    with pytest.raises(StackError, match="unexpected keyword argument 'pool_slots'"):
        settings.read(file)


def test_the_command_line_form_is_what_airflow_imports() -> None:
    made = settings.for_command_line(settings.read())
    assert made["pools"]["gpu"]["slots"] == 1
    assert made["connections"]["everfit_mlflow"]["host"] == "mlflow"


# --- processes


def test_a_pid_that_was_given_to_another_process_is_not_ours(started: Callable[..., Recorded]) -> None:
    running = started("import time; time.sleep(60)")
    stale = Recorded("toy", running.pid, running.started - 100)
    assert processes.alive(running)
    assert not processes.alive(stale)
    assert processes.end([stale], "somebody else") == 0
    assert processes.alive(running)


def test_an_ended_process_is_not_alive_even_before_it_is_reaped(started: Callable[..., Recorded]) -> None:
    running = started("print('done')")
    deadline = time.monotonic() + 20
    while processes.alive(running):
        assert time.monotonic() < deadline
        time.sleep(0.02)


FAMILY = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; print('child', flush=True); time.sleep(60)"])
print("family", child.pid, flush=True)
time.sleep(60)
"""


def test_ending_a_service_ends_what_it_started(started: Callable[..., Recorded], tmp_path: Path) -> None:
    parent = started(FAMILY)
    said(tmp_path / "toy.log", "family")
    said(tmp_path / "toy.log", "child")
    assert processes.end([parent], "ours", patience=0.2) == 2
    assert processes.members([parent], "ours") == []


def test_what_a_killed_service_left_behind_is_found_by_our_mark_only(
    started: Callable[..., Recorded], tmp_path: Path
) -> None:
    parent = started(FAMILY)
    child = int(said(tmp_path / "toy.log", "child").split("family ")[1].split()[0])
    os.kill(parent.pid, signal.SIGKILL)
    os.waitpid(parent.pid, 0)
    assert processes.members([parent], "other") == []
    assert [process.pid for process in processes.members([parent], "ours")] == [child]
    assert processes.end([parent], "ours", patience=0.2) == 1


RETITLED = """
import os, sys, time
from setproctitle import setproctitle
if os.fork():
    print("family", flush=True)
    time.sleep({leader})
else:
    setproctitle("airflow worker -- LocalExecutor: <idle>" + " " * 20_000)
    print("retitled", flush=True)
    time.sleep(60)
"""


def test_workers_that_outlive_their_scheduler_are_ended_with_it(
    started: Callable[..., Recorded], tmp_path: Path
) -> None:
    """Their title is written over their environment, so that no mark is left to know them by."""
    scheduler = started(RETITLED.replace("{leader}", "60"))
    said(tmp_path / "toy.log", "retitled")
    assert processes.end([scheduler], "ours", patience=0.2) == 2
    assert processes.members([scheduler], "ours") == []


def test_workers_of_a_scheduler_that_was_killed_are_found_by_their_title(
    started: Callable[..., Recorded], tmp_path: Path
) -> None:
    scheduler = started(RETITLED.replace("{leader}", "60"))
    said(tmp_path / "toy.log", "retitled")
    os.kill(scheduler.pid, signal.SIGKILL)
    os.waitpid(scheduler.pid, 0)
    assert processes.end([scheduler], "ours", patience=0.2) == 1


def test_a_service_that_does_not_listen_is_killed(started: Callable[..., Recorded], tmp_path: Path) -> None:
    deaf = started("import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)")
    said(tmp_path / "toy.log", "deaf")
    assert processes.end([deaf], "ours", patience=0.2) == 1
    assert not processes.alive(deaf)


def test_the_log_of_the_run_before_is_kept(started: Callable[..., Recorded], tmp_path: Path) -> None:
    started("print('first')")
    said(tmp_path / "toy.log", "first")
    started("print('second')")
    assert "first" not in said(tmp_path / "toy.log", "second")
    assert (tmp_path / "toy.log.1").read_text() == "first\n"


def test_a_service_that_dies_while_starting_is_shown_with_its_last_words(
    started: Callable[..., Recorded], tmp_path: Path
) -> None:
    service = Service("toy", "", (), {}, "http://127.0.0.1:9/nothing-is-here")
    dying = started("raise SystemExit('address already in use')")
    with pytest.raises(
        StackError, match=r"toy ended while it was starting[\s\S]*address already in use[\s\S]*toy\.log"
    ):
        health.wait([(service, dying)], tmp_path, print)


def test_a_service_that_never_answers_is_given_up(started: Callable[..., Recorded], tmp_path: Path) -> None:
    service = Service("toy", "", (), {}, "http://127.0.0.1:9/nothing-is-here")
    with pytest.raises(StackError, match=r"toy does not answer after 0\.1 s"):
        health.wait([(service, started("import time; time.sleep(60)"))], tmp_path, print, timeout=0.1)


def test_a_heartbeat_from_before_the_start_does_not_count(started: Callable[..., Recorded], tmp_path: Path) -> None:
    answer = '{"scheduler": {"status": "healthy", "latest_scheduler_heartbeat": "2026-01-01T00:00:00+00:00"}}'
    (tmp_path / "health").write_text(answer)
    port = ports.any_port()
    started(f"from http.server import test, SimpleHTTPRequestHandler as H; test(H, port={port}, bind='127.0.0.1')")
    service = Service("scheduler", "", (), {}, f"http://127.0.0.1:{port}/health", "scheduler")
    deadline = time.monotonic() + 20
    while not health.ready(service, since=0):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert not health.ready(service, since=time.time())


# --- the instance


def test_down_and_status_are_harmless_where_nothing_runs(paths: Paths) -> None:
    assert stack.down(paths.state) == 0
    assert stack.status(paths.state) == (None, {})
    assert not paths.state.exists()


def test_down_ends_what_a_killed_start_recorded(paths: Paths, started: Callable[..., Recorded]) -> None:
    running = started("import time; time.sleep(60)", mark=str(paths.state))
    processes.save(paths.state / "processes.json", [running])
    assert stack.down(paths.state) == 1
    assert not processes.alive(running)
    assert stack.down(paths.state) == 0


def test_only_one_start_at_a_time_and_a_killed_one_does_not_block(
    started: Callable[..., Recorded], tmp_path: Path
) -> None:
    lock = tmp_path / "lock"
    program = f"""
import sys, time; sys.path.insert(0, {str(PROJECT)!r})
from pathlib import Path; from tools.local.files import locked
with locked(Path({str(lock)!r})): print("held", flush=True); time.sleep(60)
"""
    holder = started(program)
    said(tmp_path / "toy.log", "held")
    import fcntl

    with lock.open("a") as file, pytest.raises(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.kill(holder.pid, signal.SIGKILL)
    with locked(lock):
        pass


def test_a_new_instance_gets_copies_of_the_templates_and_an_old_one_keeps_its_own(paths: Paths, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    for name in ("airflow", "mlflow"):
        (cache / f"{name}-{templates.key()}.db").write_text(f"empty {name}")
    paths.make()
    paths.mlflow_database.write_text("full of runs")
    templates.fill(paths, cache)
    assert paths.database.read_text() == "empty airflow"
    assert paths.mlflow_database.read_text() == "full of runs"


def test_a_state_file_is_never_seen_half_written(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", [1])
    with pytest.raises(TypeError, match="not JSON serializable"):
        write_json(tmp_path / "a.json", [object()])
    assert read_json(tmp_path / "a.json") == [1]
