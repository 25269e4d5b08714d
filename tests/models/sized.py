"""One training in a process of its own: what was stated and what was taken, as JSON on the last line."""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xgboost

from everfit.models import Rows, Terms, Training
from everfit.models.xgb.size import need, survey
from everfit.models.xgboost import XGBoost

PIECE = 16_384


@dataclass(frozen=True)
class Made:
    """Rows that are made when they are asked for, so that they are in nobody's memory before."""

    rows: int
    columns: int
    missing: float

    def pieces(self) -> Iterator[Rows]:
        for begin in range(0, self.rows, PIECE):
            random = np.random.default_rng(begin)
            matrix = random.random((min(PIECE, self.rows - begin), self.columns), dtype=np.float32)
            labels = (matrix[:, 0] + 2 * random.random(len(matrix), dtype=np.float32) > 1.5).astype(np.float32)
            if self.missing:
                matrix[random.random(matrix.shape, dtype=np.float32) < self.missing] = np.nan
            yield Rows(matrix, labels)


def main(asked: dict[str, float], scratch: Path) -> None:
    columns = int(asked.pop("columns"))
    part = Made(int(asked.pop("rows")), columns, asked.pop("missing"))
    external, subsample = bool(asked.pop("external")), asked.pop("subsample")
    held_out = next(Made(1000, columns, 0).pieces())
    names = [str(number) for number in range(columns)]
    xgboost.train({"nthread": 2}, xgboost.QuantileDMatrix(held_out.matrix, held_out.labels), 1)  # what is paid once
    algorithm = XGBoost(rounds=3, subsample=subsample, **{name: int(value) for name, value in asked.items()})
    data = Training("binary", names, ["q"] * columns, part, held_out)
    memory = 0
    if external:
        trees = algorithm._trees(data, 2)
        memory = need(survey(part), [survey(held_out)] * 2, trees).external
    facts = algorithm.fit(data, Terms("cpu", 1, lambda _: None, memory=memory, scratch=scratch)).facts
    print(json.dumps(dict(facts)))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]), Path(sys.argv[2]))
