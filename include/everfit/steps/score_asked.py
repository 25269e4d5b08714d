"""What is to be scored: a batch that was accepted, or a delivery of rows whose outcome nobody knows yet."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from everfit.errors import DataError, NotEnoughData, Recalled, SpecError, UnknownName
from everfit.ledger.entries import Promoted
from everfit.ledger.scores import settled_to_score
from everfit.steps.ingest import look_for
from everfit.steps.staging import stage

if TYPE_CHECKING:
    from everfit.ledger import View
    from everfit.ports import Ports
    from everfit.spec import ModelSpec
    from everfit.spec.scoring import ScoreSpec
    from everfit.steps.deliveries import Delivery
    from everfit.steps.staging import Staged
    from everfit.values import Arrival, Batch


@dataclass(frozen=True)
class Asked:
    """Rows to be scored, by the hash of the bytes that they are in.

    Either a `batch` that ledger entry `seq` accepted, or the `staged` copy of a delivery, with its `fingerprint`.
    """

    partition: str
    sha256: str
    batch: Batch | None = None
    seq: int = 0
    staged: Staged | None = None
    fingerprint: str = ""

    @property
    def mark(self) -> str | int:
        """What settles it: the delivery's fingerprint, or the entry of the batch."""
        return self.fingerprint or self.seq


def score_part(spec: ModelSpec) -> ScoreSpec:
    """The spec's `score`. Errors: `SpecError` if it has none."""
    if spec.score is None:
        raise SpecError(
            f"{spec.name}: model.yaml has no `score`, which says what is scored; add `score: {{of: batches}}` for the "
            "batches that are accepted, or `of: landing` with a `folder`"
        )
    return spec.score


def to_score(ports: Ports, spec: ModelSpec, most: int | None = None) -> tuple[str, ...]:
    """The partitions that wait to be scored; the first `most` of them.

    Of the batches, the good ones that were accepted since there is a champion: older ones are scored when somebody asks
    for them. Of a landing folder, all complete deliveries. Nothing waits as long as no champion could score it.
    """
    view = ports.ledger(spec.name).view()
    begun = next((entry.seq for entry in view.of(Promoted)), None)
    if begun is None:
        return ()
    settled = settled_to_score(view)
    if score_part(spec).of == "batches":
        waiting = [
            batch.partition for seq, batch in view.batches if seq > begun and (batch.partition, seq) not in settled
        ]
        return tuple(waiting[:most])
    return tuple(arrival.partition for arrival in _ready(ports, spec, settled, most))


def asked(ports: Ports, spec: ModelSpec, view: View, partition: str) -> Asked:
    """What there is to score of a partition.

    A delivery is copied into the store first, once: the source may rewrite it at any moment. Errors: `UnknownName` for
    a partition that is not there, `Recalled` for a batch that was taken back, `DataError` for one whose bytes were
    deleted, `NotEnoughData` for a delivery that is not complete.
    """
    if score_part(spec).of == "batches":
        return _batch(spec, view, partition)
    others = {one for one in settled_to_score(view) if one[0] != partition}
    for arrival in (one for one in _ready(ports, spec, others) if one.partition == partition):
        staged = stage(ports, landed(spec), arrival)
        return Asked(partition, staged.sha256, staged=staged, fingerprint=arrival.fingerprint)
    raise NotEnoughData(
        f"no complete delivery {partition!r} is in {score_part(spec).folder} of the landing place: nothing to score yet"
    )


def landed(spec: ModelSpec) -> ModelSpec:
    """The spec as if deliveries to be scored were its batches."""
    data = spec.data.model_copy(update={"landing": score_part(spec).folder})
    return spec.model_copy(update={"data": data})


def _ready(
    ports: Ports, spec: ModelSpec, settled: Collection[tuple[str, str | int]], most: int | None = None
) -> tuple[Arrival, ...]:
    def done(delivery: Delivery) -> bool:
        return (delivery.partition, delivery.fingerprint) in settled

    ledger, data = ports.ledger(spec.name), landed(spec).data
    return look_for(ports, ledger, data, done, f"{spec.name}.score", most=most).ready


def _batch(spec: ModelSpec, view: View, partition: str) -> Asked:
    good = {batch.partition: (seq, batch) for seq, batch in view.batches}
    if partition in good:
        seq, batch = good[partition]
        return Asked(partition, batch.sha256, batch, seq)
    accepted = view.accepted(partition)
    if not accepted:
        raise UnknownName(f"accepted batch of {spec.name}", partition, good)
    if all(entry.seq in view.recalled for entry in accepted):
        taken = view.recall_of(partition, accepted[-1].body.batch.sha256)
        raise Recalled(
            f"batch {partition} of {spec.name} was taken back in entry {taken}, so its rows are not scored: deliver it "
            "anew"
        )
    raise DataError(f"the bytes of batch {partition} of {spec.name} were deleted: deliver it again to have it scored")
