"""What waits in the landing place: deliveries that can be taken, and those that take too long to become whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from everfit.errors import BatchChanged, DataError
from everfit.ledger.entries import BatchLate
from everfit.spec import Manifest, Unchanged
from everfit.steps.deliveries import Delivery, deliveries
from everfit.steps.manifest import lacking
from everfit.steps.sightings import Memory
from everfit.steps.staging import manifest_of, scratch

if TYPE_CHECKING:
    from everfit.ledger import Ledger, View
    from everfit.ports import Ports
    from everfit.spec import DataSpec, ModelSpec
    from everfit.values import Arrival


@dataclass(frozen=True)
class Overdue:
    """A delivery that has waited too long: the ledger's key under which this is told, and what is told."""

    key: str
    body: BatchLate


@dataclass(frozen=True)
class Look:
    """What one look found: deliveries to take, by partition, and those of which nobody has been told yet."""

    ready: tuple[Arrival, ...] = ()
    overdue: tuple[Overdue, ...] = ()


Count = Callable[["Ports", "DataSpec", Delivery], "int | None"]
Done = Callable[[Delivery], bool]


def waiting(ports: Ports, spec: ModelSpec, most: int | None = None) -> list[Arrival]:
    """The complete deliveries that the ledger has not settled yet, by partition; the first `most` of them.

    The ledger is what remembers: a delivery that nobody got round to, or whose ingest failed, waits for ever.
    """
    return list(look(ports, ports.ledger(spec.name), spec.data, most=most).ready)


def count_rows(ports: Ports, data: DataSpec, delivery: Delivery) -> int | None:
    """The rows of the main table; None if it cannot be read, which validation will say with its reasons."""
    from everfit.validation.stream import Part, rows

    files = {file.name: file for file in delivery.files}
    parts = next(iter(data.parts(files).values()))
    with scratch(ports) as folder:
        copied = ports.landing.fetch(data.landing, [files[name] for name in parts], folder)
        try:
            return rows([Part(file.name, folder / file.name) for file in copied])
        except DataError:
            return None


def leave_uncounted(ports: Ports, data: DataSpec, delivery: Delivery) -> None:
    """For who only wants to know whether there is work: counting rows is work too, and not that of the triggerer."""


def look(ports: Ports, ledger: Ledger, data: DataSpec, *, most: int | None = None, count: Count = count_rows) -> Look:
    """Look once for the deliveries that the ledger has not settled.

    Whoever looks again and again gives a ledger that is kept, and reads only what is new in it. It costs one listing;
    a delivery that is settled costs nothing more, one that is not may cost its manifest, or once a copy of its main
    table for its rows to be counted. Errors: `Unreachable` if the landing place or the store does not answer.
    """
    settled = ledger.view().settled

    def done(delivery: Delivery) -> bool:
        return (delivery.partition, delivery.fingerprint) in settled

    return look_for(ports, ledger, data, done, ledger.model, most=most, count=count)


def look_for(
    ports: Ports,
    ledger: Ledger,
    data: DataSpec,
    done: Done,
    memory_of: str,
    *,
    most: int | None = None,
    count: Count = count_rows,
) -> Look:
    """Look at the landing place once, for the deliveries that are not `done`.

    What must be remembered from one look to the next is kept under the name `memory_of`.
    """
    view = ledger.view()
    found = deliveries(data, ports.landing.look(data.landing, data.each))
    there = [one for one in found if not done(one)]
    memory = _memory(ports, memory_of, data, there)
    ready: list[Arrival] = []
    late: list[Overdue] = []
    for delivery in there:
        if most is not None and len(ready) == most and data.counts_when.within is None:
            break
        arrival, lacks = _judged(ports, data, delivery, memory, count)
        if arrival is not None:
            ready.append(arrival)
        elif data.counts_when.within and memory.waited(delivery) > timedelta(seconds=data.counts_when.within):
            late.append(_overdue(view, delivery, memory.first(delivery), lacks))
    memory.keep()
    return Look(tuple(ready[:most]), tuple(one for one in late if not view.claimed(one.key)))


def _memory(ports: Ports, model: str, data: DataSpec, there: list[Delivery]) -> Memory:
    """What earlier looks have seen, for a model that needs it; others neither read nor write anything."""
    wanted = data.counts_when
    needed = isinstance(data.complete_when, Unchanged) or wanted.rows or wanted.within
    return Memory.of(ports.store, model, there, ports.clock()) if needed else Memory.of_nothing()


def _judged(
    ports: Ports, data: DataSpec, delivery: Delivery, memory: Memory, count: Count
) -> tuple[Arrival | None, str]:
    """The delivery as an arrival if it can be taken, else what it lacks."""
    names, lacks = _complete(ports, data, delivery, memory)
    if not lacks:
        lacks = "; ".join(_short(ports, data, delivery, names, memory, count))
    return (None, lacks) if lacks else (delivery.arrival(names), "")


def _complete(ports: Ports, data: DataSpec, delivery: Delivery, memory: Memory) -> tuple[tuple[str, ...], str]:
    """The names of its data files, and what keeps it from being complete ("" if nothing does)."""
    names, way = tuple(file.name for file in delivery.files), data.complete_when
    if isinstance(way, Unchanged):
        wait = timedelta(seconds=way.unchanged_for)
        still = memory.unchanged(delivery) < wait
        return names, f"it has not been unchanged for {way.unchanged_for:g} s yet" if still else ""
    if delivery.mark is None:
        return names, f"{way.mark} is not there"
    if not isinstance(way, Manifest):
        return names, ""
    try:
        listed = manifest_of(ports, data, delivery.mark)
    except (DataError, BatchChanged) as error:  # it may be half written; if it stays so, somebody is told in time
        return names, str(error)
    return tuple(one.name for one in listed), lacking(listed, delivery.files)


def _short(
    ports: Ports, data: DataSpec, delivery: Delivery, names: tuple[str, ...], memory: Memory, count: Count
) -> Iterator[str]:
    wanted = data.counts_when
    if wanted.files and len(names) < wanted.files:
        yield f"{len(names)} of at least {wanted.files} files"
    elif wanted.rows:
        try:
            rows = memory.rows(delivery)
            rows = count(ports, data, delivery) if rows is None else rows
        except BatchChanged as error:
            yield str(error)
            return
        if rows is not None:
            memory.counted(delivery, rows)
            if rows < wanted.rows:
                yield f"{rows:,} of at least {wanted.rows:,} rows"


def _overdue(view: View, delivery: Delivery, since: datetime, lacks: str) -> Overdue:
    """Told once for as long as a partition waits: the key has a number that grows with each settled delivery of it."""
    before = sum(partition == delivery.partition for partition, _ in view.settled)
    key = f"late:{delivery.partition}:{before + 1}"
    return Overdue(key, BatchLate(delivery.partition, delivery.fingerprint, since, lacks))
