"""A small world with ten columns, a model that learnt it, and ways in which the world or the table can change."""

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from scipy.special import expit

from everfit.statistics.decay.columns import Column, Window

NUMBERS = ("speed", "load", "heat", "noise", "weight", "price", "count")
CODES = {"kind": ("a", "b", "c", "d"), "site": ("north", "south", "east", "münchen", "west"), "idle": ("no", "yes")}
DAYS = 20


@dataclass(frozen=True)
class World:
    """How rows come about: middles of the columns, what they do to the label, how many labels there are."""

    middle: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0, 60.0, 2.0, 4.0)
    effect: tuple[float, ...] = (1.2, -1.0, 0.8, 0.0)
    base: float = -1.2
    bend: float = 0.7
    by_kind: tuple[float, ...] = (0.9, -0.9, 0.3, -0.3)
    kinds: tuple[float, ...] = (0.4, 0.3, 0.2, 0.1)
    wide: float = 1.0


USUAL = World()


def rows(world, size, random):
    """Values of all columns, and the probability of the label."""
    deep = random.normal(size=size)
    speed = world.middle[0] + world.wide * (0.7 * deep + 0.7 * random.normal(size=size))
    load = world.middle[1] + 0.6 * deep + 0.8 * random.normal(size=size)
    heat = world.middle[2] + random.normal(size=size)
    noise = world.middle[3] + random.normal(size=size)
    weight = world.middle[4] + 12 * (0.5 * load + 0.8 * random.normal(size=size))
    price = np.exp(world.middle[5] + 0.5 * random.normal(size=size))
    count = random.poisson(world.middle[6], size).astype(float)
    kind = random.choice(4, size, p=world.kinds).astype(float)
    site = random.choice(5, size, p=(0.35, 0.25, 0.2, 0.15, 0.05)).astype(float)
    idle = (random.random(size) < 0.3).astype(float)
    odds = world.base + world.effect[0] * speed + world.effect[1] * load + world.effect[2] * heat
    odds += world.bend * np.where(heat > 1, -2 * (heat - 1), 0) + np.array(world.by_kind)[kind.astype(int)]
    odds += 0.5 * (np.log(price) - 2) + world.effect[3] * noise
    return np.column_stack([speed, load, heat, noise, weight, price, count, kind, site, idle]), expit(odds)


@cache
def model():
    """Learnt once, from 20,000 usual rows."""
    import xgboost

    random = np.random.default_rng(99)
    x, p = rows(USUAL, 20_000, random)
    data = xgboost.DMatrix(x, label=random.random(len(p)) < p)
    return xgboost.train(
        {"objective": "binary:logistic", "max_depth": 4, "eta": 0.15, "nthread": 1, "seed": 1}, data, 60
    )


def answered(x, y, days=None):
    """A window of these rows, as the model answers them."""
    import xgboost

    scores = model().predict(xgboost.DMatrix(x)).astype(float)
    columns = [Column(name, x[:, k]) for k, name in enumerate(NUMBERS)]
    columns += [Column(name, x[:, 7 + k], names) for k, (name, names) in enumerate(CODES.items())]
    p = np.clip(scores, 1e-6, 1 - 1e-6)
    losses = -np.log(np.where(y == 1, p, 1 - p))
    days = np.arange(len(x)) * DAYS // len(x) if days is None else days
    return Window(tuple(columns), days, scores, y.astype(float), losses)


def window(world, size, random):
    """Rows of a world with honest labels."""
    x, p = rows(world, size, random)
    return x, (random.random(size) < p).astype(float)


def with_labels(share, size, random):
    """The usual rows of either label, but so many of label 1."""
    x, y = window(USUAL, 4 * size, random)
    ones, zeros = np.flatnonzero(y == 1), np.flatnonzero(y == 0)
    taken = np.concatenate([ones[: int(share * size)], zeros[: size - int(share * size)]])
    taken = random.permutation(taken)
    return x[taken], y[taken]


def unlabelled(found):
    """The same window before its labels come."""
    return replace(found, y=None, losses=None)


def _at(name):
    return (*NUMBERS, *CODES).index(name)


def _scaled(name, by, plus=0.0):
    def done(x, random):
        x[:, _at(name)] = by * x[:, _at(name)] + plus

    return done


def _set(name, value, share=1.0):
    def done(x, random):
        x[random.random(len(x)) < share, _at(name)] = value

    return done


def _lost(*names, share):
    def done(x, random):
        gone = random.random(len(x)) < share
        for name in names:
            x[gone, _at(name)] = np.nan

    return done


def _shuffled(name):
    def done(x, random):
        x[:, _at(name)] = random.permutation(x[:, _at(name)])

    return done


def _swapped(one, other):
    def done(x, random):
        x[:, [_at(one), _at(other)]] = x[:, [_at(other), _at(one)]]

    return done


def _recoded(name, places):
    def done(x, random):
        x[:, _at(name)] = np.array(places, dtype=float)[x[:, _at(name)].astype(int)]

    return done


def _repeated(x, random):
    x[: len(x) // 5] = x[len(x) // 5 : 2 * (len(x) // 5)]


def _rounded(x, random):
    x[:, _at("weight")] = np.round(x[:, _at("weight")], -1)


BUGS = {
    "constant": (_set("load", 0.3), "load"),
    "missing": (_lost("speed", share=0.4), "speed"),
    "lost_join": (_lost("load", "heat", share=0.5), "load"),
    "swapped_names": (_recoded("kind", (1, 0, 2, 3)), "kind"),
    "unit": (_scaled("weight", 2.204623), "weight"),
    "unit of degrees": (_scaled("weight", 1.8, 32.0), "weight"),
    "unit of a thousand": (_scaled("price", 0.001), "price"),
    "sign": (_scaled("speed", -1.0), "speed"),
    "sign of all": (_scaled("weight", -1.0), "weight"),
    "default": (_set("heat", -999.0, 0.2), "heat"),
    "default of zero": (_set("load", 0.0, 0.4), "load"),
    "coarse": (_rounded, "weight"),
    "shuffled": (_shuffled("speed"), "speed"),
    "swapped_columns": (_swapped("price", "weight"), "price"),
    "duplicates": (_repeated, None),
}
"""Ways in which a table breaks, by the kind that is told, and a column that is."""
