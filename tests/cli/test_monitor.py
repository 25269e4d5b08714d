"""`everfit monitor`: what a look found, at a terminal."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from everfit.cli.monitor import tell
from tests.plots.monitoring.looks import CALM, CONCEPT, HARMED, UNKNOWN, earlier, monitored


def printed(found: object, width: int = 140, before: tuple[object, ...] = ()) -> list[str]:
    out = io.StringIO()
    tell(Console(file=out, width=width, highlight=False), "flight_delays", found, before)
    return out.getvalue().splitlines()


def test_the_worst_is_first_and_what_to_do_is_last() -> None:
    why = "the concept changed: +0.0385 of the +0.0669 log loss, most in speed; retrain"
    lines = printed(monitored(HARMED, action="retrain", why=why), before=earlier(CALM, HARMED))
    rows = [line for line in lines if line[:1] in "✗?✓" and line.strip()]
    assert [row.split()[:2] for row in rows[:3]] == [["✗", "quality"], ["✗", "segments"], ["?", "concept_drift"]]
    assert "0.078 (0.048 to 0.108)" in rows[0]
    assert any("(blind to concept drift)" in line for line in lines)
    assert "harmed since 2013-07-22 (2 looks), found by quality and segments." in lines[-2]
    assert lines[-1] == "Retrain  The concept changed: +0.0385 of the +0.0669 log loss, most in speed."


def test_a_healthy_model_is_told_in_a_line() -> None:
    lines = printed(monitored((*CALM, CONCEPT)))
    assert lines[-1] == "Nothing to do  5 monitors found no harm; 1 cannot tell."


@pytest.mark.parametrize("width", [80, 200])
def test_brackets_are_no_markup_and_lines_fit(width: int) -> None:
    odd = replace(UNKNOWN[0], reason="[red]no label[/red] of 412 rows")
    lines = printed(monitored((odd, *CALM[1:])), width)
    assert any("[red]no" in line for line in lines)
    assert all(len(line) <= width for line in lines)
