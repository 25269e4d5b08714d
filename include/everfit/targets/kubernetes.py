"""Kubernetes' API over HTTP: read, apply and remove objects, in our words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from everfit.errors import DeployError, Unreachable

POD = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where Kubernetes puts a pod's own token and certificate."""
MANAGER = "everfit"
MISSING, CONFLICT = 404, 409
REFUSED = frozenset({400, 405, 406, 413, 415, 422})
FAULTY = 400
SECONDS = 20
CONNECT = 3


@dataclass(frozen=True)
class Cluster:
    """The API server at `api`; without a `token`, the one in `token_file` is read for each request, since it changes.

    Errors: `DeployError` for an object that the cluster refuses, `Unreachable` for all else that is wrong.
    """

    api: str = "https://kubernetes.default.svc"
    token: str = field(default="", repr=False)
    token_file: str = str(POD / "token")
    ca: str = str(POD / "ca.crt")
    session: Any = None

    def read(self, path: str) -> Any:
        """The object at `path`, None if there is none."""
        return self._ask("GET", path, {}, None)

    def apply(self, path: str, manifest: Mapping[str, Any]) -> bool:
        """Server-side apply: the fields of the manifest are ours, and those that we said before and say no more go.

        With a `resourceVersion` in its metadata nothing is applied if the object is not that one any more; then False.
        """
        where = {"fieldManager": MANAGER, "force": "true"}
        return self._ask("PATCH", path, where, json.dumps(manifest), "application/apply-patch+yaml") is not None

    def delete(self, path: str) -> None:
        """Remove the object, and fine if it is not there."""
        self._ask("DELETE", path, {}, None)

    def _ask(self, method: str, path: str, params: Mapping[str, str], body: str | None, kind: str = "") -> Any:
        import httpx

        headers = {"Authorization": f"Bearer {self._token()}"} | ({"Content-Type": kind} if kind else {})
        try:
            answer = self._client.request(
                method, f"{self.api.rstrip('/')}{path}", params=params, content=body, headers=headers
            )
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise Unreachable(
                f"Kubernetes at {self.api} did not answer ({type(error).__name__}: {error}). Is the address right?"
            ) from error
        if answer.status_code == MISSING or (answer.status_code, method) == (CONFLICT, "PATCH"):
            return None
        if answer.status_code < FAULTY:
            return answer.json()
        raise (DeployError if answer.status_code in REFUSED else Unreachable)(
            f"Kubernetes at {self.api} refused {method} {path} ({answer.status_code}): {_reason(answer)}"
        )

    @cached_property
    def _client(self) -> Any:
        import httpx

        return self.session or httpx.Client(timeout=httpx.Timeout(SECONDS, connect=CONNECT), verify=trust(self.ca))

    def _token(self) -> str:
        if self.token:
            return self.token
        try:
            return Path(self.token_file).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise Unreachable(f"there is no token for Kubernetes: {error}; give `token` or `token_file`") from error


def trust(ca: str = "") -> Any:
    """Whose certificates are good: those that the file `ca` vouches for, if it is there, else the system's."""
    import ssl

    return ssl.create_default_context(cafile=ca if Path(ca).is_file() else None)


def _reason(answer: Any) -> str:
    try:
        said = answer.json()
    except ValueError:
        return str(answer.text[:200])
    return str(said.get("message", said)) if isinstance(said, dict) else str(said)
