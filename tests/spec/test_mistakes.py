"""Every mistake is told with file, line, key, what was found, what was wanted, and the nearest name that exists."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from everfit.errors import SpecError
from everfit.spec import load_spec

Change = Callable[[str, str], Path]

MISTAKES = [
    ("label: bought", "lable: bought", 3, "lable: there is no such key; did you mean 'label'?"),
    ("label: bought\n", "", 1, "label: is missing"),
    ("name: shop", "name: shoq", 1, "name: found 'shoq', wanted the name of the model's folder, 'shop'"),
    ("name: shop", "name: Shop", 1, "name: found 'Shop', wanted text like ^[a-z]"),
    (
        "task: binary",
        "task: binry",
        2,
        "task: found 'binry'; did you mean 'binary'? (known: binary, multiclass, quantile, ranking, regression,",
    ),
    ("time: seen_at", "time: 7", 4, "time: found 7, wanted text"),
    ("time: seen_at", "time:", 4, "time: found nothing, wanted text"),
    ("time: seen_at", "time: no", 4, "time: found false, wanted text"),
    ("  landing: shop", "  landng: shop", 6, "data.landng: there is no such key; did you mean 'landing'?"),
    ("  landing: shop", "  landing: ../shop", 6, "data.landing: found '../shop', wanted text like"),
    ("file: visits.csv", "fil: visits.csv", 8, "data.tables.visits.fil: there is no such key; did you mean 'file'?"),
    ("file: visits.csv", "file: visits.xls", 8, "data.tables.visits.file: found 'visits.xls', wanted text like"),
    ("visits: {", "Visits: {", 8, "data.tables.Visits: found 'Visits', wanted text like"),
    ("expectations/stock.json", "expectations/stok.json", 9, "data.tables.items: found no file "),
    ("batches: 4", "batchs: 4", 10, "window.batchs: there is no such key; did you mean 'batches'?"),
    ("batches: 4", "batches: many", 10, "window.batches: found 'many', wanted a whole number"),
    ("batches: 4", "batches: 4.5", 10, "window.batches: found 4.5, wanted a whole number"),
    ("batches: 4", "batches: true", 10, "window.batches: found true, wanted a whole number"),
    ("batches: 4", 'batches: "4"', 10, "window.batches: found '4', wanted a whole number"),
    ("batches: 4", "batches: 1", 10, "window.batches: found 1, wanted at least 2"),
    ("at_least: 2}", "at_least: 5}", 10, "window.at_least: found 5, wanted at most 4, the number of batches"),
    ("holdout: 1", "holdout: 2", 10, "window.holdout: found 2, wanted less than at_least (2)"),
    ("window: {batches: 4, holdout: 1, at_least: 2}", "window: 4", 10, "window: found 4, wanted keys and their values"),
    ("algorithm: xgboost", "algorithm: xgbost", 12, "train.algorithm: there is no algorithm 'xgbost'; did you mean"),
    ("algorithm: xgboost", "device: warp", 12, "train.device: found 'warp' (known: auto, cpu, cuda, cuda:1)"),
    ("algorithm: xgboost", "device: cuda:-1", 12, "train.device: found 'cuda:-1'; did you mean 'cuda:1'?"),
    ("algorithm: xgboost", "fallback: gpu", 12, "train.fallback: found 'gpu'"),
    ("algorithm: xgboost", "device: cdua", 12, "train.device: found 'cdua'; did you mean 'cuda'?"),
    ("rounds: 20", "round: 20", 13, "train.params.round: there is no such setting; did you mean 'rounds'?"),
    ("rounds: 20", "rounds: ten", 13, "train.params.rounds: found 'ten', wanted a whole number"),
    ("rounds: 20", "rounds: 0", 13, "train.params.rounds: found 0, wanted at least 1"),
    ("rounds: 20", "extra: {seed: 3}", 13, "train.params: extra.seed: everfit sets this itself"),
    (
        "algorithm: xgboost",
        "early_stopping: {rounds: 5}",
        12,
        "train.early_stopping.batches: found 1; of window.at_least (2) batches nothing is left to learn from",
    ),
    (
        "algorithm: xgboost",
        "early_stopping: {round: 5}",
        12,
        "train.early_stopping.round: there is no such key; did you",
    ),
    (
        "algorithm: xgboost",
        "early_stopping: {rounds: 5}\n  warm_start: {rounds: 5}",
        13,
        "train.warm_start: the champion knows the batches that early stopping watches: take either of the two",
    ),
    (
        "algorithm: xgboost",
        "early_stopping: {rounds: 5}\n  batches: 1",
        12,
        "train.early_stopping.batches: found 1, wanted fewer than train.batches (1)",
    ),
    ("5e-2", ".nan", 13, "train.params.learning_rate: found .nan, wanted a finite number"),
    ("- answers_sanely", "- answers_sanly", 15, "gates[0]: there is no gate 'answers_sanly'; did you mean 'answers_sa"),
    ("- answers_sanely", "- 3", 15, "gates[0]: wanted the name of a gate, or one name with its settings"),
    ("- answers_sanely", "- answers_sanely: 3", 15, "gates[0].answers_sanely: found 3, wanted the gate's settings"),
    ("- answers_sanely", "- beats_baseline", 15, "gates[0].loss: is missing"),
    ("above_bar:", "above_bra:", 16, "gates[1]: there is no gate 'above_bra'; did you mean 'above_bar'?"),
    ("metric: auc", "metric: acu", 16, "gates[1].above_bar.metric: found 'acu'; did you mean 'auc'?"),
    ("metric: auc", "metrc: auc", 16, "gates[1].above_bar.metrc: there is no such setting; did you mean 'metric'?"),
    ("at_least: 0.6}", "at_least: high}", 16, "gates[1].above_bar.at_least: found 'high', wanted a number"),
    ("at_least: 0.6}", "at_most: 0.6}", 16, "gates[1].above_bar.at_least: above_bar takes at_least, and no at_most"),
    ("metric: auc, at_least: 0.6", "metric: mae, at_most: 9", 16, "gates[1]: this gate is for regression, and the"),
    ('"0 5 * * 1"', '"0 5 * *"', 17, "retrain.when[1].schedule.cron: found '0 5 * *', wanted five fields"),
    (
        '"0 5 * * 1"',
        '"0 25 * * 1"',
        17,
        "retrain.when[1].schedule.cron: found '0 25 * * 1' ([0 25 * * 1] is",
    ),
    ('"0 5 * * 1"', '"* * * * * *"', 17, "retrain.when[1].schedule.cron: found '* * * * * *', wanted five fields"),
    ("cron:", "crn:", 17, "retrain.when[1].schedule.crn: there is no such setting; did you mean 'cron'?"),
    ("[new_data,", "[new_dta,", 17, "retrain.when[0]: there is no trigger 'new_dta'; did you mean 'new_data'?"),
    ("[new_data,", "[{new_data: {rows: -1}},", 17, "retrain.when[0].new_data.rows: wanted a whole number of at least"),
    ("[new_data,", "[all_of: [new_data, chnged],", 17, "retrain.when[0].all_of[1]: there is no trigger 'chnged'; did"),
    ("[new_data,", "[any_of: new_data,", 17, "retrain.when[0].any_of: found 'new_data', wanted a list of at least 1"),
    ("[new_data,", "[k_of: {k: 2, of: [new_data]},", 17, "retrain.when[0].k_of.of: found ['new_data'], wanted a list"),
    ("[new_data,", "[k_of: {k: 0, of: [new_data]},", 17, "retrain.when[0].k_of.of: found ['new_data'], wanted a k of"),
    ("{when:", "{cooldown: 6, when:", 17, "retrain.cooldown: found 6, wanted text"),
    ("{when:", "{cooldown: 3w, when:", 17, "retrain.cooldown: found '3w', wanted a time such as 30m, 24h or 3d"),
    ("{when:", "{quiet: {from: '9:00'}, when:", 17, "retrain.quiet.from: found '9:00', wanted text like"),
    ("{when:", "{quiet: {zone: Mars}, when:", 17, "retrain.quiet.zone: found 'Mars', wanted a time zone such as"),
    ("{when:", "{at_most: {runs: 0}, when:", 17, "retrain.at_most.runs: found 0, wanted at least 1"),
    ("label: bought", "label: bought\nlabel: sold", 4, "label: is written twice, first on line 3"),
    ("label: bought", "label: bought\nfolder: /tmp", 4, "folder: there is no such key"),
    ("label: bought", "label: bought\nfeatures: other.py", 4, "features: found no file "),
    ("label: bought", "label: [bought", 4, "this is not YAML: expected ',' or ']'"),
    ("label: bought", "label: bought\n\ttabbed: 1", 4, "this is not YAML: found character '\\t'"),
    ("label: bought", "label: !!python/name:os.system", 3, "this is not YAML: could not determine a constructor"),
    ("label: bought", "label: &a [*a]", 1, "this YAML contains itself"),
    ("label: bought", "label: bought\n---\nmore: 1", 4, "this is not YAML: but found another document"),
    ("label: bought", "? [a, b]\n: bought", 3, "found a list or mapping as a key, wanted a word"),
]


@pytest.mark.parametrize(("old", "new", "line", "message"), MISTAKES)
def test_a_mistake_is_told_with_its_line(change: Change, old: str, new: str, line: int, message: str) -> None:
    models = change(old, new)
    found = f"{models / 'shop' / 'model.yaml'}:{line}: {message}"
    with pytest.raises(SpecError, match=re.escape(found)):
        load_spec("shop", models)


def test_a_misspelt_key_is_one_mistake_and_not_two(change: Change) -> None:
    models = change("label: bought", "lable: bought")
    with pytest.raises(SpecError, match=r"^\S+:3: lable: [^\n]*$"):
        load_spec("shop", models)


def test_all_mistakes_are_told_at_once_in_the_order_of_their_lines(change: Change) -> None:
    change("rounds: 20", "round: 20")
    change("task: binary", "task: many")
    models = change("metric: auc", "metric: acu, at: 3")
    with pytest.raises(SpecError, match="has 4 mistakes") as caught:
        load_spec("shop", models)
    lines = [line.split(":")[1] for line in str(caught.value).splitlines()[1:]]
    assert lines == ["2", "13", "16", "16"]


def test_a_flood_of_mistakes_is_cut(change: Change) -> None:
    models = change("label: bought", "\n".join(f"strange_{i}: 1" for i in range(30)))
    with pytest.raises(SpecError, match=r"has 31 mistakes:(\n  [^\n]*){10}\n  and 21 more$"):
        load_spec("shop", models)


@pytest.mark.parametrize("text", ["", "# nothing\n", "- a\n- b\n", "just words\n"])
def test_a_file_without_keys_is_a_mistake(models: Path, text: str) -> None:
    (models / "shop" / "model.yaml").write_text(text)
    with pytest.raises(SpecError, match=r"model.yaml:1: found no keys, wanted name, task"):
        load_spec("shop", models)


def test_bytes_that_are_no_text_are_a_mistake(models: Path) -> None:
    (models / "shop" / "model.yaml").write_bytes(b"name: caf\xe9\n")
    with pytest.raises(SpecError, match="byte 9 is not UTF-8 text; save the file as UTF-8"):
        load_spec("shop", models)


def test_missing_feature_code_is_named(models: Path) -> None:
    (models / "shop" / "features.py").unlink()
    with pytest.raises(
        SpecError, match=r"features: found no file .*/shop/features.py, wanted the model's feature code"
    ):
        load_spec("shop", models)


def test_a_wrong_model_leaves_the_others_alone(models: Path, change: Change) -> None:
    other = models / "other"
    (models / "shop").rename(other)
    text = (other / "model.yaml").read_text().replace("name: shop", "name: other")
    (other / "model.yaml").write_text(text)
    wrong = models / "shop"
    wrong.mkdir()
    (wrong / "model.yaml").write_text("nmae: shop\n")
    assert load_spec("other", models).name == "other"
    with pytest.raises(SpecError, match=r"shop/model.yaml:1: nmae: there is no such key; did you mean 'name'"):
        load_spec("shop", models)
