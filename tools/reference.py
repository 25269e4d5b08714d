"""Write docs/reference.md from the code itself, or say whether it is current.

python -m tools.reference --write
"""

from __future__ import annotations

import argparse
import ast
import inspect
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, get_args

PROJECT = Path(__file__).resolve().parents[1]
FILE = PROJECT / "docs" / "reference.md"
DOORS = PROJECT / "plugins" / "everfit_airflow"

HEAD = """# Reference

What can be written and called, made from the code. Do not edit this page: run `python -m tools.reference --write`
(with the environment of `make env`, from the project's folder); `--check` says whether it is current.

- [The model spec](#the-model-spec)
- [Gates](#gates)
- [Rules](#rules)
- [Strategies of rolling out](#strategies-of-rolling-out)
- [Triggers](#triggers)
- [Monitors](#monitors)
- [Incidents](#incidents)
- [Algorithms](#algorithms)
- [Operators and sensors](#operators-and-sensors)
- [The command line](#the-command-line)
- [The ledger's entries](#the-ledgers-entries)
- [Errors](#errors)
- [Environment variables](#environment-variables)
"""

VARIABLES = {
    "EVERFIT_STORE": "Address of the store for the command line: a path or `s3://bucket/prefix`. Comes before "
    "`airflow_settings.yaml`, like the next three.",
    "EVERFIT_LANDING": "Address of the landing place.",
    "EVERFIT_MLFLOW": "Address of MLflow's tracking server.",
    "EVERFIT_SERVER": "Address of the model server, or of another target.",
    "EVERFIT_TOKEN": "The token that the model server is asked with, where its connection has no password.",
    "EVERFIT_TOKENS": "Who may ask a model server, for the server itself: `predict+read+manage:TOKEN`, between several "
    "white space. `--tokens FILE` instead keeps them in a file.",
    "EVERFIT_POINTERS": "Address of the git repository for pointers to all batches; none are published without it.",
    "EVERFIT_PRICES": "The price list for the command line, as JSON. Comes before the variable `everfit_prices`.",
    "EVERFIT_ROLES": "Who has which role at the command line, as JSON. Comes before the variable `everfit_roles`.",
    "EVERFIT_SIGNING": "File with the private key (PEM) that promotions are signed with at the command line.",
    "EVERFIT_SPARK": "Address of Spark, for models whose spec says `engine: spark`: `sc://host:15002`, "
    "`spark://host:7077`, `yarn` or `local[2]`.",
    "EVERFIT_WORK": "Folder for local copies and scratch files; it can be deleted at any time.",
    "EVERFIT_MODELS": "Folder of the models (default: `include/models`).",
    "EVERFIT_SETTINGS": "File with connections and pools (default: `airflow_settings.yaml`).",
    "EVERFIT_INSTANCE": "Set by `make up` in the processes that it starts, to know them again. Not for you to set.",
}
"""Ours, with what each is for; a test compares the names with the code."""


def page() -> str:
    """The whole page."""
    parts = (
        HEAD,
        *_spec(),
        *_gates(),
        *_rules(),
        *_strategies(),
        *_triggers(),
        *_monitors(),
        *_incidents(),
        *_algorithms(),
        *_doors(),
        *_commands(),
        *_entries(),
        *_errors(),
        *_variables(),
    )
    return "\n".join(part.rstrip() + "\n" for part in parts)


def _spec() -> Iterator[str]:
    from everfit.spec import json_schema

    schema = json_schema()
    yield "## The model spec\n\nThe keys of `include/models/<name>/model.yaml`. A key that is not here is an error."
    yield _table(("key", "type", "default", "meaning"), _keys(schema, schema, ""))


def _keys(schema: Mapping[str, Any], whole: Mapping[str, Any], path: str) -> Iterator[tuple[str, ...]]:
    for name, field in schema["properties"].items():
        found = _resolved(field, whole)
        key = f"{path}{name}"
        needed = name in schema.get("required", ())
        default = "needed" if needed else _default(field)
        meaning = _prose(field.get("description") or found.get("description", ""))
        inner = _inner(name, found, whole)
        yield f"`{key}`", _type(found), "" if inner else default, meaning
        if inner:
            yield from _keys(inner[1], whole, f"{key}.{inner[0]}")


