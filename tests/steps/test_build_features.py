"""The feature table of a snapshot of real flights: nothing in it that was not known at the time."""

from collections.abc import Callable, Sequence
from pathlib import Path
from textwrap import dedent

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from everfit.errors import DataError, NotEnoughData, SpecError
from everfit.features import FeatureCode, load_code, read_tables, unpack
from everfit.steps.build_features import build_features
from everfit.steps.feature_table import BATCH, LABEL, TIME, FeatureTable
from everfit.steps.point_in_time import Rows, features_at
from everfit.steps.rows import batch_rows
from everfit.values import Features
from tests.workshop import Workshop, open_workshop
from tools.land_flights import land

MONTHS = ("2013-01", "2013-02", "2013-03")
SHARE = 0.02


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory) -> Sequence[Path]:
    return land(tmp_path_factory.mktemp("landing"), MONTHS, SHARE)


@pytest.fixture(scope="module")
def workshop(landed: Sequence[Path], tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return open_workshop(tmp_path_factory.mktemp("workshop"), landed)


@pytest.fixture(scope="module")
def built(workshop: Workshop) -> Features:
    return build_features(workshop.ports, workshop.spec, workshop.snapshot(*MONTHS))


@pytest.fixture(scope="module")
def table(workshop: Workshop, built: Features) -> FeatureTable:
    return FeatureTable.read(workshop.ports.store.local_file(built.table))


@pytest.fixture(scope="module")
def rows(workshop: Workshop) -> list[pd.DataFrame]:
    code = load_code(workshop.spec.code_path)
    return [batch_rows(workshop.ports, workshop.spec, code, b) for b in workshop.snapshot(*MONTHS).batches]


@pytest.fixture
def team(workshop: Workshop, tmp_path: Path) -> Callable[[str], Workshop]:
    """A team that writes its own feature code for the flights."""

    def team(source: str, **spec: object) -> Workshop:
        (tmp_path / "features.py").write_text(dedent(source))
        return workshop.with_spec(folder=tmp_path, **({"label": "arr_delay", "task": "regression"} | spec))

    return team


def point_in_time(code: FeatureCode, rows: Sequence[pd.DataFrame]) -> list[pd.DataFrame]:
    return [features_at(code, [Rows(code, frame) for frame in rows], place) for place in range(len(rows))]


def build(workshop: Workshop) -> Features:
    return build_features(workshop.ports, workshop.spec, workshop.snapshot(*MONTHS))


def test_every_labelled_row_is_in_the_table_once(
    built: Features, table: FeatureTable, rows: list[pd.DataFrame], workshop: Workshop
) -> None:
    labelled = [frame[frame["late"].notna()] for frame in rows]
    assert built.training_rows == len(labelled[0]) + len(labelled[1])
    assert built.holdout_rows == len(labelled[2])
    assert built.unlabeled_rows == sum(frame["late"].isna().sum() for frame in rows) > 0
    assert table.frame[LABEL].tolist() == [late for frame in labelled for late in frame["late"]]
    assert table.frame[TIME].tolist() == [time for frame in labelled for time in frame["time_hour"]]
    assert table.frame[BATCH].tolist() == [
        m for m, frame in zip(MONTHS, labelled, strict=True) for _ in range(len(frame))
    ]
    assert tuple(table.features.columns) == built.columns
    assert built.code == load_code(workshop.spec.code_path).sha256
    assert built.snapshot == workshop.snapshot(*MONTHS).id


def test_the_first_batch_knows_no_history_and_the_second_only_the_first(
    table: FeatureTable, rows: list[pd.DataFrame]
) -> None:
    first, second, _ = (table.of((month,)).features for month in MONTHS)
    of_history = [name for name in first if name.endswith(("_late", "_delay", "_cancelled", "_flights"))]
    assert len(of_history) == 20
    assert first[of_history].isna().all(axis=None)
    flights = rows[0]["carrier"].value_counts()
    carriers = rows[1].loc[rows[1]["late"].notna(), "carrier"].reset_index(drop=True)
    pd.testing.assert_series_equal(
        second["carrier_flights"], carriers.map(flights).astype(float), check_names=False, check_dtype=False
    )


def test_the_history_that_is_served_is_of_all_batches(
    workshop: Workshop, built: Features, rows: list[pd.DataFrame], tmp_path: Path
) -> None:
    unpack(workshop.ports.store.local_file(built.history), tmp_path / "history")
    found = read_tables(tmp_path / "history")["carrier"].set_index("carrier")["flights"]
    assert found.to_dict() == pd.concat(rows)["carrier"].value_counts().to_dict()


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    place=st.integers(0, 2), column=st.sampled_from(["late", "arr_delay", "cancelled"]), value=st.sampled_from([0, 1])
)
def test_no_feature_of_a_batch_depends_on_what_became_of_it_or_of_later_ones(
    rows: list[pd.DataFrame], workshop: Workshop, place: int, column: str, value: int
) -> None:
    """Whatever the outcomes from a batch on are changed to, its features and those before it stay."""
    code = load_code(workshop.spec.code_path)
    changed = [*rows[:place], *(frame.assign(**{column: value}) for frame in rows[place:])]
    before, after = point_in_time(code, rows), point_in_time(code, changed)
    for one, other in zip(before[: place + 1], after[: place + 1], strict=True):
        pd.testing.assert_frame_equal(one, other)


