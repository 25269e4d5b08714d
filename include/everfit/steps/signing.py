"""Signs bytes and checks the signature: DSSE envelopes, made and opened by securesystemslib.

The private key is the one of the installation (`Ports.signing_key`), or one that this machine made for itself. The
public key is kept in the store under its id, so that what an old key has signed can be checked after it was replaced.
"""

from __future__ import annotations

import json
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from everfit.errors import Corrupted, SpecError
from everfit.values import canonical

if TYPE_CHECKING:
    from securesystemslib.signer import CryptoSigner, SSlibKey

    from everfit.ports import Ports, Store

TYPE = "application/vnd.in-toto+json"
OWN = "keys/signing.pem"
"""Where a machine keeps its own key, below its work folder."""


def signer(ports: Ports) -> CryptoSigner:
    """Who signs here: with the installation's key, or with one of this machine, made when it is first asked for.

    Errors: `SpecError` for a key that cannot be read, or that other users of the machine can read.
    """
    if ports.signing_key is not None:
        return _load(ports.signing_key.encode(), "the key that this installation gives")
    path = ports.work / OWN
    if not path.exists():
        _make(path)
    if stat.S_IMODE(path.stat().st_mode) & (stat.S_IRWXG | stat.S_IRWXO):
        raise SpecError(f"{path} can be read by others, so anybody may have signed with it: delete it, or chmod 600")
    return _load(path.read_bytes(), str(path))


def sign(payload: bytes, by: CryptoSigner) -> bytes:
    """The envelope of a payload, as canonical JSON."""
    from securesystemslib.dsse import Envelope

    envelope = Envelope(payload, TYPE, {})
    envelope.sign(by)
    return canonical(envelope.to_dict())


def unsign(data: bytes, key: SSlibKey, name: str) -> bytes:
    """The payload of an envelope whose signature is right; `Corrupted` if one byte of it is not what was signed.

    Only the one spelling that `sign` writes is taken: spaces, another order of the names, or the bits of base64 that
    nobody reads would be changes that no signature sees.
    """
    from securesystemslib.dsse import Envelope
    from securesystemslib.exceptions import FormatError, VerificationError

    try:
        envelope = Envelope.from_dict(json.loads(data))
        envelope.verify([key], 1)
        whole = canonical(envelope.to_dict()) == data and list(envelope.signatures) == [key.keyid]
    except (VerificationError, FormatError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Corrupted(f"{name} is not what was signed with key {key.keyid[:12]}: {error}") from error
    if not whole or envelope.payload_type != TYPE:
        raise Corrupted(f"{name} is signed, but is not spelt as it was when it was signed")
    payload: bytes = envelope.payload
    return payload


def publish_key(store: Store, of: CryptoSigner) -> str:
    """Keep the public key in the store, once, and return its id."""
    key = of.public_key
    store.create(_place(key.keyid), canonical(key.to_dict()))
    keyid: str = key.keyid
    return keyid


def public_key(store: Store, keyid: str) -> SSlibKey:
    """The public key of that id, from the store; `Corrupted` if it is not there or not that key."""
    try:
        data = store.read(_place(keyid))
    except FileNotFoundError as error:
        raise Corrupted(f"{_place(keyid)} is not in the store: restore it, or give the public key as a file") from error
    try:
        key = _key(json.loads(data)["keyval"]["public"])
        whole = canonical(key.to_dict()) == data and key.keyid == keyid
    except (ValueError, KeyError, TypeError) as error:
        raise Corrupted(f"{_place(keyid)} is no public key ({error}): restore it") from error
    if not whole:
        raise Corrupted(f"{_place(keyid)} is not the public key of that id, as it was written: restore it")
    return key


def read_public_key(path: Path) -> SSlibKey:
    """The public key in a PEM file; `SpecError` if there is none."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_public_key
    from securesystemslib.signer import SSlibKey

    try:
        return SSlibKey.from_crypto(load_pem_public_key(path.read_bytes()))
    except (OSError, ValueError, UnsupportedAlgorithm) as error:
        raise SpecError(f"{path} holds no public key in PEM format ({error})") from error


def as_pem(key: SSlibKey) -> str:
    """The public key as people keep it."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    made = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key.keyval["public"]))
    return made.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def _key(public: str) -> SSlibKey:
    """The key itself, with the id that follows from it."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from securesystemslib.signer import SSlibKey

    return SSlibKey.from_crypto(Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)))


def _load(pem: bytes, where: str) -> CryptoSigner:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from securesystemslib.signer import CryptoSigner

    try:
        key = load_pem_private_key(pem, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise SpecError(f"{where} is no private key in PEM format without a password ({error})") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise SpecError(f"{where} is a {type(key).__name__}, wanted Ed25519: openssl genpkey -algorithm ed25519")
    return CryptoSigner(key)


def _make(path: Path) -> None:
    """A new key in a file that only its owner can read; whoever is first has made it."""
    from securesystemslib.signer import CryptoSigner

    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{uuid4().hex}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(CryptoSigner.generate_ed25519().private_bytes)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def _place(keyid: str) -> str:
    return f"keys/{keyid}.json"
