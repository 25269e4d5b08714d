"""The training form: what Airflow checks, and what the first task checks again."""

import pytest

from everfit.errors import SpecError
from everfit.spec import WindowSpec, load_spec
from everfit_airflow.form import Answers, read_answers, train_form


def test_the_defaults_are_the_specs_and_pass_their_own_schema():
    spec = load_spec("flight_delays")
    form = train_form(spec)
    values = {name: param.resolve() for name, param in form.items()}
    assert values == {"batches": spec.window.batches, "until": None, "device": "auto", "force": False, "note": None}
    assert read_answers(values, {}) == Answers(batches=spec.window.batches)


@pytest.mark.parametrize(
    ("field", "value"),
    [("batches", 1), ("batches", 10_000), ("device", "tpu"), ("until", "../etc"), ("note", "x" * 2001)],
)
def test_a_value_out_of_range_is_refused_by_airflow_and_by_the_task(field, value):
    from airflow.sdk.exceptions import ParamValidationError

    form = train_form(load_spec("flight_delays"))
    with pytest.raises(ParamValidationError):
        form[field].resolve(value)
    values = {name: param.resolve() for name, param in form.items()}
    with pytest.raises(SpecError, match=f"field '{field}' of the form is"):
        read_answers(values | {field: value}, {field: value})


@pytest.mark.parametrize("window", [{"kind": "expanding"}, {"kind": "static", "from": "2013-01", "until": "2013-06"}])
def test_a_window_without_a_size_lets_the_field_stay_empty(window):
    """Empty means as the spec says; a number takes fewer for once."""
    spec = load_spec("flight_delays").model_copy(update={"window": WindowSpec(**window)})
    form = train_form(spec)
    assert form["batches"].resolve() is None
    assert spec.window.words in form["batches"].schema["description_md"]
    assert read_answers({"batches": None}, {}).batches is None
    assert read_answers({"batches": form["batches"].resolve(4)}, {"batches": 4}).batches == 4


def test_an_unknown_field_is_refused_with_a_hint():
    with pytest.raises(SpecError, match="no field 'forse'; did you mean 'force'"):
        read_answers({}, {"forse": True})
