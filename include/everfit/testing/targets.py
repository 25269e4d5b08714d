"""What every target must do: inherit, give the fixture `world`, and pytest runs the rest.

class TestMyTarget(TargetConformance):
    @pytest.fixture
    def world(self): return MyWorld(...)
"""
# ruff: noqa: S101, D102

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import Any, Protocol

import pytest

from everfit.errors import DeployError, Unreachable
from everfit.ports import Target
from everfit.values import Answer, Route, numbers


class Killed(Exception):
    """The process that follows a route dies here."""


class World(Protocol):
    """A target, the registry that it is given, and whatever it deploys to, seen from outside."""

    model: str
    target: Target
    shadows_too: bool
    keeps_previous: bool

    def publish(self) -> int:
        """Register a version of the model that answers otherwise than those before; its number."""

    def publish_broken(self) -> int:
        """Register a version that does not load."""

    def decide(self, route: Route) -> None:
        """Keep the route in the registry, as reconciling does before it tells the target."""

    def rows(self) -> Sequence[Mapping[str, Any]]:
        """Rows to ask about."""

    def offline(self, version: int) -> list[Answer]:
        """What the version says of the rows."""

    def shares(self) -> Mapping[int, float]:
        """Which version answers which part of the requests, as the deployment itself says; none that answers none."""

    def shadows(self) -> tuple[int, ...]:
        """Which versions are asked too and never heard."""

    def changes(self) -> int:
        """How often anything was changed so far."""

    def dying(self, after: int) -> Target:
        """The same target in a process that raises `Killed` once it has asked for so many things."""

    def away(self) -> Target:
        """The same target where nobody is there to answer."""


