"""The part of a spec that says what people are told of."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import yaml

from everfit import catalog
from everfit.alerts import Quiet
from everfit.alerts.kept_back_again import KeptBackAgain
from everfit.alerts.no_fresh_champion import NoFreshChampion
from everfit.errors import SpecError
from everfit.spec import ModelSpec, load_spec

WRITTEN = "{when: [data_refused, {kept_back_again: {times: 7}}], deadline: 45d, cooldown: 6h, resolved: no}"


def spec_with(alerts: str) -> ModelSpec:
    said = load_spec("flight_delays").model_dump(mode="json")
    return ModelSpec.model_validate(said | {"alerts": yaml.safe_load(alerts)})


def test_left_out_people_are_told_of_all_that_needs_no_setting():
    alerts = load_spec("flight_delays").alerts
    assert set(alerts.kinds) == set(catalog.incidents()) - {"no_fresh_champion"}
    assert alerts.quiet == Quiet(timedelta(days=1), resolved=True)


def test_what_is_written_is_what_is_looked_for_and_is_written_again():
    alerts = spec_with(WRITTEN).alerts
    assert list(alerts.kinds) == ["data_refused", "kept_back_again", "no_fresh_champion"]
    assert alerts.kinds["kept_back_again"] == KeptBackAgain(7)
    assert alerts.kinds["no_fresh_champion"] == NoFreshChampion("45d")
    assert alerts.quiet == Quiet(timedelta(hours=6), resolved=False)
    assert spec_with(yaml.safe_dump(alerts.model_dump(mode="json"))).alerts == alerts
    assert list(spec_with("{when: []}").alerts.kinds) == []


@pytest.mark.parametrize(
    ("alerts", "words"),
    [
        ("{when: [data_refuse]}", "alerts.when.0: there is no incident 'data_refuse'; did you mean 'data_refused'?"),
        ("{when: [no_fresh_champion]}", "alerts.when.0.within: is missing"),
        ("{when: [{no_fresh_champion: {within: soon}}]}", "within: found 'soon', wanted a time such as"),
        ("{when: [{no_fresh_champion: {within: 3d, since: ever}}]}", "since: .*'ever'"),
        ("{when: [{kept_back_again: {times: 1}}]}", "times: wanted a whole number of at least 2, found 1"),
        ("{when: [data_late, data_late]}", "alerts.when.1: data_late is there twice"),
        (
            "{when: [{no_fresh_champion: {within: 3d}}], deadline: 45d}",
            "alerts.deadline: found '45d' and no_fresh_champion in `when`",
        ),
        ("{cooldown: never}", "alerts.cooldown: found 'never'"),
        ("{resolve: no}", "alerts.resolve: there is no such key; did you mean 'resolved'?"),
    ],
)
def test_mistakes_are_told_where_they_are(alerts, words):
    with pytest.raises(SpecError) as caught:
        spec_with(alerts)
    assert re.search(words, str(caught.value).replace("[", ".").replace("]", ""))
