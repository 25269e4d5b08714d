"""Monitors: what is looked at of a model in production, and when it is harm.

A monitor is one file, whose name is its name in the spec: a frozen dataclass of settings with `watch(seen) -> Signal`,
which says whether the model is harmed by what it looks at, by how much, and how sure that is. Wrong settings raise
`ValueError`. It says harm only where the whole interval lies beyond its bar, at the level of this look (`seen.level`):
the looks of a year share a number of false alarms, so each has the more the longer ago the look before was. Where it
can say nothing, it says so (`cannot tell`), with the reason; it does not raise.

A monitor may have `tasks`, the tasks that it is for; of others nothing is asked.

All of it is pure: a monitor sees `Seen`, the rows of a window beside those of a reference, and knows no store and no
clock. So the same file judges in Airflow, at the command line and in a replay of last year.
"""

from everfit.monitors.seen import Pulled, Rows, Seen

__all__ = ["Pulled", "Rows", "Seen"]
