"""The live display: DAG runs as they go, and every decision as it falls."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from everfit.ledger import Ledger, View
from everfit.ledger.words import in_words
from everfit.stores import open_store
from tools.demo.errors import DemoError
from tools.local.airflow_api import Airflow, Run, TaskInstance
from tools.local.stack import Stack

PATIENCE = 420.0
MODEL = "flight_delays"
SIGNS = {
    "success": ("●", "green"),
    "running": ("◐", "bold yellow"),
    "queued": ("◔", "yellow"),
    "scheduled": ("◔", "yellow"),
    "deferred": ("◇", "magenta"),
    "failed": ("✗", "bold red"),
    "upstream_failed": ("✗", "red"),
    "up_for_retry": ("↻", "bold red"),
    "skipped": ("-", "dim"),
}
TONES = {
    "batch_accepted": "green",
    "batch_quarantined": "red",
    "batch_duplicate": "yellow",
    "candidate_judged": "cyan",
    "promoted": "bold green",
    "deployed": "green",
    "deployment_failed": "red",
}
QUIET = {"attempt_opened", "deployment_started"}


class Watch:
    """Follows a stack; decisions are printed for good, the table of runs below them is redrawn."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.seconds: dict[str, float] = {}
        self._began = time.monotonic()
        self._heading = ""
        self._seen = 0
        self._runs: list[tuple[Run, list[TaskInstance]]] = []
        self._finished: dict[tuple[str, str], list[TaskInstance]] = {}
        self.failed: list[str] = []
        self._may_fail: set[str] = set()
        self._live = Live(console=console, refresh_per_second=4, transient=True, get_renderable=self._draw)

    def __enter__(self) -> Watch:
        self._live.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._live.stop()

    def attach(self, stack: Stack) -> None:
        """Watch this stack from now on."""
        self.airflow: Airflow = stack.airflow()
        store = open_store(str(stack.paths.store))
        self.ledger = Ledger(MODEL, store, lambda: datetime.now(UTC))
        self.airflow.wait_for_dags(*(f"{MODEL}_{dag}" for dag in ("ingest", "train", "deploy")))

    def pause_others(self) -> None:
        """Pause other models' DAGs: they would work on the same months, and two cores are for what is shown."""
        for dag in self.airflow.dags():
            if not dag.startswith(f"{MODEL}_"):
                self.airflow.pause(dag)

    def let_fail(self, dag: str) -> None:
        """Take a failed run of this DAG for what should happen: so does one end whose version is stopped."""
        self._may_fail.add(dag)

    def title(self, text: str) -> None:
        """Begin a chapter."""
        self._heading = text
        self.console.print(Text(f"\n{text}", style="bold"))

    def say(self, text: str) -> None:
        """One line that stays."""
        self.console.print(Text(f"  {self._clock()}  ", style="dim") + Text(text, style="default"))

    def until(self, true: Callable[[View], bool], what: str) -> View:
        """Follow the runs until `true` of the ledger; `DemoError` if a run fails or it takes too long."""
        end = time.monotonic() + PATIENCE
        began = time.monotonic()
        while time.monotonic() < end:
            self._look()
            view = self.ledger.view()
            self._tell_decisions(view)
            if true(view) and not self._busy():
                self.seconds[self._heading] = time.monotonic() - began
                return view
            time.sleep(0.5)
        raise DemoError(f"after {PATIENCE:.0f} s there is still not {what}; the runs: {self._states()}")

    def tasks(self) -> list[TaskInstance]:
        """Every task instance of every run, for the account of where the time went."""
        self._look()
        return [task for tasks in self._finished.values() for task in tasks] + [t for _, ts in self._runs for t in ts]

    def _look(self) -> None:
        self._runs = []
        for run in reversed(self.airflow.runs("~", limit=30)):
            if not run.dag.startswith(MODEL) or (run.dag, run.id) in self._finished:
                continue
            tasks = self.airflow.task_instances(run.dag, run.id)
            if run.state == "failed":
                self.failed.append(run.dag)
            if run.state == "failed" and run.dag not in self._may_fail:
                broken = next((task for task in tasks if task.state == "failed"), None)
                said = f"\n{self.airflow.log(broken)[-3000:]}" if broken else ""
                raise DemoError(f"{run.dag} failed{f' in task {broken.task}' if broken else ''}:{said}")
            if run.ended:
                self._finished[run.dag, run.id] = tasks
            else:
                self._runs.append((run, tasks))

    def _busy(self) -> bool:
        """Whether a run is at work; an ingest run that waits for data is not."""
        return any(
            task.state not in (None, "deferred") for run, tasks in self._runs for task in tasks if not _done(task)
        )

    def _tell_decisions(self, view: View) -> None:
        for entry in view.entries[self._seen :]:
            if entry.kind not in QUIET:
                line = Text(f"  {self._clock()}  ", style="dim")
                line.append(f"#{entry.seq:<3} ", style="dim")
                line.append(in_words(entry), style=TONES.get(entry.kind, "default"))
                self.console.print(line)
        self._seen = len(view.entries)

    def _draw(self) -> Group:
        table = Table.grid(padding=(0, 2))
        for run, tasks in self._runs[-6:]:
            chips = Text()
            for task in sorted(tasks, key=lambda one: one.start or datetime.max.replace(tzinfo=UTC)):
                sign, style = SIGNS.get(task.state or "", ("○", "dim"))
                index = f"[{task.map_index}]" if task.map_index >= 0 else ""
                chips.append(f"{sign} {task.task.split('.')[-1]}{index}  ", style=style)
            table.add_row(Text(f"  {run.dag}", style="bold blue"), chips)
        return Group(Text(f"\n  {self._clock()}  {self._heading} …", style="dim"), table)

    def _clock(self) -> str:
        return f"{time.monotonic() - self._began:5.1f} s"

    def _states(self) -> dict[str, Any]:
        return {f"{run.dag}": {task.task: task.state for task in tasks} for run, tasks in self._runs}


def _done(task: TaskInstance) -> bool:
    return task.state in {"success", "failed", "skipped", "upstream_failed", "removed"}
