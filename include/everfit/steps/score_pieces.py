"""The rows to score, a piece at a time, as the feature code of each version makes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from everfit.errors import SpecError
from everfit.steps.score_asked import score_part
from everfit.validation.read import frame_of, read_parts
from everfit.validation.stream import batches, schema

if TYPE_CHECKING:
    import pandas as pd

    from everfit.features import FeatureCode
    from everfit.predictor import Predictor
    from everfit.spec import ModelSpec
    from everfit.validation.stream import Part

ROWS = 1 << 16
ROWS_FOR_MANY = 1 << 19
"""On an engine of several machines, so that each of them has something to do."""
_FEW = 1000


@dataclass(frozen=True, eq=False)
class Piece:
    """Some rows in order, the first of which is the `start`-th; `frames` has them by the SHA-256 of feature code."""

    start: int
    frames: Mapping[str, pd.DataFrame]

    @property
    def rows(self) -> int:
        """How many there are."""
        return len(next(iter(self.frames.values())))


def pieces(spec: ModelSpec, parts: Mapping[str, Sequence[Part]], predictors: Sequence[Predictor]) -> Iterator[Piece]:
    """All rows, in the order of the main table; at least one piece, even if it is empty.

    Where the spec says `in_pieces`, or the main table's rows are the rows, the main table streams by, and memory does
    not grow with it; else rows() sees all of it, as it does in training, and what comes after goes piece by piece.
    Errors: `DataError` for files that cannot be read, `SpecError` if versions make different rows of them, or if the
    rows of `in_pieces` are not what they would be in one piece.
    """
    codes = {one.code.sha256: one.code for one in predictors}
    size = ROWS if spec.engine == "local" else ROWS_FOR_MANY
    if not score_part(spec).in_pieces and any(code.makes_rows for code in codes.values()):
        yield from _cut(_piece(0, codes, {name: _read(spec, name, some) for name, some in parts.items()}), size)
        return
    main, *others = spec.data.tables
    beside = {name: _read(spec, name, parts[name]) for name in others}
    start = 0
    for frame in _stream(spec, main, parts[main], size):
        piece = _piece(start, codes, {main: frame, **beside})
        if not start:
            _check_apart(predictors, frame, main, beside, piece)
        yield piece
        start += piece.rows


def _piece(start: int, codes: Mapping[str, FeatureCode], tables: Mapping[str, pd.DataFrame]) -> Piece:
    made = {
        sha256: code.rows({name: frame.copy(deep=False) for name, frame in tables.items()})
        for sha256, code in codes.items()
    }
    if len({len(frame) for frame in made.values()}) > 1:
        counts = " and ".join(f"{len(frame):,}" for frame in made.values())
        raise SpecError(
            f"the feature code of the versions that answer makes {counts} rows of the same tables, so that nobody can "
            "say which version answers which: let rows() make one row per example, in the order of the main table"
        )
    return Piece(start, made)


def _cut(whole: Piece, size: int) -> Iterator[Piece]:
    for start in range(0, max(whole.rows, 1), size):
        some = {sha256: frame.iloc[start : start + size] for sha256, frame in whole.frames.items()}
        yield Piece(start, {sha256: frame.reset_index(drop=True) for sha256, frame in some.items()})


def _read(spec: ModelSpec, table: str, parts: Sequence[Part]) -> pd.DataFrame:
    return _without_unknown(spec, table, read_parts(parts))


def _stream(spec: ModelSpec, table: str, parts: Sequence[Part], size: int) -> Iterator[pd.DataFrame]:
    import pyarrow as pa

    known = schema(parts)
    for batch in batches(parts, known.names):
        for start in range(0, max(batch.num_rows, 1), size):
            rows = pa.Table.from_batches([batch.slice(start, size)], known)
            yield _without_unknown(spec, table, frame_of(rows))


def _without_unknown(spec: ModelSpec, table: str, frame: pd.DataFrame) -> pd.DataFrame:
    """The table with columns that are not known yet, all without a value, whatever was delivered in them."""
    unknown = score_part(spec).unknown.get(table, ())
    return frame.assign(**dict.fromkeys(unknown, float("nan"))) if unknown else frame


def _check_apart(
    predictors: Sequence[Predictor],
    frame: pd.DataFrame,
    main: str,
    beside: Mapping[str, pd.DataFrame],
    piece: Piece,
) -> None:
    """Raise `SpecError` if the first rows alone are made otherwise than among others: not each by itself, then."""
    few = frame.iloc[: min(_FEW, len(frame) // 2)]
    for one in predictors if len(few) else ():
        inputs = one.card.inputs
        alone = inputs.read(_piece(0, {"": one.code}, {main: few, **beside}).frames[""])
        if not alone.equals(inputs.read(piece.frames[one.code.sha256].iloc[: len(alone)])):
            raise SpecError(
                f"{one.code.path}: rows() makes other rows of a part of {main} than of more of it, so it cannot be "
                "given the table in pieces: take `in_pieces` out of the spec's `score`"
            )
