"""Wrong settings are refused when a gate is made, with what was wanted."""

import pytest

from everfit.gates.above_bar import AboveBar
from everfit.gates.beats_baseline import BeatsBaseline
from everfit.gates.beats_champion import BeatsChampion
from everfit.gates.not_worse_than_champion import NotWorseThanChampion

NAN = float("nan")


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"metric": "acu", "at_least": 0.6}, "no 'acu'; did you mean 'auc'"),
        ({"metric": "auc"}, "takes at_least, and no at_most, for the metric auc"),
        ({"metric": "auc", "at_most": 0.6}, "takes at_least, and no at_most, for the metric auc"),
        ({"metric": "rmse", "at_least": 3.0}, "takes at_most, and no at_least, for the metric rmse"),
        ({"metric": "brier", "at_most": 0.2, "at_least": 0.1}, "takes at_most, and no at_least"),
        ({"metric": "auc", "at_least": "much"}, "at_least: wanted a number, found 'much'"),
        ({"metric": "auc", "at_least": NAN}, "at_least: wanted a number, found nan"),
        ({"metric": "auc", "at_least": True}, "at_least: wanted a number, found True"),
    ],
)
def test_above_bar(settings, says):
    with pytest.raises(ValueError, match=says):
        AboveBar(**settings)


@pytest.mark.parametrize("margin", [0, -0.1, NAN, "1", None, True])
def test_a_margin_is_above_zero(margin):
    with pytest.raises(ValueError, match="margin: wanted a number above 0, found"):
        NotWorseThanChampion("log_loss", margin=margin)


@pytest.mark.parametrize("by", [-0.1, NAN, "1", None])
def test_a_gain_is_at_least_zero(by):
    with pytest.raises(ValueError, match="by: wanted a number of at least 0, found"):
        BeatsChampion("log_loss", by=by)


@pytest.mark.parametrize("gate", [BeatsBaseline, BeatsChampion, lambda loss: NotWorseThanChampion(loss, margin=1)])
def test_a_loss_is_one_that_there_is(gate):
    with pytest.raises(ValueError, match="no 'logloss'; did you mean 'log_loss'"):
        gate("logloss")


def test_each_metric_and_loss_knows_its_task():
    assert AboveBar("auc", at_least=0.6).tasks == {"binary"}
    assert AboveBar("accuracy", at_least=0.6).tasks == BeatsBaseline("brier").tasks == {"binary", "multiclass"}
    assert AboveBar("coverage", at_least=0.7).tasks == BeatsBaseline("pinball").tasks == {"quantile"}
    assert AboveBar("ndcg_at_10", at_least=0.7).tasks == BeatsBaseline("ndcg_loss").tasks == {"ranking"}
    assert AboveBar("concordance", at_least=0.6).tasks == BeatsBaseline("aft_nloglik").tasks == {"survival"}
    assert AboveBar("mae", at_most=3).tasks == BeatsChampion("absolute").tasks == {"regression"}
