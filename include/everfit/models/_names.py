"""Names of columns as a library takes them."""

from __future__ import annotations

from collections.abc import Sequence


def plain(names: Sequence[str], never: str) -> list[str]:
    """The names, or their places if one is empty or has a character that the library never takes in a name.

    >>> plain(["hour", "carrier"], "[]<"), plain(["hour", "late [min]"], "[]<")
    (['hour', 'carrier'], ['column_0', 'column_1'])
    """
    if all(name and not set(never) & set(name) for name in names):
        return list(names)
    return [f"column_{place}" for place in range(len(names))]
