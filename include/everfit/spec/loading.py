"""From a model's folder to its spec."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import ValidationError

import everfit
from everfit.errors import SpecError, UnknownName
from everfit.spec.mistakes import Mistake, in_our_words, one_per_line
from everfit.spec.model import ModelSpec
from everfit.spec.source import Source, read_yaml

FILE = "model.yaml"


def load_spec(name_or_path: str | Path, models: Path | None = None) -> ModelSpec:
    """The checked spec of a model, by its name, its folder or its model.yaml.

    A name is looked up in `models` (default: `models_folder()`). Reads YAML and the code of the gates it names, nothing
    else: cheap enough for a DAG file. Errors: `UnknownName` if there is no such model, and one `SpecError` that lists
    every mistake with its line.
    """
    return _load(_spec_file(name_or_path, models), suites=True)


def load_spec_before_suites(name: str) -> ModelSpec:
    """The same of a model whose tables need no expectations yet: these are about to be inferred."""
    return _load(_spec_file(name, None), suites=False)


def _load(path: Path, *, suites: bool) -> ModelSpec:
    source = _read(path)
    spec, mistakes = _check(source, path.parent, suites=suites)
    if spec is not None and not mistakes:
        return spec
    mistakes.sort(key=source.line)
    listed = [f"{_shown(path)}:{source.line(m)}: {m}" for m in mistakes]
    raise SpecError(listed[0] if len(listed) == 1 else one_per_line(_shown(path), listed))


def spec_names(models: Path | None = None) -> list[str]:
    """The names of all models: the folders that hold a model.yaml, sorted."""
    return sorted(path.parent.name for path in (models or models_folder()).glob(f"*/{FILE}"))


def models_folder() -> Path:
    """Where the models are: `EVERFIT_MODELS`, or `include/models` beside the library."""
    given = os.environ.get("EVERFIT_MODELS")
    return Path(given) if given else Path(everfit.__file__).parents[1] / "models"


def _check(source: Source, folder: Path, *, suites: bool) -> tuple[ModelSpec | None, list[Mistake]]:
    mistakes = list(source.mistakes)
    if not isinstance(source.data, dict):
        return None, mistakes or [Mistake((), "found no keys, wanted name, task, label, time, data and so on")]
    if source.data.pop("folder", None) is not None:
        mistakes.append(Mistake(("folder",), "there is no such key: the folder is where the file lies"))
    try:
        spec = ModelSpec.model_validate(source.data, context={"folder": folder, "suites": suites})
    except ValidationError as error:
        return None, mistakes + in_our_words(error, ModelSpec)
    return spec.model_copy(update={"folder": folder}), mistakes


def _spec_file(name_or_path: str | Path, models: Path | None) -> Path:
    if isinstance(name_or_path, str) and not {"/", os.sep} & set(name_or_path):
        models = models or models_folder()
        path = models / name_or_path / FILE
        if not path.is_file():
            raise UnknownName(f"model in {_shown(models)} named", name_or_path, spec_names(models))
        return path
    path = Path(name_or_path)
    path = path if path.suffix in {".yaml", ".yml"} else path / FILE
    if not path.is_file():
        raise SpecError(f"found no file {_shown(path)}, wanted a model's {FILE} there")
    return path.resolve()


def _read(path: Path) -> Source:
    try:
        return read_yaml(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise SpecError(f"{_shown(path)}: byte {error.start} is not UTF-8 text; save the file as UTF-8") from error


def _shown(path: Path) -> str:
    """The path as short as a person here can use it."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
