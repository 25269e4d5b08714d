"""Starts the model server; `--help` says how."""

from __future__ import annotations

import argparse
import logging
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from everfit.errors import SpecError
from everfit.serving.tokens import VARIABLE, Keys

if TYPE_CHECKING:
    from everfit.serving.keeping import Keeping
    from everfit.serving.versions import Source


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser("python -m everfit.serving", description="Answer with the registry's champions.")
    served = parser.add_mutually_exclusive_group(required=True)
    served.add_argument("--registry", help="address of MLflow's tracking server")
    served.add_argument("--folder", type=Path, help="serve the one model in this folder, registered or not")
    parser.add_argument(
        "--models", default="", help="models to serve, comma-separated; default: all that are registered"
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    entry = parser.add_mutually_exclusive_group()
    entry.add_argument(
        "--tokens",
        type=Path,
        metavar="FILE",
        help="who may ask: predict:TOKEN, read:TOKEN, manage:TOKEN or predict+read:TOKEN on each line; "
        f"default: the same in {VARIABLE}",
    )
    entry.add_argument("--behind", choices=("sagemaker", "kserve"), help="who guards its container already")
    entry.add_argument("--open", action="store_true", help="ask nobody for a token; for this machine's own use only")
    parser.add_argument("--look-every", type=float, default=5, help="seconds between two looks at the aliases")
    cache = Path.home() / ".cache" / "everfit"
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="threads that score; default: cores")
    parser.add_argument("--time-out", type=float, default=10, help="seconds that a caller waits for scores, then 504")
    parser.add_argument("--most-waiting", type=int, default=20_000, help="rows that may wait for a thread, then 503")
    parser.add_argument(
        "--memory-mb",
        type=int,
        default=0,
        help="megabytes that the server may hold, then no more is loaded; default: what its container or machine has",
    )
    parser.add_argument("--load-time", type=float, default=120, help="seconds that loading a version may take")
    parser.add_argument("--work", type=Path, default=cache, help=f"where model files are kept; default: {cache}")
    parser.add_argument(
        "--keep-predictions",
        type=float,
        default=0,
        metavar="SHARE",
        help="the share of the answers to keep in the store: 0 none (default), 1 all. The store is that of "
        "EVERFIT_STORE, or of the connection everfit_store in airflow_settings.yaml",
    )
    parser.add_argument("--ship-every", type=float, default=300, help="seconds between two trips to the store")
    parser.add_argument("--journal", type=Path, help="where kept answers wait for the store; default: below --work")
    parser.add_argument("--journal-mb", type=int, default=1024, help="megabytes that may wait there, then none is kept")
    return parser.parse_args(given)


def keeping(said: argparse.Namespace) -> Keeping | None:
    """What the command line says about keeping answers."""
    from everfit.serving.keeping import Keeping
    from everfit.settings import store_address
    from everfit.stores import open_store

    if said.keep_predictions <= 0:
        return None
    place = store_address()
    store = open_store(place.url, cache=said.work / "files", **place.options)
    journal = said.journal or said.work / "predictions"
    return Keeping(store, journal, said.keep_predictions, said.ship_every, said.journal_mb << 20)


def source(said: argparse.Namespace) -> tuple[Source, tuple[str, ...]]:
    """What is followed, and the models of it that are served."""
    from everfit.predictor import Card
    from everfit.registry import MlflowRegistry
    from everfit.serving.folder import OneFolder

    models = tuple(name.strip() for name in said.models.split(",") if name.strip())
    if said.folder is None:
        return MlflowRegistry(said.registry, said.work), models
    name = Card.read(said.folder).model
    return OneFolder(name, said.folder), (name,)


def keys(said: argparse.Namespace, environ: Mapping[str, str]) -> Keys | None:
    """Who may ask; None for everybody, which only a server that nobody else can reach may say.

    Errors: `SystemExit` with what to do, before anything is loaded or listened to.
    """
    from everfit.serving.doors import is_loopback

    if said.behind:  # nobody gets to the container who has not got past them
        return None
    if said.open:
        if not is_loopback(said.host):
            raise SystemExit(f"--open is for servers of this machine alone, and {said.host} is more: give it tokens")
        return None
    try:
        known = Keys.given(environ, said.tokens)
    except SpecError as error:
        raise SystemExit(str(error)) from error
    if known is None:
        raise SystemExit(
            f"nobody could ask this server: set {VARIABLE} (say predict+read+manage:TOKEN; python3 -c 'import secrets;"
            " print(secrets.token_urlsafe(32))' makes one), name a file with --tokens, or say --open"
        )
    return known


def main() -> None:
    """Serve until told to stop; requests that are being answered are finished first."""
    # Threads of a busy machine must not spin while they wait for each other (XGBoost was 3 times slower).
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    import uvicorn

    from everfit.serving.app import Settings, create_app
    from everfit.serving.batching import Limits
    from everfit.serving.bounds import Bounds
    from everfit.serving.doors import Doors
    from everfit.serving.hosted import hosted
    from everfit.serving.patience import PatientProtocol

    said = arguments()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    known = keys(said, os.environ)
    limits = Limits(said.threads, said.most_waiting, said.time_out)
    bounds = Bounds(said.memory_mb << 20, said.load_time)
    settings = Settings(*source(said), said.look_every, keeping(said), limits, bounds)
    app = Doors(create_app(settings, lambda: datetime.now(UTC)), known, settings.metrics.turned_away)
    served = hosted(app) if said.behind else app
    uvicorn.run(
        served,
        host=said.host,
        port=said.port,
        log_level="warning",
        access_log=False,
        http=PatientProtocol,
        ws="none",
    )


if __name__ == "__main__":
    main()
