"""The monitoring report: whether a model in production is harmed, why, and what to do, on one page."""
