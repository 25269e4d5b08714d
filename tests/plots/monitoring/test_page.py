"""The monitoring report as a page: what is on it, in which order, and that it needs nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser

import pytest

from everfit.plots.monitoring.look import Mark, Sketch
from everfit.plots.monitoring.page import render
from everfit.signals import Point, Signal
from everfit.values import Detail
from tests.plots.card.test_page import Outline
from tests.plots.monitoring.looks import (
    CALM,
    CONCEPT,
    DAY,
    HARMED,
    HM,
    NO,
    NOW,
    OK,
    UNKNOWN,
    decay,
    earlier,
    harmed,
    healthy,
    look,
    monitored,
    moved,
    unknown,
)


@pytest.fixture(scope="module")
def bad() -> str:
    return render(harmed())


class Drawings(HTMLParser):
    """Every drawing of a page: whether it has a title, and a description or its numbers as a label."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.silent: list[str] = []
        self.count = 0
        self._svg = self._said = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "svg":
            self.count += 1
            self._svg, self._said = str(dict(attrs)), "label" if dict(attrs).get("aria-label") else ""
        elif self._svg and tag in ("title", "desc"):
            self._said += tag

    def handle_endtag(self, tag: str) -> None:
        if tag == "svg":
            self.silent += (
                [] if "title" in self._said and ("desc" in self._said or "label" in self._said) else [self._svg]
            )
            self._svg = ""


def test_it_begins_with_what_to_do_and_goes_on_in_order(bad: str) -> None:
    order = [
        "✗ harmed</b>",
        "<h1><em>Retrain</em></h1>",
        'id="monitors"',
        'id="features"',
        'id="causes"',
        "Where it hurts most",
        'id="unknown"',
        'id="evidence"',
        "The next look",
    ]
    places = [bad.index(said) for said in order]
    assert places == sorted(places)
    for said in (
        "Version 7 of flight_delays has been harmed since 2013-07-15 (3 looks), found by quality and segments.",
        "The concept changed: +0.0",
        "25,210",
        "84.6 %",
        "blind to concept drift",
        "2013-07-29 05:00:00 UTC",
        "ab" * 32,
        "evidence/flight_delays/monitored-7-2013-07-29.json",
        "24,011 rows that the version was judged on",
        "version 7, since 2013-06-19 00:00 UTC",
        "0.05 % for each monitor",
        'href="../../models/flight_delays"',
    ):
        assert said in bad, said
    assert "; retrain" not in bad, "what to do is said once, and large"


def test_the_worst_is_first_and_every_monitor_is_there(bad: str) -> None:
    def place(signal: Signal) -> int:
        return bad.index(f"</b>{signal.monitor}<" if signal.outcome is not HM else f"<code>{signal.monitor}</code>")

    by_place = [signal.outcome for signal in sorted(HARMED, key=place)]
    assert by_place == [NO, NO, OK, OK, OK, OK, HM]
    assert bad.index("</b>quality<") < bad.index("</b>segments<"), "what sees the harm itself comes first"
    folded = bad.index('<details class="folded">')
    assert bad.index(CONCEPT.reason) > folded
    for page, signals in ((render(healthy()), (*CALM, CONCEPT)), (render(unknown()), UNKNOWN)):
        for signal in signals:
            assert signal.monitor in page
            assert signal.reason in page


def test_a_healthy_page_is_short_and_calm() -> None:
    page = render(healthy())
    assert "<h1><em>Nothing to do</em></h1>" in page
    assert "healthy since 2013-07-08 (4 looks)" in page
    assert "5 monitors found no harm; 1 cannot tell." in page
    assert " open>" not in page
    for part in ("causes", "features"):
        assert f'id="{part}"' not in page
    assert len(page) < 60_000


def test_where_nothing_is_known_it_says_so_and_shows_why() -> None:
    page = render(unknown())
    assert "<h1><em>Wait</em></h1>" in page
    assert "Nobody can tell yet whether version 7 of flight_delays is harmed." in page
    assert "Quality: no label has come of the 412 rows." in page
    assert '<details class="folded" open>' in page


