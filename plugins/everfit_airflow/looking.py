"""How a spec, or the part of it that a look at the landing place needs, travels to the triggerer.

A trigger is made again there from plain text. The spec may have been built in Python, so its name would not do.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from everfit.spec import DataSpec, ModelSpec

AT_ONCE = 500
"""Batches taken by one run at most; Airflow maps at most 1,024 tasks, and the rest is found by the next run."""


def sent(data: DataSpec) -> str:
    """The data part of a spec as JSON; what only validation needs stays behind."""
    return data.model_dump_json(exclude={"rules", "wake"})


def received(data: str) -> DataSpec:
    """The same as a spec again."""
    from everfit.spec import DataSpec

    return DataSpec.model_validate_json(data)


def sent_whole(spec: ModelSpec) -> str:
    """A whole spec as JSON, with the folder that it lies in."""
    return json.dumps({"spec": spec.model_dump(mode="json"), "folder": str(spec.folder)})


def received_whole(text: str) -> ModelSpec:
    """The same as a spec again."""
    from everfit.spec import ModelSpec

    said = json.loads(text)
    spec = ModelSpec.model_validate_json(json.dumps(said["spec"]))
    return spec.model_copy(update={"folder": Path(said["folder"])})
