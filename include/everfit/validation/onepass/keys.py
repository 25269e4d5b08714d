"""Which 64-bit keys occur more than once among any number of them, in memory that does not grow with their number.

Keys are sorted a few million at a time; each sorted run without its repetitions goes to disk. At the end the runs are
cut at the same places and laid side by side piece by piece: a key that occurs in two runs shows as two equal
neighbours. (External sorting: Knuth, The Art of Computer Programming, volume 3, section 5.4.)
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    Numbers = np.ndarray[Any, Any]

IN_MEMORY = 1 << 21  # keys, 8 bytes each
_EVERY = 4_096


class Keys:
    """A heap of keys that is asked for its repetitions once all are in it; `in_memory` of them are held at a time."""

    def __init__(self, in_memory: int = IN_MEMORY) -> None:
        self._in_memory, self._held = in_memory, 0
        self._new: list[Numbers] = []
        self._runs: list[Path] = []
        self._twice: list[Numbers] = []
        self._folder: TemporaryDirectory[str] | None = None

    def add(self, keys: Numbers) -> None:
        """Put keys (unsigned, 64 bits) on the heap."""
        self._new.append(keys)
        self._held += len(keys)
        if self._held >= self._in_memory:
            self._spill()

    def repeated(self) -> Numbers:
        """The keys that occur more than once, sorted; each is held in memory, so many of them take room."""
        import numpy as np

        for piece in self._pieces():
            self._twice.append(_distinct(piece[1:][piece[1:] == piece[:-1]]))
        return np.unique(np.concatenate(self._twice))

    def distinct(self) -> int:
        """How many different keys there are."""
        return sum(len(_distinct(piece)) for piece in self._pieces())

    def close(self) -> None:
        """Delete what is on disk."""
        if self._folder is not None:
            self._folder.cleanup()

    def _sorted(self) -> Numbers:
        import numpy as np

        keys = np.concatenate(self._new) if self._new else np.empty(0, np.uint64)
        self._new, self._held = [], 0
        keys.sort()
        return keys

    def _spill(self) -> None:
        keys = self._sorted()
        again = keys[1:] == keys[:-1]
        if again.any():
            self._twice.append(_distinct(keys[1:][again]))
            keys = _distinct(keys)
        self._folder = self._folder or TemporaryDirectory(prefix="everfit-keys-")
        self._runs.append(Path(self._folder.name) / str(len(self._runs)))
        keys.tofile(self._runs[-1])

    def _pieces(self) -> Iterator[Numbers]:
        """All keys in sorted pieces; equal keys are in one piece."""
        import numpy as np

        last = self._sorted()
        if not self._runs:
            yield last
            return
        runs = [*(np.memmap(path, np.uint64, mode="r") for path in self._runs), last]
        marks = np.sort(np.concatenate([run[::_EVERY] for run in runs]))
        cuts = np.unique(marks[:: max(1, self._in_memory // _EVERY)])[1:]
        ends = [[0, *np.searchsorted(run, cuts), len(run)] for run in runs]
        for place in range(len(cuts) + 1):
            piece = np.concatenate([run[end[place] : end[place + 1]] for run, end in zip(runs, ends, strict=True)])
            piece.sort()
            yield piece


def _distinct(keys: Numbers) -> Numbers:
    """Sorted keys, each once."""
    import numpy as np

    return keys[np.concatenate(([True], keys[1:] != keys[:-1]))] if len(keys) else keys
