"""The JSON schema for editors says what the loader says."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from everfit import catalog
from everfit.errors import SpecError
from everfit.spec import json_schema, load_spec, models_folder, spec_names

Change = Callable[[str, str], Path]


@pytest.fixture(scope="module")
def validator() -> Any:
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_the_schema_in_the_project_is_current() -> None:
    path = models_folder() / "model.schema.json"
    assert json.loads(path.read_text()) == json_schema(), "write it anew with `everfit schema`"


def test_every_model_of_the_project_follows_the_schema_it_names(validator: Any) -> None:
    for name in spec_names():
        text = (models_folder() / name / "model.yaml").read_text()
        assert text.startswith("# yaml-language-server: $schema=../model.schema.json\n")
        validator.validate(yaml.safe_load(text))


def test_every_gate_and_algorithm_is_in_it_with_its_words(validator: Any) -> None:
    text = json.dumps(validator.schema)
    for kind in [*catalog.gates().values(), *catalog.algorithms().values()]:
        assert json.dumps(kind.__doc__.split("\n")[0])[1:-1] in text
    named = validator.schema["properties"]["gates"]["items"]["oneOf"][-1]["properties"]
    assert list(named) == list(catalog.gates())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("label: bought", "lable: bought"),
        ("label: bought", "label: bought\nfolder: /tmp"),
        ("task: binary", "task: many"),
        ("batches: 4", "batches: 1"),
        ("rounds: 20", "round: 20"),
        ("rounds: 20", "rounds: 0"),
        ("algorithm: xgboost", "algorithm: magic"),
        ("- answers_sanely", "- answers_sanly"),
        ("- answers_sanely", "- beats_baseline"),
        ("metric: auc", "metric: acu"),
        ("metric: auc", "metrc: auc"),
        ("visits: {", "Visits: {"),
    ],
)
def test_what_the_loader_refuses_the_schema_refuses(validator: Any, change: Change, old: str, new: str) -> None:
    models = change(old, new)
    with pytest.raises(SpecError, match=r"model\.yaml"):
        load_spec("shop", models)
    with pytest.raises(jsonschema.ValidationError, match=r".+"):
        validator.validate(yaml.safe_load((models / "shop" / "model.yaml").read_text()))


@pytest.mark.parametrize("gate", ["answers_sanely", "answers_sanely:", "answers_sanely: {}"])
def test_what_the_loader_takes_the_schema_takes(validator: Any, change: Change, gate: str) -> None:
    models = change("- answers_sanely", f"- {gate}")
    assert load_spec("shop", models).gates
    # JSON has no 5e-2 without quotes in YAML 1.1, so the number is written out for the plain loader
    text = (models / "shop" / "model.yaml").read_text().replace("5e-2", "0.05")
    validator.validate(yaml.safe_load(text))
