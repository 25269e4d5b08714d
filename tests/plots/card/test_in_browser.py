"""The card in a real browser, offline: on a wide and a narrow screen, in the dark, by keyboard, and on paper."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from tests.plots.card.test_page import everything

pytestmark = [pytest.mark.browser]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """The card with everything on it; whatever it asks the network for is an error."""
    path: Path = tmp_path_factory.mktemp("card") / "card.html"
    path.write_text(everything(), encoding="utf-8")
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    assert found, f"found none of {', '.join(BROWSERS)}: install one, for example with `apt-get install chromium`"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        context = browser.new_context(viewport={"width": 1200, "height": 900}, offline=True)
        shown = context.new_page()
        asked: list[str] = []
        shown.on("request", lambda request: asked.append(request.url))
        shown.on("console", lambda message: asked.append(message.text))
        shown.goto(path.as_uri())
        assert [one for one in asked if not one.startswith(("file:", "data:"))] == []
        yield shown
        browser.close()


@pytest.mark.parametrize("width", [1200, 760, 390])
def test_nothing_is_wider_than_the_screen(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_light_and_dark_have_contrast(page: Page) -> None:
    """Text against its ground at 4.5 to 1 or better (WCAG 2.2, 1.4.3), in both."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        poor = page.evaluate(CONTRAST)
        assert poor == [], scheme
    page.emulate_media(color_scheme="light")


def test_parts_are_opened_by_keyboard(page: Page) -> None:
    page.locator("details").evaluate("one => one.removeAttribute('open')")
    assert not page.get_by_text("carrier <AA>").is_visible()
    page.locator("summary").focus()
    page.keyboard.press("Enter")
    assert page.get_by_text("carrier <AA>").is_visible()


def test_each_picture_has_words_or_is_hidden_from_those_who_listen(page: Page) -> None:
    silent = "svg:not([aria-label]):not([aria-hidden]), img:not([alt])"
    assert page.locator(silent).count() == 0
    assert page.get_by_role("heading", level=1).inner_text() == "The candidate is kept back"
    assert page.locator("html").get_attribute("lang") == "en"


def test_on_paper_folded_parts_are_there_and_nothing_is_cut_off(page: Page, tmp_path: Path) -> None:
    page.locator("details").evaluate("one => one.removeAttribute('open')")
    page.set_viewport_size({"width": 700, "height": 1000})
    page.emulate_media(media="print")
    assert page.locator("td", has_text="carrier <AA>").evaluate("one => one.getBoundingClientRect().height") > 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 700
    assert not page.get_by_role("navigation").is_visible()
    assert page.pdf(format="A4").startswith(b"%PDF")
    page.emulate_media(media="screen")


CONTRAST = """() => {
  const parse = c => c.match(/[\\d.]+/g).map(Number)
  const linear = v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4
  const light = ([r, g, b]) => [r, g, b].map(v => linear(v / 255))
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0)
  const ground = one => {
    for (let at = one; at; at = at.parentElement) {
      const c = parse(getComputedStyle(at).backgroundColor)
      if (c.length < 4 || c[3] > 0) return c
    }
    return [255, 255, 255]
  }
  return [...document.querySelectorAll('main *')].filter(one => !one.closest('svg') &&
      [...one.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()) && one.getClientRects().length)
    .map(one => {
      const [a, b] = [light(parse(getComputedStyle(one).color)), light(ground(one))]
      return [(Math.max(a, b) + .05) / (Math.min(a, b) + .05), one.className, one.textContent.slice(0, 30)]
    }).filter(([ratio]) => ratio < 4.5)
}"""
