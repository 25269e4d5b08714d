"""What a person does in a browser: fill in the form, watch the run, open the reports, look at who is the champion."""

import os
import re
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.browser,
    pytest.mark.timeout(600),
]
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
NOTE = "A person asked for this run, in a browser."
SECOND = 1_000


@pytest.fixture
def page(running):
    """A page of a headless browser, logged out; Airflow answers slowly while it trains on a small machine."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    assert found, f"found none of {', '.join(BROWSERS)}: install one, for example with `apt-get install chromium`"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        context = browser.new_context(base_url=running.stack.airflow_url, viewport={"width": 1440, "height": 900})
        context.set_default_timeout(30 * SECOND)
        yield context.new_page()
        browser.close()


@pytest.fixture
def keep(page):
    """Keeps a picture of the page as an artefact."""
    folder = Path(os.environ.get("EVERFIT_ARTEFACTS") or PROJECT / ".everfit" / "artefacts")
    folder.mkdir(parents=True, exist_ok=True)
    return lambda name: page.screenshot(path=folder / f"{name}.png")


@pytest.fixture
def champion(running) -> int:
    """The champion before the test, made of three months if nobody has made one yet."""
    if running.view("flight_delays").champion is None:
        running.land("2013-01", "2013-02", "2013-03")
    running.until(lambda: running.view("flight_delays").champion and running.idle(), "a champion", timeout=300)
    return running.view("flight_delays").champion


def test_a_person_trains_a_model_and_sees_what_became_of_it(running, champion, page, keep):
    log_in(page, running.stack.credentials.password)
    fill_in_the_form(page, batches=3, device="cpu", note=NOTE)
    keep("trigger-form")
    run = start(page)
    see_it_succeed(page, run)
    keep("finished-run")

    asked = running.view("flight_delays").triggers[-1].body
    assert (asked.by, asked.note, asked.forced, asked.device, len(asked.batches)) == ("admin", NOTE, True, "cpu", 3)

    open_the_report(page, run)
    keep("gates-report")
    open_mlflow(page, run, asked.run)
    running.until(running.idle, "whatever the run started is over")
    see_the_champion(page, running.view("flight_delays").champion)
    keep("everfit-page")
    see_the_decisions(page)
    keep("everfit-model")


def log_in(page: Page, password: str) -> None:
    page.goto("/dags/flight_delays_train")
    page.locator("input[name=username]").fill("admin")
    page.locator("input[name=password]").fill(password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="flight_delays_train")).to_be_visible()


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


def see_the_decisions(page: Page) -> None:
    frame = page.frame_locator("iframe")
    frame.get_by_role("link", name="flight_delays", exact=True).click()
    expect(frame.get_by_role("heading", name="Decisions")).to_be_visible()
    expect(frame.get_by_text(NOTE).first).to_be_visible()
    with page.context.expect_page() as opened:
        frame.get_by_role("link", name="MLflow run").click()
    opened.value.close()
