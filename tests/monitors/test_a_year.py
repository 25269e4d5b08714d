"""A quiet year of looks: all monitors together give no more false alarms than the spec gives away, at any pace."""

from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
import pytest

from everfit.ledger import Entry, View
from everfit.ledger.entries import Monitored
from everfit.monitors import Pulled, Rows, Seen
from everfit.monitors.attribution_drift import AttributionDrift
from everfit.monitors.calibration_drift import CalibrationDrift
from everfit.monitors.concept_drift import ConceptDrift
from everfit.monitors.estimated_quality import EstimatedQuality
from everfit.monitors.feature_drift import FeatureDrift
from everfit.monitors.label_drift import LabelDrift
from everfit.monitors.prediction_drift import PredictionDrift
from everfit.monitors.quality import Quality
from everfit.monitors.segments import Segments
from everfit.spec import MonitorSpec
from everfit.steps.monitored import level
from everfit.values import StoredFile
from tests.monitors.conftest import NOW, rows, seen
from tests.monitors.toys import DAY
from tests.nulls import MANY, draws

QUICK = (
    Quality(at_most_worse=0),
    ConceptDrift(at_most_worse=0),
    CalibrationDrift(at_most_off=1e-9, at_most_bent=1e-9),
    Segments(at_most_worse=0),
    EstimatedQuality(at_most_worse=0),
    LabelDrift(at_most_worse=0),
    AttributionDrift(at_least=0.99),
)
SLOW = (FeatureDrift(rise=0), PredictionDrift(rise=0))
"""All that judge by chance, with bars at which chance alone is nearest to harm; the slow ones grow trees."""

YEAR, WINDOW, PER_DAY = 365, 28, 20
LATE = np.array([2.0, 6.0])
"""After so many days on average labels of either class come."""
PULLS = (2.1, 2.0, 1.0, 0.95)


@dataclass(frozen=True)
class Year:
    """A year of a champion in a world that stays as it is, though days differ; `heard` is when labels will come."""

    judged: Rows
    rows: Rows
    heard: np.ndarray
    pulls: tuple[np.ndarray, np.ndarray]

    @classmethod
    def of(cls, seed):
        random = np.random.default_rng([seed, 2])
        judged = rows(2 * seed, per_day=PER_DAY, spread=0.3, until=NOW - timedelta(days=2))
        year = rows(2 * seed + 1, per_day=PER_DAY, spread=0.3, days=YEAR, until=NOW + timedelta(days=YEAR))
        heard = year.at + random.exponential(LATE[year.y.astype(int)]) * DAY
        return cls(judged, year, heard, (_pulls(random, judged), _pulls(random, year)))

    def look(self, day: int, chance: float) -> Seen:
        """What is known so many days after it began."""
        now = NOW + timedelta(days=day)
        there = (self.rows.at < now.timestamp()) & (self.rows.at >= now.timestamp() - WINDOW * DAY)
        window, heard = self.rows.of(there), self.heard[there]
        come = heard < now.timestamp()
        y, heard, losses = (np.where(come, one, np.nan) for one in (window.y, heard, window.losses))
        (old, new), names = self.pulls, ("speed", "load", "heat", "noise")
        return seen(
            self.judged,
            replace(window, y=y, heard=heard, losses=losses),
            now=now,
            level=chance,
            pulled=Pulled(names, old, new[there], self.judged.day, window.day),
        )


def _pulls(random, some):
    of_day = np.exp(random.normal(0, 0.2, (some.day.max() + 1 - some.day.min(), len(PULLS))))
    return random.normal(0, PULLS, (some.rows, len(PULLS))) * of_day[some.day - some.day.min()]


def levels(false_alarms, pace):
    """The days of a year on which a champion is looked at, and the level that each of these looks has."""
    asked, view, found = MonitorSpec(false_alarms=false_alarms, watch=QUICK + SLOW), View(()), []
    for day in range(pace, YEAR + 1, pace):
        now = NOW + timedelta(days=day)
        found.append((day, level(asked, view, now, NOW)))
        view = view.after([looked(now, found[-1][1])])
    return found


def looked(now, chance):
    evidence = StoredFile("monitor/evidence.json", "")
    body = Monitored(1, NOW, now, 0, 0, chance, (), "none", "wait", "no harm was found", "report.html", evidence)
    return Entry(0, "", now, "monitored", f"monitored:{now}", body, "")


def found_by(monitors, years, looks, a_year):
    """The number of false alarms in each of some years, of which about so many looks are taken, evenly; each stands for
    those that are left out: the mean is the same, whatever looks have to do with each other."""
    step = max(len(looks) // a_year, 1)
    found = np.zeros((years, len(monitors)))
    for seed in range(years):
        world = Year.of(seed)
        for day, chance in looks[seed % step :: step]:
            look = world.look(day, chance)
            found[seed] += [step * one.watch(look).harms for one in monitors]
    return found


@pytest.mark.parametrize("false_alarms", (1, 10) if MANY else (10,))
@pytest.mark.parametrize("pace", [1, 7, 30], ids=["daily", "weekly", "monthly"])
@pytest.mark.parametrize(("monitors", "years", "a_year"), [(QUICK, 8, 12), (SLOW, 2, 4)], ids=["quick", "slow"])
def test_a_quiet_year_rarely_has_more_false_alarms_than_it_may(monitors, years, a_year, pace, false_alarms):
    """Or more by what two standard errors of the simulation explain."""
    share, looks = false_alarms / len(QUICK + SLOW), levels(false_alarms, pace)
    assert sum(chance for _, chance in looks) <= share * 1.0001
    years = min(draws(years), 20 * years)
    found = found_by(monitors, years, looks, a_year).sum(axis=1)
    error = found.std(ddof=1) / np.sqrt(years)
    assert found.mean() <= share * len(monitors) + 2 * error
