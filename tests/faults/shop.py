"""A source system that delivers in random order: new batches, the same again, corrections, and bad ones.

Each delivery is four files, written as a careful source does: marker away, files, marker. A partition is delivered
again only once its delivery before was settled, so that every delivery has an outcome of its own to answer for.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

MARKER = "_SUCCESS"
LANDING = "sales"
MODEL = "soak"
FILES = 4

SPEC = f"""
name: {MODEL}
task: regression
label: price
time: at
data:
  landing: {LANDING}
  look_every: 1
  look_for: 30
  tables:
    sales: {{file: "sales-*.csv"}}
    shops: {{file: shops.csv}}
retrain: {{when: []}}
"""
SUITES = {
    "sales": """{"name": "sales", "expectations": [
      {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "price"}, "severity": "critical"},
      {"type": "expect_column_values_to_be_between",
       "kwargs": {"column": "price", "min_value": 0, "max_value": 1000}, "severity": "critical"}]}""",
    "shops": """{"name": "shops", "expectations": [
      {"type": "expect_column_values_to_be_unique", "kwargs": {"column": "shop"}, "severity": "critical"}]}""",
}
CODE = "INPUTS = ['shop']\n\n\ndef features(rows, history):\n    return rows[['shop']]\n"
DAG = f"""from everfit_airflow import build_dags  # an Airflow DAG file

globals().update({{name: dag for name, dag in build_dags("{MODEL}").items() if name.endswith("_ingest")}})
"""


def write_project(root: Path) -> None:
    """The model's folder and its DAG file."""
    model = root / "models" / MODEL
    (model / "expectations").mkdir(parents=True)
    (root / "dags").mkdir()
    (model / "model.yaml").write_text(SPEC)
    (model / "features.py").write_text(CODE)
    for table, suite in SUITES.items():
        (model / "expectations" / f"{table}.json").write_text(suite)
    (root / "dags" / f"{MODEL}.py").write_text(DAG)


@dataclass(frozen=True)
class Delivery:
    """One delivery: what it is made of, and what has to become of it."""

    partition: str
    content: int
    bad: bool
    outcome: str


@dataclass
class Source:
    """Plans `partitions` first deliveries and `again` later ones, and hands them out in random order."""

    partitions: int
    again: int
    seed: int
    plan: list[Delivery] = field(init=False)

    def __post_init__(self) -> None:
        chance = random.Random(self.seed)
        holds: dict[str, int | None] = {}
        plan: list[Delivery] = []
        names = [f"p{number:05d}" for number in range(self.partitions)]
        rest = names + chance.choices(names, k=self.again)
        chance.shuffle(rest)
        for number, partition in enumerate(rest):
            plan.append(self._next(partition, number, holds, chance))
        self.plan = plan

    def _next(self, partition: str, number: int, holds: dict[str, int | None], chance: random.Random) -> Delivery:
        bad = chance.random() < 0.1
        held = holds.get(partition)
        if held is not None and not bad and chance.random() < 0.6:
            return Delivery(partition, held, False, "duplicate")
        if not bad:
            holds[partition] = number
        return Delivery(partition, number, bad, "quarantined" if bad else "accepted")

    def ready(self, waiting: set[str]) -> Iterator[Delivery]:
        """The deliveries whose partition has none waiting, in the order of the plan; each is handed out once."""
        blocked = set(waiting)
        for one in tuple(self.plan):
            if one.partition not in blocked:
                self.plan.remove(one)
                yield one
            blocked.add(one.partition)


def write(one: Delivery, landing: Path) -> None:
    """Put the delivery into the landing place, over whatever the partition held."""
    folder = landing / LANDING / one.partition
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARKER).unlink(missing_ok=True)
    for name, text in _files(one).items():
        (folder / name).write_text(text)
    (folder / MARKER).touch()


def _files(one: Delivery) -> dict[str, str]:
    chance = random.Random(one.content)
    rows = [f"{chance.randrange(9)},{chance.uniform(1, 999):.2f},2024-01-01T00:00:{i:02d}" for i in range(40)]
    if one.bad:
        rows[7] = "3,-5.00,2024-01-01T00:00:07"
    head = "shop,price,at"
    return {
        "sales-1.csv": "\n".join([head, *rows[:20]]) + "\n",
        "sales-2.csv": "\n".join([head, *rows[20:]]) + "\n",
        "shops.csv": "shop,town\n" + "".join(f"{shop},town {chance.randrange(5)}\n" for shop in range(9)),
    }
