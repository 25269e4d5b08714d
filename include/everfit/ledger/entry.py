"""One entry of the ledger, and the exact bytes that stand for it."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field, make_dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Generic, get_args

from typing_extensions import TypeVar

from everfit.errors import ChainBroken, LedgerError
from everfit.ledger.entries import Body
from everfit.ledger.fence import Fence
from everfit.values import canonical, digest, dump, load

if TYPE_CHECKING:
    from collections.abc import Mapping

B_co = TypeVar("B_co", bound=Body, default=Body, covariant=True)


@dataclass(frozen=True)
class Entry(Generic[B_co]):
    """A decision in its place: the `seq`-th of its model, after the entry whose bytes hash to `prev`.

    `key` can be claimed once per ledger, `fence` is the attempt that wrote it, `sha256` the hash of its own bytes. An
    entry that was `skim`med reads `at`, `body` and `fence` from its bytes when somebody first asks for one of them.
    """

    seq: int
    prev: str
    at: datetime
    kind: str
    key: str
    body: B_co
    sha256: str
    fence: Fence | None = field(default_factory=lambda: None)  # no value on the class: it would hide an unread one

    if not TYPE_CHECKING:  # to a type checker an entry has its fields and nothing else

        def __getattr__(self, name: str) -> Any:
            unread = self.__dict__.get("_unread")
            if unread is None or name not in _LATER:
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
            self.__dict__.update(_read(self.kind, *unread))
            self.__dict__.pop("_unread", None)
            return self.__dict__[name]

    def mentions(self, text: str) -> bool:
        """Whether the body may hold `text` as a value; False is certain. An unread entry stays unread."""
        unread = self.__dict__.get("_unread")
        return unread is None or canonical(text) in unread[0]


def encode(seq: int, prev: str, at: datetime, key: str, body: Body, fence: Fence | None = None) -> bytes:
    """The bytes of an entry: canonical JSON, closed by `sum`, the SHA-256 of all the rest.

    The chain (`prev`) protects an entry through the one after it; `sum` protects the last one, too.
    """
    said: dict[str, Any] = {
        "seq": seq,
        "prev": prev,
        "at": at.astimezone(UTC).isoformat(),
        "kind": kind_of(type(body)),
        "key": key,
        "body": dump(body),
    }
    if fence is not None:
        said["fence"] = dump(fence)
    try:
        return canonical(said | {"sum": digest(said)})
    except ValueError as error:
        raise LedgerError(f"{key} cannot be written down: {error}; a decision holds finite numbers only") from error


def decode(data: bytes, name: str) -> Entry:
    """The entry that the bytes stand for; `name` (its file) is for the message of `ChainBroken`."""
    try:
        said: Mapping[str, Any] = json.loads(data)
        rest = {field: value for field, value in said.items() if field != "sum"}
        intact = said["sum"] == digest(rest) and canonical(said) == data
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ChainBroken(f"{name} is not an entry ({error}); restore the file from a backup") from error
    if not intact:
        raise ChainBroken(f"{name} was changed: its bytes do not add up to its own 'sum'; restore it from a backup")
    if said["kind"] not in KINDS:
        known = ", ".join(sorted(KINDS))
        raise LedgerError(f"{name} is of kind {said['kind']!r}, unknown here (known: {known}); use a newer everfit")
    return _entry(said, data, name)


def skim(data: bytes, name: str) -> Entry | None:
    """The entry that the bytes stand for if they were checked before (by `decode`): only its place is read now.

    Several times as fast as `decode`. None for bytes that do not end as an entry does, or of a kind unknown here; bytes
    that are wrong before their end are a `LedgerError` when the body is asked for.
    """
    found = _END.fullmatch(data, max(data.rfind(b'"key":"'), 0))
    if found is None:
        return None
    quoted, said, prev, seq = found.groups()
    kind = said.decode()
    try:
        key = json.loads(quoted) if b"\\" in quoted else quoted[1:-1].decode()
    except ValueError:
        return None
    if kind not in KINDS:
        return None
    entry: Entry = object.__new__(Entry)
    entry.__dict__.update(
        seq=int(seq),
        prev=prev.decode(),
        kind=kind,
        key=key,
        sha256=hashlib.sha256(data).hexdigest(),
        _unread=(data, name),
    )
    return entry


def kind_of(body: type[Any]) -> str:
    """The name of a kind of decision, as it stands in an entry.

    >>> from everfit.ledger.entries import BatchAccepted
    >>> kind_of(BatchAccepted)
    'batch_accepted'
    """
    return re.sub(r"(?<!^)(?=[A-Z])", "_", body.__name__).lower()


KINDS: Mapping[str, type[Any]] = {kind_of(body): body for body in get_args(Body)}

_LATER = ("at", "body", "fence")
# Canonical JSON sorts the names, so that these five are the last. A quote within a text is `\\"`, never a bare one.
_END = re.compile(
    rb'"key":("[^"\\]*(?:\\.[^"\\]*)*"),"kind":"(\w+)","prev":"([0-9a-f]*)","seq":(\d+),"sum":"[0-9a-f]{64}"\}',
    re.DOTALL,
)


def _read(kind: str, data: bytes, name: str) -> Mapping[str, Any]:
    """What is `_LATER` in the bytes: in one pass, or with an error of the same words as `decode`'s."""
    try:
        read = _reader(kind).validate_json(data)
        return {"at": datetime.fromisoformat(read.at), "body": read.body, "fence": read.fence}
    except ValueError:
        whole = decode(data, name)
        return {later: getattr(whole, later) for later in _LATER}


@cache
def _reader(kind: str) -> Any:
    from pydantic import TypeAdapter

    fence = ("fence", Fence | None, field(default=None))
    return TypeAdapter(make_dataclass(f"Read_{kind}", [("at", str), ("body", KINDS[kind]), fence]))


def _entry(said: Mapping[str, Any], data: bytes, name: str) -> Entry:
    try:
        return Entry(
            seq=said["seq"],
            prev=said["prev"],
            at=datetime.fromisoformat(said["at"]),
            kind=said["kind"],
            key=said["key"],
            body=load(KINDS[said["kind"]], said["body"]),
            sha256=hashlib.sha256(data).hexdigest(),
            fence=load(Fence, said["fence"]) if "fence" in said else None,
        )
    except (ValueError, KeyError, TypeError) as error:
        raise LedgerError(
            f"{name} does not hold what a {said['kind']} holds: {_what_is_wrong(error)}; use a newer everfit"
        ) from error


def _what_is_wrong(error: Exception) -> str:
    from pydantic import ValidationError

    if not isinstance(error, ValidationError):
        return repr(error)
    return ", ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
