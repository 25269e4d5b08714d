"""Whether the model server answers as the version does offline: logged requests are answered again and compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from everfit.predictions import Prediction, segments, unpack
from everfit.steps.trial import TOLERANCE, difference

if TYPE_CHECKING:
    from everfit.ports import Ports
    from everfit.predictor import Predictor
    from everfit.values import Answer

ROWS = 1000


@dataclass(frozen=True)
class ServedCheck:
    """What came of it: of the newest `rows` that the champion answered itself, so many were `equal` to the last bit,
    and so many `different` by more than 1e-6 of their size; `largest` is the largest difference, and `where` the id of
    the prediction that it is in. `version` is None while there is no champion."""

    model: str
    version: int | None
    rows: int = 0
    equal: int = 0
    different: int = 0
    largest: float = 0.0
    where: str = ""

    @property
    def alike(self) -> bool:
        """Whether no answer was another one; also where none is kept."""
        return not self.different

    @property
    def words(self) -> str:
        """What was found, for a person.

        >>> ServedCheck("shop", 3, 200, 199, 1, 0.25, "013bf3685800-0000000000000000").words
        '1 of 200 rows that version 3 of shop answered are answered otherwise offline, by up to 0.25 (prediction \
013bf3685800-0000000000000000)'
        """
        if self.version is None:
            return f"{self.model} has no champion yet"
        who = f"version {self.version} of {self.model}"
        if not self.rows:
            return f"no answer of {who} is kept yet: start the server with --keep-predictions"
        if not self.different:
            return f"all {self.rows:,} rows that {who} answered are answered so offline too, {self.equal:,} bit for bit"
        return (
            f"{self.different:,} of {self.rows:,} rows that {who} answered are answered otherwise offline, by up to "
            f"{self.largest:.3g} (prediction {self.where})"
        )


def check_served(ports: Ports, model: str, rows: int = ROWS) -> ServedCheck:
    """Take the newest logged rows of the champion, load the version from the registry, and answer them again.

    Rows that another version or a constant answered, or nobody, are left out. Nothing is written: asked twice, it says
    the same. Errors: `Corrupted` for a version whose files are not the recorded ones, `UnknownName` for one that the
    ledger has not.
    """
    from everfit.predictor import Predictor

    view = ports.ledger(model).view()
    version = view.champion
    if version is None:
        return ServedCheck(model, None)
    kept = _own(ports, model, version, rows)
    if not kept:
        return ServedCheck(model, version)
    made = view.versions[version]
    predictor = Predictor.load(ports.registry.model_files(made.mlflow_run, made.files))
    again = answered_again(predictor, [one.row for one in kept])
    far = [difference(one.answer, now) for one, now in zip(kept, again, strict=True)]
    worst = max(range(len(far)), key=far.__getitem__)
    return ServedCheck(
        model,
        version,
        len(far),
        sum(one == 0 for one in far),
        sum(one > TOLERANCE for one in far),
        far[worst],
        kept[worst].id if far[worst] else "",
    )


@dataclass(frozen=True)
class _Row:
    id: str
    row: Mapping[str, object]
    answer: Answer


def _own(ports: Ports, model: str, version: int, most: int) -> list[_Row]:
    """The newest rows that the version answered itself, newest first."""
    return list(islice((row for one in _newest(ports, model, version) for row in _rows(one)), most))


def _newest(ports: Ports, model: str, version: int) -> Iterator[Prediction]:
    for segment in sorted(segments(ports.store, model, version), key=lambda one: one.last, reverse=True):
        yield from reversed(list(unpack(ports.store.read(segment.key))))


def _rows(prediction: Prediction) -> Iterator[_Row]:
    for place in range(len(prediction.scores)):
        if (answer := prediction.own(place)) is not None:
            yield _Row(prediction.id, prediction.rows[place], answer)


def answered_again(predictor: Predictor, rows: Sequence[Mapping[str, object]]) -> list[Answer | None]:
    """The version's own answers, made anew; None to a row that it would refuse, though the server answered it."""
    findings = [predictor.guard.look(row) for row in rows]
    given = iter(predictor.answers_to([one.row for one in findings if one.asks]))
    return [next(given) if one.asks else None for one in findings]
