"""Find what waits to be scored."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from everfit.errors import SpecError
from everfit_airflow.form import PARTITION
from everfit_airflow.logs import say, skip
from everfit_airflow.looking import AT_ONCE
from everfit_airflow.operators.step import StepOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from everfit.ports import Ports
    from everfit.spec import ModelSpec


class FindUnscoredOperator(StepOperator):
    """Find every partition that waits to be scored, at most 500 at once; skip if there is none.

    Where the DAG run's param `partition` names one, it is that one, scored before or not.
    """

    ui_color = "#d9ecff"

    def step(self, ports: Ports, spec: ModelSpec, context: Context) -> list[str]:
        """Look once."""
        from everfit.steps.score_asked import to_score

        asked = context["params"].get("partition")
        if asked:
            if not (isinstance(asked, str) and re.fullmatch(PARTITION, asked)):
                raise SpecError(f"field 'partition' of the form is {asked!r}: it should be a partition like 2013-05")
            return [asked]
        found = to_score(ports, spec, AT_ONCE)
        if not found:
            skip(f"nothing of {spec.name} waits to be scored")
        say(f"to score: {', '.join(found)}")
        return list(found)
