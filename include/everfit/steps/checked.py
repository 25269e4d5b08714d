"""What ran on a delivery, in numbers and names: kept beside its report, for whoever counts later what was tested."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from everfit import catalog
from everfit.values import canonical, dump, load

if TYPE_CHECKING:
    from collections.abc import Sequence

    from everfit.ports import Ports
    from everfit.spec import ModelSpec
    from everfit.values import Inspection


@dataclass(frozen=True)
class Checked:
    """How many expectations on how many tables ran, which rules, and what did not hold (of any severity)."""

    tables: int
    expectations: int
    rules: tuple[str, ...]
    failed: int


def keep_checked(ports: Ports, spec: ModelSpec, inspection: Inspection, expectations: Sequence[int]) -> None:
    """Keep what ran on an accepted delivery: so many `expectations` on each table, and all the spec's rules."""
    found = Checked(
        tables=len(expectations),
        expectations=sum(expectations),
        rules=tuple(catalog.name_of(type(rule)) for rule in spec.data.rules),
        failed=sum(not check.passed for check in inspection.checks),
    )
    stem = f"{inspection.partition}-{inspection.fingerprint}"
    ports.store.write(checked_key(spec.name, stem), canonical(dump(found)))


def checked_of(ports: Ports, model: str, stem: str) -> Checked | None:
    """What ran on a delivery; None for one that is older than these records."""
    key = checked_key(model, stem)
    return load(Checked, json.loads(ports.store.read(key))) if ports.store.exists(key) else None


def checked_key(model: str, stem: str) -> str:
    """Where the store has it."""
    return f"checked/{model}/{stem}.json"
