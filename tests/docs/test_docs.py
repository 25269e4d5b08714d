"""The pages are true: what they show runs, what they name exists, and the reference is current."""

from __future__ import annotations

import importlib.util
import re
import shlex
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from pages import PAGES, PROJECT, anchors, blocks, commands, links, name, prose

from everfit import catalog
from everfit.cli import COMMANDS, _parser
from everfit.features.code import load_code
from everfit.spec import load_spec
from everfit.validation.custom import load_custom
from tools import reference
from tools.local.settings import read

TARGETS = set(re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(), flags=re.MULTILINE))
EVERY_PAGE = pytest.mark.parametrize("page", PAGES, ids=name)
OUR_PATHS = re.compile(r"`((?:tests|tools|include|plugins|dags|docs)/[\w./-]+)`")


def with_blocks(language):
    pages = [page for page in PAGES if blocks(page, language)]
    return pytest.mark.parametrize("page", pages, ids=name)


@with_blocks("python")
def test_python_runs(page, aside):
    """All blocks of a page, one after the other; one that begins with a file's name is written there first."""
    namespace = {"__name__": "page"}
    for block in blocks(page, "python"):
        file, path = block.file, f"{name(page)}:{block.line}"
        if file:
            path = str(aside(file, block.text))
        if file is None or file.startswith("dags/"):
            namespace["__file__"] = path
            exec(compile("\n" * (0 if file else block.line - 1) + block.text, path, "exec"), namespace)
        elif "/expectations/" in file:
            assert load_custom(Path(path).parent)
        elif file.startswith("include/models/"):
            assert load_code(Path(path)).inputs
        else:
            shelves = {"gates": catalog.gates, "rules": catalog.rules, "models": catalog.algorithms}
            assert Path(file).stem in shelves[Path(file).parent.name]()


@with_blocks("yaml")
def test_yaml_is_right(page, aside, scaffolded):
    """A whole spec, a part of one, or an `airflow_settings.yaml`, as whoever copies it would have it."""
    for block in blocks(page, "python"):
        if block.file:
            aside(block.file, block.text)
    spec = scaffolded / "model.yaml"
    scaffold = yaml.safe_load(spec.read_text())
    for block in blocks(page, "yaml"):
        said = yaml.safe_load(block.text)
        if "airflow" in said:
            assert read(aside("airflow_settings.yaml", block.text)).connections
            continue
        spec.write_text(block.text if "name" in said else yaml.safe_dump(scaffold | said))
        assert load_spec("shop_returns").gates


@EVERY_PAGE
def test_commands_exist(page):
    for line in commands(page):
        words = shlex.split(line, comments=True)
        for word, following in pairwise(words):
            if word == "make":
                assert following in TARGETS, line
            if word == "-m":
                assert importlib.util.find_spec(following), line
        called = [place for place, word in enumerate(words) if word in {"everfit", ".venv/bin/everfit"}]
        if called:
            accepted(words[called[0] + 1 :], line)


def accepted(words, line):
    """The command line takes these words; a placeholder in capitals or a bare word stands for its arguments."""
    known = {command.__name__.rpartition(".")[2]: command for command in COMMANDS}
    if words == ["WORD"]:
        return
    assert words[0] in known, line
    if len(words) > 1 and "[" not in line:
        try:
            _parser().parse_args(words if words != ["ledger", "show"] else [*words, "NAME"])
        except SystemExit:
            mentions_only_a_word = words[0] == "ledger" and len(words) == 2
            assert mentions_only_a_word, f"everfit does not take: {line}"


@EVERY_PAGE
def test_links_lead_somewhere(page):
    for file, anchor in links(page):
        if file.startswith(("http:", "https:")):
            continue
        target = (page.parent / file).resolve() if file else page
        assert target.exists(), f"{name(page)} links to {file}, which is not there"
        if anchor:
            assert anchor in anchors(target), f"{name(page)} links to #{anchor}, which {file} does not have"


@EVERY_PAGE
def test_files_that_are_named_exist(page):
    written = {block.file for block in blocks(page, "python")}
    for path in OUR_PATHS.findall(prose(page)):
        assert path in written or (PROJECT / path).exists(), f"{name(page)} names {path}"


def test_every_page_can_be_reached_from_the_readme():
    seen, ahead = set(), [PROJECT / "README.md"]
    while ahead:
        page = ahead.pop()
        seen.add(page)
        found = {(page.parent / file).resolve() for file, _ in links(page) if file.endswith(".md")}
        ahead += [one for one in found if one.exists() and one not in seen]
    decisions = {page for page in PAGES if page.parent.name == "decisions"}
    assert set(PAGES) - seen - decisions == set()


def test_decisions_are_short_and_numbered():
    pages = sorted((PROJECT / "docs/decisions").glob("*.md"))
    assert [page.name[:4] for page in pages] == [f"{number:04}" for number in range(1, len(pages) + 1)]
    for page in pages:
        assert page.read_text().startswith(f"# {int(page.name[:4])}. ")
        assert {"context", "decision", "consequences"} <= anchors(page)


def test_the_reference_is_current():
    assert reference.FILE.read_text(encoding="utf-8") == reference.page(), (
        "write it anew: python -m tools.reference --write"
    )


def test_the_reference_has_every_gate_rule_algorithm_and_command():
    titles = anchors(reference.FILE)
    words = {f"everfit-{command.__name__.rpartition('.')[2]}" for command in COMMANDS}
    assert {*catalog.gates(), *catalog.rules(), *catalog.algorithms(), *words} <= titles


def test_the_reference_has_every_variable():
    code = [*(PROJECT / "include/everfit").rglob("*.py"), *(PROJECT / "plugins").rglob("*.py")]
    code += [*(PROJECT / "tools").rglob("*.py"), *(PROJECT / "tools").rglob("*.sh")]
    found = {word for path in code for word in re.findall(r"\bEVERFIT_[A-Z]+\b", path.read_text())}
    assert found == set(reference.VARIABLES)


def test_nobody_finds_a_path_of_our_machines():
    for page in PAGES:
        assert not re.search(r"(?<![\w.])/(?:work|root|home|tmp)/\w", page.read_text()), name(page)


def test_pictures_are_used_and_small():
    used = {(page.parent / file).resolve() for page in PAGES for file, _ in links(page)}
    for picture in (PROJECT / "docs/pictures").iterdir():
        assert picture in used
        assert picture.stat().st_size < 200_000


def test_the_licence_is_whole():
    text = (PROJECT / "LICENSE").read_text()
    assert "Apache License" in text
    assert "END OF TERMS AND CONDITIONS" in text
