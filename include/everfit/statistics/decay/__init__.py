"""Why a model got worse: the change of its loss between two windows in parts that add up, and what to do about it.

`cause.why` is the question; `bugs`, `ratios`, `parts` and `places` are what it asks.
"""
