"""`<model>_deploy`: put a version on the model server and let it serve."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import DAG, Param, chain

from everfit_airflow import operators as do
from everfit_airflow.assets import challenger_asset
from everfit_airflow.dag._shared import shared

if TYPE_CHECKING:
    from everfit.spec import ModelSpec

OFTEN: dict[str, Any] = {"retries": 9, "retry_exponential_backoff": 0}
"""A retry whose question is answered already is woken up in the moment in which it parks, and Airflow 3.3.2 may then
take it for failed (apache/airflow#66374): the next one hardly meets the same moment."""


def deploy_dag(spec: ModelSpec) -> DAG:
    """Put a version on the model server and make it the champion."""
    form = {
        "version": Param(
            None,
            type=["null", "integer"],
            minimum=1,
            title="Version",
            description_md="Which registered version to deploy; empty for the newest challenger.",
        )
    }
    with DAG(
        schedule=[challenger_asset(spec.name)],
        params=form,
        max_active_runs=1,
        **shared(
            spec,
            "deploy",
            "Loads the challenger on the model server, checks its answers, and lets it serve.",
            _about(spec),
        ),
    ) as dag:
        asked = _people(spec)
        deploy = do.DeployModelOperator(task_id="deploy", model=spec, approved=asked[0].output if asked else None)
        chain(*asked, deploy)
    return dag


def _people(spec: ModelSpec) -> list[Any]:
    """The tasks that wait for people, where the spec asks them: one for each who has to approve."""
    terms = spec.promotion.approval
    if terms is None:
        return []
    first = do.ApprovePromotionOperator(task_id="approve", model=spec, **OFTEN)
    if not terms.four_eyes:
        return [first]
    second = do.ApprovePromotionOperator(task_id="approve_too", model=spec, answers=2, before=first.output, **OFTEN)
    return [first, second]


def _about(spec: ModelSpec) -> str:
    return f"""{_about_people(spec)}Loads the challenger on the model server beside the champion, and asks it for
predictions that were made offline before. If it answers the same, {_about_stages(spec)}; if not, the champion stays.

To undo it, trigger *{spec.name}_rollback*."""


def _about_stages(spec: ModelSpec) -> str:
    if not spec.stages:
        return "it becomes the champion"
    stages = " → ".join(stage.name for stage in spec.stages)
    return (
        f"it comes to people in stages ({stages} → champion), each judged by what is seen of both. Meanwhile the task "
        "is deferred and holds no worker; its log and its XCom *rollout* say how far it is. Harm ends it at once"
    )


def _about_people(spec: ModelSpec) -> str:
    terms = spec.promotion.approval
    if terms is None:
        return ""
    who = "two different people approve" if terms.four_eyes else "somebody approves"
    return f"Waits until {who} (*Required Actions*), and holds no worker meanwhile. Then it does this.\n\n"
