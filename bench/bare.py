"""The peer: the training pipeline of flight_delays as a plain script, in one fresh process, without everfit or Airflow.

It does what `flight_delays_train` does, with the same libraries and to the same result: read the months, build features
month by month, train, evaluate on the last month, draw, log to MLflow, register. Only the team's own feature code is
shared with everfit.
"""

import argparse
import hashlib
import importlib.util
import json
import tempfile
from importlib.metadata import version
from pathlib import Path

import matplotlib as mpl
import mlflow
import numpy as np
import pandas as pd
import xgboost
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score, roc_curve

mpl.use("Agg")
from matplotlib import pyplot as plt

PARAMS = {
    "objective": "binary:logistic", "eval_metric": ["auc", "logloss"], "tree_method": "hist", "device": "cpu",
    "max_depth": 5, "learning_rate": 0.05, "min_child_weight": 20.0, "subsample": 0.8, "colsample_bytree": 0.8,
    "reg_lambda": 1.0, "reg_alpha": 0.0, "max_bin": 256, "seed": 2013, "verbosity": 1,
}  # fmt: skip
ROUNDS = 150


CHUNK = 20


class Chunks(xgboost.callback.TrainingCallback):
    """The seeds that everfit trains with, so that both do the same work: every chunk of rounds has its own."""

    def before_iteration(self, model, epoch, evals_log):  # noqa: ARG002
        if epoch and epoch % CHUNK == 0:
            for change in ({"tree_method": "approx"}, {"tree_method": "hist", "seed": seed_of(epoch // CHUNK)}):
                model.set_param(change)
                model.save_config()
        return False


def seed_of(chunk):
    first = int.from_bytes(hashlib.sha256(str(PARAMS["seed"]).encode()).digest()[:4], "big")
    return (first + chunk) % 2**31


def load_feature_code(path):
    spec = importlib.util.spec_from_file_location("flight_features", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def read_month(folder):
    return {
        "flights": pd.read_parquet(folder / "flights.parquet"),
        "weather": pd.read_parquet(folder / "weather.parquet"),
        "planes": pd.read_csv(folder / "planes.csv"),
        "airports": pd.read_csv(folder / "airports.csv"),
    }


def feature_table(code, months):
    rows = [code.rows(read_month(month)) for month in months]
    parts = []
    for place, frame in enumerate(rows):
        before = pd.concat(rows[:place], ignore_index=True) if place else rows[0].iloc[:0]
        part = code.features(frame[code.INPUTS], code.history(before))
        part["__label"], part["__batch"] = frame["late"], months[place].name
        parts.append(part[part["__label"].notna()])
    code.history(pd.concat(rows, ignore_index=True))
    return pd.concat(parts, ignore_index=True), rows


def encode(frame, categories):
    columns = []
    for name in frame.columns:
        if name in categories:
            codes = pd.Categorical(frame[name], categories=categories[name]).codes.astype("float32")
            columns.append(np.where(codes < 0, np.nan, codes).astype("float32"))
        else:
            columns.append(frame[name].to_numpy(dtype="float32", na_value=np.nan))
    return np.column_stack(columns)


def draw(folder, curves, booster, y, scores):
    for name in ("auc", "logloss"):
        plt.figure(figsize=(7, 4), dpi=150)
        plt.plot(curves["train"][name])
        plt.plot(curves["holdout"][name])
        plt.savefig(folder / f"{name}.png")
        plt.close()
    pictures = {
        "importance": lambda axes: axes.barh(
            *zip(*booster.get_score(importance_type="total_gain").items(), strict=True)
        ),
        "roc": lambda axes: axes.plot(*roc_curve(y, scores)[:2]),
        "calibration": lambda axes: axes.plot(*calibration_curve(y, scores, n_bins=10)[::-1]),
        "scores": lambda axes: axes.hist([scores[y == 0], scores[y == 1]], bins=40),
    }
    for name, picture in pictures.items():
        figure, axes = plt.subplots(figsize=(7, 4), dpi=150)
        picture(axes)
        figure.savefig(folder / f"{name}.png")
        plt.close(figure)


def main():
    parser = argparse.ArgumentParser()
    for name in ("landing", "code", "mlflow", "threads"):
        parser.add_argument(f"--{name}", required=True)
    given = parser.parse_args()
    mlflow.set_tracking_uri(given.mlflow)
    mlflow.set_experiment("bare_flight_delays")
    months = sorted(folder for folder in Path(given.landing).iterdir() if folder.is_dir())
    code = load_feature_code(given.code)
    table, rows = feature_table(code, months)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        table.to_parquet(folder / "features.parquet")
        held = table["__batch"] == months[-1].name
        frame = table.drop(columns=["__label", "__batch"])
        text = [name for name in frame.columns if not pd.api.types.is_numeric_dtype(frame[name].dtype)]
        categories = {name: sorted(frame.loc[~held, name].dropna().unique()) for name in text}
        matrix, labels = encode(frame, categories), table["__label"].to_numpy("float32")
        kinds = ["c" if name in categories else "q" for name in frame.columns]
        shared = {"feature_names": list(frame.columns), "feature_types": kinds, "enable_categorical": True}
        train = xgboost.QuantileDMatrix(matrix[~held], labels[~held], max_bin=256, **shared)
        holdout = xgboost.QuantileDMatrix(matrix[held], labels[held], ref=train, max_bin=256, **shared)
        spread = np.unique(np.linspace(0, int((~held).sum()) - 1, int(held.sum())).astype(int))
        watched = xgboost.QuantileDMatrix(
            matrix[~held][spread], labels[~held][spread], ref=train, max_bin=256, **shared
        )
        curves = {}
        params = PARAMS | {"nthread": int(given.threads), "seed": seed_of(0)}
        booster = xgboost.train(
            params,
            train,
            ROUNDS,
            evals=[(watched, "train"), (holdout, "holdout")],
            evals_result=curves,
            verbose_eval=False,
            callbacks=[Chunks()],
        )
        y = labels[held]
        scores = booster.inplace_predict(matrix[held]).astype(float)
        base = np.full(len(y), labels[~held].mean())
        measured = {
            f"{who}_{name}": measure(y, forecast)
            for who, forecast in {"candidate": scores, "baseline": base}.items()
            for name, measure in {"auc": roc_auc_score, "log_loss": log_loss, "brier": brier_score_loss}.items()
        }
        draw(folder, curves, booster, y, scores)
        model = bytes(booster.save_raw("ubj"))
        log(folder, code, rows, curves, measured, booster)
    print(
        json.dumps({"sha256": hashlib.sha256(model).hexdigest(), "auc": measured["candidate_auc"], "rows": len(table)})
    )


def log(folder, code, rows, curves, measured, booster):
    with mlflow.start_run() as run:
        mlflow.log_params(PARAMS | {"rounds": ROUNDS})
        for part, found in curves.items():
            for name, curve in found.items():
                points = [mlflow.entities.Metric(f"{part}_{name}", value, 0, step) for step, value in enumerate(curve)]
                mlflow.MlflowClient().log_batch(run.info.run_id, metrics=points)
        mlflow.log_metrics(measured)
        mlflow.log_artifacts(str(folder), "pictures_and_features")
        example = rows[0][code.INPUTS].head(3)
        kinds = ["string" if not pd.api.types.is_numeric_dtype(kind) else "double" for kind in example.dtypes]
        signature = ModelSignature(Schema([ColSpec(kind, name) for kind, name in zip(kinds, code.INPUTS, strict=True)]))
        needs = [f"{name}=={version(name)}" for name in ("xgboost", "pandas", "numpy")]
        logged = mlflow.xgboost.log_model(
            booster, name="model", model_format="ubj", signature=signature, pip_requirements=needs
        )
        mlflow.register_model(logged.model_uri, "bare_flight_delays")


if __name__ == "__main__":
    main()
