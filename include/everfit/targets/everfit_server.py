"""The target `everfit_server`: our own model server, asked over HTTP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from everfit.errors import DeployError, Unreachable
from everfit.values import Answer, Route

CONNECT = 3
AWAY = 503
FAULTY = 400


@dataclass(frozen=True)
class EverfitServer:
    """The model server at `url`; loading a version may take up to `timeout` seconds. Who asks many times gives an
    `httpx.Client` as `session`, so that the line stays open. A server that is not open wants a `token`.

    Errors: `Unreachable` if it is down, or cannot reach its registry; `DeployError` if it refuses.
    """

    url: str
    timeout: float = 60
    session: Any = None
    token: str = field(default="", repr=False)

    def follow(self, route: Route) -> Mapping[str, int]:
        """Make the server read aliases and route in its registry now; returns alias to loaded version."""
        loaded: Mapping[str, int] = self._field(self._post(f"models/{route.model}/refresh", {}), "aliases")
        return loaded

    def predict(self, model: str, alias: str, rows: Sequence[Mapping[str, Any]]) -> tuple[int, list[Answer]]:
        """Ask for predictions; returns the version that answered and one answer per row."""
        answer = self._post("predict", {"model": model, "alias": alias, "rows": list(rows)})
        return self._field(answer, "version"), self._field(answer, "predictions")

    def _post(self, path: str, body: Mapping[str, Any]) -> Any:
        import httpx

        try:
            limits = httpx.Timeout(self.timeout, connect=CONNECT)
            known = {"Authorization": f"Bearer {self.token}"} if self.token else {}
            where = f"{self.url.rstrip('/')}/{path}"
            answer = (self.session or httpx).post(where, json=body, timeout=limits, headers=known)
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise DeployError(f"{self.url!r} is no address of a model server: {error}") from error
        except httpx.TransportError as error:
            raise Unreachable(
                f"the model server at {self.url} did not answer ({type(error).__name__}: {error}). Is it running,"
                " and is the address right?"
            ) from error
        try:
            said = answer.json()
        except ValueError as error:
            raise DeployError(f"{self.url} is no everfit model server: {path} gave {answer.text[:80]!r}") from error
        if answer.status_code < FAULTY:
            return said
        kind = Unreachable if answer.status_code == AWAY else DeployError
        reason = said.get("error", said) if isinstance(said, dict) else said
        raise kind(f"the model server at {self.url} refused {path} ({answer.status_code}): {reason}")

    def _field(self, said: Any, name: str) -> Any:
        if not isinstance(said, dict) or name not in said:
            raise DeployError(f"{self.url} is no everfit model server: there is no {name!r} in {str(said)[:80]!r}")
        return said[name]
