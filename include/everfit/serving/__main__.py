"""Starts the model server; `--help` says how."""

from __future__ import annotations

import argparse
import logging
import os
from collections.abc import Sequence
from pathlib import Path


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser("python -m everfit.serving", description="Answer with the registry's champions.")
    parser.add_argument("--registry", required=True, help="address of MLflow's tracking server")
    parser.add_argument(
        "--models", default="", help="models to serve, comma-separated; default: all that are registered"
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--look-every", type=float, default=5, help="seconds between two looks at the aliases")
    cache = Path.home() / ".cache" / "everfit"
    parser.add_argument("--work", type=Path, default=cache, help=f"where model files are kept; default: {cache}")
    return parser.parse_args(given)


def main() -> None:
    """Serve until told to stop; requests that are being answered are finished first."""
    # Threads of a busy machine must not spin while they wait for each other (XGBoost was 3 times slower).
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    import uvicorn

    from everfit.serving.app import Settings, create_app

    said = arguments()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    models = tuple(name.strip() for name in said.models.split(",") if name.strip())
    app = create_app(Settings(said.registry, said.work, models, said.look_every))
    uvicorn.run(app, host=said.host, port=said.port, log_level="warning")


if __name__ == "__main__":
    main()
