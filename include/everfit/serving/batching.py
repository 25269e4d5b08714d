"""A bounded line in front of a few threads: what waits for one version is scored together, and none waits for ever."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from math import ceil

from everfit.serving.questions import Refusal
from everfit.serving.scoring import Outcome, Rows, together
from everfit.serving.versions import Loaded
from everfit.values import Answer

TOGETHER = 1000
"""So many rows are scored in one go, when several callers wait; one caller's rows are never cut."""


@dataclass(frozen=True)
class Limits:
    """How many threads score, how many rows may wait for one of them, and for how many seconds a caller may."""

    threads: int
    waiting: int = 20_000
    seconds: float = 10.0


@dataclass(eq=False)
class _Job:
    rows: Rows
    done: asyncio.Future[list[Answer]]
    waits: bool = True


@dataclass(eq=False)
class _Line:
    loaded: Loaded
    jobs: deque[_Job] = field(default_factory=deque)


class Batcher:
    """Scores what cannot be scored on the event loop. Belongs to one event loop.

    A caller who finds a thread idle is served at once and alone. While all are busy, callers wait in one line for each
    version; the thread that comes free takes the line that has waited longest, and all of it up to `TOGETHER` rows.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._pool = ThreadPoolExecutor(limits.threads, "everfit-scoring")
        self._idle = limits.threads
        self._lines: dict[Loaded, _Line] = {}  # in the order in which they began to wait
        self._waiting = 0

    @property
    def waiting(self) -> int:
        """The rows that wait for a thread."""
        return self._waiting

    @property
    def idle(self) -> int:
        """The threads that have nothing to do."""
        return self._idle

    async def score(self, loaded: Loaded, rows: Rows) -> list[Answer]:
        """The answers to `rows`. Errors: `Refusal` with 503 at once if too many rows wait, or with 504 when the time is
        up (a thread that is at it then finishes for nobody), and those of scoring."""
        if self._waiting and self._waiting + len(rows) > self._limits.waiting:
            wait = ceil(self._limits.seconds / 10)
            raise Refusal(503, f"{self._waiting:,} rows wait to be scored: try again in {wait} s", retry_after=wait)
        job = _Job(rows, asyncio.get_running_loop().create_future())
        self._lines.setdefault(loaded, _Line(loaded)).jobs.append(job)
        self._waiting += len(rows)
        self._go_on()
        try:
            async with asyncio.timeout(self._limits.seconds):
                return await job.done
        except TimeoutError as error:
            raise Refusal(504, f"no answer within {self._limits.seconds:g} s: ask again, or in parts") from error
        finally:
            self._forget(loaded, job)

    def close(self) -> None:
        """Take no more; what is being scored is finished."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _go_on(self) -> None:
        """Give the lines to the idle threads."""
        loop = asyncio.get_running_loop()
        while self._idle and self._lines:
            line = self._lines.pop(next(iter(self._lines)))
            jobs = self._take(line)
            if line.jobs:
                self._lines[line.loaded] = line  # behind the others
            if jobs:
                self._idle -= 1
                work = loop.run_in_executor(self._pool, together, line.loaded, [job.rows for job in jobs])
                work.add_done_callback(partial(self._done, jobs))

    def _take(self, line: _Line) -> list[_Job]:
        jobs: list[_Job] = []
        rows = 0
        while line.jobs and (not jobs or rows + len(line.jobs[0].rows) <= TOGETHER):
            job = line.jobs.popleft()
            job.waits = False
            self._waiting -= len(job.rows)
            rows += len(job.rows)
            jobs.append(job)
        return jobs

    def _done(self, jobs: list[_Job], found: asyncio.Future[list[Outcome]]) -> None:
        self._idle += 1
        failed = Refusal(503, "the server is being stopped") if found.cancelled() else found.exception()
        outcomes: Sequence[Outcome | BaseException] = [failed] * len(jobs) if failed else found.result()
        for job, outcome in zip(jobs, outcomes, strict=True):
            if job.done.done():
                continue  # nobody waits for it any more
            if isinstance(outcome, BaseException):
                job.done.set_exception(outcome)
            else:
                job.done.set_result(outcome)
        self._go_on()

    def _forget(self, loaded: Loaded, job: _Job) -> None:
        """Take a caller out of the line whose time is up, or who has gone."""
        if job.waits:
            line = self._lines[loaded]
            line.jobs.remove(job)
            self._waiting -= len(job.rows)
            if not line.jobs:
                del self._lines[loaded]