def test_each_drawing_has_words(bad: str) -> None:
    found = Drawings(bad)
    assert found.silent == []
    assert found.count > 15
    assert "quality from 0.4" in bad
    assert "3 of 5 looks found harm" in bad
    assert "speed before and now" in bad


def test_it_needs_no_network_and_runs_nothing(bad: str) -> None:
    assert Outline(bad).fetched == []
    assert "http" not in bad
    assert "@import" not in bad
    assert render(harmed()) == bad, "the same look gives the same page"


def test_headings_nest_and_links_arrive(bad: str) -> None:
    for page in (bad, render(healthy()), render(unknown())):
        outline = Outline(page)
        assert outline.headings[0] == 1
        assert all(new - old <= 1 for old, new in zip(outline.headings, outline.headings[1:], strict=False))
        assert set(outline.inside) <= set(outline.ids)
        assert len(set(outline.ids)) == len(outline.ids)


def test_text_is_text() -> None:
    evil = "<script>alert(1)</script>"
    signal = Signal(
        evil, NO, evil, 1.0, 0.9, 1.1, 0.5, parts=(Detail(evil, NO, evil, 1.0, 0.9, 1.1, 0.5),), blind_to=evil
    )
    found = monitored((signal, replace(signal, outcome=HM), replace(signal, outcome=OK)), action=evil, why=evil)
    named = decay()
    worse = replace(
        named,
        features=(replace(named.features[0], name=evil),),
        places=(replace(named.places[0], column=evil, value=evil),),
    )
    page = render(
        look(
            found,
            model=evil,
            title=evil,
            loss=evil,
            decay=worse,
            sketches=(Sketch(evil, (evil, evil), (0.5, 0.5), (0.1, 0.9), evil),),
            marks=(Mark(NOW - DAY, "champion", evil),),
            links={evil: f'"{evil}'},
            earlier=earlier((signal,)),
        )
    )
    assert "<script" not in page
    assert page.count("&lt;script&gt;") > 20


def test_a_data_bug_is_told_in_words() -> None:
    found = decay(bug="unit")
    page = render(look(monitored(HARMED, cause="data_bug", action="fix_data", why="weight"), decay=found))
    assert "<h1><em>Fix the data</em></h1>" in page
    assert "Data are broken" in page
    assert "<b>another unit</b>: values are 2.2" in page
    assert page.index("What is broken") < page.index("Where it hurts most")


def test_before_labels_come_the_readings_do_not_add_up_and_it_says_so() -> None:
    page = render(look(monitored(HARMED), decay=decay(moved(), labelled=False)))
    assert "which do not add up" in page
    assert "Blind to a change of the concept" in page
    assert "or: labels shifted" in page
    assert "together" not in page[page.index('id="causes"') : page.index('id="evidence"')]


def test_its_size_is_bounded() -> None:
    """Of 200 features that all moved, each with a name of 40 letters, the worst are shown."""
    many = tuple(Detail(f"feature_{k:032}", NO, "moved " * 8, 0.3, 0.2, 0.4, 0.1, 25_210) for k in range(200))
    long = tuple(
        Point(f"{NOW - (400 - k) * DAY:%Y-%m-%d}", f"{NOW - (399 - k) * DAY:%Y-%m-%d}", k / 400, 0.0, 1.0, 9)
        for k in range(400)
    )
    signals = tuple(
        Signal(f"monitor_{k}", NO, "worse " * 20, 0.3, 0.2, 0.4, 0.1, 9, parts=many if k < 2 else (), course=long)
        for k in range(13)
    )
    shares = tuple(1 / 24 for _ in range(24))
    cells = tuple(f"{k}.123456 to {k + 1}.123456" for k in range(24))
    sketches = tuple(Sketch(one.name, cells, shares, shares, "PSI 0.3") for one in many)
    looks = earlier(*((signals,) * 52))
    page = render(look(monitored(signals), sketches=sketches, decay=decay(), earlier=looks))
    assert len(page.encode()) < 400_000
    assert "and 160 more, none of them worse than these" in page
    assert "and 180 more that moved less" in page


def test_time_goes_on_to_the_newest_window() -> None:
    late = look(monitored(CALM, NOW + timedelta(days=1)))
    assert "Jul 2 \u2013 Jul 30" in render(late)
