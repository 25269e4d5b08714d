"""The gates of a spec that names none: what a model of each task should at least be asked."""

from __future__ import annotations

from typing import Any

LOSSES = {
    "binary": "log_loss",
    "multiclass": "log_loss",
    "regression": "absolute",
    "quantile": "pinball",
    "ranking": "ndcg_loss",
    "survival": "aft_nloglik",
}
"""What models of each task are compared by: a proper score where the answer is a chance, else the usual one."""


def usual_gates(task: str) -> list[Any]:
    """Gates that need no setting but the loss, in the order in which they are asked.

    Sane answers; better than a constant answer (which is what a first model is held to); better than the champion;
    where a gate for it is there, no hidden group that is harmed; of a class, chances that are true to a tenth, and no
    feature that knows the label (a number may rightly follow from one feature: the time in the air from the distance).
    None of them starts a server or trains again: those that do are for specs that name them.

    >>> usual_gates("ranking")
    ['answers_sanely', {'beats_baseline': {'loss': 'ndcg_loss'}}, {'beats_champion': {'loss': 'ndcg_loss'}}]
    """
    loss = {"loss": LOSSES[task]}
    gates: list[Any] = ["answers_sanely", {"beats_baseline": loss}, {"beats_champion": loss}]
    if task in ("binary", "multiclass", "quantile"):
        gates.append({"is_calibrated": {"within": 0.1}})
    if task not in ("ranking", "survival"):  # whose rows have no loss, or no label, that each can be held against
        gates.append({"no_hidden_harm": loss})
    if task in ("binary", "multiclass"):
        gates.append("leaks_no_label")
    return gates
