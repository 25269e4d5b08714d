"""Starts the model server; `--help` says how."""

from __future__ import annotations

import argparse
import logging
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

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
    parser.add_argument("--look-every", type=float, default=5, help="seconds between two looks at the aliases")
    cache = Path.home() / ".cache" / "everfit"
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="threads that score; default: cores")
    parser.add_argument("--time-out", type=float, default=10, help="seconds that a caller waits for scores, then 504")
    parser.add_argument("--most-waiting", type=int, default=20_000, help="rows that may wait for a thread, then 503")
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


def main() -> None:
    """Serve until told to stop; requests that are being answered are finished first."""
    # Threads of a busy machine must not spin while they wait for each other (XGBoost was 3 times slower).
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    import uvicorn

    from everfit.serving.app import Settings, create_app
    from everfit.serving.batching import Limits

    said = arguments()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    limits = Limits(said.threads, said.most_waiting, said.time_out)
    settings = Settings(*source(said), said.look_every, keeping(said), limits)
    app = create_app(settings, lambda: datetime.now(UTC))
    uvicorn.run(app, host=said.host, port=said.port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
