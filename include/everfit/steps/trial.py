"""A version on trial: its target must answer as the candidate did offline."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from everfit.errors import AnsweredDifferently, Corrupted, DeployError
from everfit.values import Answer, numbers

if TYPE_CHECKING:
    from everfit.ports import Ports
    from everfit.values import StoredFile

TOLERANCE = 1e-6


@dataclass(frozen=True)
class Trial:
    """What a target answered: how many rows, and how far the worst score was from the offline one."""

    rows: int
    largest_difference: float


def put_on_trial(ports: Ports, model: str, version: int, sample: StoredFile, alias: str = "challenger") -> Trial:
    """Ask the target's `alias` for the rows of `sample`, a JSON file `{"rows": [...], "scores": [...]}`.

    A score may differ by 1e-6 of its size, and by 1e-6 if it is smaller than 1: other processors round differently.
    Errors: `DeployError` if another version answers, `AnsweredDifferently` if a score differs by more; `Corrupted` for
    a broken sample.
    """
    rows, wanted = _read(ports, sample)
    return ask(ports, model, version, alias, rows, wanted, sample.key)


def ask(
    ports: Ports,
    model: str,
    version: int,
    alias: str,
    rows: Sequence[Mapping[str, Any]],
    wanted: Sequence[Answer],
    where: str,
) -> Trial:
    """The same for rows at hand and the answers that are `wanted`; `where` names the rows for people."""
    answered, scores = ports.target.predict(model, alias, rows)
    if answered != version:
        raise DeployError(f"the target answers as {alias} with version {answered}; wanted version {version}")
    if len(scores) != len(wanted):
        raise AnsweredDifferently(f"the target gave {len(scores)} scores for {len(wanted)} rows of version {version}")
    largest, row = max((difference(*pair), row) for row, pair in enumerate(zip(scores, wanted, strict=True)))
    if largest > TOLERANCE:
        raise AnsweredDifferently(
            f"version {version} answers differently than offline: row {row} of {where} gave {scores[row]!r},"
            f" offline {wanted[row]!r} (allowed difference {TOLERANCE}). Compare the libraries of the target with those"
            " in the model's everfit.json"
        )
    return Trial(len(rows), largest)


def difference(answer: Answer | None, wanted: Answer | None) -> float:
    """The largest difference of two answers' numbers, as a part of the second if that is more than 1; infinite if they
    are not about the same classes or quantiles, or only one of them is an answer."""
    if answer is None or wanted is None:
        return 0.0 if answer is wanted else math.inf
    if _names(answer) != _names(wanted):
        return math.inf
    pairs = zip(numbers(answer), numbers(wanted), strict=True)
    differences = [abs(score - offline) / max(1.0, abs(offline)) for score, offline in pairs]
    return math.inf if any(map(math.isnan, differences)) else max(differences)


def _names(answer: Answer) -> tuple[str, ...]:
    return tuple(answer) if isinstance(answer, Mapping) else ()


def _read(ports: Ports, sample: StoredFile) -> tuple[list[dict[str, Any]], list[Answer]]:
    try:
        said = json.loads(ports.store.local_file(sample).read_bytes())
        rows, scores = said["rows"], said["scores"]
    except (FileNotFoundError, ValueError, KeyError, TypeError) as error:
        raise Corrupted(f"the sample {sample.key} cannot be read ({type(error).__name__}: {error})") from error
    if not rows or len(rows) != len(scores) or not all(map(_is_answer, scores)):
        raise Corrupted(
            f"{sample.key} holds {len(rows)} rows and {len(scores)} scores; wanted one number per row, "
            "or one per class or quantile"
        )
    return rows, scores


def _is_answer(said: Any) -> bool:
    return isinstance(said, float | int | dict) and all(isinstance(one, float | int) for one in numbers(said))
