"""One MLflow server, asked in a way that fails soon and in our words."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from everfit.errors import EverfitError, Unreachable

if TYPE_CHECKING:
    from mlflow import MlflowClient

# MLflow's own defaults keep a caller waiting for about four minutes when the server is away. Pickle stays off, and
# progress bars and addresses would fill task logs.
DEFAULTS = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
AWAY = frozenset(
    {"INTERNAL_ERROR", "TEMPORARILY_UNAVAILABLE", "DEADLINE_EXCEEDED", "REQUEST_LIMIT_EXCEEDED", "RESOURCE_EXHAUSTED"}
)
SERVER_TROUBLE = 500
MOMENT = (3, 10)  # seconds to connect, seconds to answer /health


@dataclass(frozen=True)
class Server:
    """The tracking server at `uri`; `asked` turns its failures into `Unreachable` or, if it refuses, `EverfitError`."""

    uri: str

    @cached_property
    def client(self) -> MlflowClient:
        """MLflow's client, told to give up early."""
        for name, value in DEFAULTS.items():
            os.environ.setdefault(name, value)
        from mlflow import MlflowClient

        return MlflowClient(tracking_uri=self.uri, registry_uri=self.uri)

    def look(self) -> None:
        """Raise `Unreachable` within seconds when nobody is there: even where packets vanish without an answer."""
        import requests

        try:
            requests.get(f"{self.uri}/health", timeout=MOMENT)
        except requests.RequestException as error:
            raise self._away("look for it", error) from error

    @contextmanager
    def asked(self, to: str) -> Iterator[MlflowClient]:
        """Ask the server for something; `to` says what, for the message."""
        client = self.client
        from mlflow.exceptions import MlflowException
        from requests import RequestException

        try:
            yield client
        except RequestException as error:
            answer = error.response
            if answer is not None and answer.status_code < SERVER_TROUBLE:
                raise self._refused(to, error) from error
            raise self._away(to, error) from error
        except MlflowException as error:
            raise (self._away if error.error_code in AWAY else self._refused)(to, error) from error

    def _away(self, to: str, error: Exception) -> Unreachable:
        return Unreachable(
            f"MLflow at {self.uri} did not answer when asked to {to} ({_brief(error)}). Is it running, and is the"
            " address right? Nothing was decided; the next try goes on from here."
        )

    def _refused(self, to: str, error: Exception) -> EverfitError:
        return EverfitError(f"MLflow at {self.uri} refused to {to}: {_brief(error)}")


def code_of(error: BaseException | None) -> str:
    """MLflow's error code behind an error of ours, "" if there is none."""
    return str(getattr(error, "error_code", ""))


def _brief(error: Exception, limit: int = 240) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text if len(text) <= limit else text[: limit - 1] + '…'}"
