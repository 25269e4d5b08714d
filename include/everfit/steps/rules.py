"""What a batch must keep beyond its columns: the delivery as rules see it, and all of the spec's rules asked of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from everfit.steps.fetching import fetch
from everfit.steps.rows import batch_rows
from everfit.validation.delivery import Delivery, Rule
from everfit.validation.stream import Part
from everfit.values import Batch, Check

if TYPE_CHECKING:
    import pandas as pd

    from everfit.features import FeatureCode
    from everfit.ledger import View
    from everfit.ports import Ports
    from everfit.spec import ModelSpec


def delivery_of(
    ports: Ports,
    spec: ModelSpec,
    code: FeatureCode,
    view: View,
    *,
    partition: str,
    sha256: str,
    tables: Mapping[str, Sequence[Part]],
    make_rows: Callable[[], pd.DataFrame],
) -> Delivery:
    """A delivery as rules see it: its bytes' hash, its tables' files, the rows that the feature code makes of them.

    The batches before it are the good ones of other partitions in `view`.
    """
    earlier = tuple(batch for _, batch in view.batches if batch.partition != partition)

    def features(rows: pd.DataFrame) -> pd.DataFrame:
        return code.features(rows, code.history(code.facts(rows.iloc[:0])))

    def opened(batch: Batch) -> Delivery:
        return Delivery(
            model=spec.name,
            partition=batch.partition,
            sha256=batch.sha256,
            tables=_tables(spec, fetch(ports, spec.name, batch)),
            label=spec.label,
            time=spec.time,
            task=spec.task,
            code=code.sha256,
            store=ports.store,
            make_rows=lambda: batch_rows(ports, spec, code, batch),
            make_features=features,
        )

    return Delivery(
        model=spec.name,
        partition=partition,
        sha256=sha256,
        tables=tables,
        label=spec.label,
        time=spec.time,
        task=spec.task,
        code=code.sha256,
        store=ports.store,
        make_rows=make_rows,
        make_features=features,
        earlier=earlier,
        look=opened,
    )


def check_rules(delivery: Delivery, rules: Sequence[Rule]) -> tuple[Check, ...]:
    """What every rule finds in the delivery, in the spec's order.

    Whatever is wrong with the delivery is a failed check. Errors: `SpecError` if the feature code is wrong,
    `Unreachable` and `Corrupted` if an earlier batch cannot be had.
    """
    return tuple(check for rule in rules for check in rule.check(delivery))


def _tables(spec: ModelSpec, folder: Path) -> Mapping[str, Sequence[Part]]:
    """The files of an accepted batch by table."""
    found = spec.data.parts(path.name for path in folder.iterdir())
    return {table: tuple(Part(name, folder / name) for name in names) for table, names in found.items()}
