"""A glance at the columns finds what a look at each row finds."""

from __future__ import annotations

import pandas as pd
from hypothesis import example, given, settings
from hypothesis import strategies as st

from everfit.predictor import Guard, glance
from everfit.steps.sample import as_sent
from tests.predictor.test_guard import INPUTS, guard

ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "hour": st.none() | st.integers(0, 30) | st.sampled_from([5.0, 22.5, float("inf"), float("-inf")]),
            "carrier": st.none() | st.sampled_from(["AA", "HA", "UA", "ZZ", ""]),
            "charter": st.none() | st.booleans(),
            "at": st.none() | st.just("2013-05-01T08:00:00Z"),
        }
    ),
    max_size=6,
)


OF = [guard(), guard(ranges=None), guard(out_of_range="previous", missing_value="abstain", empty="flag")]


@settings(max_examples=200, deadline=None)
@given(rows=ROWS, of=st.sampled_from(OF))
@example(rows=[{"hour": 23, "carrier": "HA", "charter": None, "at": None}], of=guard())
def test_a_glance_finds_what_a_look_finds(rows: list[dict[str, object]], of: Guard):
    table = INPUTS.read(pd.DataFrame(rows, columns=list(INPUTS.names)))
    found = glance(of, table)
    for place, row in enumerate(as_sent(table)):
        looked = of.look(row)
        if looked.asks and looked.row == row:
            assert (tuple(found.flags.get(place, ())), found.look[place]) == (looked.flags, False)
        else:
            assert (place in found.flags, found.look[place]) == (False, True)
