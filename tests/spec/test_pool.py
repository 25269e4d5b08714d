"""What a model may have of a pool."""

import pytest

from everfit.errors import SpecError
from everfit.spec import PoolSpec, TrainSpec, json_schema


def test_without_a_word_it_is_one_slot_of_the_pool_gpu_in_order_of_arrival():
    pool = TrainSpec().pool
    assert (pool.name, pool.slots, pool.max_active, pool.order, pool.importance) == (None, 1, 1, "arrival", 1.0)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"slots": 0}, "slots"),
        ({"max_active": 0}, "max_active"),
        ({"order": "first"}, "order"),
        ({"importance": 0.0}, "importance"),
        ({"importance": 11.0}, "importance"),
        ({"name": "a/b"}, "name"),
        ({"priority": 1}, "priority"),
    ],
)
def test_what_makes_no_sense_is_refused_by_its_name(wrong, said):
    from everfit.spec import ModelSpec

    given = {"name": "m", "task": "binary", "label": "y", "time": "t", "data": {"landing": "m", "tables": {"a": {}}}}
    with pytest.raises(SpecError, match=rf"train\.pool\.{said}"):
        ModelSpec.model_validate(given | {"train": {"pool": wrong}})


def test_the_schema_tells_editors():
    pool = json_schema()["$defs"]["PoolSpec"]
    assert set(pool["properties"]) == set(PoolSpec.model_fields)
    assert all(each["description"] for each in pool["properties"].values())
    assert pool["additionalProperties"] is False
