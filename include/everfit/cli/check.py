"""Check models before Airflow sees them: spec, feature code and expectations."""

from __future__ import annotations

import argparse

from rich.console import Console
from rich.table import Table
from rich.text import Text

from everfit.errors import SpecError
from everfit.features.code import load_code
from everfit.spec import ModelSpec, load_spec, models_folder, spec_names
from everfit.validation.custom import load_custom
from everfit.validation.gx import check_suite
from everfit.validation.suites import load_suite


def arguments(parser: argparse.ArgumentParser) -> None:
    """Any number of names."""
    parser.add_argument("names", nargs="*", metavar="NAME", help="models to check (default: all)")


def run(args: argparse.Namespace, console: Console) -> int:
    """Print one line per model, then what is wrong with those that are."""
    names = args.names or spec_names()
    if not names:
        raise SpecError(f"there is no model in {models_folder()}; make one with `everfit new NAME`")
    table = Table("model", "", "task", "tables", "window", "algorithm", "gates", "spec", box=None, header_style="dim")
    for column in table.columns:
        column.no_wrap = True
    wrong: dict[str, list[str]] = {}
    for name in names:
        spec, errors = check(name)
        if errors:
            wrong[name] = errors
        table.add_row(name, Text("wrong", "bold red") if errors else Text("right", "green"), *_cells(spec))
    console.print(table)
    for errors in wrong.values():
        for error in errors:
            console.print(Text.assemble("\n", ("error: ", "bold red"), error), soft_wrap=True)
    return 1 if wrong else 0


def check(name: str) -> tuple[ModelSpec | None, list[str]]:
    """The model's spec, if it can be read, and what is wrong with it, its code and its expectations."""
    try:
        spec = load_spec(name)
    except SpecError as error:
        return None, [str(error)]
    errors = []
    try:
        load_code(spec.code_path)
    except SpecError as error:
        errors.append(str(error))
    for table in spec.data.tables:
        try:
            load_custom(spec.suite_path(table).parent)
            check_suite(load_suite(spec.suite_path(table)))
        except SpecError as error:
            errors.append(str(error))
    return spec, list(dict.fromkeys(errors))  # a custom.py that does not load is wrong for every table


def _cells(spec: ModelSpec | None) -> list[str]:
    if spec is None:
        return []
    window = spec.window.brief
    gates = str(len(spec.gates))
    return [spec.task, str(len(spec.data.tables)), window, spec.train.algorithm, gates, spec.spec_hash[:12]]
