"""Is a delivered batch fit to learn from? Reading it, asking its expectations, and the report that says what was found.

Bad data is never an exception here: whatever is wrong with a delivery ends as a failed `Check`. A mistake in the team's
own files is a `SpecError`.
"""
