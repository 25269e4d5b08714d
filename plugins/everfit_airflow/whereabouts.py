"""Airflow's task state store keeps where a training has its newest checkpoint, for the retry and for people.

What is in the store decides; this only says where. So nothing is lost when the API server is away: setting a value
then takes some seconds and fails, which a training must not die of.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from airflow.sdk.exceptions import AirflowRuntimeError

from everfit_airflow.logs import say

if TYPE_CHECKING:
    from airflow.sdk import Context

KEY = "checkpoint"
KEPT = timedelta(days=30)


def teller(context: Context) -> Callable[[str, int], None]:
    """What hears the key and the rounds of each checkpoint that this task keeps, and lets Airflow know."""
    states, attempt = context["task_state_store"], context["ti"].try_number

    def tell(key: str, done: int) -> None:
        try:
            states.set(KEY, {"key": key, "rounds": done, "try": attempt}, retention=KEPT)
        except AirflowRuntimeError as error:
            say(f"Airflow does not know of the checkpoint after round {done} ({error}); the store has it")

    return tell


def say_where(context: Context) -> None:
    """Say which checkpoint an earlier try of this task left."""
    try:
        left = context["task_state_store"].get(KEY)
    except AirflowRuntimeError as error:
        say(f"Airflow does not say where the checkpoint is ({error}); the store is asked")
        return
    if isinstance(left, dict):
        say(f"try {left['try']} of this task left a checkpoint after round {left['rounds']}: {left['key']}")
