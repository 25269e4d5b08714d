"""Results in the shape that GX gives them with `result_format="BASIC"`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from everfit.validation.suites import Expectation

if TYPE_CHECKING:
    import pyarrow

SHOWN = 20
_NO_EXCEPTION = {"raised_exception": False, "exception_traceback": None, "exception_message": None}


@dataclass(frozen=True)
class Found:
    """What one expectation found: whether it holds, and GX's `result`."""

    success: bool
    result: Mapping[str, Any]


def document(asked: Expectation, place: int, found: Found) -> dict[str, Any]:
    """The whole validation result of one expectation, as GX writes it; `place` tells it from an equal one."""
    return {
        "success": found.success,
        "expectation_config": {
            "type": asked.kind,
            "kwargs": {"batch_id": "delivery-table", **asked.kwargs},
            "meta": {"everfit_place": place},
            "severity": asked.gx_severity,
        },
        "result": dict(found.result),
        "meta": {},
        "exception_info": dict(_NO_EXCEPTION),
    }


def counted(rows: int, looked_at: int, broken: int, sample: Sequence[Any], mostly: float) -> Found:
    """Rows that break an expectation, of those that were looked at."""
    result = {
        "element_count": rows,
        "unexpected_count": broken,
        "unexpected_percent": _percent(broken, looked_at) if rows else None,
        "partial_unexpected_list": list(sample),
        "missing_count": rows - looked_at,
        "missing_percent": _percent(rows - looked_at, rows),
        "unexpected_percent_total": _percent(broken, rows),
        "unexpected_percent_nonmissing": _percent(broken, looked_at) if rows else None,
    }
    return Found(not looked_at or (float(looked_at) - broken) / looked_at >= mostly, result)


def counted_all(rows: int, broken: int, sample: Sequence[Any], mostly: float) -> Found:
    """Rows that break an expectation which looks at every row, empty or not."""
    result = {
        "element_count": rows,
        "unexpected_count": broken,
        "unexpected_percent": _percent(broken, rows),
        "partial_unexpected_list": list(sample),
    }
    return Found(not rows or (rows - broken) / rows >= mostly, result)


def within(observed: Any, given: Mapping[str, Any], limits: tuple[Any, Any] | None = None) -> Found:
    """A single figure held against `min_value` and `max_value`, or against `limits` if those had to be parsed."""
    low, high = limits or (given.get("min_value"), given.get("max_value"))
    above = low is None or (observed > low if given.get("strict_min") else observed >= low)
    below = high is None or (observed < high if given.get("strict_max") else observed <= high)
    return Found(bool(above and below), {"observed_value": plain(observed)})


def shown(values: pyarrow.Array, as_float: bool) -> list[Any]:
    """Values as they stand in GX's lists; whole numbers in a column with gaps are floats in a frame."""
    found = [plain(value) for value in values.to_pandas(date_as_object=False)]
    return [None if value is None else float(value) for value in found] if as_float else found


def plain(value: Any) -> Any:
    """One value as JSON has it."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return None if value != value else float(value)  # noqa: PLR0124 - not a number
    return value.isoformat() if hasattr(value, "isoformat") else value.item()


def _percent(part: int, of: int) -> float | None:
    return part / of * 100 if of else None
