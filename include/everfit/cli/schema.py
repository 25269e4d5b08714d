"""Write the JSON schema of model.yaml for editors."""

from __future__ import annotations

import argparse
import json

from rich.console import Console

from everfit.errors import SpecError
from everfit.spec import json_schema, models_folder

FILE = "model.schema.json"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Only whether to write or to look."""
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the file is not current")


def run(args: argparse.Namespace, console: Console) -> int:
    """Write include/models/model.schema.json, or say whether it is current."""
    path = models_folder() / FILE
    text = json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"
    current = path.is_file() and path.read_text(encoding="utf-8") == text
    if args.check and not current:
        raise SpecError(f"{path} is not current; write it anew with `everfit schema`")
    if not current:
        path.write_text(text, encoding="utf-8")
    console.print(f"{path} {'is current' if current else 'written'}", soft_wrap=True)
    return 0
