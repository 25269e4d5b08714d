"""A candidate's recipe in the past: trained again on what came before a batch, and judged on that batch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from everfit.gates import Past
from everfit.steps.comparing import gather
from everfit.steps.learn import learn

if TYPE_CHECKING:
    from everfit.models import Round
    from everfit.ports import Progress
    from everfit.predictor import Predictor
    from everfit.spec import ModelSpec
    from everfit.steps.feature_table import TableFile
    from everfit.values import Batch, Snapshot


@dataclass(frozen=True, eq=False)
class Backtest:
    """Makes past windows of a snapshot, whose feature table has every batch as it was known before it.

    `spec` has the parameters that the candidate was trained with; `candidate` gives what does not change: task, inputs,
    feature code. All rows of a window's training are learnt from, on the CPU; with a search, the parameters are not
    searched anew, so that they may know a little of the windows (the batches that the search judged on).
    """

    spec: ModelSpec
    snapshot: Snapshot
    table: TableFile
    candidate: Predictor
    work: Path
    progress: Progress

    def __call__(self, windows: int) -> Iterator[Past]:
        """The newest windows, oldest first."""
        batches = self.snapshot.training
        early = self.spec.train.early_stopping
        fewest = 1 + self.snapshot.gap + (early.batches if early else 0)
        places = range(max(fewest, len(batches) - windows), len(batches))
        for place in places:
            self.progress(f"backtest {place - places.start + 1} of {len(places)}: {batches[place].label}")
            yield self._past(batches[: place + 1])

    def _past(self, batches: tuple[Batch, ...]) -> Past:
        then = replace(self.snapshot, batches=batches, holdout=1)
        spec = self.spec.model_copy(update={"engine": "local"})
        self.work.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=self.work, prefix="backtest-") as folder:
            columns, fitted = learn(spec, then, self.table, "cpu", _unheard, _unwatched, work=Path(folder))
            file = Path(folder, spec.algorithm.file)
            file.write_bytes(fitted.trained.model)
            scorer = spec.algorithm.load(file)
        recipe = replace(self.candidate, card=replace(self.candidate.card, columns=columns), scorer=scorer)
        learnt = self.table.of(tuple(batch.partition for batch in then.training), self.table.told)
        held_out = self.table.of((batches[-1].partition,))
        return Past(batches[-1].partition, gather(spec, learnt, held_out, recipe, None, ()))


def _unheard(message: str) -> None:
    """What is said of each training would hide which window it is."""


def _unwatched(ended: Round) -> None:
    """Nobody watches the rounds."""
