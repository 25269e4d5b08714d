"""A glance at the columns finds the rows in which a look finds anything, and no others."""

from __future__ import annotations

import pandas as pd
from hypothesis import example, given, settings
from hypothesis import strategies as st

from everfit.predictor import Guard, glance
from everfit.steps.sample import as_sent
from tests.predictor.test_guard import INPUTS, RANGES_OF, guard

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


@settings(max_examples=150, deadline=None)
@given(rows=ROWS, of=st.sampled_from([guard(), guard(ranges=None)]))
@example(rows=[{"hour": 23, "carrier": "HA", "charter": None, "at": None}], of=guard())
def test_a_glance_sees_what_a_look_sees(rows: list[dict[str, object]], of: Guard):
    table = INPUTS.read(pd.DataFrame(rows, columns=list(INPUTS.names)))
    assert RANGES_OF.usual_inputs == 1
    assert glance(of, table).tolist() == [bool(of.look(row).odd) for row in as_sent(table)]
