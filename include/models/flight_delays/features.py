"""Will this flight arrive more than 15 minutes late? What is known of it before it leaves.

Schedule, plane, weather at the origin (the latest observation from before the scheduled departure hour) and what
earlier months say of its carrier, route, hour and plane. Never its own departure: that is known too late to be of use.

A cancelled or diverted flight has no arrival, so its label is empty: nothing is learnt from it and no forecast is
judged on it. The model answers "if it arrives, will it be late?". Both still count in the history, a cancelled flight
as cancelled: a route that loses flights is a troubled route.
"""

import pandas as pd

from everfit.features import as_of

SCHEDULE = ["carrier", "origin", "dest", "weekday", "hour", "minute", "scheduled_minutes", "distance"]
PLANE = ["tailnum", "plane_age", "seats", "engines", "maker"]
WEATHER = ["temp", "dewp", "humid", "wind_speed", "wind_gust", "precip", "pressure", "visib"]
INPUTS = SCHEDULE + PLANE + WEATHER

NUMBERS = ["weekday", "scheduled_minutes", "distance", "plane_age", "seats", "engines", *WEATHER]
WORDS = ["carrier", "origin", "maker"]
SAME = NUMBERS + WORDS

LATE_AFTER = 15  # minutes
KEYS = {
    "carrier": ["carrier"],
    "dest": ["dest"],
    "route": ["carrier", "origin", "dest"],
    "slot": ["origin", "hour"],
    "plane": ["tailnum"],
}
PRIOR = 50  # a group is believed as much as its flights outnumber this many average ones


def rows(tables):
    """One row per flight: INPUTS, the label `late`, the time `time_hour`, and what became of it, for the history."""
    flights = tables["flights"].copy()
    flights["time_hour"] = pd.to_datetime(flights["time_hour"], utc=True).dt.as_unit("s")
    flights["weekday"] = pd.to_datetime(flights[["year", "month", "day"]]).dt.weekday
    flights["scheduled_minutes"] = _scheduled_minutes(flights, tables["airports"])
    flights["cancelled"] = flights["dep_time"].isna()
    flights["late"] = (flights["arr_delay"] > LATE_AFTER).astype(float).where(flights["arr_delay"].notna())
    return _with_weather(_with_plane(flights, tables["planes"]), tables["weather"])[
        [*INPUTS, "late", "time_hour", "arr_delay", "cancelled"]
    ]


def history(rows):
    """Late share, mean delay and share of cancelled flights by carrier, destination, route, hour and plane."""
    facts = rows.assign(delay=rows["arr_delay"].clip(-60, 180))
    means = facts[["late", "delay", "cancelled"]].mean()
    return {name: _shares(facts, keys, means) for name, keys in KEYS.items()}


def features(rows, history):
    """Numbers and categories for each flight, from its INPUTS and the earlier months' history."""
    made = rows[NUMBERS].copy()
    made["clock"] = rows["hour"] * 60 + rows["minute"]
    made["pace"] = rows["distance"] / rows["scheduled_minutes"].where(rows["scheduled_minutes"] > 0)
    made["near_dew"] = rows["temp"] - rows["dewp"]
    for name in WORDS:
        made[name] = rows[name].astype("category")
    for name, keys in KEYS.items():
        found = rows[keys].merge(history[name], on=keys, how="left")
        made = made.join(found.drop(columns=keys).add_prefix(f"{name}_"))
    return made


def row_features(history):
    """The same for one flight at a time, for the model server: look-ups in place of merges."""
    known = {name: _by_key(history[name], keys) for name, keys in KEYS.items()}
    nothing = {name: dict.fromkeys(set(history[name].columns) - set(keys)) for name, keys in KEYS.items()}

    def one_flight(flight):
        minutes = flight["scheduled_minutes"]
        made = {name: flight[name] for name in SAME}
        made["clock"] = flight["hour"] * 60 + flight["minute"]
        made["pace"] = flight["distance"] / minutes if minutes > 0 else None
        made["near_dew"] = flight["temp"] - flight["dewp"]
        for name, keys in KEYS.items():
            found = known[name].get(tuple([flight[key] for key in keys]), nothing[name])
            made |= {f"{name}_{column}": value for column, value in found.items()}
        return made

    return one_flight


def _by_key(table, keys):
    """A row of the table as a dict, by its key."""
    places = table[keys].itertuples(index=False, name=None)
    return dict(zip(places, table.drop(columns=keys).to_dict("records"), strict=True))


def _scheduled_minutes(flights, airports):
    """Minutes from scheduled departure to scheduled arrival, each given in its own airport's local time."""
    dest = airports.drop_duplicates("faa").set_index("faa").reindex(flights["dest"])
    behind = 60 * (-5 - dest["tz"].to_numpy())
    # Airports without summer time (dst "N") fall one hour further behind New York while it has it.
    summer = (flights["time_hour"].dt.hour - flights["hour"]).mod(24).eq(4).to_numpy()
    behind = behind + 60 * (summer & dest["dst"].eq("N").to_numpy())
    leave, arrive = (flights[c] // 100 * 60 + flights[c] % 100 for c in ("sched_dep_time", "sched_arr_time"))
    return (arrive - leave + behind) % 1440


def _with_plane(flights, planes):
    maker = planes["manufacturer"].str.split().str[0]
    known = planes[["tailnum", "seats", "engines"]].assign(
        built=planes["year"], maker=maker.where(maker.isin(["BOEING", "AIRBUS", "BOMBARDIER", "EMBRAER", "MCDONNELL"]))
    )
    joined = flights.merge(known.drop_duplicates("tailnum"), on="tailnum", how="left")
    return joined.assign(plane_age=joined["year"] - joined["built"])


def _with_weather(flights, weather):
    seen = weather.dropna(subset=["time_hour"])[["origin", "time_hour", *WEATHER]].copy()
    seen["time_hour"] = pd.to_datetime(seen["time_hour"], utc=True)
    return as_of(flights, seen, time="time_hour", by="origin", tolerance=pd.Timedelta(hours=3), strictly_before=True)


def _shares(facts, keys, means):
    """The groups' means, each drawn towards the mean of all as if it had PRIOR average flights more."""
    groups = facts.groupby(keys, sort=True)[list(means.index)]
    counts = groups.count()
    shares = (groups.sum() + PRIOR * means) / (counts + PRIOR)
    return shares.assign(flights=counts["cancelled"]).reset_index()
