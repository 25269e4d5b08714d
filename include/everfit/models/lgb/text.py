"""A LightGBM model as text: the same text on any number of cores, and whole before it is read."""

from __future__ import annotations

import re

from everfit.errors import Corrupted

END = b"pandas_categorical:null\n"
THREADS = re.compile(r"^\[num_threads: \d+\]$", flags=re.MULTILINE)


def to_bytes(text: str) -> bytes:
    """The model's text without the number of threads, the one line that says something of the machine."""
    return THREADS.sub("[num_threads: 0]", text).encode()


def checked(data: bytes, where: str) -> str:
    """The text of a model that is whole. LightGBM ends the process when it reads half a one, so look first.

    Its header says how many bytes each tree has; after the last comes `end of trees`. Errors: `Corrupted`.

    >>> checked(b"tree", "model.lgb")
    Traceback (most recent call last):
    everfit.errors.Corrupted: model.lgb is not a whole LightGBM model: it does not end as one
    """
    if not data.endswith(END):
        raise _not_whole(where, "it does not end as one")
    header, blank, trees = data.partition(b"\n\n")
    sizes = re.search(rb"^tree_sizes=([\d ]+)$", header, flags=re.MULTILINE)
    if not header.startswith(b"tree\nversion=v4\n") or not blank or sizes is None:
        raise _not_whole(where, "it does not begin as one")
    place = 0
    for number, size in enumerate(map(int, sizes[1].split())):
        if not trees.startswith(b"Tree=%d\n" % number, place):
            raise _not_whole(where, f"tree {number} is not where it should be")
        place += size
    if not trees.startswith(b"end of trees\n", place):
        raise _not_whole(where, "the trees do not end where they should")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise _not_whole(where, "it is no text") from error


def _not_whole(where: str, why: str) -> Corrupted:
    return Corrupted(f"{where} is not a whole LightGBM model: {why}")
