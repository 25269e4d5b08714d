"""What DAGs share, those of a model and those of all models: tags, owner, retries, the page behind the book symbol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import CronTriggerTimetable, MultipleCronTriggerTimetable

from everfit_airflow.retries import DEFAULTS

if TYPE_CHECKING:
    from everfit.spec import ModelSpec


def shared(spec: ModelSpec, what: str, description: str, about: str) -> dict[str, Any]:
    """The arguments of the DAG `<model>_<what>`; `about` is Markdown for whoever opens its page."""
    # Airflow's page has a base address, so a link without a leading slash also works behind a path of a proxy.
    page = f"[All decisions of {spec.name}](plugin/everfit/everfit/models/{spec.name})"
    return {
        "dag_id": f"{spec.name}_{what}",
        "description": description,
        "doc_md": f"### {spec.title or spec.name}\n\n{about}\n\n{page}",
        "tags": ["everfit", spec.name, what],
        "catchup": False,
        "default_args": DEFAULTS | {"owner": spec.owner},
    }


def of_all(what: str, description: str, about: str, tag: str = "") -> dict[str, Any]:
    """The arguments of the DAG `everfit_<what>`, which looks after all models, one run at a time."""
    return {
        "dag_id": f"everfit_{what}",
        "description": description,
        "doc_md": about,
        "tags": ["everfit", tag or what],
        "catchup": False,
        "max_active_runs": 1,
        "default_args": DEFAULTS | {"owner": "everfit"},
    }


def by_clock(*crons: str) -> CronTriggerTimetable | MultipleCronTriggerTimetable:
    """Runs at these times (UTC), and not for those that have passed."""
    if len(crons) == 1:
        return CronTriggerTimetable(crons[0], timezone="UTC", run_immediately=False)
    return MultipleCronTriggerTimetable(*crons, timezone="UTC", run_immediately=False)


def in_pool(spec: ModelSpec) -> dict[str, Any]:
    """The arguments of every task that trains, mapped ones too: the model's budget in its pool.

    In the pool all weigh the same, since who gets a card must not hang on how many tasks come after; and they weigh
    more than the rest, so that a free card does not wait for the executor.
    """
    pool = spec.train.pool
    return {
        "pool": spec.train.pool_name,
        "pool_slots": pool.slots,
        "max_active_tis_per_dag": pool.max_active,
        "weight_rule": "absolute",
        "priority_weight": 100,
    }
