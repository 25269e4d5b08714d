"""How sure an answer is."""

from __future__ import annotations

from everfit.values import Answer

CLASSES = ("binary", "multiclass")


def confidence(task: str, answer: Answer) -> float | None:
    """The probability of the likeliest class; None where an answer is no probability.

    >>> confidence("binary", 0.25), confidence("multiclass", {"late": 0.2, "on time": 0.8})
    (0.75, 0.8)
    >>> confidence("regression", 7.0) is None
    True
    """
    if isinstance(answer, int | float):  # a look at an abstract class takes ten times as long
        return max(answer, 1 - answer) if task == "binary" else None
    return max(answer.values()) if task == "multiclass" else None
