"""The report says the verdict first, then what failed, and needs nothing but itself."""

import re
from datetime import UTC, datetime
from html.parser import HTMLParser

from everfit.validation.report import render
from everfit.values import Check, FileHash, Inspection

NOW = datetime(2013, 6, 1, 4, 30, tzinfo=UTC)
GOOD = Check("flights", "origin", "one of EWR, JFK, LGA", "all 27,004 rows", True, share=0.0)
BAD = Check("flights", "arr_delay", "numbers", "text in 3 of 27,004 rows, such as '<b>'", False, share=3 / 27_004)
ODD = Check("weather", "wind_speed", "between 0 and 200", "1 of 2010 rows outside", False, "warning", 1 / 2_010)


def page(*checks: Check) -> str:
    files = (FileHash("flights.parquet", "ab" * 32, 487_569), FileHash("planes.csv", "cd" * 32, 812))
    batch = Inspection("2013-05", "f00d", "ef" * 32, 27_004, files, "staged/x", checks, "reports/x.html")
    return render(batch, model="flight_delays", title="Late?", at=NOW)


def words(html: str) -> str:
    found: list[str] = []

    class Reader(HTMLParser):
        def handle_data(self, data: str) -> None:
            if self.get_starttag_text() != "<style>":
                found.append(data)

    Reader().feed(html)
    return re.sub(r"\s+", " ", " ".join(found))


def test_an_accepted_batch_says_so_first():
    text = words(page(GOOD))

    assert "2013-05 is accepted All 1 check passed" in text
    assert "Why it is refused" not in text
    assert all(part in text for part in ("27,004", "488 kB", "487,569", "ab" * 32, "cd" * 32))
    assert "2013-06-01 04:30:00 UTC" in text


def test_a_warning_does_not_refuse():
    text = words(page(GOOD, ODD))

    assert "2013-05 is accepted 1 check passed and 1 warning asks for a look" in text
    assert "Worth a look" in text


def test_a_refused_batch_says_why_before_all_else():
    text = words(page(GOOD, ODD, BAD))

    assert "2013-05 is refused 1 check of 3 failed" in text
    order = [
        text.index(part) for part in ("is refused", "Why it is refused", "flights.arr_delay", "Worth a look", "EWR")
    ]
    assert order == sorted(order)
    assert "0.011%" in text


def test_what_was_delivered_cannot_write_into_the_page():
    assert "<b>'" not in page(BAD)
    assert "&lt;b&gt;" in page(BAD)


def test_the_page_needs_nothing_else():
    assert not re.search(r"https?:|<link|<script|src=|@import|url\(", page(GOOD, BAD, ODD))


def test_the_same_inspection_gives_the_same_page():
    assert page(GOOD, BAD) == page(GOOD, BAD)
