"""Published test numbers are found, and numbers that only look alike are not."""

import re

import numpy as np
import pandas as pd
import pyarrow
import pytest
from pyarrow import compute

from everfit.validation.rules._personal import DETECTORS, NAMES, luhn, mod_97, snake
from everfit.validation.rules.no_personal_data import NoPersonalData
from everfit.validation.rules.no_such_columns import NoSuchColumns
from tests.validation.rules.deliveries import Shelf, changed, shop

# PayPal's and Stripe's published test cards.
CARDS = ["4111111111111111", "5555 5555 5555 4444", "378282246310005", "6011-1111-1111-1117", "4222222222222"]
# The examples of the SWIFT IBAN registry.
IBANS = [
    "GB29 NWBK 6016 1331 9268 19",
    "DE89370400440532013000",
    "FR14 2004 1010 0505 0001 3M02 606",
    "NO93 8601 1117 947",
]
FOUND = {
    "email": ["jo@example.com", "write to Jo.O'Neil+x@mail.example.co.uk today"],
    "card": [*CARDS, "paid with 4111 1111 1111 1111, thanks"],
    "iban": IBANS,
    "ssn": ["078-05-1120", "SSN: 219-09-9999."],  # both once printed on sample cards
    "phone": ["+49 30 901820", "+442079460958", "(212) 555-0143", "call 212-555-0143 now"],  # numbers kept for fiction
    "ip": ["192.0.2.1", "from 198.51.100.7 at noon", "2001:db8::1", "::1"],  # RFC 5737 and RFC 3849
}
NOT = {
    "email": ["@home", "a@b", "price@ 5.00", "x@y."],
    "card": ["4111111111111112", "1234567890123456", "0000000000000000", "4111.1111.1111.1111"],
    "iban": ["GB29 NWBK 6016 1331 9268 18", "DE89370400440532013001", "ORDER12345678"],
    "ssn": ["000-12-3456", "666-12-3456", "900-12-3456", "123-00-4567", "123-45-0000", "2013-05-12"],
    "phone": ["2013-05-12", "2013-05-01T10:00:00+01:00", "N14228", "1234567890", "10.5.2013", "+12"],
    "ip": ["1.2.3", "999.1.1.1", "1.2.3.4.5", "12:30:59", "v1.2.3.4x"],
}


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in FOUND.items() for text in texts])
def test_it_is_found(kind, text):
    assert DETECTORS[kind].found(text)


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in NOT.items() for text in texts])
def test_it_is_not_taken_for_one(kind, text):
    assert not DETECTORS[kind].found(text)


@pytest.mark.parametrize("kind", list(DETECTORS))
def test_arrow_reads_the_patterns_as_python_does(kind):
    texts = [text for group in (*FOUND.values(), *NOT.values()) for text in group]
    theirs = compute.match_substring_regex(pyarrow.array(texts), DETECTORS[kind].looks).to_pylist()
    assert theirs == [bool(re.search(DETECTORS[kind].looks, text)) for text in texts]


def test_one_wrong_digit_is_always_noticed():
    for place in range(16):
        for digit in "0123456789":
            other = "4111111111111111"[:place] + digit + "4111111111111111"[place + 1 :]
            assert luhn(other) is (other == "4111111111111111")
    for place in range(4, 22):
        other = "DE89370400440532013000"[:place] + "7" + "DE89370400440532013000"[place + 1 :]
        assert mod_97(other) is (other == "DE89370400440532013000")


@pytest.mark.parametrize(
    "name",
    [
        "email",
        "E-Mail",
        "customerEmail",
        "email_address",
        "home_phone",
        "phoneNumber",
        "SSN",
        "date_of_birth",
        "dob",
        "firstName",
        "passport_no",
        "credit_card_number",
        "iban",
        "ip_address",
    ],
)
def test_a_name_tells_it(name):
    assert NAMES.search(snake(name))


@pytest.mark.parametrize(
    "name",
    [
        "tailnum",
        "name",
        "model",
        "dest",
        "emailed",
        "phonetic",
        "carrier",
        "gross_name",
        "description",
        "lat",
        "street",
        "zip",
        "engine",
        "dobson",
        "wind_gust",
    ],
)
def test_other_names_do_not(name):
    assert not NAMES.search(snake(name))


@pytest.mark.parametrize("kind", list(FOUND))
def test_a_column_that_holds_it_is_named_and_its_values_are_not_shown(kind, shelf: Shelf):
    tables = shop(3)
    notes = pd.Series(["fine"] * 400)
    notes.iloc[:40] = (FOUND[kind] * 40)[:40]
    (check,) = NoPersonalData().check(shelf.delivery(changed(tables, note=notes)))
    assert (check.table, check.column, check.passed) == ("orders", "note", False)
    assert check.found == f"{DETECTORS[kind].title} in 40 of 400 rows"
    assert check.share == pytest.approx(0.1)


def test_an_order_number_is_no_card_number_though_one_in_ten_has_its_check_digit(shelf: Shelf):
    numbers = np.random.default_rng(0).integers(4 * 10**15, 5 * 10**15, 400)
    assert sum(luhn(str(number)) for number in numbers) > 20
    for column in (numbers, numbers.astype(str)):
        assert all(check.passed for check in NoPersonalData().check(shelf.delivery(changed(shop(3), number=column))))


def test_whole_numbers_are_looked_at_as_cards(shelf: Shelf):
    (check,) = NoPersonalData().check(shelf.delivery(changed(shop(3), paid_by=4111111111111111)))
    assert check.found == "credit card numbers in 400 of 400 rows"


def test_what_is_allowed_is_passed_over(shelf: Shelf):
    tables = changed(shop(3), email="jo@example.com", note="jo@example.com")
    assert len(NoPersonalData().check(shelf.delivery(tables))) == 3
    assert len(NoPersonalData(allow=("orders.email",)).check(shelf.delivery(tables))) == 1
    assert NoPersonalData(allow=("orders.email", "note")).check(shelf.delivery(tables))[0].passed
    (named,) = NoPersonalData(kinds=("ip",)).check(shelf.delivery(tables))
    assert named.found == "a column of that name"


def test_a_few_may_be_borne_with(shelf: Shelf):
    notes = pd.Series(["fine"] * 400)
    notes.iloc[7] = "jo@example.com"
    tables = changed(shop(3), note=notes)
    assert not NoPersonalData().check(shelf.delivery(tables))[0].passed
    assert NoPersonalData(at_most=0.01).check(shelf.delivery(tables))[0].passed


@pytest.mark.parametrize(
    ("pattern", "bad"),
    [("price", True), ("PRICE", True), ("orders.*", True), ("customers.price", False), ("pric?", True)],
)
def test_forbidden_columns_are_patterns(pattern, bad, shelf: Shelf):
    checks = NoSuchColumns((pattern,)).check(shelf.delivery(shop(3)))
    assert any(not check.passed for check in checks) is bad
    if pattern == "orders.*":
        assert [check.column for check in checks] == ["order", "customer", "placed", "price", "shop", "returned"]
