"""Gates and algorithms are found by the name of their file."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from everfit import catalog
from everfit.errors import SpecError, UnknownName
from everfit.gates.above_bar import AboveBar
from everfit.models.xgboost import XGBoost


def test_a_gate_and_an_algorithm_are_found_by_their_file() -> None:
    assert catalog.gate("above_bar") is AboveBar
    assert catalog.algorithm("xgboost") is XGBoost
    assert catalog.name_of(AboveBar) == "above_bar"


def test_every_file_with_a_gate_is_listed_and_the_others_are_not() -> None:
    assert {"above_bar", "answers_sanely", "beats_baseline", "beats_champion"} <= set(catalog.gates())
    assert "evidence" not in catalog.gates()
    assert "xgboost" in catalog.algorithms()
    assert {"references", "like_reference", "no_leakage"} <= set(catalog.rules())
    assert catalog.name_of(catalog.rule("in_order")) == "in_order"


@pytest.mark.parametrize("name", ["above_bra", "evidence", "_claims", "", "os.path", "../gates"])
def test_a_name_that_is_no_gate_is_unknown(name: str) -> None:
    with pytest.raises(UnknownName, match=r"there is no gate .*known: above_bar, "):
        catalog.gate(name)


GATE = """
from dataclasses import dataclass

@dataclass(frozen=True)
class {name}:
    def judge(self, evidence): ...
"""


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> catalog.Shelf:
    """A shelf of gates in a package of its own."""
    package = f"shelf_{tmp_path.name}"
    (tmp_path / package).mkdir()
    (tmp_path / package / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    yield catalog.Shelf("gate", package, "judge")
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        del sys.modules[name]


def _write(shelf: catalog.Shelf, folder: Path, name: str, text: str) -> None:
    (folder / shelf.package / f"{name}.py").write_text(text)


def test_a_new_file_is_a_new_gate(shelf: catalog.Shelf, tmp_path: Path) -> None:
    _write(shelf, tmp_path, "is_small", GATE.format(name="IsSmall"))
    _write(shelf, tmp_path, "words", "class Word:\n    pass\n")
    _write(shelf, tmp_path, "_hidden", GATE.format(name="Hidden"))
    _write(shelf, tmp_path, "borrowed", f"from {shelf.package}.is_small import IsSmall\n")
    assert list(catalog._all(shelf)) == ["is_small"]
    assert catalog.find(shelf, "is_small").__name__ == "IsSmall"


def test_two_classes_in_one_file_cannot_share_its_name(shelf: catalog.Shelf, tmp_path: Path) -> None:
    _write(shelf, tmp_path, "is_small", GATE.format(name="IsSmall") + GATE.format(name="IsTiny"))
    with pytest.raises(SpecError, match=r"is_small.py: found IsSmall, IsTiny, wanted one public class with `judge`"):
        catalog.find(shelf, "is_small")
