"""The team's `features.py`, loaded from a file and held to its contract.

    INPUTS: list[str]                    what a caller of the model server sends; features() sees nothing else
    rows(tables) -> DataFrame            one batch's tables -> one row per example        (optional: the main table)
    facts(rows) -> DataFrame                 what history() needs of one batch            (optional: its rows)
    history(facts) -> dict[str, DataFrame]   what later batches may know of these batches (optional: nothing)
    features(rows, history) -> DataFrame     row in, row out, same order
    row_features(history) -> function    one row's inputs -> its features, both dicts     (optional: see below)

history() gets the facts of any number of batches, oldest first, as one frame; also those of no rows at all, which is
what the first batch knows. rows(), facts() and features() see one batch at a time, wherever that is: each batch may be
on another machine.
The same file serves training, evaluation and the model server, so that a feature cannot mean two things.

Two ways lead past pandas, which costs milliseconds for a row, when the model server answers. Where the inputs are the
features, `from everfit.features import as_given as features` says so. Else row_features() gives, for a history, a
function that makes the features of one row: it is held against features() before a version answers with it, and
against a sample of what it is asked afterwards.
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from everfit.errors import DataError, EverfitError, SpecError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd

TABLE_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


@dataclass(frozen=True)
class FeatureCode:
    """A loaded `features.py`: its bytes and their SHA-256, its inputs, and its functions with their contract checked.

    Whatever goes wrong inside the team's functions is a `SpecError` that names function, file and line.
    """

    path: Path
    source: bytes
    sha256: str
    inputs: tuple[str, ...]
    module: ModuleType

    def rows(self, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
        """One batch's tables (the main table first) as one row per example, with INPUTS, label, time and outcomes."""
        made = self._call("rows", dict(tables)) if hasattr(self.module, "rows") else next(iter(tables.values()))
        frame = self._frame("rows", made)
        missing = [name for name in self.inputs if name not in frame.columns]
        if missing:
            raise SpecError(
                f"{self.path}: rows() made no column {missing[0]!r}, which INPUTS asks for"
                f"{did_you_mean(missing[0], map(str, frame.columns))}"
            )
        return frame.reset_index(drop=True)

    @property
    def sums_up(self) -> bool:
        """Whether the team says what its history needs of one batch, so that it does not need all rows in one place."""
        return hasattr(self.module, "facts")

    def facts(self, rows: pd.DataFrame) -> pd.DataFrame:
        """What history() needs to know of one batch: the rows themselves if the team does not say."""
        if not self.sums_up:
            return rows
        return self._frame("facts", self._call("facts", rows.copy(deep=False))).reset_index(drop=True)

    def history(self, facts: pd.DataFrame) -> dict[str, pd.DataFrame]:
        """What batches after those of these facts may know of them: small tables by name; none if the team wants none.

        Without a function facts(), the facts of a batch are its rows.
        """
        if not hasattr(self.module, "history"):
            return {}
        made = self._call("history", facts.copy(deep=False))
        if not isinstance(made, dict):
            raise SpecError(f"{self.path}: history() must return a dict of DataFrames, not {type(made).__name__}")
        for name in made:
            if not (isinstance(name, str) and TABLE_NAME.fullmatch(name)):
                raise SpecError(f"{self.path}: history() names a table {name!r}; use lower case letters, digits and _")
        return {name: self._frame(f"history()[{name!r}]", frame) for name, frame in made.items()}

    def features(self, rows: pd.DataFrame, history: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
        """The features of `rows`, in their order, made from INPUTS and from `history` alone.

        Only the columns in INPUTS reach the team's code: a label or an outcome cannot leak into a feature.
        """
        missing = [name for name in self.inputs if name not in rows.columns]
        if missing:
            raise DataError(f"the rows have no column {missing[0]!r}{did_you_mean(missing[0], map(str, rows.columns))}")
        given = rows[list(self.inputs)].reset_index(drop=True)
        # Shallow copies: pandas copies on write, so the team's code cannot change what other rows will see.
        known = {name: frame.copy(deep=False) for name, frame in history.items()}
        made = self._frame("features", self._call("features", given, known))
        if len(made) != len(given):
            raise SpecError(
                f"{self.path}: features() got {len(given)} rows and returned {len(made)}; "
                "it must return one row for each, in the same order"
            )
        if not made.index.equals(given.index):
            raise SpecError(
                f"{self.path}: features() returned its rows in another order (index {_few(made.index)}); "
                "sort them back, or reset_index(drop=True) if only the index moved"
            )
        return made

    @property
    def as_given(self) -> bool:
        """Whether the features are the inputs as they are."""
        return self.module.features is as_given

    def row_features(self, history: Mapping[str, pd.DataFrame]) -> Callable[[Mapping[str, Any]], Any] | None:
        """What makes the features of one row from its inputs by name, without pandas; None if the team has no such."""
        if not hasattr(self.module, "row_features"):
            return None
        made = self._call("row_features", {name: frame.copy(deep=False) for name, frame in history.items()})
        if not callable(made):
            raise SpecError(f"{self.path}: row_features() must return a function, not {type(made).__name__}")

        def one_row(row: Mapping[str, Any]) -> Any:
            try:
                return made(row)
            except Exception:
                with self._in_their_code("row_features"):
                    raise

        return one_row

    def __reduce__(self) -> tuple[Any, ...]:  # a module does not travel, its source does
        return code_from, (self.path, self.source)

    def _call(self, name: str, *arguments: Any) -> Any:
        with self._in_their_code(name):
            return getattr(self.module, name)(*arguments)

    @contextmanager
    def _in_their_code(self, name: str) -> Iterator[None]:
        try:
            yield
        except (EverfitError, MemoryError):
            raise
        except Exception as error:
            line = _line_in(self.path, error)
            raise SpecError(f"{self.path}{line}: {name}() failed with {type(error).__name__}: {error}") from error

    def _frame(self, name: str, made: Any) -> pd.DataFrame:
        import pandas as pd

        if not isinstance(made, pd.DataFrame):
            raise SpecError(f"{self.path}: {name} must be a pandas DataFrame, not {type(made).__name__}")
        twice = made.columns[made.columns.duplicated()]
        if len(twice):
            raise SpecError(f"{self.path}: {name} has column {twice[0]!r} twice")
        odd = [c for c in made.columns if not isinstance(c, str) or c.startswith("__")]
        if odd:
            raise SpecError(f"{self.path}: {name} has column {odd[0]!r}; columns are words that do not start with __")
        return made


def as_given(rows: pd.DataFrame, history: Mapping[str, pd.DataFrame]) -> pd.DataFrame:  # noqa: ARG001
    """features() of a model whose features are its inputs, as they are: numbers, truth values and categories."""
    return rows


def load_code(path: Path) -> FeatureCode:
    """Load a `features.py`, under a module name of its own, and check that it has what everfit needs.

    The name follows from the SHA-256 of the file, so that the code of two versions of a model lives in one process. No
    bytecode is written. Errors: `SpecError` for a file that is missing, does not load, or lacks INPUTS or features().
    """
    try:
        source = path.read_bytes()
    except OSError as error:
        raise SpecError(f"{path}: cannot read the feature code: {error.strerror}") from error
    return code_from(path, source)


def code_from(path: Path, source: bytes) -> FeatureCode:
    """The same of the bytes of a `features.py` that lay at `path`, perhaps on another machine."""
    sha256 = hashlib.sha256(source).hexdigest()
    module = _execute(path, source, f"everfit_features_{sha256[:16]}")
    return FeatureCode(path, source, sha256, _inputs(path, module), module)


def _execute(path: Path, source: bytes, name: str) -> ModuleType:
    module = ModuleType(name)
    module.__file__ = str(path)
    sys.modules[name] = module  # dataclasses and typing look a class's module up there
    try:
        exec(compile(source, str(path), "exec"), module.__dict__)  # noqa: S102 - the team's own code, by design
    except Exception as error:
        del sys.modules[name]
        line = f":{error.lineno}" if isinstance(error, SyntaxError) else _line_in(path, error)
        raise SpecError(f"{path}{line}: the file does not load: {type(error).__name__}: {error}") from error
    return module


def _inputs(path: Path, module: ModuleType) -> tuple[str, ...]:
    public = [name for name in vars(module) if not name.startswith("_")]
    for name in ("INPUTS", "features"):
        if not hasattr(module, name):
            raise SpecError(f"{path}: there is no {name}{did_you_mean(name, public)}")
    for name in ("rows", "facts", "history", "features", "row_features"):
        function: Callable[..., Any] | None = getattr(module, name, None)
        if function is not None and not callable(function):
            raise SpecError(f"{path}: {name} must be a function, not {type(function).__name__}")
    inputs = module.INPUTS
    if not isinstance(inputs, list | tuple) or not inputs or not all(isinstance(name, str) and name for name in inputs):
        raise SpecError(f"{path}: INPUTS must be a list of column names, not {inputs!r}")
    twice = [name for name in inputs if inputs.count(name) > 1]
    if twice:
        raise SpecError(f"{path}: INPUTS has {twice[0]!r} twice")
    return tuple(inputs)


def _line_in(path: Path, error: BaseException) -> str:
    """`:42` for the last line of the file that the error passed through; empty if it never was in it."""
    line, trace = "", error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = f":{trace.tb_lineno}"
        trace = trace.tb_next
    return line


def _few(index: Any) -> str:
    return ", ".join(map(str, index[:3])) + (", ..." if len(index) > 3 else "")  # noqa: PLR2004
