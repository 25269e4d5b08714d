"""The gate `not_slower`."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from everfit.errors import DeployError, Unreachable
from everfit.gates._claims import cannot_tell, show
from everfit.gates.evidence import TASKS
from everfit.refuse import number
from everfit.statistics.timing import Ratio, quantile_ratio
from everfit.values import Detail, Outcome, Verdict

if TYPE_CHECKING:
    from everfit.gates.evidence import Evidence
    from everfit.gates.subject import Answering, Known, Subject

NAME = "not_slower"
TURNS, CALLS, WARM = 25, 40, 20
P50, P99 = 0.5, 0.99


@dataclass(frozen=True)
class NotSlower:
    """The candidate costs no more to serve than the champion does: time of an answer, memory, size, time to load.

    Both are served by real servers on this machine, side by side, and asked for single rows in turns (25 turns of 40
    calls each), so that what disturbs one disturbs the other. Settings are how many times the champion's cost is
    allowed: `latency` (median and 99th percentile, each with a 95 % bound from drawing turns again), `memory` (the
    server's peak), `size` (the model's files) and `load` (from the start of the process until it answers). Memory, size
    and load are measured once and compared as they are. It fails when one is surely too much, and passes when all
    surely are not. Without a champion it passes and says what was measured.
    """

    latency: float = 1.5
    memory: float = 1.5
    size: float = 3.0
    load: float = 3.0

    def __post_init__(self) -> None:
        for setting in ("latency", "memory", "size", "load"):
            number(setting, getattr(self, setting), above=0)

    @property
    def tasks(self) -> frozenset[str]:
        """Any."""
        return frozenset(TASKS)

    def measure(self, subject: Subject) -> Mapping[str, Any]:
        """Serve both and take the time of their answers in turns."""
        known = {"candidate": subject.candidate} | ({"champion": subject.champion} if subject.champion else {})
        rows = {who: one.sample(CALLS)[0] for who, one in known.items()}
        try:
            with ExitStack() as stack:
                servers = {who: stack.enter_context(one.serve()) for who, one in known.items()}
                for who, server in servers.items():
                    _turn(server, rows[who][:WARM])
                turns: dict[str, list[list[float]]] = {who: [] for who in servers}
                for _ in range(TURNS):
                    for who, server in servers.items():
                        turns[who].append(_turn(server, rows[who]))
                return {who: _costs(server, known[who], turns[who]) for who, server in servers.items()}
        except (DeployError, Unreachable) as error:
            return {"failed": str(error)}

    def judge(self, evidence: Evidence) -> Verdict:
        """Hold each ratio against what is allowed."""
        found = evidence.measured
        if not found:
            return cannot_tell(NAME, "nothing was timed when it was evaluated: evaluate it again", evidence)
        if "failed" in found:
            return cannot_tell(NAME, f"it could not be timed: {found['failed']}", evidence)
        mine = found["candidate"]
        if "champion" not in found:
            return Verdict(NAME, Outcome.PASSED, f"there is no champion to compare with; {_in_words(mine)}", n=_n(mine))
        parts = tuple(self._parts(mine, found["champion"]))
        outcomes = [part.outcome for part in parts]
        outcome = next((one for one in (Outcome.FAILED, Outcome.CANNOT_TELL) if one in outcomes), Outcome.PASSED)
        worst = max(parts, key=lambda part: (part.high or 0.0) / (part.bar or 1.0))
        return Verdict(
            NAME,
            outcome,
            f"{worst.name}: {worst.reason}; {_in_words(mine)}",
            *(worst.effect, worst.low, worst.high, worst.bar),
            n=_n(mine),
            test="both served side by side and asked in turns; turns drawn again, one-sided 95 %",
            wanted="below",
            parts=parts,
        )

    def _parts(self, mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> Sequence[Detail]:
        import numpy as np

        ours, others = (np.array(one["turns_ms"]) for one in (mine, theirs))
        ratios = [
            ("median of an answer", quantile_ratio(ours, others, P50, seed=0), self.latency),
            ("99th percentile of an answer", quantile_ratio(ours, others, P99, seed=0), self.latency),
        ]
        for what, name, allowed in (
            ("memory of the server", "peak_mb", self.memory),
            ("size of the model", "size_mb", self.size),
            ("time to load", "load_seconds", self.load),
        ):
            once = mine[name] / theirs[name]
            ratios.append((what, Ratio(once, once, once), allowed))
        return [_held(what, ratio, allowed) for what, ratio, allowed in ratios]


def _held(what: str, ratio: Ratio, allowed: float) -> Detail:
    outcome = Outcome.CANNOT_TELL
    if ratio.high < allowed:
        outcome = Outcome.PASSED
    elif ratio.low >= allowed:
        outcome = Outcome.FAILED
    spread = f", from {show(ratio.low)} to {show(ratio.high)}" if ratio.high > ratio.low else ""
    reason = f"{show(ratio.value)} times the champion's{spread}; wanted less than {show(allowed)}"
    return Detail(what, outcome, reason, ratio.value, ratio.low, ratio.high, allowed)


def _turn(server: Answering, rows: Sequence[Mapping[str, Any]]) -> list[float]:
    """Milliseconds of each answer to one row."""
    taken = []
    for row in rows:
        began = time.perf_counter()
        server.ask([row])
        taken.append(round(1000 * (time.perf_counter() - began), 4))
    return taken


def _costs(server: Answering, known: Known, turns: list[list[float]]) -> Mapping[str, Any]:
    return {
        "turns_ms": turns,
        "peak_mb": round(server.peak_mb, 1),
        "load_seconds": round(server.seconds, 3),
        "size_mb": round(_size(known.folder) / 1e6, 6),
    }


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _in_words(costs: Mapping[str, Any]) -> str:
    import numpy as np

    half, most = np.quantile(np.array(costs["turns_ms"]), (P50, P99))
    return (
        f"one row takes {half:.1f} ms (99th percentile {most:.1f}), {costs['size_mb']:.2g} MB load in "
        f"{costs['load_seconds']:.1f} s and the server holds {costs['peak_mb']:.0f} MB"
    )


def _n(costs: Mapping[str, Any]) -> int:
    return sum(map(len, costs["turns_ms"]))
