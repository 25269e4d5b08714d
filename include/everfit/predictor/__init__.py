"""A model folder, as training leaves it, evaluation scores it and the model server serves it."""

from __future__ import annotations

from everfit.predictor.card import Card
from everfit.predictor.folder import write_model_folder
from everfit.predictor.predictor import Predictor
from everfit.predictor.quick import Quick, Way, apart, way_of

__all__ = ["Card", "Predictor", "Quick", "Way", "apart", "way_of", "write_model_folder"]
