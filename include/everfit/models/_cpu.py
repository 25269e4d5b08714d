"""For algorithms that know no GPU."""

from __future__ import annotations

from everfit.errors import NoGpu


def on_the_cpu(algorithm: str, device: str) -> str:
    """`cpu`, unless a GPU was asked for, which is a `NoGpu`.

    >>> on_the_cpu("lightgbm", "auto")
    'cpu'
    """
    if device.startswith("cuda"):
        raise NoGpu(device, f"the algorithm {algorithm} trains on the CPU only")
    return "cpu"
