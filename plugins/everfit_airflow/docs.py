"""What a person reads behind the book symbol on a DAG's page."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from everfit.spec import ModelSpec


def docs(spec: ModelSpec, what: str) -> str:
    """The Markdown for one of a model's DAGs: `ingest`, `train`, `deploy` or `rollback`."""
    about = {"ingest": _ingest, "train": _train, "deploy": _deploy, "rollback": _rollback}[what](spec)
    # Airflow's page has a base address, so a link without a leading slash also works behind a path of a proxy.
    page = f"[All decisions of {spec.name}](plugin/everfit/everfit/models/{spec.name})"
    return f"### {spec.title or spec.name}\n\n{about}\n\n{page}"


def _ingest(spec: ModelSpec) -> str:
    data = spec.data
    return f"""Waits for batches in *{data.landing}/BATCH/* of the landing place, complete once *{data.complete_when}*
is there, and settles each exactly once:

* **accepted**: versioned, and announced to *{spec.name}_train*
* **quarantined**: a copy is kept with the reasons; nothing else happens
* **duplicate**: the same bytes again; nothing happens

*Report* on the *Details* tab of *batch.validate* shows every check. To correct a batch, deliver it again."""


def _train(spec: ModelSpec) -> str:
    from everfit.catalog import name_of

    gates = "\n".join(f"* **{name_of(type(gate))}**" for gate in spec.gates) or "* none: nothing is promoted"
    return f"""Trains a candidate on the newest {spec.window.batches} accepted batches and judges it on the last
{spec.window.holdout} of them, which it has not learned from. It becomes the challenger only if every gate passes:

{gates}

A candidate that is kept back is a result, not a failure: *judge* succeeds, *register* is skipped. *Report* and
*MLflow run* are on the *Details* tab of *judge*."""


def _deploy(spec: ModelSpec) -> str:
    return f"""Loads the challenger on the model server beside the champion, and asks it for predictions that were made
offline before. If it answers the same, it becomes the champion; if not, the champion stays.

To undo it, trigger *{spec.name}_rollback*."""


def _rollback(spec: ModelSpec) -> str:
    return f"""Makes the champion before this one serve again. Trigger it and give the reason.

Nothing is trained or copied: the version is still loaded. The one that is undone is not deployed again by itself:
for that, trigger *{spec.name}_deploy* with its number."""
