"""What every algorithm must keep: inherit, name yours, and pytest runs the rest.

class TestMyAlgorithm(AlgorithmConformance):
    trains = MyAlgorithm(rounds=20)
"""
# ruff: noqa: S101, D102, PLR2004

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, is_dataclass, replace
from datetime import UTC, datetime, timedelta
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from everfit.errors import Corrupted
from everfit.models import Algorithm, Explains, Kept, Part, Round, Rows, Scorer, Stop, Terms, Trained, Training, whole
from everfit.spec.building import build
from everfit.values import canonical, dump, load

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ROWS = 1200
NAMES, KINDS = ("x", "kind", "noise", "constant"), ("q", "c", "q", "q")
TASKS = ("binary", "regression", "multiclass", "quantile", "ranking")
CLASSES, LEVELS = ("low", "middle", "high"), (0.1, 0.5, 0.9)


class AlgorithmConformance:
    """An `Algorithm`; wants it as `trains`, with parameters that train in a moment.

    Each test runs for each task of `TASKS` that the algorithm can learn. Where a weight of two cannot mean the same to
    the last bit as the row twice, `weights_differ_by` says how far the scores may lie apart, as a share of their
    spread.
    """

    trains: ClassVar[Algorithm]
    weights_differ_by: ClassVar[float] = 0.25

    @classmethod
    def pytest_generate_tests(cls, metafunc: pytest.Metafunc) -> None:
        learnt = [task for task in TASKS if task in cls.trains.tasks]
        for fixture, tasks in {"data": learnt, "ungrouped": [task for task in learnt if task != "ranking"]}.items():
            if fixture in metafunc.fixturenames:
                metafunc.parametrize(fixture, tasks, indirect=True)

    @pytest.fixture
    def algorithm(self) -> Algorithm:
        return self.trains

    @pytest.fixture
    def data(self, request: pytest.FixtureRequest) -> Training:
        return problem(request.param)

    @pytest.fixture
    def ungrouped(self, request: pytest.FixtureRequest) -> Training:
        return problem(request.param)

    @pytest.fixture
    def trained(self, algorithm: Algorithm, data: Training) -> Trained:
        return algorithm.fit(data, terms())

    @pytest.fixture
    def scorer(self, algorithm: Algorithm, trained: Trained, tmp_path: Path) -> Scorer:
        return loaded(algorithm, trained.model, tmp_path)

    def test_says_what_it_is(self, algorithm: Algorithm) -> None:
        assert is_dataclass(type(algorithm))
        assert algorithm.tasks
        assert Path(algorithm.file).name == algorithm.file
        assert load(type(algorithm), dump(algorithm)) == algorithm
        canonical(dump(algorithm))
        for setting, place in algorithm.search_space.items():
            for end in place.ends:
                build(type(algorithm), {setting: end})

    def test_equal_input_gives_equal_bytes(self, algorithm: Algorithm, data: Training, trained: Trained) -> None:
        assert algorithm.fit(data, terms()).model == trained.model

    def test_the_number_of_cores_changes_nothing(
        self, algorithm: Algorithm, data: Training, trained: Trained, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for cores in ("1", "3"):
            monkeypatch.setenv("OMP_NUM_THREADS", cores)
            assert algorithm.fit(data, terms()).model == trained.model

    @pytest.mark.parametrize("length", [100, 780])  # a group of the ranking task has 20 rows
    def test_rows_in_pieces_give_the_same_model(
        self, algorithm: Algorithm, data: Training, trained: Trained, length: int
    ) -> None:
        assert algorithm.fit(replace(data, train=Pieces(data.train, length)), terms()).model == trained.model

    def test_the_holdout_is_watched_and_decides_nothing(
        self, algorithm: Algorithm, data: Training, trained: Trained
    ) -> None:
        other = replace(data, holdout=data.holdout.take(slice(300)))
        assert algorithm.fit(other, terms()).model == trained.model

    def test_every_answer_is_a_finite_number_of_the_tasks_kind(self, data: Training, scorer: Scorer) -> None:
        scores = scorer.predict(data.holdout.matrix)
        columns = {"multiclass": len(CLASSES), "quantile": len(LEVELS)}.get(data.task)
        assert scores.shape == ((ROWS,) if columns is None else (ROWS, columns))
        assert scores.dtype.name == "float64"
        assert all(map(isfinite, scores.ravel().tolist()))
        if data.task in ("binary", "multiclass"):
            assert 0 <= scores.min() <= scores.max() <= 1
        if data.task == "multiclass":
            assert scores.sum(axis=1).tolist() == pytest.approx([1.0] * ROWS, abs=1e-5)

    def test_one_row_is_answered_as_in_bulk(self, data: Training, scorer: Scorer) -> None:
        matrix = data.holdout.matrix
        bulk = scorer.predict(matrix).tolist()
        assert [scorer.predict(matrix[[place]])[0].tolist() for place in range(0, ROWS, 40)] == bulk[::40]

    def test_threads_may_share_a_loaded_model(self, data: Training, scorer: Scorer) -> None:
        matrix = data.holdout.matrix[:50]
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda _: scorer.predict(matrix).tolist(), range(20)))
        assert answers == [answers[0]] * 20

    def test_holes_and_categories_never_seen_are_answered(self, data: Training, scorer: Scorer) -> None:
        import numpy as np

        odd = data.holdout.matrix[:3].copy()
        odd[0] = np.nan
        odd[1, 1] = 999
        odd[2, 1] = np.nan
        assert np.isfinite(scorer.predict(odd)).all()

    @pytest.mark.parametrize("kind", ["q", "c"])
    def test_a_column_without_a_value_does_no_harm(
        self, algorithm: Algorithm, data: Training, tmp_path: Path, kind: str
    ) -> None:
        import numpy as np

        empty = replace(
            data, kinds=("q", "c", kind, "q"), train=_blank(whole(data.train)), holdout=_blank(data.holdout)
        )
        found = loaded(algorithm, algorithm.fit(empty, terms()).model, tmp_path)
        assert np.isfinite(found.predict(empty.holdout.matrix)).all()

    def test_columns_may_have_any_names(self, algorithm: Algorithm, data: Training) -> None:
        odd = ("x [km, äöü]", 'a "kind": {}', "x  y", "")
        assert list(algorithm.fit(replace(data, names=odd), terms()).importance) in (list(odd), [])

    def test_a_row_that_counts_twice_counts_as_two(
        self, algorithm: Algorithm, ungrouped: Training, tmp_path: Path
    ) -> None:
        """Scores of the training with weights are near those with rows repeated, and nearer than without weights."""
        import numpy as np

        train, matrix = whole(ungrouped.train), ungrouped.holdout.matrix
        times = 1 + 4 * (train.matrix[:, 0] > 0.5)
        parts = (
            replace(train, weights=times.astype(np.float32)),
            train.take(np.repeat(np.arange(ROWS), times)),
            train,
        )
        models = [algorithm.fit(replace(ungrouped, train=part), terms()).model for part in parts]
        ours, wanted, plain = (loaded(algorithm, model, tmp_path).predict(matrix) for model in models)
        near, far = (float(np.abs(scores - wanted).mean()) for scores in (ours, plain))
        assert near <= self.weights_differ_by * float(wanted.std() or 1)
        assert near < far

    def test_each_round_is_told_and_kept_as_curves(self, algorithm: Algorithm, data: Training) -> None:
        told: list[Round] = []
        trained = algorithm.fit(data, terms(each_round=told.append))
        rounds = len(told)
        assert rounds >= trained.rounds >= 1
        assert [one.done for one in told] == list(range(1, rounds + 1))
        assert {one.most for one in told} == {told[0].most}
        assert told[0].most >= rounds
        assert {part.partition("_")[0] for part in trained.curves} >= {"train", "holdout"}
        assert {name: tuple(one.metrics[name] for one in told) for name in told[0].metrics} == {
            name: tuple(curve) for name, curve in trained.curves.items()
        }

    def test_who_hears_of_a_round_can_end_the_training(self, algorithm: Algorithm, data: Training) -> None:
        def enough(ended: Round) -> None:
            raise KeyboardInterrupt(f"round {ended.done}")

        with pytest.raises(KeyboardInterrupt, match="round 1"):
            algorithm.fit(data, terms(each_round=enough))

    def test_a_training_that_was_killed_ends_as_if_it_had_not_been(
        self, algorithm: Algorithm, data: Training, trained: Trained
    ) -> None:
        rounds, kept = trained.rounds, InMemory()

        def die(ended: Round) -> None:
            if ended.done == max(1, rounds - 2):
                raise KeyboardInterrupt("killed")

        with pytest.raises(KeyboardInterrupt, match="killed"):
            algorithm.fit(data, replace(terms(each_round=die), checkpoints=kept))
        again = algorithm.fit(data, replace(terms(), checkpoints=kept))
        assert again.model == trained.model
        assert again.curves == trained.curves

    def test_early_stopping_looks_at_its_own_part(self, algorithm: Algorithm, data: Training) -> None:
        half = ROWS // 2
        rows = whole(data.train)
        train, newest = rows.take(slice(half)), rows.take(slice(half, ROWS))
        stopped = algorithm.fit(replace(data, train=train, stop=Stop(newest, 2)), terms())
        free = algorithm.fit(replace(data, train=train), terms())
        assert 1 <= stopped.rounds <= free.rounds

    def test_importance_is_a_share_of_the_whole(self, trained: Trained) -> None:
        if trained.importance:
            assert list(trained.importance) == list(NAMES)
            assert sum(trained.importance.values()) == pytest.approx(1, abs=1e-5)
            assert min(trained.importance.values()) >= 0
            assert trained.importance["constant"] == 0

    def test_what_it_says_of_its_answers_adds_up_to_them(
        self, algorithm: Algorithm, trained: Trained, data: Training, tmp_path: Path
    ) -> None:
        scorer, matrix = loaded(algorithm, trained.model, tmp_path), data.holdout.matrix
        if not isinstance(scorer, Explains):
            assert not trained.importance
            return
        import numpy as np

        shares = scorer.importance()
        assert shares.tolist() == pytest.approx([trained.importance[name] for name in data.names])
        assert float(shares.sum()) == pytest.approx(1)
        found = scorer.contributions(matrix)
        assert found.shape == (len(matrix), max(1, len(data.classes), len(data.quantiles)), len(data.names))
        assert np.abs(found[:, :, 3]).max() == 0, "a column that never changes does nothing"
        if data.task in ("binary", "regression"):
            answers = scorer.predict(matrix)
            raw = np.log(answers / (1 - answers)) if data.task == "binary" else answers
            assert np.ptp(raw - found[:, 0].sum(axis=1)) < 1e-3 * np.ptp(raw)

    @pytest.mark.parametrize("harm", ["empty", "text", "first half", "last byte gone", "only the end"])
    def test_a_spoilt_file_is_corrupted(
        self, algorithm: Algorithm, trained: Trained, tmp_path: Path, harm: str
    ) -> None:
        model = trained.model
        spoilt = {
            "empty": b"",
            "text": b"not a model",
            "first half": model[: len(model) // 2],
            "last byte gone": model[:-1],
            "only the end": model[len(model) // 2 :],
        }[harm]
        with pytest.raises(Corrupted, match=algorithm.file):
            loaded(algorithm, spoilt, tmp_path)


@dataclass(frozen=True, eq=False)
class Pieces:
    """A `Part`: the rows of another one, in pieces of some length."""

    part: Part
    length: int

    @property
    def rows(self) -> int:
        """How many there are."""
        return self.part.rows

    def pieces(self) -> Iterator[Rows]:
        """All of them, in order."""
        for piece in self.part.pieces():
            for begin in range(0, piece.rows, self.length):
                yield piece.take(slice(begin, begin + self.length))


class InMemory:
    """`Checkpoints` that keep every state."""

    def __init__(self) -> None:
        self.kept: list[Kept] = []

    def read(self) -> Iterator[Kept]:
        """Every state, the newest first."""
        return reversed(self.kept)

    def keep(self, done: int, state: Callable[[], bytes]) -> None:
        """Keep a state."""
        self.kept.append(Kept(state(), datetime(2013, 1, 1, tzinfo=UTC) + timedelta(seconds=done)))


def terms(seed: int = 7, **more: Any) -> Terms:
    """Training on the CPU, without a word."""
    return Terms("cpu", seed, lambda _: None, **more)


def loaded(algorithm: Algorithm, model: bytes, folder: Path) -> Scorer:
    """The model as it is loaded from its file."""
    path = folder / algorithm.file
    path.write_bytes(model)
    return algorithm.load(path)


def problem(task: str, seed: int = 1) -> Training:
    """A problem of each task that can be learnt in a moment, with holes in its rows."""
    import numpy as np

    random = np.random.default_rng(seed)
    rows = 2 * ROWS
    matrix = np.column_stack(
        [random.normal(size=rows), random.integers(0, 12, rows), random.normal(size=rows), np.full(rows, 3.0)]
    )
    truth = matrix[:, 0] + np.isin(matrix[:, 1], [1, 5, 7]) * 2 + random.normal(scale=0.3, size=rows)
    matrix[:, :3][random.random((rows, 3)) < 0.05] = np.nan
    groups = np.repeat(np.arange(rows // 20), 20) if task == "ranking" else None
    block = Rows(matrix.astype(np.float32), _labels(task, truth).astype(np.float32), groups=groups)
    return Training(
        task,
        NAMES,
        KINDS,
        block.take(slice(ROWS)),
        block.take(slice(ROWS, rows)),
        classes=CLASSES if task == "multiclass" else (),
        quantiles=LEVELS if task == "quantile" else (),
    )


def _labels(task: str, truth: NDArray[np.float64]) -> NDArray[Any]:
    import numpy as np

    if task == "binary":
        return truth > 1
    return np.digitize(truth, [0.0, 1.5]) if task in ("multiclass", "ranking") else truth


def _blank(rows: Rows) -> Rows:
    import numpy as np

    matrix = rows.matrix.copy()
    matrix[:, 2] = np.nan
    return replace(rows, matrix=matrix)
