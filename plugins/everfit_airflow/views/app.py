"""everfit's pages under `/everfit` in Airflow: the decisions of every model, and the reports behind them.

Only Airflow's api-server imports this module. Every page asks for Airflow's login.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi import Path as UrlPath
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.exceptions import HTTPException as AnyHTTPException

from everfit.errors import DataError, LedgerError, SpecError, UnknownName, Unreachable
from everfit_airflow._airflow import login_required

if TYPE_CHECKING:
    from everfit.ports import Ports

app = FastAPI(title="everfit", dependencies=[login_required()], docs_url=None, redoc_url=None, openapi_url=None)
pages = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)

PAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'self'; base-uri 'none'; frame-ancestors 'self'"
)
# A report is our own HTML, but made from a team's data: it may draw and style itself, and nothing else.
REPORT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox allow-popups allow-downloads"
FRAME = (Path(__file__).parent / "frame.js").read_bytes()

Name = Annotated[str, UrlPath(pattern=r"^[a-z][a-z0-9_]{0,62}$")]


@app.get("/", response_class=HTMLResponse)
def overview() -> HTMLResponse:
    """All models that have a ledger, with their champions, and who waits to be trained."""
    from everfit_airflow.views.story import overview
    from everfit_airflow.views.waiting import waiting

    return _page("overview", models=_ask(overview), lines=_ask(waiting))


@app.get("/models/{model}", response_class=HTMLResponse)
def model(model: Name) -> HTMLResponse:
    """One model: what serves and what it is made of, the batches, and every decision, newest first."""
    from everfit_airflow.views.story import story

    return _page("model", story=_ask(lambda ports: story(ports, model)))


@app.get("/models/{model}/lineage/{version}", response_class=HTMLResponse)
def lineage(model: Name, version: Annotated[int, UrlPath(ge=1)]) -> HTMLResponse:
    """What a version was made from, as a drawing."""
    from everfit.ledger.trace import trace
    from everfit.plots.lineage import as_page, draw

    def drawing(ports: Ports) -> str:
        found = trace(ports.ledger(model).view(), model, version)
        return as_page(draw(found, {"code": found.code[:12]}), f"{model} version {version}")

    return HTMLResponse(_ask(drawing), headers={"Content-Security-Policy": REPORT_POLICY})


@app.get("/reports/{key:path}")
def report(key: str) -> Response:
    """A report from the store."""
    return _kept("report", key, lambda ports: ports.store.read(f"reports/{key}"))


@app.get("/data-docs/{key:path}")
def data_docs(key: str) -> Response:
    """Great Expectations' page about a delivery, made when it is first asked for."""
    from everfit.steps.data_docs import FOLDER, page

    return _kept("page of Great Expectations", key, lambda ports: page(ports, f"{FOLDER}/{key}"))


@app.get("/frame.js")
def frame() -> Response:
    """What the pages do when Airflow shows them in its frame; they work without it."""
    return Response(FRAME, media_type="text/javascript")


@app.exception_handler(AnyHTTPException)
def explain(request: Request, error: AnyHTTPException) -> HTMLResponse:
    """A refusal as a page: people see it inside Airflow."""
    top = request.scope.get("root_path", "").removesuffix("/everfit")
    page = _page("error", status=error.status_code, detail=error.detail, top=f"{top}/")
    page.status_code = error.status_code
    page.headers.update(error.headers or {})
    return page


def _kept(what: str, key: str, read: Callable[[Ports], bytes]) -> Response:
    if not key.endswith(".html") or {"", ".", ".."} & set(key.split("/")):
        raise HTTPException(404, f"there is no such {what}")
    try:
        page = _ask(read)
    except FileNotFoundError as error:
        raise HTTPException(404, f"there is no {what} {key!r} in the store") from error
    return Response(page, media_type="text/html", headers={"Content-Security-Policy": REPORT_POLICY})


def _page(name: str, **values: Any) -> HTMLResponse:
    page = pages.get_template(f"{name}.html.j2").render(**values)
    return HTMLResponse(page, headers={"Content-Security-Policy": PAGE_POLICY})


def _ask(question: Any) -> Any:
    from airflow.sdk.exceptions import AirflowNotFoundException

    from everfit_airflow.hooks.everfit import EverfitHook

    try:
        return question(EverfitHook().ports())
    except AirflowNotFoundException as error:
        raise HTTPException(503, f"{error}: load airflow_settings.yaml, or add the connection") from error
    except UnknownName as error:
        raise HTTPException(404, str(error)) from error
    except (Unreachable, SpecError) as error:
        raise HTTPException(503, str(error)) from error
    except (DataError, LedgerError) as error:
        raise HTTPException(500, str(error)) from error
