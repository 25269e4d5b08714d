"""For algorithms that know no GPU."""

from __future__ import annotations

from everfit.errors import SpecError

ANY = frozenset({"auto", "cpu"})


def on_the_cpu(algorithm: str, device: str) -> str:
    """`cpu`, unless a GPU was asked for by name, which is a `SpecError`.

    >>> on_the_cpu("lightgbm", "auto")
    'cpu'
    """
    if device not in ANY:
        raise SpecError(
            f"device {device!r} was asked for, and the algorithm {algorithm} trains on the CPU only; "
            "ask for 'auto' or 'cpu', or train with xgboost"
        )
    return "cpu"
