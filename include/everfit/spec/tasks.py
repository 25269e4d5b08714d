"""The part of a model spec that says where its tasks run: pool, queue, executor, and the pod under Kubernetes."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from everfit.spec.parts import Frozen

TaskId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+$")]


class TaskSpec(Frozen):
    """Where one task of the model's DAGs runs. What is left out stays as it is without."""

    pool: str | None = Field(default=None, min_length=1, description="The Airflow pool that it takes its slots from.")
    slots: int | None = Field(default=None, ge=1, description="How many slots of the pool it takes.")
    queue: str | None = Field(
        default=None, min_length=1, description="The queue whose workers take it (CeleryExecutor and the like)."
    )
    executor: str | None = Field(
        default=None, min_length=1, description="One of the executors that Airflow is set up with, by name or alias."
    )
    resources: dict[str, str | int | float] = Field(
        default_factory=dict,
        description="What its pod asks Kubernetes for, such as memory: 16Gi or nvidia.com/gpu: 1.",
    )
    pod: dict[str, Any] = Field(
        default_factory=dict,
        description="What else its pod is like, as a Kubernetes manifest; the container of the task is named base.",
    )
