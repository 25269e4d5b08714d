"""From pieces of rows to the matrix that XGBoost grows trees on: in memory, or in pages on disk if that is too much."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from everfit.errors import TooLarge
from everfit.models._names import plain
from everfit.models.memory import MB, in_words
from everfit.models.xgb.fields import fields, groups
from everfit.models.xgb.size import Need, Trees, need, page_rows, survey

if TYPE_CHECKING:
    from everfit.models import Part, Rows, Terms, Training


@dataclass(frozen=True)
class Keeping:
    """How a matrix is kept: in memory, or in external memory, and what training takes then at most in bytes."""

    external: bool
    stated: int

    def facts(self, peak: int) -> dict[str, str]:
        """How it was kept, for the lineage; `peak` is what was taken in bytes."""
        said = {"stated": self.stated, "peak": peak} if self.stated else {"peak": peak}
        return {
            "matrix": "in external memory" if self.external else "in memory",
            **{f"memory_{name}_mb": f"{size / MB:.0f}" for name, size in said.items()},
        }


ELSEWHERE = Keeping(external=False, stated=0)
"""On a GPU, whose memory nobody states yet."""


def choose_keeping(data: Training, trees: Trees, terms: Terms) -> Keeping:
    """In memory if that keeps within `terms.memory`, else in external memory; says so. It counts the rows once.

    Errors: `TooLarge` if not even external memory does, or if the disk has no room for it.
    """
    learnt = survey(data.train)
    watched = [survey(part) for part in _watched(data)]
    size = need(learnt, watched, trees)
    rows = f"{learnt.rows:,} rows of {learnt.columns} columns need about {in_words(size.in_memory)}"
    if not terms.memory or size.in_memory <= terms.memory:
        free = f"; {in_words(terms.memory)} may be taken" if terms.memory else ""
        terms.progress(f"{rows}{free}: in memory")
        return Keeping(external=False, stated=size.in_memory)
    _check_that_it_fits(size, terms)
    terms.progress(
        f"{rows}; {in_words(terms.memory)} may be taken: in external memory, with about {in_words(size.external)}"
    )
    return Keeping(external=True, stated=size.external)


def _watched(data: Training) -> list[Part]:
    """The held-out rows twice, because as many of the training rows are watched beside them."""
    return [data.holdout, data.holdout, *([data.stop.part] if data.stop else [])]


def _check_that_it_fits(size: Need, terms: Terms) -> None:
    if size.external > terms.memory:
        raise TooLarge(
            f"training needs about {in_words(size.external)} even in external memory, and {in_words(terms.memory)} may "
            "be taken: allow more (train.memory), take a machine with more, or train on fewer rows"
        )
    if terms.scratch is None:
        raise TooLarge(
            f"training needs about {in_words(size.in_memory)} and {in_words(terms.memory)} may be taken; external "
            "memory needs a folder, and the terms name none: allow more memory or give `scratch`"
        )
    terms.scratch.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(terms.scratch).free
    if size.disk > free:
        raise TooLarge(
            f"external memory needs about {in_words(size.disk)} of disk in {terms.scratch}, which has "
            f"{in_words(free)} left: free some, put the work folder elsewhere, or allow more memory (train.memory)"
        )


@contextmanager
def open_matrices(data: Training, trees: Trees, keeping: Keeping, terms: Terms) -> Iterator[Binned]:
    """What makes the matrices of one training; afterwards they, and any pages on disk, are gone."""
    with ExitStack() as stack:
        folder = None
        if keeping.external:
            there = TemporaryDirectory(dir=terms.scratch, prefix="pages-", ignore_cleanup_errors=True)
            folder = Path(stack.enter_context(there))
        binned = Binned(data, trees.max_bin, trees.threads, folder)
        stack.callback(binned.free)
        yield binned


@dataclass(frozen=True, eq=False)
class Unweighted:
    """The rows of a part, all counting the same."""

    part: Part

    @property
    def rows(self) -> int:
        """How many there are."""
        return self.part.rows

    def pieces(self) -> Iterator[Rows]:
        """All of them, in order."""
        return (replace(piece, weights=None) for piece in self.part.pieces())


NEVER = "[]<"
"""What XGBoost takes in no name of a column."""


@dataclass(frozen=True, eq=False)
class Binned:
    """Makes the matrices of one training: binned as the rows learnt from are. With a `folder`, pages go there."""

    data: Training
    max_bin: int
    threads: int
    folder: Path | None = None
    made: list[Any] = field(default_factory=list)

    def learnt(self) -> Any:
        """The rows to learn from."""
        return self._matrix(self.data.train)

    def watched(self, part: Part, learnt: Any) -> Any:
        """Other rows, in the bins of those learnt from; each counts the same, as it does for the gates."""
        return self._matrix(Unweighted(part), learnt)

    def free(self) -> None:
        """Let go of the matrices, although the traceback of an error may hold them still."""
        while self.made:
            self.made.pop().__del__()

    def _matrix(self, part: Part, ref: Any = None) -> Any:
        import xgboost

        settings: dict[str, Any] = {"max_bin": self.max_bin, "nthread": self.threads, "ref": ref}
        settings["enable_categorical"] = True
        most = page_rows(len(self.data.names))
        if self.folder is None or (ref is not None and part.rows <= most):
            made = xgboost.QuantileDMatrix(_pieces(part.pieces, self._fields), **settings)
        else:
            pages = _pieces(lambda: _pages(part, most), self._fields, str(self.folder / "pages"))
            made = xgboost.ExtMemQuantileDMatrix(pages, **settings)
        self.made.append(made)
        if self.data.task == "ranking" and (told := groups(part)):
            made.set_group(told.sizes)
            if told.weights is not None:
                made.set_weight(told.weights)
        return made

    def _fields(self, piece: Rows) -> dict[str, Any]:
        return {
            "data": piece.matrix,
            **fields(self.data.task, piece),
            "feature_names": plain(self.data.names, NEVER),
            "feature_types": list(self.data.kinds),
        }


def _pages(part: Part, most: int) -> Iterator[Rows]:
    """The pieces, none of them larger than a page."""
    for piece in part.pieces():
        for begin in range(0, piece.rows, most):
            yield piece.take(slice(begin, begin + most))


def _pieces(read: Callable[[], Iterator[Rows]], fields: Callable[[Rows], dict[str, Any]], prefix: str = "") -> Any:
    """The pieces as XGBoost asks for them: from the first to the last, as often as it likes."""
    import xgboost

    class Pieces(xgboost.DataIter):  # type: ignore[misc]
        def __init__(self) -> None:
            self.left = read()
            super().__init__(cache_prefix=prefix or None)

        def next(self, input_data: Callable[..., None]) -> bool:
            piece = next(self.left, None)
            if piece is None:
                return False
            input_data(**fields(piece))
            return True

        def reset(self) -> None:
            self.left = read()

    return Pieces()
