"""How results travel between tasks."""

from types import SimpleNamespace

import pytest

from everfit.errors import Corrupted
from everfit.stores import open_store
from everfit.values import Arrival
from everfit_airflow.handover import give, safe, take


@pytest.fixture
def ports(tmp_path):
    return SimpleNamespace(store=open_store(str(tmp_path)))


def context(map_index: int = -1):
    ti = SimpleNamespace(dag_id="m_train", run_id="manual__2013-05-01T00:00:00+00:00", task_id="batch.validate")
    return {"ti": SimpleNamespace(**vars(ti), map_index=map_index)}


def test_what_is_given_can_be_taken_and_the_reference_is_small(ports):
    arrival = Arrival("2013-05", "f" * 64, tuple(f"file{n}.parquet" for n in range(1000)))
    reference = give(ports, context(), arrival, partition="2013-05")
    assert take(ports, Arrival, reference) == arrival
    assert len(str(reference)) < 400
    assert reference["partition"] == "2013-05"


def test_mapped_tasks_do_not_overwrite_each_other(ports):
    first = give(ports, context(0), Arrival("a", "1", ()))
    second = give(ports, context(1), Arrival("b", "2", ()))
    assert take(ports, Arrival, first).partition == "a"
    assert take(ports, Arrival, second).partition == "b"


def test_a_changed_result_is_noticed(ports):
    reference = give(ports, context(), Arrival("a", "1", ()))
    ports.store.write(reference["key"], b"{}")
    with pytest.raises(Corrupted, match="is not what the earlier task wrote"):
        take(ports, Arrival, reference)


def test_names_are_safe_for_folders():
    assert safe("manual__2013-05-01T00:00:00+00:00/../x") == "manual__2013-05-01T00.00.00.00.00....x"
