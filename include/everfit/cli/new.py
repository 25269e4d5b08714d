"""Make a new model: its folder and its DAG file, ready for a CSV.

The model expects a table `examples.csv` with the columns `time`, `amount` (a number), `kind` (a word) and `outcome`:
0 or 1 for --task binary, a word for multiclass, a number for regression and quantile, a relevance for ranking, a time
for survival. A ranking also wants `query`, what is ranked together, and survival `came`, whether it happened. Change
model.yaml and features.py to what you have. Nothing that is there already is ever overwritten.
"""

from __future__ import annotations

import argparse
import re
from importlib.resources import files
from pathlib import Path
from string import Template

from rich.console import Console

from everfit.errors import SpecError
from everfit.spec import models_folder
from everfit.spec.parts import NAME

MODEL_FILES = ("model.yaml", "features.py", "expectations/examples.json")
TASKS = {
    "binary": {
        "question": "Will the outcome be 1?",
        "label": "0 or 1",
        "bar": "above_bar: {metric: auc, at_least: 0.6}",
        "loss": "log_loss",
        "margin": "0.01",
    },
    "regression": {
        "question": "How large will the outcome be?",
        "label": "a number",
        "bar": "above_bar: {metric: r2, at_least: 0.1}",
        "loss": "squared",
        "margin": "0.05",
    },
    "multiclass": {
        "question": "Which outcome will it be?",
        "label": "a word or a whole number",
        "bar": "above_bar: {metric: accuracy, at_least: 0.5}",
        "loss": "log_loss",
        "margin": "0.01",
    },
    "quantile": {
        "question": "Between which two numbers will the outcome be?",
        "label": "a number",
        "bar": "above_bar: {metric: coverage, at_least: 0.7}",
        "loss": "pinball",
        "margin": "0.05",
        "more": "quantiles: [0.1, 0.5, 0.9]\n",
    },
    "ranking": {
        "question": "Which of a query's examples is the most relevant?",
        "label": "the relevance, 0 or more",
        "bar": "above_bar: {metric: ndcg_at_10, at_least: 0.6}",
        "loss": "ndcg_at_10_loss",
        "margin": "0.01",
        "more": "group: query         # rows of equal value are ranked together\n",
        "column": ', "query"',
    },
    "survival": {
        "question": "When will it happen?",
        "label": "the time until it happened, or until nobody looked any more",
        "bar": "above_bar: {metric: concordance, at_least: 0.6}",
        "loss": "aft_nloglik",
        "margin": "0.01",
        "more": "observed: came       # true where it happened\n",
        "column": ', "came"',
    },
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """A name and a task."""
    parser.add_argument("name", help="small letters, digits and _, beginning with a letter")
    parser.add_argument("--task", choices=list(TASKS), default="binary", help="what is predicted (default: binary)")


def run(args: argparse.Namespace, console: Console) -> int:
    """Write the files and say what to do next."""
    written = scaffold(args.name, args.task, models_folder())
    console.print(f"[green]made the model [bold]{args.name}[/bold]:[/green]")
    for path in written:
        console.print(f"  {path}", soft_wrap=True)
    console.print(
        f"\nNext:\n"
        f"  1. Put a first batch into the landing place (`make up` says where it is):\n"
        f"     [bold]{args.name}/2024-01/examples.csv[/bold] (columns time, amount, kind, outcome),\n"
        f"     then an empty file [bold]_SUCCESS[/bold] beside it. Each folder is one batch; training begins with the\n"
        f"     second. The newest is the holdout, and must span 10 days or more: else the gates cannot tell.\n"
        f"  2. [bold]everfit check {args.name}[/bold]   says whether the files are right.\n"
        f"  3. [bold]everfit run {args.name}[/bold]     does everything once without Airflow.\n"
        f"  4. In Airflow its DAGs appear by themselves: {args.name}_ingest, _train, _deploy, _rollback, _recall.\n"
        f"  5. Once a few batches are accepted, [bold]everfit expectations infer {args.name}[/bold] proposes what to\n"
        f"     expect of the next. Kinds of expectation of your own go into expectations/custom.py."
    )
    return 0


def scaffold(name: str, task: str, models: Path) -> list[Path]:
    """Write a model's files under `models`, and its DAG file into the project's `dags`; returns their paths.

    Errors: `SpecError` if the name cannot be one, or if any of the files is there; then nothing is written.
    """
    if not re.fullmatch(NAME, name):
        raise SpecError(f"found the name {name!r}, wanted small letters, digits and _, beginning with a letter")
    targets = {file: models / name / file for file in MODEL_FILES}
    targets["dag.py"] = models.parents[1] / "dags" / f"{name}.py"
    there = [str(path) for path in targets.values() if path.exists()]
    if there:
        raise SpecError(f"{', '.join(there)} is there already, and nothing is overwritten; take another name")
    values = {"name": name, "title": name.replace("_", " "), "task": task, "more": "", "column": "", **TASKS[task]}
    for file, path in targets.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        template = files("everfit.cli").joinpath("scaffold", f"{file}.txt").read_text(encoding="utf-8")
        path.write_text(Template(template).substitute(values), encoding="utf-8")
    return list(targets.values())
