"""Shows a run as it goes: one line per step with its seconds, and the verdicts of the gates."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

from rich.console import Console
from rich.padding import Padding
from rich.status import Status
from rich.table import Table
from rich.text import Text

from everfit.errors import EverfitError
from everfit.values import Outcome, Verdict

if TYPE_CHECKING:
    from everfit.ledger import View
    from everfit.ports import Ports
    from everfit.spec import ModelSpec

MARKS = {Outcome.PASSED: ("✓", "green"), Outcome.FAILED: ("✗", "red"), Outcome.CANNOT_TELL: ("?", "yellow")}
NAME, SECONDS = 18, 9


@dataclass
class Line:
    """What will stand behind a step once it is done; called with a message, it shows that meanwhile."""

    name: str
    status: Status
    text: str = ""
    style: str = ""

    def __call__(self, message: str) -> None:
        """Progress: shown until the step is done."""
        self.status.update(f"[bold]{self.name}[/bold]  {message}")

    def say(self, text: str, style: str = "") -> None:
        """The result of the step."""
        self.text, self.style = text, style


class Telling:
    """The display of one run."""

    def __init__(self, console: Console) -> None:
        self.console, self._begin = console, perf_counter()

    def title(self, spec: ModelSpec, ports: Ports) -> None:
        """Which model, and where its decisions are kept."""
        head = Text.assemble((spec.name, "bold"), f"  {spec.title}\n", (f"store {ports.store.url}", "dim"))
        self.console.print(head, soft_wrap=True)
        self.console.print()

    @contextmanager
    def step(self, name: str) -> Iterator[Line]:
        """Show a step while it runs, then as a line with its seconds; an error ends it in red and goes on up."""
        begin = perf_counter()
        line = Line(name, self.console.status(f"[bold]{name}[/bold]"))
        try:
            with line.status:
                yield line
        except EverfitError:
            line.say("failed", "bold red")
            raise
        finally:
            self._row(Text(name, "bold"), Text(line.text, line.style), f"{perf_counter() - begin:.1f} s")

    def note(self, text: str, style: str = "dim") -> None:
        """A line that belongs to the step above it."""
        self._row(Text(), Text(text, style), "")

    def verdicts(self, verdicts: tuple[Verdict, ...]) -> None:
        """One line per gate: what it says, and the numbers behind it."""
        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 1))
        for verdict in verdicts:
            mark, style = MARKS[verdict.outcome]
            table.add_row(Text(mark, style), Text(verdict.gate, style), Text(verdict.reason))
        self.console.print(Padding(table, (0, 0, 0, NAME)))

    def end(self, view: View) -> None:
        """Who is what now, and how long it all took."""
        roles = {"champion": view.champion, "previous": view.previous, "challenger": view.challenger}
        said = ", ".join(f"{role} {version}" for role, version in roles.items() if version is not None)
        self.console.print()
        self._row(Text("now", "bold"), Text(said or "no version yet"), f"{perf_counter() - self._begin:.1f} s")

    def _row(self, name: Text, text: Text, seconds: str) -> None:
        table = Table.grid(expand=True)
        table.add_column(width=NAME, no_wrap=True)
        table.add_column(ratio=1, overflow="fold")
        table.add_column(width=SECONDS, justify="right", style="dim", no_wrap=True)
        table.add_row(name, text, seconds)
        self.console.print(table)
