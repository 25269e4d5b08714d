"""How much more each row costs with the candidate than with the champion, for gates that look at parts of the rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from everfit.gates._claims import cannot_tell, obstacle
from everfit.refuse import one_of
from everfit.statistics.losses import TASKS, per_row

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from everfit.gates.evidence import Evidence
    from everfit.values import Verdict

    Array = NDArray[np.float64]

ROW_LOSSES = {loss: tasks for loss, tasks in TASKS.items() if "ranking" not in tasks}
"""The losses that a single row has: the order of a list is right or wrong as a whole."""

LEARNT = "the champion learnt from rows of this holdout, so a comparison would favour it: wait for a newer batch"


@dataclass(frozen=True, eq=False)
class Harm:
    """Each row's loss with the candidate less that with somebody else, and what theirs is on average."""

    rows: Array
    theirs: float


def refuse_loss(loss: object) -> None:
    """Refuse what is no loss of a row, as `ValueError`."""
    one_of("loss", loss, ROW_LOSSES)


def harm(gate: str, loss: str, evidence: Evidence, who: str, scores: Array | None) -> Harm | Verdict:
    """The difference of losses row by row, or the verdict that says why there is none."""
    if evidence.champion_saw_holdout or scores is None:
        return cannot_tell(gate, LEARNT, evidence)
    why_not = obstacle(evidence, "candidate", evidence.candidate) or obstacle(evidence, who, scores)
    if why_not:
        return cannot_tell(gate, why_not, evidence)
    ours, theirs = (per_row(loss, evidence.truth, one) for one in (evidence.candidate, scores))
    return Harm(ours - theirs, float(abs(theirs).mean()))