def test_later_batches_do_depend_on_earlier_outcomes(rows: list[pd.DataFrame], workshop: Workshop) -> None:
    """So that the test above can fail."""
    code = load_code(workshop.spec.code_path)
    changed = [rows[0].assign(late=1.0), *rows[1:]]
    before, after = point_in_time(code, rows), point_in_time(code, changed)
    assert not before[1]["carrier_late"].equals(after[1]["carrier_late"])


def test_features_do_not_depend_on_later_rows_of_their_own_batch(rows: list[pd.DataFrame], workshop: Workshop) -> None:
    code = load_code(workshop.spec.code_path)
    whole, half = point_in_time(code, rows), point_in_time(code, [*rows[:2], rows[2].iloc[:50]])
    for name in whole[2]:
        assert whole[2][name].iloc[:50].astype(object).equals(half[2][name].astype(object)), name


def test_a_table_that_is_there_is_used_again(workshop: Workshop, built: Features) -> None:
    path = Path(workshop.ports.store.local_file(built.table))
    written = path.stat().st_mtime_ns
    assert build(workshop) == built
    assert path.stat().st_mtime_ns == written


def test_equal_snapshots_make_equal_bytes_in_another_store(
    landed: Sequence[Path], built: Features, tmp_path: Path
) -> None:
    assert build(open_workshop(tmp_path, landed)) == built


def test_a_damaged_or_deleted_table_is_made_again(workshop: Workshop, built: Features) -> None:
    path = Path(workshop.ports.store.local_file(built.table))
    path.write_bytes(b"damaged")
    assert build(workshop) == built
    path.unlink()
    assert build(workshop) == built
    workshop.ports.store.write(f"{built.table.key.removesuffix('.parquet')}.json", b"{half")
    assert build(workshop) == built
    assert FeatureTable.read(workshop.ports.store.local_file(built.table)).frame.shape[0] > 0


def test_other_code_makes_another_table(team: Callable[[str], Workshop], built: Features) -> None:
    source = 'INPUTS = ["distance"]\ndef features(rows, history): return rows\n'
    first, second = build(team(source)), build(team(source + "# changed\n"))
    assert len({first.table.key, second.table.key, built.table.key}) == 3
    assert first.history.sha256 == second.history.sha256


