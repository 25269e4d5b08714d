"""A study: trials of parameters, what came of them, and which to try next (Optuna's; Akiba et al. 2019)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from everfit.models.space import Between, Space, Value
from everfit.search.journal import StoreJournal
from everfit.values import digest

if TYPE_CHECKING:
    from everfit.ports import Store

WORKER, EXTRA, WHY = "worker", "extra", "why"
STEPS = 20
"""So often in its life a trial says how good it is: enough to cut it short early, few enough to cost nothing."""
STARTUP = 8
"""Trials at random before the sampler begins to learn from them; for a trial to be cut short there must be as many."""


@dataclass(frozen=True)
class Tried:
    """A trial as it stands: `finished`, `pruned` (cut short), `failed` (nothing came of it, and `why`) or `running`.

    `value` is what was minimised. `extra` has what the trial found beside it.
    """

    number: int
    params: Mapping[str, Value]
    state: str
    value: float | None
    extra: Mapping[str, Any]
    why: str = ""


@dataclass(frozen=True, eq=False)
class Trial:
    """A trial that this worker is to make: `params` to train with."""

    number: int
    params: Mapping[str, Value]
    made: Any

    def hopeless(self, step: int, value: float) -> bool:
        """Tell how good it is after `step` twentieths of its way; True if it is worse than half of the others were.

        In the first quarter none is: who learns slowly looks bad then, and may be the best in the end.
        """
        self.made.report(value, step)
        return bool(self.made.should_prune())


@dataclass(frozen=True, eq=False)
class Study:
    """The trials of one run, in the store, so that a crash loses none and workers on any machine share them.

    The next parameters come from a tree-structured Parzen estimator (Bergstra et al. 2011), multivariate and with
    running trials counted as bad ones, so that two workers do not try the same. Its seed is made of `seed` and how many
    trials there are that count: with one worker the same study comes out again, also after a crash.
    """

    store: Store
    folder: str
    space: Space
    seed: int

    def ask(self, worker: int, most: int) -> Trial | None:
        """The next trial for this worker, or None when there are `most` of them.

        A trial that the worker began and did not end, because it died, is begun again with the same parameters.
        """
        study = self._open()
        self._begin_again(study, worker)
        trial = study.ask(_distributions(self.space))
        if sum(other.number < trial.number for other in study.trials if _counts(other)) >= most:
            study.tell(trial, state=_state("FAIL"))
            return None
        trial.set_user_attr(WORKER, worker)
        return Trial(trial.number, dict(trial.params), trial)

    def tell(self, trial: Trial, value: float, extra: Mapping[str, Any], *, pruned: bool = False) -> Tried:
        """Record what came of a trial."""
        self._tell(trial, extra, None if pruned else value)
        return Tried(trial.number, trial.params, "pruned" if pruned else "finished", value, extra)

    def fail(self, trial: Trial, why: str, extra: Mapping[str, Any]) -> Tried:
        """Record that nothing came of a trial: it uses up the budget, and the sampler keeps away from where it was."""
        trial.made.set_user_attr(WHY, why)
        self._tell(trial, extra, None)
        return Tried(trial.number, trial.params, "failed", None, extra, why)

    def _tell(self, trial: Trial, extra: Mapping[str, Any], value: float | None) -> None:
        trial.made.set_user_attr(EXTRA, dict(extra))
        self._open().tell(trial.number, value, state=_state("PRUNED" if value is None else "COMPLETE"))

    def suggest(self, params: Sequence[Mapping[str, Value]]) -> None:
        """Have these tried first, as far as the space holds them; what was suggested before is not suggested again."""
        study = self._open()
        for each in params:
            if within := {n: v for n, v in each.items() if n in self.space and self.space[n].holds(v)}:
                with _quiet():
                    study.enqueue_trial(within, skip_if_exists=True)

    @property
    def trials(self) -> tuple[Tried, ...]:
        """All trials that count, by number."""
        return tuple(_tried(one) for one in self._open().trials if _counts(one))

    @property
    def best(self) -> Tried | None:
        """The finished trial with the lowest value; of equals the first."""
        finished = [one for one in self.trials if one.value is not None and one.state == "finished"]
        return min(finished, key=lambda one: (one.value, one.number), default=None)

    def importance(self) -> Mapping[str, float]:
        """How much of the difference between trials each parameter makes (fANOVA, Hutter et al. 2014); {} if unknown.

        The shares add up to 1.
        """
        from optuna.importance import FanovaImportanceEvaluator, get_param_importances

        finished = {one.value for one in self.trials if one.state == "finished"}
        if len(finished) < STARTUP:
            return {}
        return dict(get_param_importances(self._open(), evaluator=FanovaImportanceEvaluator(seed=self.seed)))

    @cached_property
    def _study(self) -> Any:
        import optuna

        with _quiet():
            storage = optuna.storages.JournalStorage(StoreJournal(self.store, f"{self.folder}/journal"))  # type: ignore[arg-type]
            return optuna.create_study(storage=storage, study_name="study", load_if_exists=True)

    def _open(self) -> Any:
        import optuna

        study = self._study
        number = sum(map(_counts, study.get_trials(deepcopy=False)))
        with _quiet():
            study.sampler = optuna.samplers.TPESampler(
                seed=int(digest([self.seed, number])[:8], 16),
                n_startup_trials=STARTUP,
                multivariate=True,
                constant_liar=True,
            )
        study.pruner = optuna.pruners.MedianPruner(n_startup_trials=STARTUP, n_warmup_steps=STEPS // 4)
        return study

    def _begin_again(self, study: Any, worker: int) -> None:
        for one in study.trials:
            if one.state == _state("RUNNING") and one.user_attrs.get(WORKER) == worker:
                study.tell(one.number, state=_state("FAIL"))
                study.enqueue_trial(one.params)


def _distributions(space: Space) -> dict[str, Any]:
    from optuna import distributions as kinds

    made: dict[str, Any] = {}
    for name, dimension in space.items():
        if not isinstance(dimension, Between):
            made[name] = kinds.CategoricalDistribution(dimension.values)
        elif dimension.whole:
            made[name] = kinds.IntDistribution(int(dimension.low), int(dimension.high), log=dimension.log)
        else:
            made[name] = kinds.FloatDistribution(dimension.low, dimension.high, log=dimension.log)
    return made


def _counts(trial: Any) -> bool:
    """Whether it uses up the budget: one whose worker died is tried again, and what only waits has not begun."""
    return trial.state not in (_state("FAIL"), _state("WAITING"))


def _state(name: str) -> Any:
    from optuna.trial import TrialState

    return TrialState[name]


WORDS = {"COMPLETE": "finished", "PRUNED": "pruned", "RUNNING": "running"}


def _tried(one: Any) -> Tried:
    """A pruned trial's value is the last that it reported; a failed one has none."""
    extra = one.user_attrs.get(EXTRA, {})
    if why := one.user_attrs.get(WHY):
        return Tried(one.number, dict(one.params), "failed", None, extra, why)
    told = [one.intermediate_values[step] for step in sorted(one.intermediate_values)]
    value = one.values[0] if one.values else (told[-1] if told else None)
    return Tried(one.number, dict(one.params), WORDS[one.state.name], value, extra)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without Optuna's own lines: ours say what a person wants to know."""
    import warnings

    import optuna

    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            yield
    finally:
        optuna.logging.set_verbosity(before)
