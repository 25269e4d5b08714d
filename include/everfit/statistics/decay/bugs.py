"""Signs that a column is broken rather than moved: what a change of code does to it, and none of the world."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from everfit.statistics.decay.columns import Look

    Array = NDArray[np.float64]

Kind = Literal[
    "constant",
    "missing",
    "lost_join",
    "spelling",
    "unseen",
    "swapped_names",
    "unit",
    "sign",
    "default",
    "coarse",
    "shuffled",
    "swapped_columns",
    "duplicates",
]

JUMP = 0.05
"""A share that grew by less is no sign: five points of the rows."""

SURE = 5.0
"""And by so many standard errors."""

CLOSE = 0.04
"""Two columns have the same quantiles if these differ by less, in standard deviations, and what chance adds."""

FAR = 8.0
"""A factor so large (or so small) is no change of the world, whatever the unit."""

EXACT = 0.02
"""A factor of less than 8 is that of a unit if it is this near to it; from a thousand rows on it mostly is."""

NEW_BOOK = 0.5
"""With more than this share of names that were never seen, the code book changed."""

UNITS = (
    1.609344, 1.852, 2.204623, 2.54, 3.28084, 3.6, 3.785412, 4.184, 7, 10, 12, 24, 25.4, 28.34952, 57.29578, 60, 100,
    1000, 1024, 1440, 3600, 10_000, 86_400, 1e6, 1024**2, 1e9,
)  # fmt: skip
"""Factors between units: miles, sea miles, pounds, inches, feet, km/h, gallons, calories, days, ten, dozens, hours,
ounces, degrees, minutes, cents, thousands."""

SCALES = ((1.8, 32.0), (1 / 1.8, -32 / 1.8), (1.0, 273.15), (1.0, -273.15))
"""Celsius to Fahrenheit and back, Celsius to Kelvin and back: `new = k * old + c`."""


@dataclass(frozen=True)
class Bug:
    """Something that is broken: what, in which columns, in what share of the rows, and how one sees it."""

    kind: Kind
    columns: tuple[str, ...]
    share: float
    because: str


Sign = Callable[["Look", "Look"], tuple[Kind, float, str] | None]


def broken(name: str, old: Look, new: Look) -> Bug | None:
    """The first sign that a column is broken, of two looks at it, or None: it may have moved, and honestly.

    Every sign is one that a change of the world hardly gives: values that are `k` times the old ones throughout, where
    `k` is a factor between units or beyond 8, and where a mere move does not explain it; names that are the old ones
    spelled differently; a spike at one value in a column without ties; a missing share that jumps by 5 points and 5
    standard errors. A column whose values only moved, widened, or have one more category, is not broken.

    Sources: Breck et al., Data validation for machine learning, MLSys 2019; Schelter et al., Automating large-scale
    data quality verification, VLDB 11 (2018) 1781-1794, for the kinds; the signs are ours.
    """
    for sign in SIGNS:
        found = sign(old, new)
        if found:
            return Bug(found[0], (name,), found[1], found[2])
    return None


def _missing(old: Look, new: Look) -> tuple[Kind, float, str] | None:
    jump = new.missing - old.missing
    if jump < JUMP or jump < SURE * (old.missing_error**2 + new.missing_error**2) ** 0.5:
        return None
    return "missing", jump, f"{new.missing:.1%} have no value, {old.missing:.1%} before"


def _constant(old: Look, new: Look) -> tuple[Kind, float, str] | None:
    """One value only, which as many rows as these of the reference would have less than once in a million times."""
    if new.distinct != 1 or old.distinct < 2 or old.top_share**new.there > 1e-6:  # noqa: PLR2004 - more than one
        return None
    return "constant", 1.0, f"all rows have the same value, {old.distinct} different ones before"


def _spelling(old: Look, new: Look) -> tuple[Kind, float, str] | None:
    known = {canonical(name): name for name in old.names}
    respelled = {
        name: known[canonical(name)] for name in new.names if name not in old.names and canonical(name) in known
    }
    share = _share(new, set(respelled))
    if share < JUMP:
        return None
    now, before = next(iter(respelled.items()))
    return "spelling", share, f"known names are spelled differently: {now!r} for {before!r}"


def _unseen(old: Look, new: Look) -> tuple[Kind, float, str] | None:
    share = _share(new, set(new.names) - set(old.names))
    return ("unseen", share, f"{share:.1%} have a name that never was before") if share > NEW_BOOK else None


def _default(old: Look, new: Look) -> tuple[Kind, float, str] | None:
    """Many rows of one value, in a column that had next to no ties, or at a value outside of all there was."""
    if not len(old.quantiles) or new.top_share < max(JUMP, 5 * old.top_share):
        return None
    low, high = old.quantiles[0] - 2 * old.spread, old.quantiles[-1] + 2 * old.spread
    if old.top_share > 0.02 and low <= new.top <= high:  # noqa: PLR2004 - next to no ties
        return None
    return "default", new.top_share, f"{new.top_share:.1%} have the very value {new.top:g}"


def _unit(old: Look, new: Look) -> tuple[Kind, float, str] | None:
    if not _comparable(old, new) or _moved_only(old, new):
        return None
    for k, c in SCALES:
        if _same(k * old.quantiles + c, new.quantiles, old, new):
            return "unit", 1.0, f"values are {k:.4g} times the old ones plus {c:.4g}"
    k, off = factor(old.quantiles, new.quantiles)
    if off > _slack(old, new) or not _is_unit(k, old):
        return None
    return "unit", 1.0, f"values are {k:.4g} times the old ones"


def _sign(old: Look, new: Look) -> tuple[Kind, float, str] | None:
    if not _comparable(old, new) or _moved_only(old, new):
        return None
    mirrored = -old.quantiles[::-1]
    if _same(mirrored, new.quantiles, old, new):
        return "sign", 1.0, "values have the other sign"
    return None


def _coarse(old: Look, new: Look) -> tuple[Kind, float, str] | None:
    if not len(old.quantiles) or not old.there or not new.there:
        return None
    before, now = old.distinct / old.there, new.distinct / new.there
    if before < 0.5 or now > 0.05:  # noqa: PLR2004 - nearly all different, and hardly any
        return None
    return "coarse", 1.0, f"{new.distinct} different values in {new.rows} rows, nearly all were different before"


SIGNS: tuple[Sign, ...] = (_missing, _constant, _spelling, _unseen, _coarse, _default, _unit, _sign)


def canonical(name: str) -> str:
    """A name without what writing it down may change: case, spaces, accents, `.0`, bytes read in the wrong encoding.

    >>> canonical(" M\\u00c3\\u00bcnchen ") == canonical("m\\u00fcnchen"), canonical("1.0") == canonical("1")
    (True, True)
    """
    with suppress(UnicodeError):  # it was no UTF-8 read as Latin-1
        name = name.encode("latin-1").decode("utf-8")
    plain = unicodedata.normalize("NFKD", name).casefold()
    kept = "".join(sign for sign in plain if not unicodedata.combining(sign)).strip(" \t\n\r'\"")
    kept = " ".join(kept.replace("_", " ").replace("-", " ").split())
    return kept.removesuffix(".0").lstrip("0") or kept


def factor(old: Array, new: Array) -> tuple[float, float]:
    """The `k` of which the new quantiles are `k` times the old, and how far off that is, in their own spread.

    A regression of quantiles on quantiles through 0.

    >>> import numpy as np
    >>> factor(np.array([1.0, 2.0, 4.0]), np.array([10.0, 20.0, 40.0]))
    (10.0, 0.0)
    """
    import numpy as np

    squares = float(np.sum(old**2))
    k = float(np.sum(old * new)) / squares if squares else 0.0
    spread = abs(k) * float(old.std())
    return k, float(np.sqrt(np.mean((new - k * old) ** 2))) / spread if spread else float("inf")


def _is_unit(k: float, old: Look) -> bool:
    """Whether no change of the world does this: a factor beyond all measure, or that of a unit.

    A small factor counts only where middle and spread grew by it alike; where the middle is about 0, a column that got
    wider is also its multiple.
    """
    from math import log

    size = abs(log(abs(k))) if k else 0.0
    if size >= log(FAR):
        return True
    if abs(float(old.quantiles.mean())) < old.spread / 2:
        return False
    return any(abs(size - log(unit)) < EXACT for unit in UNITS)


def same(one: Look, other: Look) -> bool:
    """Whether two columns of quantities lie alike."""
    return _comparable(one, other) and _same(one.quantiles, other.quantiles, one, other)


def apart(one: Look, other: Look) -> float:
    """How far apart the quantiles of two columns of quantities are, in standard deviations of the first."""
    return _off(one.quantiles, other.quantiles) if _comparable(one, other) else float("inf")


def _same(one: Array, other: Array, old: Look, new: Look) -> bool:
    return _off(one, other) < _slack(old, new)


def _off(one: Array, other: Array) -> float:
    import numpy as np

    spread = float(one.std())
    return float(np.sqrt(np.mean((one - other) ** 2))) / spread if spread else float("inf")


def _moved_only(old: Look, new: Look) -> bool:
    """Whether adding one number to the old values gives the new ones (0 included, unless it is a scale of degrees)."""
    import numpy as np

    by = float(np.mean(new.quantiles) - np.mean(old.quantiles))
    degrees = any(k == 1.0 and abs(by - c) < _slack(old, new) * old.spread for k, c in SCALES)
    return not degrees and _same(old.quantiles + by, new.quantiles, old, new)


def _comparable(old: Look, new: Look) -> bool:
    return bool(len(old.quantiles) and len(new.quantiles) and old.spread > 0 and new.spread > 0)


def _slack(old: Look, new: Look) -> float:
    """How far apart the quantiles of the same column may be, in standard deviations."""
    return float(CLOSE + 2 * (1 / max(old.there, 1) + 1 / max(new.there, 1)) ** 0.5)


def _share(new: Look, names: set[str]) -> float:
    if not names or not new.rows:
        return 0.0
    return float(sum(count for name, count in zip(new.names, new.counts, strict=True) if name in names)) / new.rows
