"""A toy model and the months that are delivered for it, in which the world may change."""

from __future__ import annotations

import csv
import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from everfit.ports import Ports
from everfit.replay import Outcome, Rehearsal, Settings, chosen
from everfit.settings import Address, Place, open_ports
from everfit.spec import ModelSpec, TrainSpec, load_spec
from everfit.spec.building import gate_from

NOWHERE = Address("http://127.0.0.1:9")


@dataclass
class Year:
    """A project with one model, its landing place, and the folder in which rehearsals are kept."""

    root: Path
    spec: ModelSpec
    said: list[str] = field(default_factory=list)

    @property
    def ports(self) -> Ports:
        place = Place(Address(str(self.root / "store")), Address(str(self.root / "landing")), NOWHERE, NOWHERE)
        return open_ports(place, self.root / "work", lambda: datetime.now(UTC))

    def land(self, partition: str, *, threshold: float = 6.5, upside_down: bool = False, per_day: int = 20) -> Path:
        """A month of examples: the outcome is whether amount and kind together go beyond the threshold, or do not."""
        chance, day = random.Random(partition), date.fromisoformat(f"{partition}-01")
        folder = self.root / "landing" / self.spec.name / partition
        folder.mkdir(parents=True)
        with (folder / "examples.csv").open("w", newline="") as file:
            table = csv.writer(file)
            table.writerow(["time", "amount", "kind", "outcome"])
            while day.strftime("%Y-%m") == partition:
                for hour in range(per_day):
                    amount, kind = round(chance.uniform(0, 10), 3), chance.choice(["new", "known"])
                    value = amount + (3 if kind == "new" else 0) + chance.gauss(0, 1)
                    outcome = int((value > threshold) != upside_down)
                    table.writerow([f"{datetime.combine(day, time(hour % 24)).isoformat()}Z", amount, kind, outcome])
                day += timedelta(days=1)
        (folder / "_SUCCESS").touch()
        return folder

    def break_(self, partition: str) -> None:
        """A month without its outcome."""
        (self.land(partition) / "examples.csv").write_text(f"time,amount,kind\n{partition}-01T00:00:00Z,1,new\n")

    def but(self, **said: Any) -> Year:
        """The same with another spec."""
        return Year(self.root, self.spec.model_copy(update=said))

    def rehearsal(self, home: str = "home", **settings: Any) -> Rehearsal:
        return Rehearsal.of(self.ports, self.spec, self.root / home, Settings(**settings))

    def play(self, *policies: str, home: str = "home", **settings: Any) -> dict[str, Outcome]:
        """The outcomes of policies, each played if it was not before."""
        rehearsal = self.rehearsal(home, **settings)
        return {
            name: rehearsal.play(name, spec, self.said.append)[0] for name, spec in chosen(self.spec, policies).items()
        }


def toy(name: str = "toy") -> ModelSpec:
    """The scaffolded model, quick to train, and promoted whenever it can tell good from bad on the newest batch."""
    gates = tuple(map(gate_from, ("answers_sanely", {"above_bar": {"metric": "auc", "at_least": 0.6}})))
    train = TrainSpec(params={"rounds": 10, "max_depth": 3}, seed=1)
    return load_spec(name).model_copy(update={"train": train, "gates": gates})
