"""Which version scores which row: the champion, and while a canary lasts the challenger its share of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from everfit.dealing import answers_by
from everfit.errors import NotEnoughData, Recalled, SpecError, did_you_mean
from everfit.steps.engine import engine_of
from everfit.steps.score_rows import given
from everfit.steps.scoring import in_pieces

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from everfit.ledger import View
    from everfit.ports import Ports
    from everfit.predictor import Predictor
    from everfit.spec import ModelSpec
    from everfit.steps.score_pieces import Piece
    from everfit.steps.score_rows import Before, Given
    from everfit.values import Answer, Route


@dataclass(frozen=True, eq=False)
class Answers:
    """One answer per row: the version that was asked, one score or several (`names`, "" for a plain number), and what
    is remarkable; `unanswered` rows have no answer.

    A score that is not given (to such a row, or a class that only the other version knows) is NaN.
    """

    versions: NDArray[np.int32]
    names: tuple[str, ...]
    scores: NDArray[np.float64]
    flags: Sequence[Sequence[str]]
    unanswered: int = 0


def serving(spec: ModelSpec, view: View) -> Route:
    """Who scores now. Errors: `NotEnoughData` if there is no champion, `Recalled` if it is frozen."""
    route = view.route(spec.name)
    if route.champion is None:
        raise NotEnoughData(f"{spec.name} has no champion yet, so nobody can score: deploy a version first")
    if route.champion in view.touched:
        raise Recalled(
            f"champion {route.champion} of {spec.name} is frozen, for it knows data that was recalled: no batch is "
            "scored with it. Deploy a clean version, or roll back to one"
        )
    return route


def versions(route: Route) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The versions that answer, the champion first, and those that score in the shadow.

    >>> from everfit.values import Route
    >>> versions(Route("m", champion=2, previous=1, challenger=3, share=0.1, shadows=("previous",)))
    ((2, 3), (1,))
    """
    answering = [route.champion, route.challenger if route.share > 0 else None]
    found = tuple(version for version in answering if version is not None)
    shadows = {version for alias in route.shadows if (version := route.aliases.get(alias)) is not None}
    return found, tuple(sorted(shadows - ({*found} if len(found) == 1 else set())))


def load(ports: Ports, view: View, wanted: Sequence[int]) -> Mapping[int, Predictor]:
    """The versions' predictors, their files checked against the hashes in the ledger."""
    from everfit.predictor import Predictor

    found = ((version, view.versions[version]) for version in wanted)
    return {version: Predictor.load(ports.registry.model_files(made.mlflow_run, made.files)) for version, made in found}


def stands_in(ports: Ports, view: View, route: Route, answering: Sequence[Predictor]) -> Before | None:
    """The version before the champion, if one that answers leaves some rows to it."""
    leaves = any("previous" in one.guard.policy.actions.values() for one in answering)
    if route.previous is None or not leaves:
        return None
    return route.previous, load(ports, view, [route.previous])[route.previous]


def challenged(route: Route, rows: pd.DataFrame, sha256: str, start: int) -> NDArray[np.bool_]:
    """Which rows the challenger scores: by the value of the route's key, or by the row's own place where it has none.

    Errors: `SpecError` if rows() does not make the key.
    """
    import numpy as np
    import pandas as pd

    if route.challenger is None or route.share <= 0:
        return np.zeros(len(rows), dtype=bool)
    if not route.key:
        places = range(start, start + len(rows))
        return np.array([answers_by(route, f"{sha256}:{place}") == "challenger" for place in places], dtype=bool)
    if route.key not in rows.columns:
        known = did_you_mean(route.key, map(str, rows.columns))
        raise SpecError(f"rows() makes no column {route.key!r}, by which the rollout deals out rows{known}")
    places_of, values = pd.factorize(rows[route.key])  # a missing value is at -1, and so answered by the last below
    by_value = [answers_by(route, value) == "challenger" for value in values]
    return np.array([*by_value, False], dtype=bool)[places_of]


def answer(
    ports: Ports,
    spec: ModelSpec,
    sides: Mapping[int, Predictor],
    piece: Piece,
    who: NDArray[Any],
    before: Before | None = None,
) -> Answers:
    """Score each row with the version that stands in `who` for it; on the engine's machines if the spec names one.

    `before` is the version that stands in for others where their policies say so.
    """
    import numpy as np

    cards = [*sides.values(), *([before[1]] if before else [])]
    names = tuple(dict.fromkeys(name for one in cards for name in one.card.scores or ("",)))
    scores = np.full((piece.rows, len(names)), np.nan)
    flags: list[Sequence[str]] = [()] * piece.rows
    unanswered = 0
    for version, predictor in sides.items():
        places = np.flatnonzero(who == version)
        if not len(places):
            continue
        rows = piece.frames[predictor.code.sha256]
        mine = rows if len(places) == len(rows) else rows.iloc[places].reset_index(drop=True)
        columns = [names.index(name) for name in predictor.card.scores or ("",)]
        start = 0
        for made in _on_engine(ports, spec, predictor, before if before and before[0] != version else None, mine):
            some = places[start : start + len(made.scores)]
            scores[some[:, None], columns] = made.scores.reshape(len(some), len(columns))
            for place, flag in made.flags.items():
                flags[some[place]] = flag
            for place, said in made.instead.items():
                scores[some[place]] = np.nan
                for name, number in _by_name(said).items():
                    scores[some[place], names.index(name)] = number
                unanswered += said is None
            start += len(some)
    return Answers(who.astype(np.int32), names, scores, flags, unanswered)


def _on_engine(
    ports: Ports, spec: ModelSpec, predictor: Predictor, before: Before | None, rows: pd.DataFrame
) -> Iterable[Given]:
    if spec.engine == "local":
        return [given(predictor, before, rows)]
    return engine_of(ports, spec).map(partial(given, predictor, before), in_pieces(rows))


def _by_name(said: Answer | None) -> Mapping[str, float]:
    if said is None:
        return {}
    return said if isinstance(said, Mapping) else {"": said}
