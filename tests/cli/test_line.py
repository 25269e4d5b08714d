"""`everfit line`: who waits to be trained, and why."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from everfit.steps.line import look, take_place
from everfit.stores import open_store
from tests.steps.queueing import hall, spec_of


def test_an_empty_line(everfit):
    assert everfit("line") == (0, "nobody waits for a pool\n")
    assert everfit("line", "gpu") == (0, "nobody waits for the pool gpu\n")


def test_the_line_of_each_pool_with_the_reason_for_each_place(everfit, project):
    here = hall(project / "work", open_store(str(project / "store")))
    now = datetime.now(UTC)
    for model, why, pool in [("killed", "a person", "gpu"), ("fraud", "new data", "gpu"), ("churn", "new data", "big")]:
        here.now = now - timedelta(hours=3, minutes=5)
        here.accept(model, "2013-01", "2013-02")
        spec = spec_of(model, name=pool)
        ticket = take_place(here.ports, spec, here.trigger(spec, why))
        if model != "killed":
            look(here.ports.store, ticket, now)
    code, said = everfit("line")
    big, gpu = said.split("Pool gpu")
    assert code == 0
    assert "churn" in big
    fraud, killed = [line for line in gpu.splitlines() if "run-1" in line]
    assert fraud.split()[:2] == ["1", "fraud"]
    assert "3 h 05 min" in fraud
    assert "next: waits for a free slot; gain 0.50 (100 % new rows, 50 % likely to help)" in fraud
    assert killed.split()[:2] == ["-", "killed"]
    assert "passed over: nobody answers for it" in killed
    assert "churn" not in everfit("line", "gpu")[1]
