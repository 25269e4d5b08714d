"""The model spec: the one YAML that describes a model, checked into frozen objects.

`load_spec("flight_delays")` reads `include/models/flight_delays/model.yaml`; everything that a team can write in it is
a field of the classes here, with its meaning; the JSON schema for editors (`everfit schema`) is made from them.
"""

from everfit.spec.answers import AnswersSpec
from everfit.spec.approval import ApprovalSpec
from everfit.spec.arrival import CountsWhen, Manifest, Marker, Unchanged, WakeSpec
from everfit.spec.data import DataSpec, TableSpec
from everfit.spec.loading import load_spec, models_folder, spec_names
from everfit.spec.model import ModelSpec
from everfit.spec.monitor import MonitorSpec
from everfit.spec.pool import PoolSpec
from everfit.spec.promotion import PromotionSpec
from everfit.spec.retention import KeepSpec
from everfit.spec.retrain import RetrainSpec
from everfit.spec.schema import json_schema
from everfit.spec.scoring import ScoreSpec
from everfit.spec.tasks import TaskSpec
from everfit.spec.training import ScheduleSpec, TrainSpec
from everfit.spec.window import WindowSpec

__all__ = [
    "AnswersSpec",
    "ApprovalSpec",
    "CountsWhen",
    "DataSpec",
    "KeepSpec",
    "Manifest",
    "Marker",
    "ModelSpec",
    "MonitorSpec",
    "PoolSpec",
    "PromotionSpec",
    "RetrainSpec",
    "ScheduleSpec",
    "ScoreSpec",
    "TableSpec",
    "TaskSpec",
    "TrainSpec",
    "Unchanged",
    "WakeSpec",
    "WindowSpec",
    "json_schema",
    "load_spec",
    "models_folder",
    "spec_names",
]
