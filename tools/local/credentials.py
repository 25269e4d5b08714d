"""The secrets of one instance: random, made once, readable by their owner only."""

from __future__ import annotations

import base64
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from tools.local.files import read_json, write_json

USER = "admin"


@dataclass(frozen=True, repr=False)
class Credentials:
    """Airflow signs with `jwt` and `session`, encrypts with `fernet`, and a person logs in with `password`."""

    jwt: str
    session: str
    fernet: str
    password: str


def make() -> Credentials:
    """New random ones."""
    return Credentials(
        jwt=secrets.token_hex(32),
        session=secrets.token_hex(16),
        fernet=base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        password=secrets.token_urlsafe(9),
    )


def keep(path: Path) -> Credentials:
    """The instance's credentials, made at the first call (mode 600)."""
    kept = read_json(path)
    if isinstance(kept, dict) and kept.keys() == asdict(make()).keys():
        return Credentials(**kept)
    new = make()
    write_json(path, asdict(new), mode=0o600)
    return new
