"""What a task kept for its buttons, and the addresses that follow from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from airflow.sdk.types import TaskInstanceKey


def kept(ti_key: TaskInstanceKey, key: str) -> str:
    """The text that the task pushed under `key`, or an empty one (no button)."""
    from airflow.sdk.bases.xcom import BaseXCom

    of: Any = ti_key  # Airflow's own protocol wants settable fields, its key has none
    return BaseXCom.get_value(ti_key=of, key=key) or ""


def page_of(ti_key: TaskInstanceKey, key: str) -> str:
    """The address, under Airflow's own, of the page in the store whose key the task pushed under `key`.

    It is empty (no button) when the task pushed none.
    """
    page = kept(ti_key, key)
    return f"{path_of_airflow()}/everfit/{page}" if page else ""


def path_of_airflow() -> str:
    """Where Airflow is on its host: "" at the top, `/team` where it shares the host with others, as on Astro."""
    from airflow.sdk.configuration import conf

    return urlsplit(str(conf.get("api", "base_url", fallback=""))).path.rstrip("/")


def site() -> str:
    """Where everfit's pages are, for people who are not at Airflow: "" where nobody has said what its address is."""
    from airflow.sdk.configuration import conf

    base = str(conf.get("api", "base_url", fallback="") or "")
    return f"{base.rstrip('/')}/everfit" if base else ""