def test_the_main_table_is_enough(team: Callable[[str], Workshop], rows: list[pd.DataFrame]) -> None:
    mine = team('INPUTS = ["distance", "carrier"]\ndef features(rows, history): return rows\n')
    features = build(mine)
    assert features.columns == ("distance", "carrier")
    found = FeatureTable.read(mine.ports.store.local_file(features.table))
    assert found.inputs.names == ("distance", "carrier")
    pd.testing.assert_frame_equal(found.example, found.inputs.read(rows[0].head(3)))
    assert found.frame[LABEL].min() < -20


AS_IS = """
    INPUTS = ["distance"]
    def features(rows, history): return rows
    def rows(tables):
        frame = tables["flights"]
        return frame.assign({})
"""


@pytest.mark.parametrize(
    ("source", "spec", "kind", "said"),
    [
        (AS_IS.format(""), {"label": "arr_dellay"}, SpecError, "names as its label; did you mean 'arr_delay'"),
        (AS_IS.format(""), {"time": "when"}, SpecError, "makes no column 'when', which the spec names as its time"),
        (AS_IS.format(""), {"label": "distance"}, SpecError, "the label 'distance' is among INPUTS"),
        (AS_IS.format(""), {"time": "hour"}, SpecError, "the time 'hour' holds numbers"),
        (
            AS_IS.format("arr_delay=1"),
            {},
            DataError,
            "is 1 in all [0-9]+ rows to learn from; there is nothing to learn",
        ),
        (AS_IS.format("arr_delay=None"), {}, NotEnoughData, "0 labelled rows to learn from, wanted at least 30"),
        (
            AS_IS.format("arr_delay=frame.arr_delay.where(frame.month < 3)"),
            {},
            NotEnoughData,
            "0 labelled rows held out to judge on, wanted at least 1",
        ),
        (AS_IS.format(""), {"task": "binary"}, DataError, "of a binary task is 0 or 1, not"),
        (AS_IS.format("arr_delay='late'"), {}, DataError, "the label 'arr_delay' must be a number"),
        (AS_IS.format("arr_delay=float('inf')"), {}, DataError, "the label 'arr_delay' is infinite in [0-9]+ rows"),
        (AS_IS.format("time_hour='soon'"), {}, DataError, "the time 'time_hour' cannot be read as one"),
        (
            AS_IS.format("distance=frame.time_hour.map(str)").replace("return rows", "1 / 0", 1),
            {},
            SpecError,
            "ZeroDivision",
        ),
    ],
)
def test_what_cannot_be_learnt_is_refused_before_training(
    team: Callable[..., Workshop], source: str, spec: dict[str, object], kind: type[Exception], said: str
) -> None:
    with pytest.raises(kind, match=said):
        build(team(source, **spec))


@pytest.mark.parametrize(
    "body",
    [
        "rows - rows.mean()",
        "rows.assign(rank=rows['distance'].rank())",
        "rows.sort_values('distance').reset_index(drop=True)",
    ],
)
def test_a_feature_that_depends_on_the_other_rows_is_refused(team: Callable[[str], Workshop], body: str) -> None:
    """In a request these would be computed over the request, and mean something else."""
    source = f'INPUTS = ["distance"]\ndef features(rows, history): return {body}\n'
    with pytest.raises(SpecError, match="another value when fewer rows are asked for"):
        build(team(source))


def test_an_infinite_feature_is_refused_by_name(team: Callable[[str], Workshop]) -> None:
    source = 'INPUTS = ["distance"]\ndef features(rows, history): return (1 / (rows * 0)).add_prefix("per_")\n'
    with pytest.raises(DataError, match="feature 'per_distance' is infinite"):
        build(team(source))


def test_nothing_is_left_in_the_store_by_a_refusal(team: Callable[[str], Workshop]) -> None:
    mine = team('INPUTS = ["distance"]\ndef features(rows, history): return rows[:1]\n')
    before = mine.ports.store.list("features")
    with pytest.raises(SpecError, match="returned 1"):
        build(mine)
    assert mine.ports.store.list("features") == before
    assert [path.name for path in mine.ports.work.iterdir()] == ["ledger"]
