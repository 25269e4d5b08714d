"""Who asks while a version is rolled out in stages: the rows of the batch that is under way, each at its own time.

Each row is one request, dealt by the route and answered by the real models; answers and late labels go where the model
server would put them, so that the judge of the rollout finds what it would find. All versions are taken to be equally
quick, for how quick they are here says nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from everfit.dealing import answers_by, spelled
from everfit.errors import DataError, SpecError
from everfit.predictions import Label, Prediction, keep_labels, pack
from everfit.predictions.prediction import id_of
from everfit.replay.timetable import Landed, rows_of
from everfit.statistics.evenly import evenly
from everfit.steps.labels import labels, times
from everfit.steps.sample import as_sent
from everfit.steps.score_rows import plain

if TYPE_CHECKING:
    import pandas as pd

    from everfit.replay.world import World
    from everfit.values import Answer, Route

SECONDS = 0.001
"""What an answer takes, whoever gives it."""


@dataclass
class Traffic:
    """The requests of one world. At most `most` rows of each batch ask, evenly drawn; what became of a row is known
    `labels_after` its own time, or (None) once the batch has landed."""

    world: World
    most: int
    labels_after: timedelta | None
    _told: list[tuple[datetime, Label]] = field(default_factory=list)
    _read: dict[str, pd.DataFrame] = field(default_factory=dict)

    def between(self, since: datetime, until: datetime) -> None:
        """Let the rows of that time ask, if there is a stage to be judged; and tell the labels that are known by its
        end."""
        world = self.world
        if world.view.stage is not None:
            for landed in world.landed:
                if landed.first <= until and landed.last > since:
                    self._ask(landed, since, until)
        known = [label for at, label in self._told if at <= until]
        self._told = [one for one in self._told if one[0] > until]
        keep_labels(world.ports.store, world.spec.name, known, until)

    def _ask(self, landed: Landed, since: datetime, until: datetime) -> None:
        rows = self._rows(landed)
        when = times(self.world.spec, rows)
        rows = rows[((when > since) & (when <= until)).to_numpy()]
        if rows.empty:
            return
        made = list(self._answered(landed, rows))
        for version in {one.version for one, _ in made}:
            self.world.ports.store.create(*pack(one for one, _ in made if one.version == version))
        for one, label in made:
            if label is not None:
                known = one.at + self.labels_after if self.labels_after is not None else landed.at
                self._told.append((known, Label(one.id, label)))

    def _answered(self, landed: Landed, rows: pd.DataFrame) -> Iterator[tuple[Prediction, Any]]:
        """Each answer with its label, and without one what was said in the shadow."""
        spec, route = self.world.spec, self.world.ports.registry.route(self.world.spec.name)
        said = {alias: self._said(route, alias, rows) for alias in ("champion", "challenger", *route.shadows)}
        when = [time.to_pydatetime() for time in times(spec, rows)]
        came = [_label(value) for value in labels(spec, rows)]
        keys = [spelled(plain(value)) or "" for value in rows[route.key]] if route.key else [""] * len(rows)
        for place, (at, label, key, row) in enumerate(zip(when, came, keys, rows.index, strict=True)):
            noise = _noise(landed, row)
            alias = answers_by(route, key if route.key else noise.hex())
            sent, scores = said[alias]
            base = Prediction(
                *("", at, spec.name, 0, alias, [sent[place]], [scores[place]]),
                key=key,
                seconds=SECONDS,
                deal=route.deal,
            )
            answer = replace(base, id=id_of(at, noise), version=route.aliases[alias] or 0)
            yield answer, label
            for other in route.shadows:
                if other != alias:
                    sent, scores = said[other]
                    id_ = id_of(at, _noise(landed, row, other))
                    unseen = replace(base, id=id_, version=route.aliases[other] or 0, alias=other, deal="")
                    yield replace(unseen, rows=[sent[place]], scores=[scores[place]], shadow_of=answer.id), None

    def _said(
        self, route: Route, alias: str, rows: pd.DataFrame
    ) -> tuple[Sequence[Mapping[str, Any]], Sequence[Answer | None]]:
        """The rows as they are sent, and the answers of the version under an alias."""
        version = route.aliases[alias]
        if version is None:
            return [{}] * len(rows), [None] * len(rows)
        predictor = self.world.target.version(route.model, version)
        sent = as_sent(predictor.card.inputs.read(rows))
        return sent, predictor.answers_to(sent)

    def _rows(self, landed: Landed) -> pd.DataFrame:
        """The rows of a delivery that ask, also before it lands; none if they cannot be read."""
        import pandas as pd

        world, partition = self.world, landed.delivery.partition
        if partition not in self._read:
            try:
                rows = rows_of(replace(world.ports, landing=world.whole), world.spec, landed.delivery)
            except (DataError, SpecError):
                rows = pd.DataFrame(columns=[world.spec.time, world.spec.label])
            places = evenly(len(rows), self.most)
            self._read[partition] = rows.iloc[places]
        return self._read[partition]


def _label(value: Any) -> float | str | None:
    said = plain(value)
    return said if said is None or isinstance(said, str) else float(said)


def _noise(landed: Landed, row: Any, of: str = "") -> bytes:
    """What makes a prediction's id its own: the same for the same row in every world."""
    return hashlib.blake2b(f"{landed.delivery.partition}:{row}:{of}".encode(), digest_size=8).digest()
