"""MLflow as the registry: runs found again by key, models by the hash of their files, versions made once."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from everfit.errors import Corrupted, EverfitError, UnknownName, Unreachable
from everfit.ports import Run
from everfit.registry.package import check_files, check_names, hash_folder, package
from everfit.registry.run import RETRY, MlflowRun, cut, shorten
from everfit.registry.server import Server, code_of
from everfit.values import Candidate, FileHash, ModelVersion, Route, canonical, digest, dump, load

KEY = "everfit.key"
FILES = "everfit.files"
DIGEST = "everfit.digest"
ROUTE = "everfit.route"
LONGEST_VERSION_TAG = 100_000


class MlflowRegistry:
    """A tracking server over HTTP; `work` keeps a local copy of the models that were asked for.

    A model is one MLflow "logged model" of its run: the model in its library's own format, `features.py`, `history/*`
    and `everfit.json` lie in its artifact folder beside MLflow's own `MLmodel`, once each. A version points to that
    folder, so `mlflow.xgboost.load_model("models:/flight_delays@champion")` works (for a model of XGBoost), and our
    files are the ones whose SHA-256 the version's tag `everfit.files` lists. The ledger lists the same
    hashes (`ModelRegistered`); where both are at hand, the ledger's are the ones to trust.

    Errors: `Unreachable` when the server does not answer, `Corrupted` when files are not the recorded ones,
    `EverfitError` when the server refuses.
    """

    def __init__(self, tracking_uri: str, work: Path, ui_url: str | None = None) -> None:
        self._server = Server(tracking_uri.rstrip("/"))
        self._ui = (ui_url or tracking_uri).rstrip("/")
        self._cache = work / "models"

    @contextmanager
    def run(self, model: str, name: str, key: str) -> Iterator[Run]:
        """Open the run whose key is `key` in the experiment named as the model, making it if it is not there."""
        self._server.look()
        run = self._open(self._experiment(model), name, quote(key, safe=":+/@~,. "))
        try:
            yield run
        except Unreachable:  # nothing to be said to a server that is away: the retry finds the run as it was
            raise
        except BaseException:
            with suppress(Unreachable):  # what went wrong first is what the caller must hear
                self._end(run, "FAILED")
            raise
        self._end(run, "FINISHED")

    def measure(self, mlflow_run: str, metrics: Mapping[str, float]) -> None:
        """Log metrics to a run that is over, and leave it so; what it says already is not logged again."""
        self._server.look()
        with self._server.asked("read the run") as client:
            info = client.get_run(mlflow_run).info
        MlflowRun(info.run_id, info.experiment_id, info.start_time, True, self._server).metrics(metrics)

    def log_model(self, run: Run, folder: Path, example: Any) -> tuple[FileHash, ...]:
        """Keep the model folder as the run's one model; an equal one is left alone, another one is replaced."""
        self._server.look()
        files = hash_folder(folder)
        with self._server.asked("read the run") as client:
            experiment = client.get_run(run.id).info.experiment_id
        earlier = self._models(experiment, run.id)
        if any(_ready(m) and m.tags.get(DIGEST) == _digest(files) for m in earlier):
            return files
        self._upload(experiment, run.id, folder, files, example)
        for model in earlier:
            with self._server.asked("remove the model of an earlier try") as client:
                client.delete_logged_model(model.model_id)
        return files

    def register(self, candidate: Candidate, tags: Mapping[str, str]) -> ModelVersion:
        """Make the candidate a version of its model, tags included from the first moment; the same again later.

        MLflow cannot be asked to create only if absent. But version numbers are given in order, and who has just made
        one sees all lower ones: of several makers the lowest number stays, and the others are removed.
        """
        self._server.look()
        if not self._versions_of(candidate):
            self._create_version(candidate, tags)
        first, *others = self._versions_of(candidate)
        for version in others:
            self._forgiving("RESOURCE_DOES_NOT_EXIST", "delete_model_version", version.name, version.version)
        made = _version(first)
        if made.files != candidate.files:
            raise Corrupted(
                f"version {made.version} of {made.model} was registered from the run {candidate.mlflow_run} with other"
                " files than this candidate has: train again under a new run"
            )
        return made

    def version(self, model: str, number: int) -> ModelVersion:
        """What the registry says of a version; `UnknownName` if there is no such version."""
        try:
            with self._server.asked(f"show version {number} of {model}") as client:
                return _version(client.get_model_version(model, str(number)))
        except Unreachable:
            raise
        except EverfitError as error:
            if code_of(error.__cause__) == "RESOURCE_DOES_NOT_EXIST":
                raise UnknownName(f"version of {model}", str(number), ()) from error
            raise

    def models(self) -> list[str]:
        """The names of the models that everfit registered here, sorted."""
        found: list[str] = []
        token = None
        while True:
            with self._server.asked("list the models") as client:
                page = client.search_registered_models(max_results=100, page_token=token)
            found += [model.name for model in page if "everfit" in model.tags]
            token = page.token
            if not token:
                return sorted(found)

    def aliases(self, model: str) -> dict[str, int]:
        """Every alias of the model with the version it points to; none for a model that is not there."""
        return {alias: int(version) for alias, version in self._about(model, "aliases")[0].items()}

    def alias(self, model: str, name: str) -> int | None:
        """The version that the alias points to, or None."""
        return self.aliases(model).get(name)

    def set_alias(self, model: str, name: str, version: int | None) -> None:
        """Point the alias to the version, or remove it with None."""
        self._server.look()
        if version is None:
            self._forgiving("RESOURCE_DOES_NOT_EXIST", "delete_registered_model_alias", model, name)
            return
        with self._server.asked(f"point {name} of {model} to version {version}") as client:
            client.set_registered_model_alias(model, name, str(version))

    def route(self, model: str) -> Route:
        """The model's route, as it was last set; `Route(model)` before that."""
        text = self._about(model, "route")[1].get(ROUTE)
        try:
            return load(Route, json.loads(text)) if text else Route(model)
        except ValueError as error:
            raise Corrupted(f"the tag {ROUTE} of {model} at {self._server.uri} is no route: {error}") from error

    def set_route(self, route: Route) -> None:
        """Keep the route as a tag of the registered model; one that says nothing needs no model to be there."""
        self._server.look()
        if route == Route(route.model) and not self._about(route.model, "route")[1]:
            return
        with self._server.asked(f"keep the route of {route.model}") as client:
            client.set_registered_model_tag(route.model, ROUTE, canonical(dump(route)).decode())

    def tag(self, model: str, version: int, tags: Mapping[str, str]) -> None:
        """Set tags of a version, replacing those of the same name."""
        self._server.look()
        for name, text in tags.items():
            with self._server.asked(f"tag version {version} of {model}") as client:
                client.set_model_version_tag(model, str(version), name, cut(text, LONGEST_VERSION_TAG))

    def run_file(self, mlflow_run: str, name: str) -> bytes:
        """A file that was kept with the run; `Corrupted` if it is not there any more."""
        self._server.look()
        with self._server.asked(f"read {name}") as client, tempfile.TemporaryDirectory() as scratch:
            folder = str(Path(name).parent)
            if name not in {entry.path for entry in client.list_artifacts(mlflow_run, folder)}:
                raise Corrupted(f"the MLflow run {mlflow_run} at {self._server.uri} has no {name} (any more)")
            return Path(client.download_artifacts(mlflow_run, name, scratch)).read_bytes()

    def run_params(self, mlflow_run: str) -> Mapping[str, str]:
        """The parameters of the run; where a retry differed from the first try, the retry's."""
        data = self._run_data(mlflow_run)
        again = {name.removeprefix(RETRY): text for name, text in data.tags.items() if name.startswith(RETRY)}
        return {**data.params, **again}

    def run_tags(self, mlflow_run: str) -> Mapping[str, str]:
        """The tags of the run."""
        return dict(self._run_data(mlflow_run).tags)

    def model_files(self, mlflow_run: str, files: Sequence[FileHash]) -> Path:
        """A local, checked folder with exactly these files; free when it is there already and still right."""
        check_names(files)
        folder = self._cache / _digest(files)
        if folder.is_dir():
            try:
                check_files(folder, files, f"the local copy {folder}")
            except Corrupted:
                shutil.rmtree(folder)
            else:
                return folder
        self._server.look()
        self._cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._cache, prefix=".") as scratch:
            copy = self._download(mlflow_run, files, Path(scratch))
            try:
                copy.rename(folder)
            except OSError:  # somebody else was quicker; theirs was checked like ours
                check_files(folder, files, f"the local copy {folder}")
        return folder

    def fetch_model(self, mlflow_run: str, files: Sequence[FileHash], into: Path) -> Path:
        """The same straight from MLflow, into the empty folder `into`: no local copy is believed."""
        check_names(files)
        self._server.look()
        return self._download(mlflow_run, files, into)

    def run_url(self, mlflow_run: str) -> str:
        """The address of the run's page, for people."""
        return f"{self._ui}/#/runs/{mlflow_run}"

    def _about(self, model: str, what: str) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """Aliases and tags of the registered model; none of either for one that is not there."""
        self._server.look()
        try:
            with self._server.asked(f"show the {what} of {model}") as client:
                found = client.get_registered_model(model)
        except EverfitError as error:
            if code_of(error.__cause__) == "RESOURCE_DOES_NOT_EXIST":
                return {}, {}
            raise
        return found.aliases, found.tags

    def _run_data(self, mlflow_run: str) -> Any:
        self._server.look()
        with self._server.asked("read the run") as client:
            return client.get_run(mlflow_run).data

    def _experiment(self, model: str) -> str:
        with self._server.asked(f"find the experiment {model}") as client:
            found = client.get_experiment_by_name(model)
        if found is None:
            self._forgiving("RESOURCE_ALREADY_EXISTS", "create_experiment", model)
            with self._server.asked(f"find the experiment {model}") as client:
                found = client.get_experiment_by_name(model)
        if found is None or found.lifecycle_stage != "active":
            raise EverfitError(
                f"the experiment {model!r} was deleted in MLflow at {self._server.uri}: restore it with `mlflow"
                " experiments restore`, or remove it for good with `mlflow gc`"
            )
        return str(found.experiment_id)

    def _open(self, experiment: str, name: str, key: str) -> MlflowRun:
        with self._server.asked(f"find the run {key}") as client:
            oldest = ["attributes.start_time ASC"]
            found = client.search_runs([experiment], f"tags.`{KEY}` = '{key}'", max_results=1, order_by=oldest)
            if found:
                run = found[0]
                client.update_run(run.info.run_id, status="RUNNING", name=name)
            else:
                run = client.create_run(experiment, tags={KEY: key}, run_name=name)
        return MlflowRun(run.info.run_id, experiment, run.info.start_time, bool(found), self._server)

    def _end(self, run: MlflowRun, status: str) -> None:
        with self._server.asked(f"end the run as {status}") as client:
            client.set_terminated(run.id, status)

    def _models(self, experiment: str, run: str) -> list[Any]:
        with self._server.asked("find the run's model") as client:
            found = client.search_logged_models([experiment], filter_string=f"source_run_id = '{run}'")
        return list(found)

    def _upload(self, experiment: str, run: str, folder: Path, files: Sequence[FileHash], example: Any) -> None:
        from mlflow.entities import LoggedModelOutput

        with self._server.asked("keep the model") as client:
            tags = {DIGEST: _digest(files)}
            logged = client.create_logged_model(experiment, name="model", source_run_id=run, tags=tags)
            with tempfile.TemporaryDirectory(prefix="everfit-") as scratch:
                into = Path(scratch) / "model"
                package(folder, into, logged, example)
                client.log_model_artifacts(logged.model_id, str(into))
            client.log_outputs(run, [LoggedModelOutput(logged.model_id, step=0)])
            client.finalize_logged_model(logged.model_id, "READY")

    def _logged(self, run: str, files: Sequence[FileHash]) -> Any:
        with self._server.asked("read the run") as client:
            experiment = client.get_run(run).info.experiment_id
        for model in self._models(experiment, run):
            if _ready(model) and model.tags.get(DIGEST) == _digest(files):
                return model
        raise Corrupted(
            f"the MLflow run {run} has no model with the recorded files ({_digest(files)[:12]}…): train again"
        )

    def _versions_of(self, candidate: Candidate) -> list[Any]:
        with self._server.asked(f"find the versions of {candidate.model}") as client:
            wanted = f"name = '{candidate.model}' and run_id = '{candidate.mlflow_run}'"
            return sorted(client.search_model_versions(wanted), key=lambda v: int(v.version))

    def _create_version(self, candidate: Candidate, tags: Mapping[str, str]) -> None:
        logged = self._logged(candidate.mlflow_run, candidate.files)
        self._forgiving("RESOURCE_ALREADY_EXISTS", "create_registered_model", candidate.model, {"everfit": "model"})
        files = canonical([dump(file) for file in candidate.files]).decode()
        short = shorten(self._server, candidate.mlflow_run, tags, LONGEST_VERSION_TAG)
        with self._server.asked(f"register a version of {candidate.model}") as client:
            client.create_model_version(
                candidate.model,
                logged.artifact_location,
                run_id=candidate.mlflow_run,
                tags={**short, FILES: files},
                model_id=logged.model_id,
                await_creation_for=0,
            )

    def _download(self, run: str, files: Sequence[FileHash], scratch: Path) -> Path:
        from mlflow.artifacts import download_artifacts

        logged = self._logged(run, files)
        whole, wanted = scratch / "whole", scratch / "model"
        with self._server.asked("download the model"):
            self._missing(logged.model_id, files)
            whole.mkdir()
            where = logged.artifact_location  # "models:/<id>" would be looked up in MLflow's global tracking server
            got = Path(download_artifacts(artifact_uri=where, dst_path=str(whole), tracking_uri=self._server.uri))
        for file in files:
            target = wanted / file.name
            target.parent.mkdir(parents=True, exist_ok=True)
            (got / file.name).rename(target)
        check_files(wanted, files, f"the model of MLflow run {run}")
        return wanted

    def _missing(self, model_id: str, files: Sequence[FileHash]) -> None:
        """Raise `Corrupted` for a file that is gone: a download would report it as if the server were away."""
        there: set[str] = set()
        for folder in {str(Path(file.name).parent) for file in files}:
            listed = self._server.client.list_logged_model_artifacts(model_id, None if folder == "." else folder)
            there |= {entry.path for entry in listed}
        gone = sorted({file.name for file in files} - there)
        if gone:
            raise Corrupted(f"the model {model_id} at {self._server.uri} has lost {', '.join(gone)}: train again")

    def _forgiving(self, code: str, method: str, *arguments: Any) -> None:
        """Call the client; an answer of `code` means that somebody has done it already."""
        try:
            with self._server.asked(method.replace("_", " ")) as client:
                getattr(client, method)(*arguments)
        except EverfitError as error:
            if code_of(error.__cause__) != code:
                raise


def _digest(files: Sequence[FileHash]) -> str:
    return digest([[file.name, file.sha256] for file in files])


def _ready(model: Any) -> bool:
    return str(model.status) in {"READY", "LoggedModelStatus.READY"}


def _version(found: Any) -> ModelVersion:
    recorded = found.tags.get(FILES)
    if recorded is None:
        raise Corrupted(
            f"version {found.version} of {found.name} has no tag {FILES}: it was not registered by everfit, and nothing"
            " says which bytes may be loaded"
        )
    try:
        files = tuple(load(FileHash, item) for item in json.loads(recorded))
    except ValueError as error:
        raise Corrupted(
            f"the tag {FILES} of version {found.version} of {found.name} is no list of files: {error}"
        ) from error
    return ModelVersion(found.name, int(found.version), found.run_id, files)
