"""What a task kept for its buttons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow.sdk.types import TaskInstanceKey


def kept(ti_key: TaskInstanceKey, key: str) -> str:
    """The text that the task pushed under `key`, or an empty one (no button)."""
    from airflow.sdk.bases.xcom import BaseXCom

    of: Any = ti_key  # Airflow's own protocol wants settable fields, its key has none
    return BaseXCom.get_value(ti_key=of, key=key) or ""
