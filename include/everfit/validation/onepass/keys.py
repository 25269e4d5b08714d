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
_BYTES = 8


class Keys:
    """A heap of keys that is asked for its repetitions once all are in it; `in_memory` of them are held at a time."""

    def __init__(self, in_memory: int = IN_MEMORY) -> None:
        self._in_memory, self._held = in_memory, 0
        self._new: list[Numbers] = []
        self._runs: list[Path] = []
        self._marks: list[Numbers] = []
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
        self._marks.append(keys[::_EVERY].copy())
        keys.tofile(self._runs[-1])

    def _pieces(self) -> Iterator[Numbers]:
        """All keys in sorted pieces; equal keys are in one piece."""
        import numpy as np

        last = self._sorted()
        if not self._runs:
            yield last
            return
        marks = np.sort(np.concatenate([*self._marks, last[::_EVERY]]))
        cuts = np.unique(marks[:: max(1, self._in_memory // _EVERY)])[1:]
        ends = [_ends(path, marks, cuts) for path, marks in zip(self._runs, self._marks, strict=True)]
        ends_of_last = [0, *np.searchsorted(last, cuts).tolist(), len(last)]
        for place in range(len(cuts) + 1):
            pieces = [_read(path, end[place], end[place + 1]) for path, end in zip(self._runs, ends, strict=True)]
            piece = np.concatenate([*pieces, last[ends_of_last[place] : ends_of_last[place + 1]]])
            piece.sort()
            yield piece


def _ends(path: Path, marks: Numbers, cuts: Numbers) -> list[int]:
    """Where each cut falls in a run on disk: the marks say in which block, the block says where."""
    import numpy as np

    ends = [0]
    for cut in cuts:
        block = max(0, int(np.searchsorted(marks, cut)) - 1) * _EVERY
        ends.append(block + int(np.searchsorted(_read(path, block, block + _EVERY), cut)))
    return [*ends, path.stat().st_size // _BYTES]


def _read(path: Path, start: int, end: int) -> Numbers:
    import numpy as np

    return np.fromfile(path, np.uint64, count=end - start, offset=start * _BYTES)


def _distinct(keys: Numbers) -> Numbers:
    """Sorted keys, each once."""
    import numpy as np

    return keys[np.concatenate(([True], keys[1:] != keys[:-1]))] if len(keys) else keys