def _inner(name: str, found: Mapping[str, Any], whole: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]] | None:
    """The schema one level further in, and what stands between the two keys."""
    if "properties" in found:
        return "", found
    if "patternProperties" in found:
        (one,) = found["patternProperties"].values()
        return ("<task>." if name == "runs_on" else "<table>."), _resolved(one, whole)
    return None


def _resolved(field: Mapping[str, Any], whole: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" in field:
        found: Mapping[str, Any] = whole["$defs"][field["$ref"].rpartition("/")[2]]
        return found
    return field


def _type(field: Mapping[str, Any]) -> str:
    if "const" in field:
        return f"`{field['const']}`"
    if "enum" in field:
        return " or ".join(f"`{one}`" for one in field["enum"])
    if "anyOf" in field:
        return " or ".join(dict.fromkeys(_type(one) for one in field["anyOf"] if one.get("type") != "null"))
    kind = {
        "string": "text",
        "integer": "whole number",
        "number": "number",
        "boolean": "true or false",
        "object": "keys",
        "array": "list",
    }.get(str(field.get("type")), "keys")
    limits = {"minimum": "at least", "exclusiveMinimum": "above", "maximum": "at most", "exclusiveMaximum": "below"}
    said = [f"{words} {field[name]:,g}" for name, words in limits.items() if name in field]
    return f"{kind}, {', '.join(said)}" if said else kind


def _default(field: Mapping[str, Any]) -> str:
    match field.get("default"):
        case None | "":
            return ""
        case bool(value):
            return f"`{str(value).lower()}`"
        case value:
            return f"`{value}`"


def _gates() -> Iterator[str]:
    from everfit import catalog
    from everfit.spec import json_schema

    yield (
        "## Gates\n\nWhat a candidate must show. `gates:` in the spec is a list of names, each with its settings; a "
        "candidate is promoted when all of them pass. Adding one: [how-to/adding-a-gate.md](how-to/adding-a-gate.md)."
    )
    schema = json_schema()
    settings = schema["properties"]["gates"]["items"]["oneOf"][-1]["properties"]
    for name, kind in catalog.gates().items():
        yield from _named(name, kind, settings[name], schema)


def _rules() -> Iterator[str]:
    from everfit import catalog
    from everfit.spec import json_schema

    yield (
        "## Rules\n\nWhat a batch must keep beyond single columns. `data.rules:` in the spec is a list of names, each "
        "with its settings; a rule whose `severity` is `critical` stops the batch. Which for what: "
        "[how-to/rules.md](how-to/rules.md). Adding one: [how-to/adding-a-rule.md](how-to/adding-a-rule.md)."
    )
    schema = json_schema()
    settings = schema["$defs"]["DataSpec"]["properties"]["rules"]["items"]["oneOf"][-1]["properties"]
    for name, kind in catalog.rules().items():
        yield from _named(name, kind, settings[name], schema)


def _strategies() -> Iterator[str]:
    from everfit import catalog
    from everfit.rollouts.bars import Bars
    from everfit.spec import json_schema

    yield (
        "## Strategies of rolling out\n\nHow a version that passed its gates comes to people. `rollout:` in the spec "
        "is a list of names, each with its settings, one after the other. Which for what: "
        "[how-to/roll-out-in-stages.md](how-to/roll-out-in-stages.md)."
    )
    schema = json_schema()
    settings = schema["properties"]["rollout"]["items"]["oneOf"][-1]["properties"]
    for name, kind in catalog.strategies().items():
        yield from _named(name, kind, settings[name], schema)
    yield f"The settings under `bars`: {_prose(inspect.cleandoc(Bars.__doc__ or ''))}"


def _triggers() -> Iterator[str]:
    from everfit import catalog
    from everfit.spec import json_schema

    yield (
        "## Triggers\n\nWhy a training run starts. `retrain.when` in the spec is a list of names, each with its "
        "settings, or of groups of them (`all_of`, `any_of`, `k_of`). How they count together, and what has to wait: "
        "[how-to/say-when-to-retrain.md](how-to/say-when-to-retrain.md)."
    )
    schema = json_schema()
    settings = schema["$defs"]["Trigger"]["oneOf"][-1]["properties"]
    for name, kind in catalog.triggers().items():
        yield from _named(name, kind, settings[name], schema)


def _monitors() -> Iterator[str]:
    from everfit import catalog
    from everfit.spec import json_schema

    yield (
        "## Monitors\n\nWhat is looked at of the champion. `monitor.watch` in the spec is a list of names, each with "
        "its settings; left out, all of them look, as they are by themselves."
    )
    schema = json_schema()
    settings = schema["$defs"]["MonitorSpec"]["properties"]["watch"]["anyOf"][0]["items"]["oneOf"][-1]["properties"]
    for name, kind in catalog.monitors().items():
        yield from _named(name, kind, settings[name], schema)


def _incidents() -> Iterator[str]:
    from everfit import catalog
    from everfit.spec import json_schema

    yield (
        "## Incidents\n\nWhat people are told of. `alerts.when` in the spec is a list of names, each with its "
        "settings. Where to, and how often: [how-to/be-told.md](how-to/be-told.md)."
    )
    schema = json_schema()
    settings = schema["$defs"]["AlertsSpec"]["properties"]["when"]["items"]["oneOf"][-1]["properties"]
    for name, kind in catalog.incidents().items():
        yield from _named(name, kind, settings[name], schema)


def _algorithms() -> Iterator[str]:
    from everfit import catalog
    from everfit.spec import json_schema

    yield (
        "## Algorithms\n\nWhat `train.algorithm` may name, with what `train.params` may say. Adding one: "
        "[how-to/adding-an-algorithm.md](how-to/adding-an-algorithm.md)."
    )
    schema = json_schema()
    params = {
        one["if"]["properties"]["algorithm"]["const"]: one["then"]["properties"]["params"]
        for one in schema["$defs"]["TrainSpec"]["allOf"]
    }
    for name, kind in catalog.algorithms().items():
        yield from _named(name, kind, params[name], schema)


def _named(name: str, kind: type[Any], settings: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[str]:
    yield f"### `{name}`\n\n{_prose(inspect.cleandoc(kind.__doc__ or ''))}"
    keys = (
        [(key, kind, default) for key, kind, default, _ in _keys(settings, schema, "")]
        if settings.get("properties")
        else []
    )
    if keys:
        yield _table(("setting", "type", "default"), keys)


@dataclass(frozen=True)
class Door:
    """A class of `everfit_airflow` as its source has it: what it builds on, what it says, what it takes."""

    name: str
    base: str
    doc: str
    takes: tuple[str, ...]


def _doors() -> Iterator[str]:
    yield (
        "## Operators and sensors\n\nIn `everfit_airflow.operators` and `everfit_airflow.sensors`. All take what every "
        "Airflow operator takes, too. Using them: "
        "[how-to/using-operators-in-your-own-dag.md](how-to/using-operators-in-your-own-dag.md)."
    )
    for folder in ("operators", "sensors"):
        known = {door.name: door for door in _read(DOORS / folder)}
        public = re.findall(
            r'"(\w+)",?\s*(?=["\]\n])', (DOORS / folder / "__init__.py").read_text().split("__all__")[1]
        )
        for name in public:
            chain = tuple(_chain(known, name))
            said = {param: text for door in reversed(chain) for param, text in _params(door.doc)}
            takes = dict.fromkeys(param for door in reversed(chain) for param in door.takes)
            rows = [(f"`{param}`", said.get(param, "")) for param in takes]
            yield f"### `{name}`\n\n{_prose(re.split(r'^:param', chain[0].doc, flags=re.MULTILINE)[0])}"
            yield _table(("parameter", "meaning"), rows)


def _public(path: Path) -> list[str]:
    """The names in `__all__`."""
    listed = path.read_text(encoding="utf-8").partition("__all__ = ")[2]
    return list(ast.literal_eval(listed))


def _read(folder: Path) -> Iterator[Door]:
    for path in sorted(folder.glob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef):
                init = next(
                    (one for one in node.body if isinstance(one, ast.FunctionDef) and one.name == "__init__"), None
                )
                takes = tuple(arg.arg for arg in init.args.kwonlyargs) if init else ()
                yield Door(node.name, ast.unparse(node.bases[0]), ast.get_docstring(node) or "", takes)


def _chain(known: Mapping[str, Door], name: str) -> Iterator[Door]:
    while name in known:
        yield known[name]
        name = known[name].base


def _params(doc: str) -> list[tuple[str, str]]:
    return re.findall(r"^:param (\w+): (.*)$", doc, flags=re.MULTILINE)


def _commands() -> Iterator[str]:
    from everfit.cli import COMMANDS

    yield "## The command line\n\n`everfit WORD`, in `.venv/bin` after `make env`."
    for command in COMMANDS:
        name = command.__name__.rpartition(".")[2]
        parser = argparse.ArgumentParser(prog=f"everfit {name}", add_help=False)
        command.arguments(parser)
        usage = " ".join(parser.format_usage().removeprefix("usage: ").split())
        rows = [(f"`{' '.join(one.option_strings) or one.metavar or one.dest}`", _help(one)) for one in parser._actions]
        yield f"### `everfit {name}`\n\n{_prose(inspect.cleandoc(command.__doc__ or ''))}\n\n    {usage}"
        yield _table(("argument", "meaning"), rows)


def _help(action: argparse.Action) -> str:
    return action.help or " or ".join(f"`{choice}`" for choice in action.choices or ())


def _entries() -> Iterator[str]:
    from everfit.ledger.entries import Body

    yield (
        "## The ledger's entries\n\nOne file per decision, `ledger/<model>/00000042.json`, whose `kind` and `body` are "
        "these. "
        "Why and how: [decisions/0001-the-ledger.md](decisions/0001-the-ledger.md)."
    )
    rows = [
        (
            f"`{_snake(kind.__name__)}`",
            _first(kind.__doc__ or ""),
            ", ".join(f"`{field.name}`" for field in fields(kind)),
        )
        for kind in get_args(Body)
    ]
    yield _table(("kind", "meaning", "body"), rows)


def _errors() -> Iterator[str]:
    from everfit import errors

    yield (
        "## Errors\n\nAll are in `everfit.errors`. A task that fails with one marked *retried* is tried again by "
        "everfit's DAGs; the others fail at once, since trying again cannot help."
    )
    rows = [
        (f"`{kind.__name__}`", f"`{kind.__bases__[0].__name__}`", "retried" if kind.retry else "", _first(kind.__doc__))
        for kind in _tree(errors.EverfitError)
        if kind.__module__ == errors.__name__
    ]
    yield _table(("error", "is a", "", "meaning"), rows)


def _tree(kind: type[Any]) -> Iterator[type[Any]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _tree(below)


def _variables() -> Iterator[str]:
    from tools.local.environment import QUIET

    yield "## Environment variables"
    yield _table(("variable", "meaning"), [(f"`{name}`", meaning) for name, meaning in VARIABLES.items()])
    yield (
        "`OMP_NUM_THREADS`, where it is set, is the number of threads that train. Every process of everfit also gets "
        "these, in `make up` and in the containers:"
    )
    yield _table(("variable", "value"), [(f"`{name}`", f"`{value}`") for name, value in QUIET.items()])


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _prose(doc: str) -> str:
    """A docstring as Markdown: names of settings are marked in it already; nothing of it may become a tag."""
    return re.sub(r"<(?=\w)", "&lt;", doc.strip())


def _first(doc: str | None) -> str:
    text = " ".join(inspect.cleandoc(doc or "").split())
    return re.split(r"(?<=[.;])\s(?=[A-Z>])", text)[0]


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def main() -> int:
    """Write the page, or say whether it is current."""
    parser = argparse.ArgumentParser(prog="python -m tools.reference", description=(__doc__ or "").split("\n")[0])
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--write", action="store_true", help="write docs/reference.md")
    what.add_argument("--check", action="store_true", help="write nothing; end with 1 if the page is not current")
    given = parser.parse_args()
    made = page()
    current = FILE.is_file() and FILE.read_text(encoding="utf-8") == made
    if given.write and not current:
        FILE.write_text(made, encoding="utf-8")
    shown = FILE.relative_to(PROJECT)
    if given.check and not current:
        print(f"{shown} is not current; write it anew with: python -m tools.reference --write")
        return 1
    print(f"{shown} {'is current' if current else 'written'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
