"""An open MLflow run: few calls, and a second try adds nothing twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import isnan
from pathlib import Path
from typing import Any, TypeVar

from everfit.errors import EverfitError
from everfit.registry.server import Server
from everfit.values import Batch, canonical

T = TypeVar("T")

METRICS_AT_ONCE = 1000
NAMES_AT_ONCE = 100
LONGEST_PARAM = 6000
LONGEST_TAG = 8000
RETRY = "retry."


@dataclass(eq=False)
class MlflowRun:
    """A run of the tracking server; `resumed` says that an earlier try had opened it.

    MLflow counts every logged point, so a try that repeats a curve would draw it twice. Here points are stamped with
    the start of the run plus their step, and only those are logged that differ from what is there: what this try has
    sent, and in a resumed run, or after a call whose fate is unknown, what the server says.
    """

    id: str
    experiment: str
    started: int
    resumed: bool
    server: Server
    _sent: dict[str, dict[int, tuple[float, int]]] = field(default_factory=dict, init=False)

    def params(self, values: Mapping[str, Any]) -> None:
        """Log parameters. MLflow never changes one: where a retry differs, its value is the tag `retry.<name>`."""
        from mlflow.entities import Param

        texts = {name: cut(str(value), LONGEST_PARAM) for name, value in values.items()}
        there = self._data().params if self.resumed else {}
        changed = {f"{RETRY}{name}": text for name, text in texts.items() if there.get(name, text) != text}
        for some in chunks([Param(n, t) for n, t in texts.items() if n not in there], NAMES_AT_ONCE):
            with self.server.asked("log parameters") as client:
                client.log_batch(self.id, params=some)
        self.tags(changed)

    def metrics(self, values: Mapping[str, float], step: int = 0) -> None:
        """Log one value per metric at `step`."""
        self._points({name: [(step, value)] for name, value in values.items()})

    def curves(self, values: Mapping[str, Sequence[float]], begin: int = 0) -> None:
        """Log whole curves, or the part of them from step `begin`, one value per step."""
        self._points({name: list(enumerate(curve, begin)) for name, curve in values.items()})

    def tags(self, values: Mapping[str, str]) -> None:
        """Set tags; one that is too long for MLflow is kept whole as the artifact `tags/<name>.txt`."""
        from mlflow.entities import RunTag

        short = shorten(self.server, self.id, values, LONGEST_TAG)
        for some in chunks([RunTag(name, text) for name, text in short.items()], NAMES_AT_ONCE):
            with self.server.asked("set tags") as client:
                client.log_batch(self.id, tags=some)

    def artifact(self, path: Path, folder: str = "") -> None:
        """Keep a local file or folder with the run, under `folder`."""
        with self.server.asked(f"keep {path.name}") as client:
            if path.is_dir():
                client.log_artifacts(self.id, str(path), folder or None)
            else:
                client.log_artifact(self.id, str(path), folder or None)

    def dataset(self, snapshot_id: str, batches: Sequence[Batch], context: str) -> None:
        """Log the batches as a dataset input: its digest is the snapshot's id, its profile names every batch's hash."""
        from mlflow.entities import Dataset, DatasetInput, InputTag

        source = (
            {"snapshot": snapshot_id, "partitions": [b.label for b in (batches[0], batches[-1])]} if batches else {}
        )
        profile = {
            "num_rows": sum(b.rows for b in batches),
            "batches": [{"batch": b.label, "sha256": b.sha256, "rows": b.rows} for b in batches],
        }
        dataset = Dataset(
            name=f"{context}-{snapshot_id}",
            digest=snapshot_id,
            source_type="dvc",
            source=canonical(source).decode(),
            profile=canonical(profile).decode(),
        )
        tag = InputTag("mlflow.data.context", context)
        with self.server.asked("log the dataset") as client:
            client.log_inputs(self.id, datasets=[DatasetInput(dataset, [tag])])

    def _points(self, wanted: Mapping[str, Sequence[tuple[int, float]]]) -> None:
        from mlflow.entities import Metric

        points = []
        wanted = {in_letters(name): pairs for name, pairs in wanted.items()}
        self._ask_for(wanted)
        for name, pairs in wanted.items():
            for step, value in pairs:
                last, stamp = self._sent[name].get(step, (None, self.started + step - 1))
                if last is None or not _same(last, value):
                    points.append(Metric(name, float(value), stamp + 1, step))
        for some in chunks(points, METRICS_AT_ONCE):
            self._send(some)

    def _send(self, points: Sequence[Any]) -> None:
        try:
            with self.server.asked("log metrics") as client:
                client.log_batch(self.id, metrics=points)
        except EverfitError:  # it may have been heard all the same: ask before anything is said again
            self._sent.clear()
            self.resumed = True
            raise
        for point in points:
            self._sent[point.key][point.step] = (point.value, point.timestamp)

    def _ask_for(self, names: Iterable[str]) -> None:
        """Know what the run says of these metrics already: step to value and time."""
        new = [name for name in names if name not in self._sent]
        known = self._data().metrics if self.resumed and new else {}
        self._sent |= {name: self._history(name) if name in known else {} for name in new}

    def _history(self, name: str) -> dict[int, tuple[float, int]]:
        with self.server.asked(f"read metric {name}") as client:
            points = client.get_metric_history(self.id, name)
        return {p.step: (p.value, p.timestamp) for p in sorted(points, key=lambda p: p.timestamp)}

    def _data(self) -> Any:
        with self.server.asked("read the run") as client:
            return client.get_run(self.id).data


def _same(one: float, other: float) -> bool:
    """Whether two values are the same: what is not a number is the same as itself."""
    return one == other or (isnan(one) and isnan(other))


def in_letters(metric: str) -> str:
    """A metric's name as MLflow takes it.

    >>> in_letters("holdout_ndcg@10")
    'holdout_ndcg_at_10'
    """
    return metric.replace("@", "_at_")


def shorten(server: Server, run: str, values: Mapping[str, str], limit: int) -> dict[str, str]:
    """The values as tags of at most `limit` characters; longer ones go whole into the run's `tags/<name>.txt`."""
    short = {}
    for name, value in values.items():
        if len(value) > limit:
            file = f"tags/{name}.txt"
            with server.asked(f"keep {file}") as client:
                client.log_text(run, value, file)
            short[name] = f"{value[:200]}… (whole in the run's {file})"
        else:
            short[name] = value
    return short


def cut(text: str, limit: int) -> str:
    """At most `limit` characters, the last one an ellipsis if something is missing.

    >>> cut("a long story", 7)
    'a long…'
    """
    return text if len(text) <= limit else text[: limit - 1] + "…"


def chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """The items in lists of at most `size`.

    >>> list(chunks([1, 2, 3], 2))
    [[1, 2], [3]]
    """
    rest = list(items)
    for start in range(0, len(rest), size):
        yield rest[start : start + size]
