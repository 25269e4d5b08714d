"""The monitoring report in a real browser, offline: wide and narrow, in the dark, by keyboard, and on paper."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from everfit.plots.monitoring.page import render
from tests.plots.card.test_in_browser import BROWSERS, CONTRAST, FLAGS
from tests.plots.monitoring.looks import harmed, healthy, unknown

pytestmark = [pytest.mark.browser]
PAGES = {"harmed": harmed, "healthy": healthy, "unknown": unknown}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    assert found, f"found none of {', '.join(BROWSERS)}: install one, for example with `apt-get install chromium`"
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield started
        started.close()


@pytest.fixture(scope="module", params=PAGES)
def page(request: pytest.FixtureRequest, browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """One of three reports; whatever it asks the network for is an error."""
    path: Path = tmp_path_factory.mktemp("report") / f"{request.param}.html"
    path.write_text(render(PAGES[request.param]()), encoding="utf-8")
    context = browser.new_context(viewport={"width": 1200, "height": 900}, offline=True)
    shown = context.new_page()
    asked: list[str] = []
    shown.on("request", lambda sent: asked.append(sent.url))
    shown.on("console", lambda message: asked.append(message.text))
    shown.goto(path.as_uri())
    assert [one for one in asked if not one.startswith(("file:", "data:"))] == []
    yield shown
    context.close()


def test_nothing_is_wider_than_the_screen(page: Page) -> None:
    for width in (1200, 760, 400):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, width
        assert page.evaluate(OUTSIDE) == [], width
    page.set_viewport_size({"width": 1200, "height": 900})


def test_light_and_dark_have_contrast(page: Page) -> None:
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        assert page.evaluate(CONTRAST) == [], scheme
    page.emulate_media(color_scheme="light")


def test_what_to_do_is_the_largest_thing(page: Page) -> None:
    size = "one => parseFloat(getComputedStyle(one).fontSize)"
    head = page.get_by_role("heading", level=1)
    others = page.locator("main *:not(h1):not(h1 *)").evaluate_all(f"all => Math.max(...all.map({size}))")
    assert head.evaluate(size) > 2 * others


def test_rows_are_opened_by_keyboard(page: Page) -> None:
    for each in page.locator("details > summary").all():
        folded = each.locator("xpath=..")
        folded.evaluate("one => one.removeAttribute('open')")
        each.focus()
        page.keyboard.press("Enter")
        assert folded.evaluate("one => one.open")
        assert folded.locator("xpath=*[2]").is_visible()


def test_on_paper_nothing_is_cut_off(page: Page) -> None:
    page.set_viewport_size({"width": 700, "height": 1000})
    page.emulate_media(media="print")
    assert page.evaluate("document.documentElement.scrollWidth") <= 700
    assert not page.get_by_role("navigation").is_visible()
    assert page.locator("#evidence").is_visible()
    assert page.pdf(format="A4").startswith(b"%PDF")
    page.emulate_media(media="screen")
    page.set_viewport_size({"width": 1200, "height": 900})


OUTSIDE = """() => [...document.querySelectorAll('main section, main header, main article, main summary, svg')]
  .filter(one => one.getClientRects().length && !one.closest('.scroll'))
  .filter(one => one.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
  .map(one => one.outerHTML.slice(0, 80))"""
