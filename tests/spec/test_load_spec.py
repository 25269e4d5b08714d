"""A right model is read into frozen objects."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import ValidationError

import everfit
from everfit.errors import SpecError, UnknownName
from everfit.gates.above_bar import AboveBar
from everfit.gates.answers_sanely import AnswersSanely
from everfit.models.xgboost import XGBoost
from everfit.spec import DataSpec, ModelSpec, TableSpec, load_spec, models_folder, spec_names

Change = Callable[[str, str], Path]


def test_a_model_is_read_with_its_gates_and_its_algorithm(models: Path) -> None:
    spec = load_spec("shop", models)
    assert spec.gates == (AnswersSanely(), AboveBar(metric="auc", at_least=0.6))
    assert spec.algorithm == XGBoost(rounds=20, learning_rate=0.05)
    assert spec.folder == models / "shop"
    assert spec.code_path == models / "shop" / "features.py"
    assert spec.suite_path("visits") == models / "shop" / "expectations" / "visits.json"
    assert spec.suite_path("items") == models / "shop" / "expectations" / "stock.json"
    assert spec.main_table == "visits"
    assert spec.train.device == "auto"


@pytest.mark.parametrize("path", ["models/shop", "models/shop/model.yaml"])
def test_a_path_does_as_well_as_a_name(models: Path, path: str) -> None:
    assert load_spec(models.parent / path) == load_spec("shop", models)


def test_the_models_of_the_project_are_right() -> None:
    assert "flight_delays" in spec_names()
    for name in spec_names():
        assert load_spec(name).name == name


def test_the_folder_can_be_given_by_the_environment(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVERFIT_MODELS", str(models))
    assert models_folder() == models
    assert spec_names() == ["shop"]
    assert load_spec("shop").label == "bought"


def test_nothing_changes_once_read(models: Path) -> None:
    spec = load_spec("shop", models)
    with pytest.raises(ValidationError, match="frozen"):
        spec.label = "other"  # type: ignore[misc]
    with pytest.raises(ValidationError, match="frozen"):
        spec.window.batches = 9  # type: ignore[misc]


def test_equal_specs_have_equal_hashes_wherever_they_lie(models: Path, tmp_path: Path, change: Change) -> None:
    before = load_spec("shop", models)
    (tmp_path / "elsewhere").mkdir()
    moved = (models / "shop").rename(tmp_path / "elsewhere" / "shop")
    after = load_spec(moved)
    assert (after.spec_hash, hash(after)) == (before.spec_hash, hash(before))
    assert after.folder != before.folder
    text = (moved / "model.yaml").read_text()
    (moved / "model.yaml").write_text(f"# a remark\n{text}")
    assert load_spec(moved).spec_hash == before.spec_hash
    (moved / "model.yaml").write_text(text.replace("0.6", "0.7"))
    assert load_spec(moved).spec_hash != before.spec_hash


def test_a_spec_can_be_built_in_python(models: Path) -> None:
    read = load_spec("shop", models)
    built = ModelSpec(
        name="shop",
        task="binary",
        label="bought",
        time="seen_at",
        data=DataSpec(
            landing="shop",
            tables={
                "visits": TableSpec(file="visits.csv"),
                "items": TableSpec(file="items.parquet", expectations="expectations/stock.json"),
            },
        ),
        window={"batches": 4, "holdout": 1, "at_least": 2},
        train={"params": {"rounds": 20, "learning_rate": 0.05}},
        gates=("answers_sanely", AboveBar(metric="auc", at_least=0.6)),
        retrain={"when": ["new_data", {"schedule": {"cron": "0 5 * * 1"}}]},
        folder=models / "shop",
    )
    assert built == read
    assert built.spec_hash == read.spec_hash
    assert len({built, read}) == 1


def test_a_mistake_in_python_is_a_spec_error_too() -> None:
    data = DataSpec(landing="shop", tables={"visits": TableSpec(file="visits.csv")})
    with pytest.raises(SpecError, match=r"ModelSpec\('shop'\): gates\[0\]: .* did you mean 'above_bar'"):
        ModelSpec(name="shop", task="binary", label="bought", time="t", data=data, gates=("above_br",))


def test_an_unknown_model_is_named_with_the_nearest(models: Path) -> None:
    with pytest.raises(UnknownName, match=r"no model in .*models named 'shpo'; did you mean 'shop'"):
        load_spec("shpo", models)
    with pytest.raises(SpecError, match=r"found no file .*nowhere/model\.yaml, wanted a model's model\.yaml there"):
        load_spec(models / "nowhere")


def test_words_stay_words_and_numbers_numbers(change: Change) -> None:
    models = change("label: bought", "label: 2013-05-01")
    assert load_spec("shop", models).label == "2013-05-01"


def test_loading_imports_nothing_heavy() -> None:
    code = (
        "import sys; from everfit.spec import json_schema, load_spec; load_spec('flight_delays'); json_schema();"
        "heavy = {'pandas', 'numpy', 'scipy', 'sklearn', 'xgboost', 'mlflow', 'great_expectations', 'dvc', 'boto3',"
        "'pyarrow', 'matplotlib', 'fastapi', 'airflow'}; found = heavy & set(sys.modules); assert not found, found"
    )
    include = Path(everfit.__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, env={"PYTHONPATH": str(include)}, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
