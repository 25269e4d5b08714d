"""What OpenLineage is told of our tasks: which data each read and made, with the hashes that the ledger knows.

From a delivery over staged copy, batch, snapshot, feature table, run and version to the deployment. A dataset's name
says what it is and stays the same; which bytes it was this time is its version. Names follow OpenLineage's naming
(https://openlineage.io/docs/spec/naming): `file` and a path, `s3://bucket` and a key; what has no scheme there is named
the same way: `mlflow://host:port`, `everfit://host:port`. Nothing here is imported or computed unless the provider is
configured to send events.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from pathlib import Path

    from airflow.providers.openlineage.extractors import OperatorLineage

    from everfit.ledger import Entry
    from everfit.ledger.entries import BatchScored, RunTriggered
    from everfit.settings import Place
    from everfit.spec import ModelSpec
    from everfit.values import Arrival, Batch, Candidate, Check, Evaluation, Features, Inspection, Judgement, StoredFile


@dataclass(frozen=True)
class Data:
    """One dataset: where and what it is, which `version` of it, and what is known of it without reading it."""

    namespace: str
    name: str
    version: str
    rows: int | None = None
    columns: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True)
class Lineage:
    """What a task read and what it made of it."""

    read: tuple[Data, ...]
    made: tuple[Data, ...]


def validated(place: Place, spec: ModelSpec, arrival: Arrival, inspection: Inspection) -> Lineage:
    """A delivery was copied and looked at; its checks are told as data quality assertions."""
    where = _at(place.landing.url, f"{spec.data.landing}/{arrival.partition}")
    delivery = Data(*where, inspection.sha256, inspection.rows, checks=inspection.checks)
    return Lineage((delivery,), (_staged(place, inspection),))


def committed(place: Place, spec: ModelSpec, inspection: Inspection, entry: Entry) -> Lineage:
    """The copy became a batch, went to quarantine, or turned out to be the batch that is there already."""
    from everfit.ledger.entries import BatchAccepted, BatchQuarantined

    match entry.body:
        case BatchAccepted(batch=batch):
            made: tuple[Data, ...] = (_batch(place, spec, batch),)
        case BatchQuarantined(partition=partition, sha256=sha256):
            made = (Data(*_at(place.store.url, f"quarantine/{spec.name}/{partition}"), sha256),)
        case _:
            made = ()
    return Lineage((_staged(place, inspection),), made)


def resolved(place: Place, spec: ModelSpec, run: RunTriggered) -> Lineage:
    """Batches were put together to a snapshot."""
    return Lineage(tuple(_batch(place, spec, batch) for batch in run.batches), (_snapshot(place, spec, run),))


def built(place: Place, spec: ModelSpec, run: RunTriggered, features: Features) -> Lineage:
    """A snapshot became a feature table."""
    return Lineage((_snapshot(place, spec, run),), (_features(place, spec, features),))


def trained(place: Place, spec: ModelSpec, features: Features, candidate: Candidate) -> Lineage:
    """A feature table became a candidate: an MLflow run."""
    return Lineage((_features(place, spec, features),), (_candidate(place, candidate),))


def evaluated(place: Place, spec: ModelSpec, features: Features, evaluation: Evaluation) -> Lineage:
    """Candidate and champion were held against the holdout; the scores are the evidence."""
    champion = () if evaluation.champion is None else (_version(place, spec, evaluation.champion),)
    read = (_features(place, spec, features), _candidate(place, evaluation.candidate), *champion)
    return Lineage(read, (_evidence(place, spec, evaluation.evidence, evaluation.holdout_rows),))


def judged(place: Place, spec: ModelSpec, judgement: Judgement) -> Lineage:
    """The gates read the evidence and decided: an entry of the ledger."""
    return Lineage((_evidence(place, spec, judgement.evidence),), (_entry(place, spec, judgement.entry),))


def registered(place: Place, spec: ModelSpec, judgement: Judgement, version: int) -> Lineage:
    """The candidate became a version of the model, because of that decision."""
    read = (_candidate(place, judgement.candidate), _entry(place, spec, judgement.entry))
    return Lineage(read, (_version(place, spec, version),))


def scored(place: Place, spec: ModelSpec, body: BatchScored) -> Lineage:
    """Versions of the model scored a batch: predictions that count, and those in the shadow."""
    from everfit.steps.score_asked import score_part

    said = score_part(spec)
    where = f"dvc/{spec.name}" if said.of == "batches" else said.folder
    url = place.store.url if said.of == "batches" else place.landing.url
    versions = (version for version in (body.version, body.challenger, *body.shadows) if version is not None)
    read = [Data(*_at(url, f"{where}/{body.partition}"), body.sha256)]
    read += [_version(place, spec, version) for version in versions]
    made = [Data(*_at(place.store.url, f"scores/{spec.name}/{body.partition}"), body.file.sha256, body.rows)]
    made += [Data(*_at(place.store.url, file.key), file.sha256) for file in body.shadows.values()]
    return Lineage(tuple(read), tuple(made))


def serving(place: Place, spec: ModelSpec, version: int) -> Lineage:
    """From now on the model server answers with this version."""
    deployment = Data(_service("everfit", place.server.url), spec.name, str(version))
    return Lineage((_version(place, spec, version),), (deployment,))


def went_back(place: Place, spec: ModelSpec, entry: Entry) -> Lineage:
    """From now on the model server answers with an earlier version again."""
    from everfit.ledger.entries import RolledBack

    return serving(place, spec, entry.body.version) if isinstance(entry.body, RolledBack) else Lineage((), ())


def facets(lineage: Lineage, spec: ModelSpec) -> OperatorLineage[Any, Any]:
    """The same in OpenLineage's words: version, schema, rows, checks, owner, the git revision of the team's code."""
    from airflow.providers.openlineage.extractors import OperatorLineage
    from openlineage.client.event_v2 import InputDataset, OutputDataset
    from openlineage.client.generated import input_statistics_input_dataset, output_statistics_output_dataset
    from openlineage.client.generated.ownership_dataset import Owner, OwnershipDatasetFacet

    owner = OwnershipDatasetFacet(owners=[Owner(name=f"team:{spec.owner}", type="MAINTAINER")])
    rows_read = input_statistics_input_dataset.InputStatisticsInputDatasetFacet
    rows_made = output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet
    return OperatorLineage(
        inputs=[
            InputDataset(
                data.namespace,
                data.name,
                facets=_facets(data),
                inputFacets=_asserted(data.checks) | _counted("inputStatistics", rows_read, data),
            )
            for data in lineage.read
        ],
        outputs=[
            OutputDataset(
                data.namespace,
                data.name,
                facets=_facets(data) | {"ownership": owner},
                outputFacets=_counted("outputStatistics", rows_made, data),
            )
            for data in lineage.made
        ],
        job_facets=_code(spec.folder),
    )


def _staged(place: Place, inspection: Inspection) -> Data:
    return Data(*_at(place.store.url, inspection.staged), inspection.sha256, inspection.rows)


def _batch(place: Place, spec: ModelSpec, batch: Batch) -> Data:
    return Data(*_at(place.store.url, f"dvc/{spec.name}/{batch.partition}"), batch.sha256, batch.rows)


def _snapshot(place: Place, spec: ModelSpec, run: RunTriggered) -> Data:
    rows = sum(batch.rows for batch in run.batches)
    return Data(*_at(place.store.url, f"snapshots/{spec.name}"), run.snapshot, rows)


def _features(place: Place, spec: ModelSpec, features: Features) -> Data:
    rows = features.training_rows + features.holdout_rows + features.unlabeled_rows
    return Data(*_at(place.store.url, f"features/{spec.name}"), features.table.sha256, rows, features.columns)


def _candidate(place: Place, candidate: Candidate) -> Data:
    return Data(_service("mlflow", place.mlflow.url), f"runs/{candidate.model}", candidate.mlflow_run)


def _version(place: Place, spec: ModelSpec, version: int) -> Data:
    return Data(_service("mlflow", place.mlflow.url), f"models/{spec.name}", str(version))


def _evidence(place: Place, spec: ModelSpec, evidence: StoredFile, rows: int | None = None) -> Data:
    return Data(*_at(place.store.url, f"evidence/{spec.name}"), evidence.sha256, rows)


def _entry(place: Place, spec: ModelSpec, seq: int) -> Data:
    return Data(*_at(place.store.url, f"ledger/{spec.name}"), str(seq))


def _at(url: str, key: str) -> tuple[str, str]:
    """Namespace and name of what a store or landing place has under `key`."""
    from everfit.stores.place import bucket_and_prefix, is_s3, local_root

    if is_s3(url):
        bucket, prefix = bucket_and_prefix(url)
        return f"s3://{bucket}", f"{prefix}{key}"
    return "file", (local_root(url).absolute() / key).as_posix()


def _service(scheme: str, url: str) -> str:
    return f"{scheme}://{urlsplit(url).netloc}"


def _facets(data: Data) -> dict[str, Any]:
    from openlineage.client.generated.dataset_version_dataset import DatasetVersionDatasetFacet
    from openlineage.client.generated.schema_dataset import SchemaDatasetFacet, SchemaDatasetFacetFields

    found: dict[str, Any] = {"version": DatasetVersionDatasetFacet(data.version)}
    if data.columns:
        found["schema"] = SchemaDatasetFacet([SchemaDatasetFacetFields(column) for column in data.columns])
    return found


def _counted(name: str, kind: Any, data: Data) -> dict[str, Any]:
    return {} if data.rows is None else {name: kind(rowCount=data.rows)}


def _asserted(checks: Iterable[Check]) -> dict[str, Any]:
    from openlineage.client.generated.data_quality_assertions_dataset import (
        Assertion,
        DataQualityAssertionsDatasetFacet,
    )

    told = [
        Assertion(
            assertion=f"{check.table}: {check.wanted}",
            success=check.passed,
            column=check.column,
            severity="error" if check.severity == "critical" else "warn",
            expected=check.wanted,
            actual=check.found,
        )
        for check in checks
    ]
    return {"dataQualityAssertions": DataQualityAssertionsDatasetFacet(told)} if told else {}


def _code(folder: Path) -> dict[str, Any]:
    from openlineage.client.generated.source_code_location_job import SourceCodeLocationJobFacet

    from everfit.steps.environment import revision

    found = revision(folder)
    return {"sourceCodeLocation": SourceCodeLocationJobFacet("git", folder.as_uri(), version=found)} if found else {}
