"""Who may ask the model server for what: tokens with scopes, from the environment or from a file."""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from everfit.errors import SpecError, did_you_mean

log = logging.getLogger(__name__)

VARIABLE = "EVERFIT_TOKENS"
SCOPES = ("predict", "read", "manage")
SHORTEST = 20
"""Characters of a token: 120 random bits, written as base64."""

LOOK_EVERY = 1.0
"""Seconds between two looks at a file of tokens."""

_TOKEN = re.compile(rf"[A-Za-z0-9._~+/-]{{{SHORTEST},}}=*")


@dataclass(frozen=True)
class Key:
    """One token, known by its SHA-256 alone, and what its bearer may do."""

    digest: bytes = field(repr=False)
    scopes: frozenset[str]


def parse(text: str, where: str) -> tuple[Key, ...]:
    """The tokens in a text: `scope+scope:token`, between them white space; a line that begins with # says nothing.

    >>> [sorted(key.scopes) for key in parse("predict:a2f4c6e8a0b2d4f6a8c0 read+manage:00112233445566778899", "here")]
    [['predict'], ['manage', 'read']]

    Errors: `SpecError` that names `where` and the place in it, and never shows a token.
    """
    lines = (line for line in text.splitlines() if not line.lstrip().startswith("#"))
    keys = [_key(entry, f"{where}, entry {place}") for place, entry in enumerate(" ".join(lines).split(), 1)]
    if not keys:
        raise SpecError(f"{where}: found no token, wanted at least one: predict:TOKEN, or predict+read+manage:TOKEN")
    if len({key.digest for key in keys}) < len(keys):
        raise SpecError(f"{where}: a token is there twice; give it all its scopes in one entry")
    return tuple(keys)


def _key(entry: str, where: str) -> Key:
    said, colon, token = entry.partition(":")
    if not colon:
        raise SpecError(f"{where}: found a token without a scope, wanted predict:TOKEN (scopes: {', '.join(SCOPES)})")
    scopes = said.split("+")
    for scope in scopes:
        if scope not in SCOPES:
            # What stands before the colon may be half a token that somebody pasted: it is not shown.
            raise SpecError(f"{where}: there is no such scope{did_you_mean(scope, SCOPES)}")
    if not _TOKEN.fullmatch(token):
        raise SpecError(
            f"{where}: wanted a token of at least {SHORTEST} letters, digits and -._~+/ ;"
            " python3 -c 'import secrets; print(secrets.token_urlsafe(32))' makes one"
        )
    return Key(_digest(token.encode()), frozenset(scopes))


@dataclass
class Keys:
    """The tokens that open the doors now.

    Those of a `file` are read again within a second of its change, so that a token can be changed with no restart: add
    the new one, let the callers change, take the old one out. A file that is broken or gone changes nothing; the log
    says so.
    """

    known: tuple[Key, ...]
    file: Path | None = None
    _seen: tuple[int, int] = (0, 0)
    _looked: float = 0.0

    @classmethod
    def given(cls, environ: Mapping[str, str], file: Path | None) -> Keys | None:
        """The tokens of the file, or of `EVERFIT_TOKENS`; None if neither is given. Errors: `SpecError`."""
        if file is not None:
            keys = cls((), file)
            keys.known, keys._seen = parse(_read(file), str(file)), _stamp(file)
            return keys
        return cls(parse(environ[VARIABLE], VARIABLE)) if environ.get(VARIABLE) else None

    def scopes(self, token: bytes) -> frozenset[str] | None:
        """What the bearer of this token may do; None for one that nobody gave out.

        Digests are compared, each with all of them: how long it takes says nothing of how near a guess was.
        """
        if self.file is not None:
            self._follow(self.file)
        asked, found = _digest(token), None
        for key in self.known:
            if hmac.compare_digest(asked, key.digest):
                found = key.scopes
        return found

    def _follow(self, file: Path) -> None:
        now = time.monotonic()
        if now - self._looked < LOOK_EVERY:
            return
        self._looked = now
        try:
            stamp = _stamp(file)
            if stamp == self._seen:
                return
            self._seen = stamp
            self.known = parse(_read(file), str(file))
            log.info("%s has changed: %s tokens are known now", file, len(self.known))
        except (SpecError, OSError) as error:
            log.error("the tokens stay as they were: %s", error)  # noqa: TRY400 - the message says it all


def _digest(token: bytes) -> bytes:
    return hashlib.sha256(token).digest()


def _stamp(file: Path) -> tuple[int, int]:
    found = file.stat()
    return found.st_mtime_ns, found.st_ino


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not plain ASCII"
        raise SpecError(f"the file of tokens {file} cannot be read: {reason}") from None
