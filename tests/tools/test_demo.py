"""What the plays plant, and how they draw; whether they come true they check themselves: `make demo`, `make canary`."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyarrow import parquet

from everfit import catalog
from everfit.gates.harms_no_slice import HarmsNoSlice
from everfit.spec import load_spec
from everfit.values import Outcome, Verdict
from tools.demo.canary import from_the_wrong_end
from tools.demo.errors import DemoError
from tools.demo.models import CANARY, OTHERS, STAGES, YEAR, in_seconds
from tools.demo.strip import drawn, skyline
from tools.land_flights import land


def test_planted_labels_are_those_of_other_flights_of_the_day(tmp_path: Path) -> None:
    (folder,) = land(tmp_path, ["2013-02"], share=0.05)
    right = parquet.read_table(folder / "flights.parquet")
    wrong = from_the_wrong_end(right)
    assert wrong.schema == right.schema
    assert [name for name in right.column_names if not wrong[name].equals(right[name])] == ["arr_delay"]
    before, after = (table.to_pandas().groupby("day")["arr_delay"] for table in (right, wrong))
    assert before.apply(sorted_known).equals(after.apply(sorted_known))
    assert wrong["arr_delay"].is_null().equals(right["arr_delay"].is_null())
    day = [table.to_pandas().query("day == 7 and arr_delay.notna()") for table in (right, wrong)]
    first, last = (day[0].sort_values(["sched_dep_time", "carrier", "flight"]).index[at] for at in (0, -1))
    assert day[1]["arr_delay"][first] == day[0]["arr_delay"][last]


def sorted_known(delays: object) -> tuple[float, ...]:
    return tuple(sorted(delays.dropna()))  # type: ignore[attr-defined]


def test_each_play_has_its_stages(tmp_path: Path) -> None:
    for rollout, names in (
        (STAGES, ["shadow", "canary 20 %", "canary 50 %"]),
        (CANARY, ["canary 20 %", "canary 50 %"]),
    ):
        spec = load_spec("flight_delays", in_seconds("flight_delays", tmp_path / "models", rollout))
        assert [stage.name for stage in spec.stages] == names


def test_the_year_has_a_spec_of_its_own(tmp_path: Path) -> None:
    spec = load_spec("flight_delays", in_seconds("flight_delays", tmp_path / "models", YEAR, OTHERS))
    assert [catalog.name_of(type(one)) for one in spec.retrain.when] == ["decay", "drift", "new_data"]
    assert spec.monitor.of == "batches"
    (gate,) = [one for one in spec.gates if isinstance(one, HarmsNoSlice)]
    assert gate.min_rows == 1000
    with pytest.raises(DemoError, match="lacks 'no such words', which the play would replace"):
        in_seconds("flight_delays", tmp_path / "models", YEAR, {"no such words": ""})


def test_lines_are_drawn_to_scale() -> None:
    assert skyline([0, 0.01, 0.1, 0.2, 0]) == "·▁▄█·"
    assert skyline([]) == ""
    line = drawn(Verdict("above_bar", Outcome.PASSED, "", 0.75, 0.7, None, 0.6), "green").plain
    assert line == " │          ├─────●─────╌ "
