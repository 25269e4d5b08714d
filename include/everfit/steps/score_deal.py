"""Which version scores which row: the champion, and while a canary lasts the challenger its share of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from everfit.dealing import answers_by
from everfit.errors import NotEnoughData, Recalled, SpecError, did_you_mean
from everfit.features.matrix import codes
from everfit.steps.engine import engine_of
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
    from everfit.values import Route


@dataclass(frozen=True, eq=False)
class Answers:
    """One answer per row: its version, one score or several (`names`, "" for a plain number), and what is remarkable.

    A score that the row's version does not give (a class that only the other one knows) is NaN.
    """

    versions: NDArray[np.int32]
    names: tuple[str, ...]
    scores: NDArray[np.float64]
    flags: Sequence[Sequence[str]]


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


def answer(ports: Ports, spec: ModelSpec, sides: Mapping[int, Predictor], piece: Piece, who: NDArray[Any]) -> Answers:
    """Score each row with the version that stands in `who` for it; on the engine's machines if the spec names one."""
    import numpy as np

    names = tuple(dict.fromkeys(name for one in sides.values() for name in one.card.scores or ("",)))
    scores = np.full((piece.rows, len(names)), np.nan)
    flags: list[Sequence[str]] = [()] * piece.rows
    for version, predictor in sides.items():
        places = np.flatnonzero(who == version)
        if not len(places):
            continue
        rows = piece.frames[predictor.code.sha256]
        mine = rows if len(places) == len(rows) else rows.iloc[places].reset_index(drop=True)
        made, found = _on_engine(ports, spec, predictor, mine)
        columns = [names.index(name) for name in predictor.card.scores or ("",)]
        scores[places[:, None], columns] = made.reshape(len(places), len(columns))
        for place, flag in found.items():
            flags[places[place]] = flag
    return Answers(who.astype(np.int32), names, scores, flags)


Scored = tuple["NDArray[np.float64]", Mapping[int, Sequence[str]]]


def _on_engine(ports: Ports, spec: ModelSpec, predictor: Predictor, rows: pd.DataFrame) -> Scored:
    if spec.engine == "local":
        return _score(predictor, rows)
    import numpy as np

    scores, flags, start = list[Any](), dict[int, Sequence[str]](), 0
    for some, found in engine_of(ports, spec).map(partial(_score, predictor), in_pieces(rows)):
        scores.append(some)
        flags |= {start + place: flag for place, flag in found.items()}
        start += len(some)
    return np.concatenate(scores), flags


def _score(predictor: Predictor, rows: pd.DataFrame) -> Scored:
    """One score per row, and the flags of rows that have any: a category that training has not seen."""
    import numpy as np

    features = predictor.code.features(predictor.card.inputs.read(rows), predictor.history)
    flags: dict[int, list[str]] = {}
    for column in predictor.card.columns.columns:
        if column.kind == "c" and column.name in features:
            values = features[column.name]
            strange = np.isnan(codes(column, values)) & values.notna().to_numpy()
            for place in np.flatnonzero(strange).tolist():
                flags.setdefault(place, []).append(f"unseen_category:{column.name}")
    return predictor.score(features), flags
