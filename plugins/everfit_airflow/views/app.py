"""everfit's pages under `/everfit` in Airflow: the decisions of every model, and the reports behind them.

Only Airflow's api-server imports this module. Every page asks for Airflow's login.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, HTTPException, Response
from fastapi import Path as UrlPath
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader

from everfit.errors import LedgerError, Unreachable
from everfit_airflow._airflow import login_required

app = FastAPI(title="everfit", dependencies=[login_required()], docs_url=None, redoc_url=None, openapi_url=None)
pages = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True)

# A report is our own HTML, but made from a team's data: it may draw and style itself, and nothing else.
REPORT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox allow-popups allow-downloads"

Name = Annotated[str, UrlPath(pattern=r"^[a-z][a-z0-9_]{0,62}$")]


@app.get("/", response_class=HTMLResponse)
def overview() -> str:
    """All models that have a ledger, with their champions."""
    from everfit_airflow.views.decisions import overview

    return pages.get_template("overview.html.j2").render(models=_ask(overview))


@app.get("/models/{model}", response_class=HTMLResponse)
def model(model: Name) -> str:
    """One model: what serves, and every decision, newest first."""
    from everfit_airflow.views.decisions import story

    return pages.get_template("model.html.j2").render(story=_ask(lambda store: story(store, model)))


@app.get("/reports/{key:path}")
def report(key: str) -> Response:
    """A report from the store."""
    if not key.endswith(".html") or ".." in key.split("/"):
        raise HTTPException(404, "there is no such report")
    try:
        page = _ask(lambda store: store.read(f"reports/{key}"))
    except FileNotFoundError as error:
        raise HTTPException(404, f"there is no report {key!r} in the store") from error
    return Response(page, media_type="text/html", headers={"Content-Security-Policy": REPORT_POLICY})


def _ask(question: Any) -> Any:
    from everfit_airflow.hooks.everfit import EverfitHook

    try:
        return question(EverfitHook().ports().store)
    except Unreachable as error:
        raise HTTPException(503, str(error)) from error
    except LedgerError as error:
        raise HTTPException(500, str(error)) from error
