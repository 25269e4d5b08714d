"""How MLflow describes a model, told by the name of the model's file: an algorithm needs nothing here.

A file that one of MLflow's flavors can load gets that flavor, so `mlflow.xgboost.load_model` and its like work. Any
other gets the flavor `everfit`, which says that it is ours; everfit itself loads all of them by their cards alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlflow.models import Model


@dataclass(frozen=True, eq=False)
class Described:
    """What MLflow shall say of a model: its entry, what callers send and get, an example of that, and what to install
    for it."""

    model: Model
    signature: Any
    example: Any
    requirements: Sequence[str]


@dataclass(frozen=True)
class Flavor:
    """One way to describe a model: the library that loads it (None: everfit alone), and what writes the folder."""

    library: str | None
    save: Callable[[Path, Path, Described], None]


def flavor_of(folder: Path) -> Flavor:
    """The flavor of a model folder."""
    return next((flavor for name, flavor in FLAVORS.items() if (folder / name).is_file()), Flavor(None, _ours))


def _xgboost(folder: Path, into: Path, said: Described) -> None:
    import mlflow.xgboost
    import xgboost

    booster = xgboost.Booster()
    booster.load_model(folder / "model.ubj")
    mlflow.xgboost.save_model(booster, str(into), model_format="ubj", **_words(said))


def _lightgbm(folder: Path, into: Path, said: Described) -> None:
    import lightgbm
    import mlflow.lightgbm

    mlflow.lightgbm.save_model(lightgbm.Booster(model_file=folder / "model.lgb"), str(into), **_words(said))


def _words(said: Described) -> dict[str, Any]:
    return {
        "mlflow_model": said.model,
        "signature": said.signature,
        "input_example": said.example,
        "pip_requirements": list(said.requirements),
    }


def _ours(folder: Path, into: Path, said: Described) -> None:  # noqa: ARG001 - our files are copied for any flavor
    into.mkdir(parents=True)
    said.model.signature = said.signature
    said.model.add_flavor("everfit", load="everfit.predictor.Predictor.load")
    (into / "requirements.txt").write_text("\n".join(said.requirements) + "\n", encoding="utf-8")


FLAVORS: Mapping[str, Flavor] = {
    "model.ubj": Flavor("xgboost", _xgboost),
    "model.lgb": Flavor("lightgbm", _lightgbm),
}
"""The names under which MLflow's own flavors keep a model."""
