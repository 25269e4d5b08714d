"""A spec that names no gate is well judged all the same."""

from pathlib import Path

import pytest

from everfit import catalog
from everfit.spec import ModelSpec
from everfit.spec.usual import LOSSES, usual_gates
from everfit.steps.policy import HOLD_A_FIRST
from tests.tasks.six import spec_of


@pytest.mark.parametrize("task", LOSSES)
def test_every_task_has_usual_gates_that_are_for_it(task: str, tmp_path: Path) -> None:
    named = spec_of(task, tmp_path / "trips")
    said = {name: getattr(named, name) for name in named.model_fields_set - {"gates"}}
    spec = ModelSpec(**said)
    names = [catalog.name_of(type(gate)) for gate in spec.gates]
    assert names == [one if isinstance(one, str) else next(iter(one)) for one in usual_gates(task)]
    assert {"answers_sanely", "beats_champion"} < set(names)
    assert set(names) & set(HOLD_A_FIRST)
    assert ModelSpec(**said, gates=[]).gates == ()
