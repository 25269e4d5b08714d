"""Why a request is refused, in words for whoever sent it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from everfit.errors import did_you_mean
from everfit.features import Inputs, Ranges
from everfit.features.inputs import WANTED
from everfit.features.ranges import LEAST_ROWS

SHOWN = 60
NO_ROWS = "rows: wanted at least one row, found none"


def why(
    called: str, name: str, value: Any, place: int, row: Mapping[str, Any], inputs: Inputs, ranges: Ranges | None
) -> str:
    """What was found in the row of that place, and what was wanted."""
    head = f"row {place} has"
    known = next((one for one in ranges.inputs if one.name == name), None) if ranges else None
    match called:
        case "empty":
            text = f"{head} no value in any of its inputs"
        case "missing_feature":
            text = no_such_key(name, place, row)
        case "wrong_type":
            kind = next(column.kind for column in inputs.inputs if column.name == name)
            text = f"column {name!r} must be {WANTED[kind]}; {head} {_shown(value)}"
        case "missing_value":
            text = f"{head} no value for {name!r}, and every training row had one"
        case "unseen_category":
            near = did_you_mean(value, known.known) if known and known.known else ""
            text = f"{head} {_shown(value)} as {name!r}, as fewer than {LEAST_ROWS} training rows had{near}"
        case "out_of_range":
            span = f"{known.low:g} to {known.high:g}" if known and known.low is not None else "none"
            text = f"{head} {_shown(value)} as {name!r}; the training rows had {span}"
        case "out_of_distribution":
            most = ranges.usual_inputs if ranges else 0
            text = f"{head} {value} unusual inputs; at most {most} at a time were unusual in training"
        case _:
            text = f"the answer to row {place} is not sure enough ({value:.4g})"
    return text


def no_such_key(name: str, place: int, row: Mapping[str, Any]) -> str:
    """What is said of a row that leaves out an input."""
    return f"row {place} has no {name!r} (write null for a missing value){did_you_mean(name, row)}"


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 3]}..."
