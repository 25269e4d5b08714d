"""The whole spec of one model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BeforeValidator,
    Field,
    ValidationError,
    ValidationInfo,
    field_serializer,
    field_validator,
    model_validator,
)

from everfit import catalog
from everfit.errors import SpecError, UnknownName, did_you_mean
from everfit.spec.answers import AnswersSpec
from everfit.spec.building import gate_from, strategy_from
from everfit.spec.consistency import objective_mistakes, task_mistakes
from everfit.spec.data import DataSpec
from everfit.spec.mistakes import Mistake, complaint, in_our_words, one_per_line
from everfit.spec.monitor import MonitorSpec
from everfit.spec.parts import Frozen, Name, folder_being_read
from everfit.spec.promotion import PromotionSpec
from everfit.spec.retention import KeepSpec
from everfit.spec.retrain import RetrainSpec
from everfit.spec.scoring import ScoreSpec
from everfit.spec.tasks import TaskId, TaskSpec
from everfit.spec.training import ScheduleSpec, TrainSpec
from everfit.spec.usual import LOSSES, usual_gates
from everfit.spec.window import WindowSpec
from everfit.values import Stage, digest, dump


class ModelSpec(Frozen):
    """Everything everfit has to know about one model.

    Read it with `load_spec`, or build it in Python with the same words; a mistake raises `SpecError`.
    """

    name: Name = Field(description="The model's name: its folder, its DAGs and its registered model.")
    task: Literal["binary", "multiclass", "regression", "quantile", "ranking", "survival"] = Field(
        description="What is predicted: whether, which class, how much, quantiles of how much, in which order, when."
    )
    label: str = Field(
        min_length=1,
        description="The column, made by rows(), that is predicted; rows without a value are not learnt from.",
    )
    quantiles: tuple[Annotated[float, Field(gt=0, lt=1)], ...] = Field(
        default=(), strict=False, description="Of the task quantile: the levels to predict, such as [0.1, 0.5, 0.9]."
    )
    group: str = Field(
        default="",
        description="Of the task ranking: the column, made by rows(); rows of equal value are ranked together.",
    )
    observed: str = Field(
        default="",
        description="Of the task survival: the column, made by rows(), that is true where the event came, and false "
        "where nobody knows more than that it had not come by the time in the label.",
    )
    time: str = Field(min_length=1, description="The column, made by rows(), that says when a row happened.")
    title: str = Field(default="", description="One line for people.")
    owner: str = Field(default="everfit", description="Who answers for the model: shown as the owner of its DAGs.")
    data: DataSpec
    window: WindowSpec = WindowSpec()
    features: str = Field(
        default="features.py",
        validate_default=True,
        description="The feature code, relative to the model's folder.",
    )
    engine: str = Field(
        default="local",
        description="Where validation, features, training and scoring work: a file in everfit/engines.",
    )
    train: TrainSpec = Field(default_factory=TrainSpec)
    gates: tuple[Annotated[Any, BeforeValidator(gate_from)], ...] = Field(
        default=(),
        strict=False,
        description="What a candidate must pass, each a file in everfit/gates with its settings. Left out: the usual "
        "ones of the task.",
    )
    promotion: PromotionSpec = PromotionSpec()
    rollout: tuple[Annotated[Any, BeforeValidator(strategy_from)], ...] = Field(
        default=(),
        strict=False,
        description="How a version that passed its gates comes to people: strategies, one after the other, each a file "
        "in everfit/rollouts with its settings. Left out: at once.",
    )
    retrain: RetrainSpec = RetrainSpec()
    monitor: MonitorSpec = MonitorSpec()
    schedule: ScheduleSpec = ScheduleSpec()
    score: ScoreSpec | None = Field(
        default=None, description="Write predictions for whole batches; without it, only the model server answers."
    )
    answers: AnswersSpec = AnswersSpec()
    runs_on: dict[TaskId, TaskSpec] = Field(
        default_factory=dict, description="Where tasks of the model's DAGs run, by task id, such as train."
    )
    keep: KeepSpec | None = Field(
        default=None, description="How long data is kept that no living version needs; without it, for ever."
    )
    folder: Path = Field(default=Path(), exclude=True, description="Where the spec was read from; set by load_spec.")

    @property
    def algorithm(self) -> Any:
        """The algorithm with its parameters, ready to `fit`."""
        return self.train.make()

    @property
    def main_table(self) -> str:
        """The first table: what `rows` gives when the feature code does not say otherwise."""
        return next(iter(self.data.tables))

    @property
    def code_path(self) -> Path:
        """The file with the feature code."""
        return self.folder / self.features

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The stages of the rollout, one after the other; none where it is at once."""
        return tuple(stage for strategy in self.rollout for stage in strategy.stages())

    def suite_path(self, table: str) -> Path:
        """The file with the expectations on one table."""
        return self.folder / self.data.tables[table].suite(table)

    @property
    def spec_hash(self) -> str:
        """The SHA-256 of what the spec says, wherever it lies: equal specs, equal hash."""
        return digest(self.model_dump(mode="json"))

    def __hash__(self) -> int:
        return hash(self.spec_hash)

    @field_serializer("gates", "rollout")
    def _by_name(self, written: tuple[Any, ...]) -> list[dict[str, Any]]:
        return [{catalog.name_of(type(each)): dump(each)} for each in written]

    @model_validator(mode="before")
    @classmethod
    def _is_judged(cls, given: Any) -> Any:
        if not isinstance(given, dict) or "gates" in given or given.get("task") not in LOSSES:
            return given
        return {**given, "gates": usual_gates(given["task"])}

    @field_validator("name")
    @classmethod
    def _is_the_folders_name(cls, name: str, info: ValidationInfo) -> str:
        folder = folder_being_read(info)
        if folder and name != folder.name:
            raise complaint([Mistake((), f"found {name!r}, wanted the name of the model's folder, {folder.name!r}")])
        return name

    @field_validator("features")
    @classmethod
    def _code_exists(cls, features: str, info: ValidationInfo) -> str:
        folder = folder_being_read(info)
        if folder and not (folder / features).is_file():
            raise complaint([Mistake((), f"found no file {folder / features}, wanted the model's feature code there")])
        return features

    @field_validator("engine")
    @classmethod
    def _engine_exists(cls, engine: str) -> str:
        try:
            catalog.engine(engine)
        except UnknownName as error:
            raise complaint([Mistake((), str(error))]) from error
        return engine

    @model_validator(mode="after")
    def _fits_the_task(self, info: ValidationInfo) -> Self:
        wrong = [*task_mistakes(self), *objective_mistakes(self, folder_being_read(info))]
        wrong += [
            Mistake(("gates", i), f"this gate is for {' or '.join(sorted(gate.tasks))}, and the task is {self.task}")
            for i, gate in enumerate(self.gates)
            if self.task not in getattr(gate, "tasks", {self.task})
        ]
        wrong += [
            Mistake(
                ("data", "rules", i), f"this rule is for {' or '.join(sorted(rule.tasks))}, and the task is {self.task}"
            )
            for i, rule in enumerate(self.data.rules)
            if self.task not in getattr(rule, "tasks", {self.task})
        ]
        if wrong:
            raise complaint(wrong)
        return self

    @model_validator(mode="after")
    def _scores_its_own_tables(self) -> Self:
        if self.score is None:
            return self
        wrong = [
            Mistake(("score", "unknown", name), f"there is no table {name!r}{did_you_mean(name, self.data.tables)}")
            for name in self.score.unknown
            if name not in self.data.tables
        ]
        if self.score.folder == self.data.landing:
            said = f"found {self.score.folder!r}, where batches to learn from arrive; wanted a folder of its own"
            wrong.append(Mistake(("score", "folder"), said))
        if wrong:
            raise complaint(wrong)
        return self

    @model_validator(mode="after")
    def _leaves_something_to_learn_from(self) -> Self:
        early, window = self.train.early_stopping, self.window
        if early and window.at_least - window.gap - window.holdout <= early.batches:
            least = window.gap + window.holdout + early.batches + 1
            said = (
                f"found {early.batches}; of window.at_least ({window.at_least}) batches nothing is left to learn from "
                f"then: raise window.at_least to {least} or more"
            )
            raise complaint([Mistake(("train", "early_stopping", "batches"), said)])
        return self

    @model_validator(mode="after")
    def _one_pool_for_training(self) -> Self:
        """All that trains takes its slots from one pool, for the line in front of it knows of one."""
        wrong = [
            Mistake(("runs_on", name), "the pool and slots of what trains are written at train.pool: name, slots")
            for name in ("search", "train")
            if name in self.runs_on and (self.runs_on[name].pool or self.runs_on[name].slots)
        ]
        if wrong:
            raise complaint(wrong)
        return self

    @model_validator(mode="after")
    def _algorithm_learns_this_task(self) -> Self:
        learnt = getattr(catalog.algorithm(self.train.algorithm), "tasks", {self.task})
        if self.task not in learnt:
            tasks = " or ".join(sorted(learnt))
            text = f"{self.train.algorithm} learns {tasks}, and the task is {self.task}"
            raise complaint([Mistake(("train", "algorithm"), text)])
        return self

    @model_validator(mode="after")
    def _algorithm_trains_on_this_engine(self) -> Self:
        if self.engine != "local" and not hasattr(catalog.algorithm(self.train.algorithm), "joined"):
            text = (
                f"the algorithm {self.train.algorithm} cannot be trained by several machines; take `engine: local`, or "
                "an algorithm that has `joined`, such as xgboost"
            )
            raise complaint([Mistake(("engine",), text)])
        return self

    @model_validator(mode="wrap")
    @classmethod
    def _spec_error(cls, data: Any, handler: Callable[[Any], ModelSpec], info: ValidationInfo) -> ModelSpec:
        try:
            return handler(data)
        except ValidationError as error:
            if folder_being_read(info):
                raise  # load_spec knows the lines
            name = data.get("name") if isinstance(data, Mapping) else None
            found = (str(mistake) for mistake in in_our_words(error, cls))
            raise SpecError(one_per_line(f"ModelSpec({name!r})", found)) from error