class TargetConformance:
    """A `Target`; wants the fixture `world`, with nothing deployed."""

    def test_answers_as_offline_from_trial_to_champion(self, world: World) -> None:
        first, second = world.publish(), world.publish()
        start = Route(world.model, challenger=first)
        assert _follow(world, start) == {"challenger": first}
        _answers(world, "challenger", first)
        assert _follow(world, Route(world.model, champion=first)) == {"champion": first}
        _answers(world, "champion", first)
        trial = Route(world.model, champion=first, challenger=second)
        assert _follow(world, trial) == {"champion": first, "challenger": second}
        _answers(world, "champion", first)
        _answers(world, "challenger", second)
        loaded = _follow(world, Route(world.model, champion=second, previous=first))
        assert loaded == {"champion": second} | ({"previous": first} if world.keeps_previous else {})
        _answers(world, "champion", second)

    def test_the_same_route_again_changes_nothing(self, world: World) -> None:
        first, second = world.publish(), world.publish()
        _follow(world, Route(world.model, champion=first))
        route = Route(world.model, champion=first, challenger=second, share=0.25)
        loaded, changes = _follow(world, route), world.changes()
        assert _follow(world, route) == loaded
        assert world.changes() == changes

    def test_the_challenger_gets_its_share(self, world: World) -> None:
        first, second = world.publish(), world.publish()
        route = Route(world.model, champion=first, challenger=second)
        _follow(world, route)
        assert world.shares() == {first: 1}, "a challenger is tried before anybody is sent to it"
        for share in (0.25, 0.5, 0.05):
            _follow(world, replace(route, share=share))
            assert world.shares() == pytest.approx({first: 1 - share, second: share}, abs=1e-6)
            _answers(world, "champion", first)
            _answers(world, "challenger", second)
        _follow(world, Route(world.model, champion=second, previous=first))
        assert world.shares() == {second: 1}

    def test_a_shadow_arrives_or_is_refused(self, world: World) -> None:
        first, second = world.publish(), world.publish()
        _follow(world, Route(world.model, champion=first))
        route = Route(world.model, champion=first, challenger=second, shadows=("challenger",))
        if world.shadows_too:
            assert _follow(world, route) == {"champion": first, "challenger": second}
            assert world.shadows() == (second,)
        else:
            with pytest.raises(DeployError, match="shadow"):
                _follow(world, route)
            assert world.shadows() == ()
        assert world.shares() == {first: 1}
        _follow(world, replace(route, shadows=(), share=0.5))
        assert (world.shares(), world.shadows()) == ({first: 0.5, second: 0.5}, ())

    def test_who_gets_which_version_is_kept_or_refused(self, world: World) -> None:
        first, second = world.publish(), world.publish()
        _follow(world, Route(world.model, champion=first))
        try:
            _follow(world, Route(world.model, champion=first, challenger=second, share=0.5, key="carrier"))
        except DeployError:
            assert world.shares() == {first: 1}
        else:
            assert world.shares() == {first: 0.5, second: 0.5}

    def test_a_version_that_does_not_load_leaves_everybody_else_answering(self, world: World) -> None:
        first, broken = world.publish(), world.publish_broken()
        _follow(world, Route(world.model, champion=first))
        for route in (
            Route(world.model, champion=first, challenger=broken),
            Route(world.model, champion=broken, previous=first),
        ):
            for _ in range(2):
                with pytest.raises(DeployError, match=r"load|serve"):
                    _follow(world, route)
                assert world.shares() == {first: 1}
            _follow(world, Route(world.model, champion=first))
            _answers(world, "champion", first)
        second = world.publish()
        _follow(world, Route(world.model, champion=second, previous=first))
        _answers(world, "champion", second)

    def test_a_version_that_nobody_registered(self, world: World) -> None:
        first = world.publish()
        _follow(world, Route(world.model, champion=first))
        with pytest.raises(DeployError, match="999"):
            _follow(world, Route(world.model, champion=first, challenger=999))
        assert world.shares() == {first: 1}

    def test_goes_back(self, world: World) -> None:
        first, second = world.publish(), world.publish()
        _follow(world, Route(world.model, champion=first))
        _follow(world, Route(world.model, champion=second, previous=first))
        _follow(world, Route(world.model, champion=first))
        assert world.shares() == {first: 1}
        _answers(world, "champion", first)
        _follow(world, Route(world.model, champion=second, previous=first))
        _answers(world, "champion", second)

    def test_with_no_version_nobody_answers(self, world: World) -> None:
        first = world.publish()
        assert _follow(world, Route(world.model)) == {}
        _follow(world, Route(world.model, challenger=first))
        for _ in range(2):
            assert _follow(world, Route(world.model)) == {}
            assert world.shares() == {}
            with pytest.raises(DeployError, match="champion"):
                world.target.predict(world.model, "champion", world.rows())
        _follow(world, Route(world.model, champion=first))
        _answers(world, "champion", first)

    def test_an_alias_without_a_version_is_not_answered(self, world: World) -> None:
        first = world.publish()
        _follow(world, Route(world.model, champion=first))
        with pytest.raises(DeployError, match="challenger"):
            world.target.predict(world.model, "challenger", world.rows())

    def test_who_is_away_is_unreachable(self, world: World) -> None:
        first = world.publish()
        route = Route(world.model, champion=first)
        _follow(world, route)
        with pytest.raises(Unreachable):
            world.away().follow(route)
        with pytest.raises(Unreachable):
            world.away().predict(world.model, "champion", world.rows())

    def test_a_crash_anywhere_and_again_is_as_no_crash(self, world: World) -> None:
        first, second = world.publish(), world.publish()
        calm = Route(world.model, champion=first)
        split = Route(world.model, champion=first, challenger=second, share=0.25)
        promoted = Route(world.model, champion=second, previous=first)
        _follow(world, calm)
        deaths = 0
        for route, before in ((split, calm), (promoted, split), (calm, promoted)):
            for after in count():
                _follow(world, before)
                world.decide(route)
                try:
                    world.dying(after).follow(route)
                except Killed:
                    deaths += 1
                else:
                    break
                assert sum(world.shares().values()) == pytest.approx(1), "somebody answers at any moment"
                assert set(world.shares()) <= {first, second}
                _follow(world, route)
                _answers(world, "champion", route.champion)
        assert deaths >= 3  # noqa: PLR2004 - at least one for each change of route


def _follow(world: World, route: Route) -> Mapping[str, int]:
    world.decide(route)
    return world.target.follow(route)


def _answers(world: World, alias: str, version: int | None) -> None:
    """The alias is answered by the version, as it answers offline."""
    assert version is not None
    rows = world.rows()
    answered, scores = world.target.predict(world.model, alias, rows)
    assert answered == version
    found, wanted = [numbers(score) for score in scores], [numbers(score) for score in world.offline(version)]
    assert len(found) == len(rows)
    for one, other in zip(found, wanted, strict=True):
        assert one == pytest.approx(other, abs=1e-6)
