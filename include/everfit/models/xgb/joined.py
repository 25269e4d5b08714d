"""Several machines that grow the same trees: each has a share of the rows, and histograms are added up between them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from everfit.ports import Peers


@contextmanager
def joined(peers: Peers) -> Iterator[None]:
    """While this is open, whatever this process trains is trained by all peers together.

    The first of them keeps the list of all (XGBoost's tracker, on a free port of its host), by which they find each
    other; their ranks are ours, so that equal shares give an equal model.
    """
    import json

    from xgboost.collective import CommunicatorContext
    from xgboost.tracker import RabitTracker

    tracker = None
    if peers.rank == 0:
        tracker = RabitTracker(n_workers=peers.of, host_ip=peers.host, sortby="task")
        tracker.start()
    told = peers.gather(json.dumps(tracker.worker_args()) if tracker else "")[0]
    # Tasks are sorted as text: 000002 comes before 000010.
    with CommunicatorContext(**json.loads(told), dmlc_task_id=f"{peers.rank:06}"):
        yield
    if tracker:
        tracker.wait_for()
