"""A real browser, and what a person does in it on Airflow's pages."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

PROJECT = Path(__file__).parents[2]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SECOND = 1_000


@contextmanager
def opened(url: str, height: int = 900) -> Iterator[Page]:
    """A page of a headless browser, logged out; Airflow answers slowly while it trains on a small machine."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    assert found, f"found none of {', '.join(BROWSERS)}: install one, for example with `apt-get install chromium`"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        context = browser.new_context(base_url=url, viewport={"width": 1440, "height": height})
        context.set_default_timeout(60 * SECOND)
        yield context.new_page()
        browser.close()


def keep(page: Page, name: str, **how: bool) -> None:
    """A picture of the page, as an artefact."""
    folder = Path(os.environ.get("EVERFIT_ARTEFACTS") or PROJECT / ".everfit" / "artefacts")
    folder.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=folder / f"{name}.png", **how)


def log_in(page: Page, path: str, who: str, password: str) -> None:
    """Go to a page, and through the form that Airflow puts before it."""
    page.goto(path)
    page.locator("input[name=username]").fill(who)
    page.locator("input[name=password]").fill(password)
    page.get_by_role("button", name="Sign in").click()


def fill_in_the_form(page: Page, *, batches: int, device: str, note: str) -> None:
    page.get_by_test_id("trigger-dag-button").click()
    form = page.get_by_role("dialog").filter(has_text="Trigger Dag")
    submit = form.get_by_test_id("trigger-dag-submit")
    expect(submit, "with nothing filled in, the form can be sent as it is").to_be_enabled()
    form.get_by_role("spinbutton").fill(str(batches))
    form.get_by_role("combobox").click()
    page.get_by_role("option", name=device, exact=True).click()
    form.locator("label", has=page.locator("input[name=element_force]")).click()
    form.locator("textarea[name=element_note]").fill(note)
    form.locator("textarea[name=element_note]").blur()
    expect(form.locator("input[name=element_device]")).to_have_value(device)
    expect(form.locator("input[name=element_force]")).to_be_checked()


def start(page: Page) -> str:
    """Send the form; returns the run's page."""
    with page.expect_response(re.compile(r"/dags/flight_delays_train/dagRuns$")) as sent:
        page.get_by_test_id("trigger-dag-submit").click()
    assert sent.value.ok, sent.value.text()
    return f"/dags/flight_delays_train/runs/{sent.value.json()['dag_run_id']}"


def see_it_succeed(page: Page, run: str) -> None:
    page.goto(run)
    expect(page.get_by_test_id("state-badge").first).to_contain_text("Success", timeout=180 * SECOND)
    page.get_by_role("link", name="judge", exact=True).first.wait_for()


def open_the_report(page: Page, run: str) -> None:
    page.goto(f"{run}/tasks/judge/details")
    page.get_by_role("link", name="Report", exact=True).click()
    page.wait_for_url(re.compile("/everfit/reports/flight_delays/"))
    expect(page.get_by_role("heading", name="The candidate is")).to_be_visible()
    expect(page.get_by_role("heading", name="above_bar")).to_be_visible()


def open_mlflow(page: Page, run: str, name: str) -> None:
    page.goto(f"{run}/tasks/judge/details")
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="MLflow run", exact=True).click()
    expect(opened.value.get_by_role("heading", name=name)).to_be_visible()
    opened.value.close()


def see_the_champion(page: Page, version: int) -> None:
    page.goto("/")
    page.get_by_role("button", name="Browse").click()
    page.get_by_role("menuitem", name="everfit").click()
    frame = page.frame_locator("iframe")
    card = frame.locator("section", has=frame.get_by_role("link", name="flight_delays", exact=True))
    expect(card).to_contain_text(f"version {version}")


def see_the_decisions(page: Page, note: str) -> None:
    frame = page.frame_locator("iframe")
    frame.get_by_role("link", name="flight_delays", exact=True).click()
    expect(frame.get_by_role("heading", name="Decisions")).to_be_visible()
    expect(frame.get_by_text(note).first).to_be_visible()
    with page.context.expect_page() as opened:
        frame.get_by_role("link", name="MLflow run").click()
    opened.value.close()
