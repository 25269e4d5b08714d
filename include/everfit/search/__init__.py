"""The search for better parameters: a study of trials, kept in the store and shared by all who work on it."""

from __future__ import annotations

from everfit.search.study import STEPS, Study, Trial, Tried

__all__ = ["STEPS", "Study", "Trial", "Tried"]
