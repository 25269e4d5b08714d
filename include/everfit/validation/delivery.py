"""What a rule sees: one delivery with its tables and rows, and the accepted batches before it, as profiles of them."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from everfit.errors import Corrupted, DataError, did_you_mean
from everfit.validation import stream
from everfit.values import Batch, Check, digest

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pandas import DataFrame

    from everfit.ports import Store

Profile: TypeAlias = "Mapping[str, NDArray[Any]]"
"""What a rule keeps of a batch so that it need not be read again: small arrays by name."""

FORMAT = 1
"""Goes up when a profile of the same name and settings would be made in another way."""


class Rule(Protocol):
    """Something that a batch must keep beyond its columns; a frozen dataclass of settings."""

    @property
    def severity(self) -> str:
        """What a failure does: critical stops the batch, warning and info only say so."""

    @property
    def wanted(self) -> str:
        """What it asks for, in plain words."""

    @property
    def table(self) -> str:
        """The table under which the report lists it."""

    def check(self, delivery: Delivery) -> tuple[Check, ...]:
        """What was found in the delivery."""


class Profiler(Protocol):
    """A rule that compares batches: it says what it keeps of one, and what that depends on besides the bytes."""

    def basis(self, delivery: Delivery) -> Sequence[Any]:
        """The settings (and the code's hash, if it needs rows) that a profile depends on, as JSON data."""

    def profile(self, delivery: Delivery) -> Profile:
        """What is kept of a batch. Errors: `DataError` if the batch has nothing of the kind."""


@dataclass(frozen=True)
class Delivery:
    """One delivery, or an accepted batch that is looked at again.

    `tables` maps each table to its files; read them with `columns`, which streams. `rows` and `features` are made by
    the model's own code when a rule first asks for them; `features` knows of no other batch (a feature from history
    cannot know its own row's label). `earlier` are the good batches of other partitions that were accepted before, the
    newest version of each, by partition; `look` opens one of them. `code` is the feature code's SHA-256.
    """

    model: str
    partition: str
    sha256: str
    tables: Mapping[str, Sequence[stream.Part]]
    label: str
    time: str
    task: str
    code: str
    store: Store = field(repr=False)
    make_rows: Callable[[], DataFrame] = field(repr=False)
    make_features: Callable[[DataFrame], DataFrame] = field(repr=False)
    earlier: tuple[Batch, ...] = ()
    look: Callable[[Batch], Delivery] | None = field(default=None, repr=False)
    _schemas: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    @cached_property
    def rows(self) -> DataFrame:
        """One row per example, as the feature code makes them."""
        return self.make_rows()

    @cached_property
    def features(self) -> DataFrame:
        """The features of `rows`, given no history."""
        return self.make_features(self.rows)

    def schema(self, table: str) -> Any:
        """The table's Arrow schema. Errors: `DataError` if the delivery has no such table."""
        if not self.tables.get(table):
            raise DataError(f"the delivery has no table {table}")
        if table not in self._schemas:  # reading the schema of a text file is reading the file
            self._schemas[table] = stream.schema(self.tables[table])
        return self._schemas[table]

    def columns(self, table: str, names: Sequence[str]) -> Iterator[Any]:
        """These columns of a table as Arrow record batches. Errors: `DataError` for a table or column not there."""
        known = self.schema(table)
        for name in names:
            if name not in known.names:
                raise DataError(f"{table} has no column {name!r}{did_you_mean(name, known.names).split(' (known')[0]}")
        parts = (stream.part_batches(part, known, names) for part in self.tables[table])
        return chain.from_iterable(parts)

    def profile(self, rule: Profiler) -> Profile:
        """This delivery's own profile, made now and kept: once accepted, nobody has to read it again."""
        made = rule.profile(self)
        self.store.write(self._key(rule, self.sha256), _packed(made))
        return made

    def history(self, rule: Profiler, newest: int | None = None) -> Iterator[tuple[Batch, Profile]]:
        """The profiles of the earlier batches, one at a time; one that is missing is made from the batch's bytes.

        A batch of which the rule can keep nothing (it has no such column) is left out.
        """
        for batch in self.earlier[-newest:] if newest else self.earlier:
            found = self._kept(rule, batch)
            if found:
                yield batch, found

    def open(self, batch: Batch) -> Delivery:
        """An earlier batch, to be read again."""
        if self.look is None:
            raise DataError(f"batch {batch.label} cannot be read from here")
        return self.look(batch)

    def _kept(self, rule: Profiler, batch: Batch) -> Profile:
        key = self._key(rule, batch.sha256)
        try:
            return _unpacked(self.store.read(key))
        except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error):
            pass  # never made, or damaged: it follows from the bytes
        try:
            made = rule.profile(self.open(batch))
        except Corrupted:
            raise
        except DataError:
            made = {}
        self.store.write(key, _packed(made))
        return made

    def _key(self, rule: Profiler, sha256: str) -> str:
        name = type(rule).__module__.rpartition(".")[2]
        return f"profiles/{self.model}/{sha256}/{name}-{digest([FORMAT, name, *rule.basis(self)])[:16]}.npz"


def _packed(profile: Profile) -> bytes:
    import numpy as np

    packed = io.BytesIO()
    arrays: dict[str, Any] = dict(profile)
    np.savez_compressed(packed, **arrays)
    return packed.getvalue()


def _unpacked(data: bytes) -> Profile:
    import numpy as np

    with np.load(io.BytesIO(data), allow_pickle=False) as packed:
        return {name: packed[name] for name in packed.files}
