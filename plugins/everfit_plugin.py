"""What Airflow loads from the plugins folder: everfit's plugin and nothing else."""

from __future__ import annotations

from typing import Any, ClassVar

from airflow.plugins_manager import AirflowPlugin

from everfit_airflow.links import DataDocsLink, MlflowRunLink, ReportLink


class EverfitPlugin(AirflowPlugin):
    """Links on task pages, and pages for decisions and reports."""

    name = "everfit"
    operator_extra_links: ClassVar[list[Any]] = [DataDocsLink(), MlflowRunLink(), ReportLink()]
    external_views: ClassVar[list[Any]] = [
        {
            "name": "everfit",
            "href": "/everfit/",
            "destination": "nav",
            "category": "browse",
            "url_route": "everfit",
        }
    ]

    @property
    def fastapi_apps(self) -> list[dict[str, Any]]:
        """The pages under `/everfit`; a property, so that task processes never import a web framework."""
        from everfit_airflow.views.app import app

        return [{"app": app, "url_prefix": "/everfit", "name": "everfit"}]
