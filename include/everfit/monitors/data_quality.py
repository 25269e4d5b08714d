"""The monitor `data_quality`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from everfit.monitors._inputs import Inputs, leant_on, too_few
from everfit.signals import Signal
from everfit.statistics.decay.bugs import Bug
from everfit.statistics.decay.columns import Column
from everfit.statistics.decay.together import find
from everfit.statistics.domain import sample
from everfit.values import Detail, Outcome

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from everfit.monitors.seen import Rows, Seen

    Whole = NDArray[np.int64]

MOST = 20_000
"""So many rows of either side are looked at for what is broken; missing and new values are counted in all."""

BLIND = "values that are wrong and look right"


@dataclass(frozen=True)
class DataQuality:
    """Whether the inputs are sound: missing, infinite, new or constant values, other units, columns mixed up.

    It is harm if a column that the model leans on is broken: if it shows a sign that a change of code gives, and hardly
    any change of the world (see `everfit.statistics.decay.bugs`). Such signs know no level of a look: they are five
    standard errors away from chance, or more. The remedy is to mend the data, for a model that learns them learns what
    is broken. A few new or missing values are told.
    """

    def watch(self, seen: Seen) -> Signal:
        """Look at each input, and at columns beside each other."""
        if few := too_few(seen.reference.rows, seen.window.rows):
            return Signal("data_quality", Outcome.CANNOT_TELL, few, n=seen.window.rows, blind_to=BLIND)
        inputs = Inputs.of(seen.reference.columns, seen.window.columns)
        bugs = (*_lost(inputs), *_broken(inputs, seen.reference, seen.window))
        sick = tuple(dict.fromkeys(name for bug in bugs for name in bug.columns))
        harmed = leant_on(seen.leans, sick)
        worst = max((bug.share for bug in bugs if set(bug.columns) & set(harmed)), default=0.0)
        outcome = Outcome.FAILED if harmed else Outcome.PASSED
        return Signal(
            "data_quality",
            outcome,
            _reason(bugs, sick, harmed, len(inputs.names) + len(inputs.gone)),
            worst,
            bar=0.0,
            n=seen.window.rows,
            test="signs of a broken column, five standard errors",
            parts=_parts(inputs, bugs, harmed, seen.window.rows),
            blind_to=BLIND,
        )


def _lost(inputs: Inputs) -> list[Bug]:
    """Columns that are not there any more, or are of another kind."""
    gone = [Bug("missing", (name,), 1.0, "the column is not in these rows") for name in inputs.gone]
    turned = [Bug("unseen", (name,), 1.0, "names where numbers were, or numbers for names") for name in inputs.turned]
    return [*gone, *turned]


def _broken(inputs: Inputs, reference: Rows, window: Rows) -> tuple[Bug, ...]:
    import numpy as np

    sound = inputs.some([name for name in inputs.names if name not in inputs.turned])
    if not sound.names:
        return ()
    old, new = (sample(rows.rows, MOST, 0) for rows in (reference, window))
    labels = reference.y[old], window.y[new]
    known = all(np.isfinite(side).all() for side in labels)
    endless = {column.name: float(np.isinf(column.values).mean()) for column in sound.window}
    found = find(
        [_finite(column.of(old)) for column in sound.reference],
        [_finite(column.of(new)) for column in sound.window],
        (reference.day[old], window.day[new]),
        labels if known else None,
    )
    return tuple(_endless(bug, endless) for bug in found)


def _finite(column: Column) -> Column:
    """An infinite number is no value."""
    import numpy as np

    return Column(column.name, np.where(np.isinf(column.values), np.nan, column.values), column.categories)


def _endless(bug: Bug, endless: Mapping[str, float]) -> Bug:
    """Say of values that are missing because they are infinite what they are."""
    share = max((endless[name] for name in bug.columns), default=0.0)
    if bug.kind not in ("missing", "lost_join") or share < bug.share / 2:
        return bug
    return replace(bug, because=f"{share:.1%} are infinite")


def _reason(bugs: Sequence[Bug], sick: Sequence[str], harmed: Sequence[str], count: int) -> str:
    doubled = [bug.because for bug in bugs if not bug.columns]
    if not sick:
        return "; ".join([f"all {count} inputs look sound", *doubled])
    told = harmed or sick
    because = {name: bug.because for bug in bugs for name in bug.columns}
    words = "; ".join(f"{name}: {because[name]}" for name in told[:3])
    lean = f"the model leans on {len(harmed) or 'none'} of them"
    if len(sick) == 1:
        lean = "the model leans on it" if harmed else "the model does not lean on it"
    are = "is" if len(sick) == 1 else "are"
    return "; ".join([f"{len(sick)} of {count} inputs {are} broken ({words}), {lean}", *doubled])


def _parts(inputs: Inputs, bugs: Sequence[Bug], harmed: Sequence[str], rows: int) -> tuple[Detail, ...]:
    """Each input, the broken ones that the model leans on first, then by what was found in them."""
    by_name = {name: bug for bug in bugs for name in bug.columns}
    found = []
    for old, new in zip(inputs.reference, inputs.window, strict=True):
        found.append(_part(old.name, by_name.get(old.name), _oddities(old, new), harmed, rows))
    found += [_part(name, by_name[name], [], harmed, rows) for name in inputs.gone]
    found += [Detail(name, Outcome.PASSED, "the reference has no such column", n=rows) for name in inputs.new]
    found += [Detail("rows", Outcome.PASSED, bug.because, bug.share, n=rows) for bug in bugs if not bug.columns]
    return tuple(sorted(found, key=lambda part: (part.outcome is Outcome.PASSED, -(part.effect or 0.0))))


def _part(name: str, bug: Bug | None, odd: Sequence[tuple[str, float]], harmed: Sequence[str], rows: int) -> Detail:
    broken = [f"broken: {bug.because}"] if bug else []
    words = ", ".join([*broken, *(f"{100 * share:.3g} % {what}" for what, share in odd)]) or "sound"
    share = max([bug.share if bug else 0.0, *(share for _, share in odd)])
    return Detail(name, Outcome.FAILED if name in harmed else Outcome.PASSED, words, share, n=rows)


def _oddities(old: Column, new: Column) -> list[tuple[str, float]]:
    """What is in a column that was not, or hardly, in the reference, with its share of the rows."""
    import numpy as np

    values = new.named_as(old)
    gone, endless = np.isnan(values), np.isinf(values)
    before = float(np.isnan(old.values).mean())
    there = old.values[np.isfinite(old.values)]
    if old.categories:
        unseen = np.isin(values, np.unique(there), invert=True) & ~gone
        odd = [("new names", unseen)]
    else:
        low, high = (float(there.min()), float(there.max())) if len(there) else (np.nan, np.nan)
        odd = [("infinite", endless), ("below all that was", values < low), ("above all that was", values > high)]
    found = [(what, float((mask & (endless if what == "infinite" else ~endless)).mean())) for what, mask in odd]
    missing = (f"missing ({100 * before:.3g} % before)", float(gone.mean()))
    return [(what, share) for what, share in (missing, *found) if share > 0]
