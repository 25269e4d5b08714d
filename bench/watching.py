"""How often the judge of a canary is wrong, and how soon it is right, in simulated shadows and canaries.

    python -m bench.watching

A model of flights that are late: two versions see each flight's chance through noises of their own, equally well. One
in a thousand requests fails, answers take some 7 ms; a canary has 5 % of the requests, of which 20 come in a second.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from everfit.rollouts.bars import Bars
from everfit.rollouts.judging import Found, judge_stage
from everfit.rollouts.seen import Arm, Rows, Watched
from everfit.statistics.calls import Calls

RATE, SHARE, GROWTH = 20.0, 0.05, 1.1


@dataclass(frozen=True)
class World:
    """What is true: of the challenger how often it `fails`, how much `slower` it is (times the champion's seconds), how
    much `worse` (noise in log odds beyond the champion's), how far `off` (log odds that it says too much). Of both:
    `failing` (the champion's rate), slow spells of `bursts` seconds, each version's own, and `drift` (log odds by which
    more flights are late in the end). `share` is the canary's part of the requests, in steps of equal length."""

    fails: float = 0.001
    slower: float = 1.0
    worse: float = 0.0
    off: float = 0.0
    failing: float = 0.001
    bursts: float = 0.0
    drift: float = 0.0
    share: tuple[float, ...] = (SHARE,)


HARM: Mapping[str, World] = {
    "3 % of requests fail, not 0.1 %": World(fails=0.03),
    "twice as slow": World(slower=2.0),
    "blurred scores (log loss 15 % higher)": World(worse=1.0),
    "too high scores (35 % where 21 % come)": World(off=0.8),
}


def watched(world: World, requests: int, seed: int, *, paired: bool) -> Watched:
    """So many requests to both (the shadow) or to one of the two (the canary)."""
    rng = np.random.default_rng(seed)
    at = np.sort(rng.uniform(0, requests / RATE, requests))
    logit = rng.normal(-1.5, 0.8, requests) + world.drift * np.linspace(0, 1, requests)
    y = (rng.random(requests) < _chance(logit)).astype(float)
    share = np.array(world.share)[(np.arange(requests) * len(world.share)) // requests]
    ours = rng.random(requests) < share
    arms = []
    for chosen, fails, slower, worse, off in (
        (~ours, world.failing, 1.0, 0.0, 0.0),
        (ours, world.fails, world.slower, world.worse, world.off),
    ):
        noise = 0.15 * rng.normal(size=requests) + worse * rng.normal(size=requests) + off
        failed = rng.random(requests) < fails
        seconds = np.where(failed, np.nan, slower * _spells(rng, at, world.bursts) * rng.lognormal(-5, 0.4, requests))
        scores = np.where(failed, np.nan, _chance(logit + noise))
        which = np.ones(requests, dtype=bool) if paired else chosen
        arms.append(Arm(Calls(at[which], failed[which], seconds[which]), Rows(at[which], scores[which], y[which])))
    return Watched("binary", "log_loss", arms[0], arms[1], paired)


def until(seen: Watched, when: float) -> Watched:
    """What had been seen by then."""
    return replace(seen, champion=_until(seen.champion, when), challenger=_until(seen.challenger, when))


def looks(seen: Watched, begin: int = 50, growth: float = GROWTH) -> Iterator[tuple[int, Watched]]:
    """After so many requests in all, ten per cent more each time."""
    times = np.sort(np.concatenate([seen.champion.calls.at, [] if seen.paired else seen.challenger.calls.at]))
    number = float(begin)
    while number <= len(times):
        yield int(number), until(seen, times[int(number) - 1])
        number *= growth


def first(says: Callable[[Found], bool], seen: Watched, bars: Bars) -> int | None:
    """After how many requests the judge says it for the first time; None if never."""
    return next((n for n, so_far in looks(seen) if says(judge_stage(so_far, bars))), None)


def main(console: Console | None = None, runs: int = 15) -> None:
    """Print how often nothing is called harm, and how many requests it takes to find harm."""
    console = console or Console()
    table = Table("", "shadow", "canary of 5 %", title=f"requests until the judge is sure (median of {runs})")
    for name, world in HARM.items():
        table.add_row(f"harm: {name}", *(_soon(lambda found: found.harm, world, runs, paired=p) for p in (True, False)))
    table.add_row(
        "good: as good as the champion", *(_soon(lambda f: f.good, World(), runs, paired=p) for p in (True, False))
    )
    console.print(table)


def _soon(says: Callable[[Found], bool], world: World, runs: int, *, paired: bool) -> str:
    requests = 20_000 if paired else 200_000
    found = [first(says, watched(world, requests, seed, paired=paired), Bars()) for seed in range(runs)]
    never = sum(one is None for one in found)
    median = statistics.median(requests if one is None else one for one in found)
    return f"{median:,.0f}" + (f" (never in {requests:,}: {never})" if never else "")


def _until(arm: Arm, when: float) -> Arm:
    calls, rows = arm.calls.at <= when, arm.rows.at <= when
    return Arm(
        Calls(arm.calls.at[calls], arm.calls.failed[calls], arm.calls.seconds[calls]),
        Rows(arm.rows.at[rows], arm.rows.scores[rows], arm.rows.y[rows]),
    )


def _spells(rng: np.random.Generator, at: Any, bursts: float) -> Any:
    """How many times slower than usual each moment is."""
    if not bursts:
        return 1.0
    return np.exp(rng.normal(0, 0.5, int(at[-1] / bursts) + 1))[(at / bursts).astype(int)]


def _chance(logit: Any) -> Any:
    return 1 / (1 + np.exp(-logit))


if __name__ == "__main__":
    main()
