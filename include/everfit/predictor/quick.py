"""The same answers for a few rows, without pandas and from a quicker runtime: held against the slow way before use."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

from everfit.errors import EverfitError, SpecError
from everfit.features.plain import Unsure, reader
from everfit.models import Compiled, Compiles, Scorer
from everfit.predictor.predictor import Predictor, frame, in_words, shaped
from everfit.predictor.probes import matrix_probes, row_probes
from everfit.values import Answer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Row = Mapping[str, Any]

FEW = 100
"""Up to so many rows the compiled trees answer; from there on the library's own way is quicker."""

TOLERANCE = 1e-6
"""How far two ways may be apart, relative to the answer."""

NEAR_NOTHING = 1e-30


@dataclass(frozen=True)
class Quick:
    """A version's short way: `read` makes the matrix, `few` scores a few rows and `many` scores more of them.

    `seconds` is what a row took when it was tried. Any number of threads may share one.
    """

    read: Callable[[Sequence[Row]], NDArray[np.float32]]
    few: Scorer
    many: Scorer
    finish: Callable[[NDArray[np.float64], int], list[Answer]]
    seconds: float = 0.0

    def answers(self, rows: Sequence[Row]) -> list[Answer]:
        """As `Predictor.answers`. Errors: `Unsure` for rows that have to go the long way, whatever comes of it there;
        `SpecError` when the team's row_features() fails."""
        matrix = self.read(rows)
        return self.finish((self.few if len(rows) <= FEW else self.many).predict(matrix), len(rows))


@dataclass(frozen=True)
class Way:
    """How a version answers: by a short way or (None) through pandas, in words, and what is wrong with it if anything
    is."""

    quick: Quick | None
    words: str
    problem: str = ""


def way_of(predictor: Predictor) -> Way:
    """The shortest way to this model's answers that has proved equal to the long one, on rows made for the purpose.

    The runtime has to give the booster's scores where trees change their mind, and row_features() the features that
    features() makes; what does not is not used, and `problem` says so.
    """
    code, card = predictor.code, predictor.card
    one_row = None if code.as_given else code.row_features(predictor.history)
    if one_row is None and not code.as_given:
        return Way(None, "features through pandas: features.py has no row_features()")
    how = "features as given" if code.as_given else "features from row_features()"
    compiled, runtime, problem = _runtime(predictor)
    read = reader(card.inputs, card.columns, one_row)
    rows = row_probes(card, predictor.history, compiled.thresholds if compiled else ())
    if differs := _differs(predictor, read, rows):
        return Way(None, "features through pandas", "; ".join(filter(None, (differs, problem))))

    named = card.scores

    def finish(scores: NDArray[np.float64], count: int) -> list[Answer]:
        return in_words(shaped(scores, count, card) if named else scores, named)

    few = compiled.scorer if compiled else predictor.scorer
    quick = Quick(read, few, predictor.scorer, finish)
    timed = Quick(read, few, predictor.scorer, finish, _seconds(quick, rows))
    return Way(timed, f"{how}, scores from {runtime}", problem)


def apart(one: Sequence[Answer], other: Sequence[Answer]) -> bool:
    """Whether two ways gave different answers to the same rows."""
    import numpy as np

    def plain(answers: Sequence[Answer]) -> Any:
        return [list(answer.values()) if isinstance(answer, Mapping) else [answer] for answer in answers]

    return not np.allclose(plain(one), plain(other), rtol=TOLERANCE, atol=NEAR_NOTHING, equal_nan=True)


def _runtime(predictor: Predictor) -> tuple[Compiled | None, str, str]:
    """The compiled model, if there is one that says what the library says; what answers; and what is wrong."""
    import numpy as np

    library = predictor.card.algorithm
    if not isinstance(predictor.scorer, Compiles):
        return None, library, ""
    found = predictor.scorer.compiled()
    if isinstance(found, str):
        return None, f"{library} ({found})", ""
    matrix = matrix_probes(predictor.card.columns, found.thresholds)
    wanted = predictor.scorer.predict(matrix)
    given = found.scorer.predict(matrix)
    if given.shape != wanted.shape or not np.allclose(given, wanted, rtol=TOLERANCE, atol=NEAR_NOTHING):
        return None, library, f"ONNX Runtime scores otherwise than {library}, which answers in its place"
    return found, "ONNX Runtime", ""


def _differs(predictor: Predictor, read: Callable[[Sequence[Row]], NDArray[np.float32]], rows: Sequence[Row]) -> str:
    """What tells the two ways to the features apart, if something does."""
    import numpy as np

    names = predictor.card.columns.names
    for some in ([rows], [[row] for row in rows[:8]]):  # together, and a few alone
        for asked in some:
            try:
                made = read(asked)
            except Unsure:
                continue
            except SpecError as error:
                return str(error)
            try:
                wanted = _matrix(predictor, asked)
            except EverfitError as error:
                return f"features() refuses what the short way takes: {error}"
            same = np.isclose(made, wanted, rtol=TOLERANCE, atol=NEAR_NOTHING, equal_nan=True)
            if not same.all():
                row, column = (int(place[0]) for place in np.nonzero(~same))
                return (
                    f"row_features() makes {names[column]!r} {made[row, column]:g} where features() makes "
                    f"{wanted[row, column]:g}, of {dict(asked[row])}: features() answers in its place"
                )
    return ""


def _matrix(predictor: Predictor, rows: Sequence[Row]) -> NDArray[np.float32]:
    card = predictor.card
    typed = card.inputs.read(frame(rows, predictor.inputs))
    return card.columns.encode(predictor.code.features(typed, predictor.history))


def _seconds(quick: Quick, rows: Sequence[Row]) -> float:
    """What a row takes, at best of a few that can be answered."""
    took = []
    for row in [*rows[:20]] * 2:
        begun = perf_counter()
        try:
            quick.answers([row])
        except Unsure:
            continue
        took.append(perf_counter() - begun)
    return min(took, default=0.0)
