"""Learn what to expect of the next batch from good ones, as a proposal that a person reads before it counts."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from everfit.errors import DataError, NotEnoughData, UnknownName
from everfit.steps.fetching import fetch
from everfit.validation.ask import ask
from everfit.validation.formats import Part
from everfit.validation.infer.merge import Conflict, Merge, merge
from everfit.validation.infer.profile import Profile, profile
from everfit.validation.infer.propose import Evidence, propose
from everfit.validation.infer.text import first, inferred, rewritten
from everfit.validation.suites import Suite, load_suite
from everfit.values import FileHash

if TYPE_CHECKING:
    from everfit.ports import Ports
    from everfit.spec import ModelSpec


@dataclass(frozen=True)
class Source:
    """One good batch as local files: `files` maps the name of each to the SHA-256 of its bytes."""

    label: str
    folder: Path
    files: Mapping[str, str]


@dataclass(frozen=True)
class Proposal:
    """What would become of the suite of one table: its text `before` ("" if there is none) and `after`.

    `learnt_from` are the labels of the batches, and `words` say how much data they are.
    """

    table: str
    path: Path
    before: str
    after: str
    merge: Merge
    learnt_from: tuple[str, ...]
    words: str

    @property
    def conflicts(self) -> tuple[Conflict, ...]:
        """Expectations that the batches break."""
        return self.merge.conflicts

    def diff(self, folder: Path) -> list[str]:
        """A unified diff, its paths relative to `folder`; empty if nothing changes."""
        name = self.path.relative_to(folder).as_posix()
        before, after = (text.splitlines(keepends=True) for text in (self.before, self.after))
        return list(difflib.unified_diff(before, after, f"a/{name}" if before else "/dev/null", f"b/{name}", n=1))


def accepted(ports: Ports, spec: ModelSpec, newest: int | None = None) -> list[Source]:
    """The accepted batches of a model, oldest first; only the `newest` so many, if given."""
    batches = [batch for _, batch in ports.ledger(spec.name).view().batches]
    return [
        Source(batch.label, fetch(ports, spec.name, batch), {file.name: file.sha256 for file in batch.files})
        for batch in batches[-newest if newest else 0 :]
    ]


def landed(folders: Iterable[Path]) -> list[Source]:
    """Folders with one batch each, which somebody says are good, by name; for the first suite of all."""
    return [Source(folder.name, folder, _hashes(folder)) for folder in sorted(folders, key=lambda path: path.name)]


def infer(
    spec: ModelSpec,
    sources: Sequence[Source],
    tables: Sequence[str] = (),
    tell: Callable[[str], None] = lambda _: None,
) -> tuple[Proposal, ...]:
    """What the batches teach about each table (or `tables`), put into the suites that there are. Writes nothing.

    Files with the same bytes in several batches count once: a list of airports that is sent every month says nothing
    new. Errors: `UnknownName` for a table that the model does not have, `NotEnoughData` without any batch, `DataError`
    for files that cannot be read, `SpecError` if a suite that is there is wrong.
    """
    for name in tables:
        if name not in spec.data.tables:
            raise UnknownName("table", name, spec.data.tables)
    if not sources:
        raise NotEnoughData(
            f"no batch of {spec.name} is accepted yet; learn from landed ones: --from FOLDER, a folder for each batch"
        )
    return tuple(_propose(spec, name, sources, tell) for name in tables or spec.data.tables)


def write(proposals: Iterable[Proposal]) -> tuple[Path, ...]:
    """Put the changed suites into the model's folder; returns those that changed."""
    changed = [one for one in proposals if one.after != one.before]
    for one in changed:
        one.path.parent.mkdir(parents=True, exist_ok=True)
        hidden = one.path.with_name(f".{one.path.name}.part")
        hidden.write_text(one.after, encoding="utf-8")
        hidden.replace(one.path)
    return tuple(one.path for one in changed)


def _propose(spec: ModelSpec, table: str, sources: Sequence[Source], tell: Callable[[str], None]) -> Proposal:
    path = spec.suite_path(table)
    before = path.read_text(encoding="utf-8") if path.is_file() else ""
    suite = load_suite(path) if before else None
    profiles: list[Profile] = []
    broken: dict[int, str] = {}
    for label, parts in _different(spec, table, sources):
        tell(f"{table} of {label}")
        seen = profile(label, parts, profiles[-1].keys if profiles else None)
        if seen.rows:
            profiles.append(seen)
        if suite:
            broken = {**_broken(suite, table, label, parts), **broken}
    if not profiles:
        raise DataError(f"no batch has a row of {table}; nothing can be learnt about it")
    evidence = Evidence(profiles)
    proposed = propose(evidence)
    if suite is None:
        result = Merge((), proposed, ())
        after = first(table, proposed)
    else:
        result = merge(suite.expectations, inferred(before), proposed, broken)
        after = rewritten(before, result)
    return Proposal(table, path, before, after, result, tuple(one.label for one in sources), evidence.words)


def _different(spec: ModelSpec, table: str, sources: Sequence[Source]) -> Iterator[tuple[str, tuple[Part, ...]]]:
    """The table's files in each batch that has some, without those whose very bytes came before."""
    before = set()
    for source in sources:
        names = spec.data.parts(source.files)[table]
        bytes_of = tuple(source.files[name] for name in names)
        if names and bytes_of not in before:
            before.add(bytes_of)
            yield source.label, tuple(Part(name, source.folder / name) for name in names)


def _broken(suite: Suite, table: str, label: str, parts: Sequence[Part]) -> dict[int, str]:
    """Which expectations of a suite that is there do not hold in a batch, and what was found."""
    checks = ask(suite, table, parts).checks
    return {place: f"{label}: {check.found}" for place, check in enumerate(checks) if not check.passed}


def _hashes(folder: Path) -> dict[str, str]:
    return {path.name: FileHash.of(path).sha256 for path in sorted(folder.iterdir()) if path.is_file()}
