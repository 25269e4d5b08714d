"""From the feature table to the float32 matrix that an algorithm learns from, and the same again when serving."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from everfit.errors import DataError, SpecError, did_you_mean

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

Kind = Literal["q", "c"]
NUMBERS = {"integer", "floating", "mixed-integer-float", "boolean", "decimal"}  # pandas' infer_dtype


@dataclass(frozen=True)
class Column:
    """One column of the matrix: a quantity (`q`), or a category (`c`) coded by its place in `categories`."""

    name: str
    kind: Kind
    categories: tuple[str, ...] = ()


@dataclass(frozen=True)
class Columns:
    """The columns of a model's matrix, learnt from its training rows and saved with it.

    `everfit.values.dump` and `load` turn it into JSON and back.

    >>> import pandas as pd
    >>> table = pd.DataFrame({"hour": [6, 7], "carrier": ["UA", "AA"]})
    >>> columns = Columns.learn(table)
    >>> columns.encode(pd.DataFrame({"hour": [None, 9], "carrier": ["UA", "ZZ"]})).tolist()
    [[nan, 1.0], [9.0, nan]]
    """

    columns: tuple[Column, ...]

    @classmethod
    def learn(cls, frame: pd.DataFrame) -> Columns:
        """The columns of a feature table, and the categories in it, sorted. Give it training rows only.

        Numbers and truth values are quantities; text and categories are categories; anything else is a `SpecError`.
        """
        return cls.of([learn_column(str(name), frame[name]) for name in frame.columns])

    @classmethod
    def of(cls, learnt: Sequence[Column]) -> Columns:
        """These columns, of which there has to be one at least."""
        if not learnt:
            raise SpecError("features() returned a table with no column in it")
        return cls(tuple(learnt))

    @property
    def names(self) -> tuple[str, ...]:
        """The names, in the matrix' order."""
        return tuple(column.name for column in self.columns)

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """`q` or `c` for each column: XGBoost's own feature types."""
        return tuple(column.kind for column in self.columns)

    def encode(self, frame: pd.DataFrame) -> NDArray[np.float32]:
        """The table as a matrix, rows in order; a missing value, and a category never seen in training, is NaN.

        Errors: `SpecError` if columns are missing or new, `DataError` for an infinite value or for text in a quantity.
        """
        import numpy as np

        self._check_names([str(name) for name in frame.columns])
        matrix = np.empty((len(frame), len(self.columns)), dtype=np.float32)
        for place, column in enumerate(self.columns):
            values = frame[column.name]
            matrix[:, place] = quantity(column.name, values) if column.kind == "q" else codes(column, values)
        return matrix

    def _check_names(self, names: Sequence[str]) -> None:
        known = set(self.names)
        for name in self.names:
            if name not in names:
                raise SpecError(f"features() made no column {name!r}, as it did in training{did_you_mean(name, names)}")
        for name in names:
            if name not in known:
                raise SpecError(f"features() made a column {name!r} that was not there in training")


def learn_column(name: str, values: pd.Series[Any]) -> Column:
    """One column of a feature table; what it is made of says what it is."""
    import pandas as pd

    kind = values.dtype
    if isinstance(kind, pd.CategoricalDtype):
        return Column(
            name, "c", tuple(sorted({str(value) for value in values.cat.remove_unused_categories().cat.categories}))
        )
    if pd.api.types.is_bool_dtype(kind) or (
        pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_complex_dtype(kind)
    ):
        return Column(name, "q")
    if pd.api.types.is_string_dtype(kind) or pd.api.types.is_object_dtype(kind):
        found = pd.api.types.infer_dtype(values, skipna=True)
        if found in NUMBERS:
            return Column(name, "q")
        if found in {"string", "empty"}:  # a column that was empty in training says nothing later either
            return Column(name, "c", tuple(sorted(map(str, values.dropna().unique()))))
        raise SpecError(f"features() made column {name!r} of mixed things ({found}): make it numbers or text")
    raise SpecError(
        f"features() made column {name!r} of type {kind}: make it numbers (for a time: hour, weekday) or text"
    )


def quantity(name: str, values: pd.Series[Any]) -> NDArray[np.float32]:
    """The values as numbers, NaN where one is missing. Errors: `DataError` for text and for what is infinite."""
    import numpy as np
    import pandas as pd

    try:
        if values.dtype == object:
            values = pd.to_numeric(values)
        with np.errstate(over="ignore"):  # what does not fit becomes infinite, which is reported just below
            numbers = values.to_numpy(dtype=np.float32, na_value=np.nan)
    except (ValueError, TypeError) as error:
        raise DataError(f"feature {name!r} must be a number: {error}") from error
    infinite_in(name, numbers)
    return numbers


def infinite_in(name: str, numbers: NDArray[np.float32]) -> None:
    """Refuse a column with an infinite value in it: `DataError`."""
    import numpy as np

    infinite = np.isinf(numbers)
    if infinite.any():
        first = int(np.argmax(infinite))
        raise DataError(
            f"feature {name!r} is infinite in {int(infinite.sum())} of {len(numbers)} rows, first in row {first}: "
            "let a division by zero give a missing value instead"
        )


def codes(column: Column, values: pd.Series[Any]) -> NDArray[np.float32]:
    """Each value's place among the column's categories, NaN for a missing one and for one that is not among them."""
    import numpy as np
    import pandas as pd

    known = pd.Index(column.categories, dtype=object)
    if isinstance(values.dtype, pd.CategoricalDtype):  # look each category up once, not each row
        places = known.get_indexer(pd.Index([str(value) for value in values.cat.categories], dtype=object))
        found = np.append(places, -1)[values.cat.codes.to_numpy()]
    else:
        found = known.get_indexer(pd.Index(values.astype(object)))
    coded = found.astype(np.float32)
    coded[found < 0] = np.nan
    return coded
