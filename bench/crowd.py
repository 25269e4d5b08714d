"""How the model server bears a crowd: requests/s and latency by the number of callers that ask at once, to overload.

Each caller asks again as soon as it has its answer. One row is answered on the event loop; requests of many rows wait
in the server's line, which is made short here (`LINE` rows), so that a small machine can overload it: then it says 503
with Retry-After, which callers here take no notice of.
"""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.serving import Measured

CALLERS = (1, 4, 16, 64)
TURNS = 6
ROWS = 200
LINE = 2_000
INK = {"journal": "#2f6db3", "fastapi": "#d5a253", "many": "#5b8f3a"}
NAMED = {
    "journal": "everfit, one row, kept",
    "fastapi": "FastAPI, inplace_predict, one row",
    "many": f"everfit, {ROWS} rows a request",
}
SHED = "#b3402f"
FAR = 50
"""So many times the empty endpoint takes a logarithmic scale (`mlflow models serve` does)."""


@dataclass(frozen=True)
class Level:
    """What so many callers met: answers and refusals (503 with Retry-After) a second, milliseconds to an answer."""

    callers: int
    answered: float
    shed: float
    p50: float
    p99: float


class Caller:
    """One connection that always waits for one answer."""

    def __init__(self, port: int, request: bytes) -> None:
        self.socket, self.request = socket.create_connection(("127.0.0.1", port)), request
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.begun, self.got = 0.0, b""

    def ask(self) -> None:
        """Send the request."""
        self.begun, self.got = time.perf_counter(), b""
        self.socket.sendall(self.request)

    def hear(self) -> bytes:
        """Take what has come; the answer's head once all of it is here."""
        self.got += self.socket.recv(1 << 20)
        head, _, body = self.got.partition(b"\r\n\r\n")
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        return head if length and len(body) >= int(length) else b""


def level(port: int, request: bytes, callers: int, seconds: float) -> Level:
    """So many callers for so many seconds."""
    with selectors.DefaultSelector() as ready:
        crowd = [Caller(port, request) for _ in range(callers)]
        for one in crowd:
            ready.register(one.socket, selectors.EVENT_READ, one)
            one.ask()
        begun, took, shed, waiting = time.perf_counter(), list[float](), 0, callers
        while waiting:  # nobody leaves before the answer, which would be work for whoever is measured next
            for key, _ in ready.select(1):
                if not (head := key.data.hear()):
                    continue
                if head.startswith(b"HTTP/1.1 200"):
                    took.append((time.perf_counter() - key.data.begun) * 1e3)
                elif head.startswith(b"HTTP/1.1 503") and b"retry-after: " in head.lower():
                    shed += 1
                else:
                    raise SystemExit(f"the server said {head[:300]!r}")
                if time.perf_counter() - begun < seconds:
                    key.data.ask()
                else:
                    waiting -= 1
        elapsed = time.perf_counter() - begun
        for one in crowd:
            one.socket.close()
    took.sort()
    p50, p99 = took[len(took) // 2], took[int(len(took) * 0.99)]
    return Level(callers, len(took) / elapsed, shed / elapsed, p50, p99)


def levels(asked: Mapping[str, tuple[int, bytes]], seconds: float) -> dict[str, list[Level]]:
    """The least disturbed of several turns for each server (port and request) and each number of callers: whatever else
    this machine does only makes callers wait."""
    found: dict[str, list[Level]] = {way: [] for way in asked}
    for callers in CALLERS:
        turns = [{way: level(*of, callers, seconds / TURNS) for way, of in asked.items()} for _ in range(TURNS)]
        for way, one in found.items():
            one.append(max((turn[way] for turn in turns), key=lambda level: level.answered))
    return found


def draw(found: Measured, crowds: Mapping[str, Sequence[Level]], path: Path) -> None:
    """What one answer costs; below, how long callers wait and how many are answered, against how many ask at once."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure = plt.figure(figsize=(11, 8.2), layout="constrained")
    top, below = figure.subfigures(2, 1, height_ratios=(4, 5), hspace=0.06)
    _costs(top.subplots(), found)
    left, right = below.subplots(1, 2)
    for way, levels in crowds.items():
        callers, ink = [one.callers for one in levels], INK[way]
        left.plot(callers, [one.p50 for one in levels], "o-", color=ink, label=NAMED[way])
        left.plot(callers, [one.p99 for one in levels], "o:", color=ink, mfc="white", ms=5, lw=1.2)
        right.plot(callers, [one.answered for one in levels], "o-", color=ink)
        refused = [one for one in levels if one.shed]
        if refused:
            right.plot([one.callers for one in refused], [one.shed for one in refused], "X--", color=SHED, ms=8)
            last = refused[-1]
            right.annotate(
                f"overload: {last.shed:,.0f}/s told 503\nwith Retry-After",
                *((last.callers, last.shed), (-8, 10)),
                textcoords="offset points",
                color=SHED,
                ha="right",
            )
    for axes, title in ((left, "Milliseconds to an answer: p50 (line), p99 (dotted)"), (right, "Requests a second")):
        axes.set(xscale="log", yscale="log", xlabel="callers that ask at once")
        axes.set_xticks(CALLERS, [str(one) for one in CALLERS], minor=False)
        axes.minorticks_off()
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:,g}")
        axes.set_title(title, loc="left")
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="y", color="#e3e7ec")
    left.legend(frameon=False, loc="upper left", fontsize=9)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)
    plt.close(figure)


def _costs(axes: object, found: Measured) -> None:
    """CPU by request as bars, with the ratio beside each."""
    from matplotlib.axes import Axes

    from bench.serving import AIM, WORDS, median, ratio

    assert isinstance(axes, Axes)
    ways = [way for way in WORDS if (way, 1) in found][::-1]
    ink = {"empty": "#9aa5b1", "onnx": "#9aa5b1", "everfit": "#2f6db3", "journal": "#2f6db3"}
    for place, way in enumerate(ways):
        value, times = median(found[way, 1], "cpu"), ratio(found, way, 1)
        axes.barh(place, value, height=0.62, color=ink.get(way, "#d5a253"))
        label = f"{value:,.0f} µs   {times:.1f}x"
        where = {"xytext": (6, 0), "textcoords": "offset points", "va": "center"}
        axes.annotate(label, (value, place), color="#222", backgroundcolor="white", **where)
    floor = median(found["empty", 1], "cpu")
    axes.axvline(floor * AIM, color=SHED, lw=1.2, ls=(0, (4, 3)))
    axes.text(floor * AIM, len(ways) - 0.42, f" aim {AIM}x", color=SHED, fontsize=9, va="bottom")
    most = max(median(one, "cpu") for one in found.values())
    scale, begin, end = ("log", floor / 3, most * 3) if most > FAR * floor else ("linear", 0, most * 1.2)
    axes.set(xscale=scale, xlim=(begin, end), xlabel="CPU of the server by request, µs")
    axes.set_yticks(range(len(ways)), [WORDS[way] for way in ways])
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.set_title("One row, one connection: what an answer costs the server", loc="left", pad=16)
