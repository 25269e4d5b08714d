"""Features of held-out rows made a second time, as a server makes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from everfit.steps.batches import BatchRows
from everfit.steps.point_in_time import history_before
from everfit.steps.sample import as_sent

if TYPE_CHECKING:
    import pandas as pd

    from everfit.ports import Ports
    from everfit.predictor import Predictor
    from everfit.spec import ModelSpec
    from everfit.steps.feature_table import TableFile
    from everfit.values import Snapshot


@dataclass(frozen=True, eq=False)
class BothWays:
    """Makes the features of the oldest held-out batch again, with the history of the training batches alone.

    That is what the feature table's rows of that batch know, so nothing but the way of making them can differ. `raw`
    are the labelled rows of the holdout. The training batches are read once more for their history.
    """

    ports: Ports
    spec: ModelSpec
    snapshot: Snapshot
    predictor: Predictor
    raw: pd.DataFrame
    table: TableFile

    def __call__(self, most: int) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The features of so many rows at most, evenly drawn: from the table, and through JSON."""
        import numpy as np
        import pandas as pd

        table = self.table.of((self.snapshot.held_out[0].partition,)).features
        places = np.unique(np.linspace(0, len(table) - 1, min(most, len(table))).round().astype(int))
        code, inputs = self.predictor.code, self.predictor.card.inputs
        known = [BatchRows(self.ports, self.spec, code, batch).with_inputs(inputs) for batch in self.snapshot.training]
        sent = as_sent(inputs.read(self.raw.iloc[places]))
        rows = inputs.read(pd.DataFrame(sent, columns=list(inputs.names)))
        served = code.features(rows, history_before(code, known, len(known)))
        return table.iloc[places].reset_index(drop=True), served.reset_index(drop=True)
