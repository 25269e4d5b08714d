"""The state of a training after some rounds, as the bytes that a checkpoint keeps."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from everfit.errors import Corrupted
from everfit.values import digest

if TYPE_CHECKING:
    from everfit.models.terms import Terms

MARK = b"everfit checkpoint 1\n"


@dataclass(frozen=True)
class State:
    """How many rounds are done, the model as it is then, and its metrics so far by `<part>_<metric>`."""

    done: int
    model: bytes
    curves: Mapping[str, Sequence[float]]


def pack(state: State, what: Mapping[str, object]) -> bytes:
    """The state as bytes that say `what` is trained, and that notice every bit that changes.

    >>> kept = pack(State(2, b"trees", {"train_auc": [0.5, 0.6]}), {"seed": 1})
    >>> unpack(kept, {"seed": 1})
    State(done=2, model=b'trees', curves={'train_auc': [0.5, 0.6]})
    """
    head = json.dumps({"done": state.done, "curves": state.curves, "what": digest(what)}, sort_keys=True).encode()
    body = head + b"\n" + state.model
    return MARK + hashlib.sha256(body).hexdigest().encode() + b"\n" + body


def unpack(data: bytes, what: Mapping[str, object]) -> State | None:
    """The state, or None if it is that of another training.

    Errors: `Corrupted` if these are not the bytes that `pack` made.
    """
    if not data.startswith(MARK):
        raise Corrupted("it is not a checkpoint that this version of everfit wrote")
    found, _, body = data[len(MARK) :].partition(b"\n")
    if hashlib.sha256(body).hexdigest().encode() != found:
        raise Corrupted("its SHA-256 is not the one that was written with it")
    head, _, model = body.partition(b"\n")
    said = json.loads(head)
    return State(said["done"], model, said["curves"]) if said["what"] == digest(what) else None


def newest(terms: Terms, what: Mapping[str, object], most: int) -> State | None:
    """The state to go on from, or None; what is found and cannot be used is told."""
    for kept in terms.checkpoints.read():
        at = f"the checkpoint of {kept.at:%H:%M:%S} UTC"
        try:
            state = unpack(kept.state, what)
        except Corrupted as error:
            terms.progress(f"{at} is not used: {error}")
            continue
        if state and state.done <= most:
            terms.progress(f"going on from round {state.done} of {most} ({at})")
            return state
        terms.progress(
            f"{at} is not used: it was made with other parameters, another seed, other rows, another kind of device or "
            "another version of the library"
        )
    return None
