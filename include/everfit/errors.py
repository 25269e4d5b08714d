"""Everything that can go wrong, as one tree.

    EverfitError
    ├── SpecError          the team's own files are wrong: fix them           (never retried)
    │   ├── UnknownName    a name that nothing answers to, with "did you mean"
    │   └── NoGpu          a GPU was asked for, and this process can use none
    ├── DataError          the data cannot be used as it is                   (never retried)
    │   ├── NotEnoughData  too little accepted data to do what was asked
    │   ├── TooLarge       more rows than the memory or disk that may be used can hold
    │   └── Corrupted      bytes are not the ones whose hash was recorded
    ├── TrainingFailed     the numbers of a training stopped making sense     (never retried)
    ├── LedgerError        the log of decisions would stop telling the truth  (never retried)
    │   ├── ChainBroken    an entry is missing, changed or out of order
    │   ├── StoreUnsafe    the store does not keep create-if-absent
    │   ├── Recalled       the version or batch knows data that was recalled
    │   ├── StaleHead      somebody decided first: read again, judge again
    │   ├── KeptBack       judged against the champion of now, the gates said no
    │   ├── NotApproved    people have not agreed to the promotion, or may not
    │   └── FencedOut      a newer attempt has taken over this work
    ├── OutOfMemory        a training needs more memory than there is        (never retried)
    ├── DeployError        the version does not load or answers differently   (never retried)
    └── Unreachable        a service did not answer                           (retried)
        └── BatchChanged   the batch was rewritten while it was being read

A message says what was found, what was wanted and what to do. Errors of a vendor become ours where we call the vendor,
with the original as `__cause__`. The class decides whether an Airflow task is tried again (`EverfitError.retry`).
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any


class EverfitError(Exception):
    """Any failure that everfit foresaw; `retry` says whether trying again can help."""

    retry = False


class SpecError(EverfitError):
    """A model's own files (YAML, features, expectations) are wrong."""


class UnknownName(SpecError):
    """A name was given that nothing answers to.

    >>> str(UnknownName("gate", "beats_chapion", ["beats_champion", "above_bar"]))
    "there is no gate 'beats_chapion'; did you mean 'beats_champion'? (known: above_bar, beats_champion)"
    """

    def __init__(self, what: str, name: str, known: Iterable[str]) -> None:
        self.name, self.known = name, sorted(known)
        super().__init__(f"there is no {what} {name!r}{did_you_mean(name, self.known)}")
        self._what = what

    def __reduce__(self) -> tuple[Any, ...]:  # an error comes back from another machine as it was there
        return type(self), (self._what, self.name, self.known)


class NoGpu(SpecError):
    """A GPU was asked for that this process cannot use; `why` says what stands in the way.

    >>> str(NoGpu("cuda", "there is no NVIDIA driver on this machine"))
    "device 'cuda' was asked for, but there is no NVIDIA driver on this machine; ask for 'auto' or 'cpu', allow \
train.fallback: cpu, or train elsewhere"
    """

    def __init__(self, device: str, why: str) -> None:
        self.device, self.why = device, why
        super().__init__(
            f"device {device!r} was asked for, but {why}; ask for 'auto' or 'cpu', allow train.fallback: cpu, or train "
            "elsewhere"
        )


class DataError(EverfitError):
    """The data cannot be used as it is."""


class NotEnoughData(DataError):
    """There is too little accepted data to do what was asked."""


class TooLarge(DataError):
    """There are more rows than the memory or the disk that may be used for them can hold."""


class Corrupted(DataError):
    """Bytes are not the ones whose hash was recorded."""


class TrainingFailed(EverfitError):
    """The numbers of a training stopped making sense: trying the same again would end the same."""


class LedgerError(EverfitError):
    """The log of decisions would stop telling the truth."""


class ChainBroken(LedgerError):
    """An entry of the ledger is missing, changed or out of order."""


class StoreUnsafe(LedgerError):
    """The store does not keep create-if-absent, so two writers could both win."""


class Recalled(LedgerError):
    """A version, or a batch, knows data that was recalled: it must not be used again."""


class StaleHead(LedgerError):
    """The ledger has moved on since this decision was prepared: read again and judge again."""


class KeptBack(LedgerError):
    """The gates said no to a version against the champion of now, which it was not judged against at first."""


class NotApproved(LedgerError):
    """People have not agreed to a promotion, or somebody answers who may not."""


class FencedOut(LedgerError):
    """A newer attempt has taken over this work; this one must stop without any effect."""


class OutOfMemory(EverfitError):
    """A training needs more memory than there is, also with its matrix on disk."""


class DeployError(EverfitError):
    """A version does not load on its target, or does not answer there as it did offline."""


class AnsweredDifferently(DeployError):
    """The version answered on its target, and not as it did offline: to ask again would not help."""


class Unreachable(EverfitError):
    """A service did not answer; trying again later can help."""

    retry = True


class BatchChanged(Unreachable):
    """The batch was rewritten while it was being read; the next look takes the new bytes."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The tail of an "unknown name" message: the nearest known name, then all of them.

    >>> did_you_mean("lable", ["label", "time"])
    "; did you mean 'label'? (known: label, time)"
    >>> did_you_mean("zzz", ["label"])
    ' (known: label)'
    >>> did_you_mean("zzz", [])
    ' (known: none)'
    """
    names = sorted(known)
    near = get_close_matches(name, names, n=1, cutoff=0.6)
    return (f"; did you mean {near[0]!r}?" if near else "") + f" (known: {', '.join(names) or 'none'})"
