"""The ML Test Score of a model, computed from what ran: one module per section of the rubric."""

from everfit.steps.readiness.score import score

__all__ = ["score"]
