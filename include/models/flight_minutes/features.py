"""How many minutes will this flight spend in the air? From schedule, plane and what earlier months' flights took.

A flight that never landed where it was meant to (cancelled, diverted) has no air time: its label is empty, and it is
neither learnt from nor judged on.
"""

import pandas as pd

INPUTS = ["carrier", "origin", "dest", "month", "hour", "weekday", "distance", "tailnum", "seats", "plane_year"]
KEYS = {"route": ["origin", "dest"], "plane": ["tailnum"], "carrier_route": ["carrier", "origin", "dest"]}


def rows(tables):
    """One row per flight: INPUTS, the label `air_time` (minutes) and the time `time_hour`."""
    flights = tables["flights"].copy()
    flights["time_hour"] = pd.to_datetime(flights["time_hour"], utc=True)
    flights["weekday"] = pd.to_datetime(flights[["year", "month", "day"]]).dt.weekday
    planes = tables["planes"].rename(columns={"year": "plane_year"}).drop_duplicates("tailnum")
    joined = flights.merge(planes[["tailnum", "seats", "plane_year"]], on="tailnum", how="left")
    return joined[[*INPUTS, "air_time", "time_hour"]]


def history(rows):
    """Minutes and speed of landed flights by route, by plane, and by carrier and route."""
    landed = rows[rows["air_time"] > 0]
    landed = landed.assign(speed=landed["distance"] / landed["air_time"])
    return {name: landed.groupby(keys)[["air_time", "speed"]].mean().reset_index() for name, keys in KEYS.items()}


def features(rows, history):
    """Numbers and categories for each flight, from its INPUTS and the earlier months' history."""
    made = rows[["month", "hour", "weekday", "distance", "seats", "plane_year"]].copy()
    for name in ("carrier", "origin", "dest"):
        made[name] = rows[name].astype("category")
    for name, keys in KEYS.items():
        found = rows[keys].merge(history[name], on=keys, how="left")
        made = made.join(found.drop(columns=keys).add_prefix(f"{name}_"))
    return made
