"""One policy's own world: its ledger, registry and target, on a simulated clock; and what it shares with the others."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from everfit.cost import Use
from everfit.ports import Landing, Ports
from everfit.replay.clock import Hands
from everfit.replay.landing import LandingSoFar
from everfit.replay.memo import Memo
from everfit.replay.registry import FolderRegistry
from everfit.replay.shelves import Shelves
from everfit.replay.target import InProcess
from everfit.replay.timetable import Landed, paths
from everfit.stores import LocalStore
from everfit.stores.dvc import DvcStore

if TYPE_CHECKING:
    from everfit.ledger import View
    from everfit.spec import ModelSpec

COMMON = ("staged", "checked", "profiles", "data-docs", "quarantine", "features", "models", "studies", "checkpoints")
"""Folders of the store whose objects are named by all that they follow from: deliveries by their fingerprint, features
by snapshot and code, and what belongs to a run by the run, whose name here is a hash of what it is made from."""


@dataclass
class World:
    """What one policy is played in.

    `whole` is the landing place with all that will ever land. `paid` is what each of its training runs took, step by
    step; `failed` says which runs came to nothing, and why.
    """

    name: str
    spec: ModelSpec
    ports: Ports
    whole: Landing
    clock: Hands
    memo: Memo
    landed: Sequence[Landed]
    paid: dict[str, dict[str, Use]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    @property
    def view(self) -> View:
        """What its ledger amounts to by now."""
        return self.ports.ledger(self.spec.name).view()

    @property
    def target(self) -> InProcess:
        """Its target, as what it is."""
        target = self.ports.target
        if not isinstance(target, InProcess):
            raise TypeError(f"the target of a rehearsal is {type(target).__name__}, not InProcess")
        return target


def new_world(home: Path, name: str, spec: ModelSpec, real: Ports, landed: Sequence[Landed]) -> World:
    """An empty world in the folder `home`, on the eve of the first delivery; of `real` only the landing place is read.

    What an earlier rehearsal of that name has left of its own is removed; what is shared stays.
    """
    own = home / "worlds" / name
    shutil.rmtree(own, ignore_errors=True)
    own.mkdir(parents=True)
    clock = Hands(min(one.first for one in landed))
    shared = shared_store(home)
    registry = FolderRegistry(home / "runs")
    ports = Ports(
        store=Shelves(LocalStore(own / "store"), shared, COMMON),
        landing=LandingSoFar(real.landing, clock, paths(landed)),
        data=DvcStore(f"{shared.url}/dvc", home / "fetched"),
        registry=registry,
        target=InProcess(registry),
        clock=clock,
        work=own / "work",
        cluster=real.cluster,
    )
    ports.work.mkdir()
    return World(name, spec, ports, real.landing, clock, Memo(shared), landed)


def shared_store(home: Path) -> LocalStore:
    """What all worlds in `home` share."""
    return LocalStore(home / "shared")
