"""The target `s3_bundle`: versions and route as plain files under a prefix, for whoever serves them by other means.

    <prefix>/<model>/<version>/...       the version's files and `bundle.json` (see `bundles`); never changed
    <prefix>/<model>/route.json          written last: who answers whom, and the folder and files of each alias

A reader takes `route.json`, then the files it names, and checks their SHA-256: so it has the old route whole or the
new one, never half.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from everfit.errors import DataError, DeployError
from everfit.ports import Store
from everfit.predictor import Predictor
from everfit.targets.bundles import Bundle, Versions, loading, put
from everfit.values import Answer, Route, StoredFile, canonical, dump, load

FILE = "route.json"


@dataclass(frozen=True)
class Published:
    """What `route.json` says: the route, and the bundle of each alias that has a version."""

    route: Route
    bundles: Mapping[str, Bundle]


@dataclass(frozen=True)
class S3Bundle:
    """Versions and routes in `store`, which may be a prefix in a bucket or a folder.

    Errors: `DeployError` for a version that is not whole or does not load; then `route.json` is as it was.
    """

    store: Store
    registry: Versions

    def follow(self, route: Route) -> Mapping[str, int]:
        """Have the files of every version that the route names, loaded once to see that they do; then the route."""
        numbers = {alias: number for alias, number in route.aliases.items() if number is not None}
        bundles = {
            number: put(self.store, self.registry, route.model, number, Predictor.load)
            for number in sorted(set(numbers.values()))
        }
        published = Published(route, {alias: bundles[number] for alias, number in numbers.items()})
        key, said = f"{route.model}/{FILE}", canonical(dump(published))
        if not self.store.exists(key) or self.store.read(key) != said:
            self.store.write(key, said)
        return numbers

    def published(self, model: str) -> Published:
        """What `route.json` says now; `DeployError` if it is not there, or is none."""
        key = f"{model}/{FILE}"
        try:
            return load(Published, json.loads(self.store.read(key)))
        except FileNotFoundError as error:
            raise DeployError(f"{self.store.url} has no {key}: nothing of {model} was deployed there") from error
        except ValueError as error:
            raise DeployError(f"{self.store.url}/{key} says nothing of a route: {error}") from error

    def predict(self, model: str, alias: str, rows: Sequence[Mapping[str, Any]]) -> tuple[int, list[Answer]]:
        """Answer as a reader would: take the bundle of the alias out of the store by hash, load it here, and ask it."""
        bundle = self.published(model).bundles.get(alias)
        if bundle is None:
            raise DeployError(f"{self.store.url}/{model}/{FILE} names no {alias}")
        with loading(model, bundle.version), tempfile.TemporaryDirectory(prefix="everfit-") as scratch:
            return bundle.version, answers(Predictor.load(self._fetched(bundle, Path(scratch))), rows)

    def _fetched(self, bundle: Bundle, into: Path) -> Path:
        for file in bundle.files:
            target = into / file.name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self.store.local_file(StoredFile(f"{bundle.folder}/{file.name}", file.sha256)), target)
        return into


def answers(predictor: Predictor, rows: Sequence[Mapping[str, Any]]) -> list[Answer]:
    """One answer for each row; a row that leaves out an input is a `DataError`."""
    import pandas as pd

    try:
        frame = pd.DataFrame({name: [row[name] for row in rows] for name in predictor.inputs})
    except KeyError as error:
        raise DataError(f"a row has no {error}; wanted {', '.join(predictor.inputs)}") from error
    return predictor.answers(frame)
