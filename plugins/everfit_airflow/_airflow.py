"""The only place that imports Airflow's internal paths; checked on 3.3.2.

Plugin web apps are not behind Airflow's login unless they ask for it, so a path that has moved must fail closed: the
ImportError keeps the whole app from being mounted.
"""

from __future__ import annotations

from typing import Any


def login_required() -> Any:
    """A FastAPI dependency that lets a signed-in user pass who may see plugins' pages."""
    from airflow.api_fastapi.auth.managers.models.resource_details import AccessView
    from airflow.api_fastapi.core_api.security import requires_access_view
    from fastapi import Depends

    return Depends(requires_access_view(AccessView.PLUGINS))
