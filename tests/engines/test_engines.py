"""Both engines keep what `Engine` promises; Spark is a real one."""

import os
import pickle
import sys
from dataclasses import replace

import pytest

from everfit import catalog
from everfit.engines import _session
from everfit.engines.local import Local
from everfit.engines.spark import Spark
from everfit.errors import SpecError, UnknownName, Unreachable
from everfit.ports import Cluster
from everfit.spec import ModelSpec
from everfit.steps.engine import engine_of
from tests.spark import cluster

BOTH = pytest.mark.parametrize("engine", [Local(), Spark(cluster())], ids=["local", "spark"])


@BOTH
def test_answers_come_in_the_order_of_the_items(engine):
    assert list(engine.map(lambda item: item * 2, [3, 1, 2])) == [6, 2, 4]
    assert list(engine.map(lambda item: item, [])) == []
    assert list(engine.map(lambda item: item, iter("ab"))) == ["a", "b"]


@BOTH
def test_an_answer_may_be_large(engine):
    assert [len(answer) for answer in engine.map(lambda size: b"x" * size, [20 << 20, 1])] == [20 << 20, 1]


@BOTH
def test_what_a_function_raises_is_raised_here_as_it_was(engine):
    def refuse(item):
        raise UnknownName("gate", "above_ba", ["above_bar"])

    with pytest.raises(UnknownName, match="there is no gate 'above_ba'; did you mean 'above_bar'") as raised:
        list(engine.map(refuse, [1, 2, 3]))
    assert raised.value.known == ["above_bar"]
    with pytest.raises(ZeroDivisionError, match="division by zero"):
        list(engine.map(lambda item: 1 / item, [1, 0]))


@BOTH
def test_all_workers_act_together_and_hear_each_other(engine):
    def meet(peers):
        return peers.rank, peers.of, bool(peers.host), peers.gather(f"I am {peers.rank}")

    everybody = [f"I am {rank}" for rank in range(engine.workers)]
    assert engine.together(meet) == [(rank, engine.workers, True, everybody) for rank in range(engine.workers)]


@BOTH
def test_one_that_fails_does_not_leave_the_others_waiting(engine):
    def fail(peers):
        from everfit.errors import SpecError

        if peers.rank == engine.workers - 1:
            raise SpecError("not me")
        return peers.gather("waiting")

    with pytest.raises(SpecError, match=r"^not me$"):
        engine.together(fail)


def test_spark_works_in_other_processes_with_our_code():
    def where(_):
        import everfit

        return os.getpid(), everfit.__file__

    (pid, file), *_ = Spark(cluster()).map(where, [0, 1])
    assert pid != os.getpid()
    assert "/everfit-" in file


def test_workers_with_other_libraries_are_refused(monkeypatch):
    """A worker has what is installed there; here we say that we have something else."""
    import everfit.engines.spark as module

    real = module.versions()
    monkeypatch.setattr(module, "versions", lambda: real | {"pandas": "2.2.3"})
    with pytest.raises(SpecError, match=r"workers have pandas [\d.]+ \(here 2.2.3\); results are equal only"):
        list(Spark(cluster()).map(lambda item: item, [1]))


def test_too_few_workers_for_a_training_are_told():
    """Spark waits a while, for workers may be on their way."""
    with pytest.raises(SpecError, match=r"no room for 9 workers at the same time; lower `workers`"):
        Spark(cluster(9)).together(lambda peers: peers.rank)


def test_a_process_works_on_one_cluster():
    list(Spark(cluster()).map(lambda item: item, [1]))
    with pytest.raises(SpecError, match=r"has a Spark session at local\[2\] already; one at local\[1\] needs another"):
        list(Spark(Cluster("local[1]")).map(lambda item: item, [1]))


def test_without_pyspark_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyspark", None)
    with pytest.raises(SpecError, match=r"pyspark is not installed here: pip install pyspark"):
        _session.session_at(Cluster("local[3]"))


def test_the_spec_names_the_engine_and_the_ports_the_cluster(house_spec):
    assert catalog.engines().keys() == {"local", "spark"}
    ports = house_spec.ports
    assert engine_of(ports, house_spec.spec) == Local()
    with pytest.raises(SpecError, match="nothing says where Spark is; add the connection everfit_spark"):
        engine_of(ports, house_spec.with_spec(engine="spark").spec)
    with_cluster = replace(ports, cluster=cluster())
    assert engine_of(with_cluster, house_spec.with_spec(engine="spark").spec) == Spark(cluster())
    assert engine_of(with_cluster, house_spec.spec) == Local()


def test_an_engine_that_nobody_knows_is_a_mistake_in_the_spec():
    data = {"landing": "x", "tables": {"x": {"file": "x.csv"}}}
    with pytest.raises(SpecError, match="engine: there is no engine 'sparc'; did you mean 'spark'"):
        ModelSpec(name="m", task="binary", label="y", time="t", data=data, engine="sparc")


def test_secrets_in_the_settings_are_not_shown():
    assert "hush" not in repr(Cluster("sc://host", 2, {"spark.hadoop.fs.s3a.secret.key": "hush"}))


def test_ports_travel_without_what_a_worker_has_no_business_with(house_spec):
    from everfit.steps.engine import to_send

    sent = pickle.loads(pickle.dumps(to_send(house_spec.ports)))
    assert sent.store.url == house_spec.ports.store.url
    assert (sent.registry, sent.landing, sent.target, sent.cluster) == (None, None, None, None)


def test_unreachable_is_what_spark_says_of_itself():
    from everfit.engines._answers import _ours

    lost = _ours("Job aborted due to stage failure: ... ExecutorLostFailure (executor 1 exited)", cluster())
    assert isinstance(lost, Unreachable)
    lacking = _ours("PythonException: ModuleNotFoundError: No module named 'pyarrow'", cluster())
    assert isinstance(lacking, SpecError)
