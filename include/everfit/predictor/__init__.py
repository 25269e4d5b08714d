"""A model folder, as training leaves it, evaluation scores it and the model server serves it."""

from __future__ import annotations

from everfit.predictor.answered import Answered, Looked, Settled, answer, stand_in
from everfit.predictor.card import Card
from everfit.predictor.folder import write_model_folder
from everfit.predictor.glance import glance
from everfit.predictor.guard import Finding, Guard
from everfit.predictor.policy import Policy
from everfit.predictor.predictor import Predictor, in_words
from everfit.predictor.quick import Quick, Way, apart, way_of

__all__ = [
    "Answered",
    "Card",
    "Finding",
    "Guard",
    "Looked",
    "Policy",
    "Predictor",
    "Quick",
    "Settled",
    "Way",
    "answer",
    "apart",
    "glance",
    "in_words",
    "stand_in",
    "way_of",
    "write_model_folder",
]
