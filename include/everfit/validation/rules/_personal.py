"""What personal data looks like: in the name of a column, and in values whose check digits prove it."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

NAMES = re.compile(
    r"(?:^|_)(?:e?_?mail(?:_?address)?|(?:tele)?phone(?:_?(?:number|no))?|mobile(?:_?number)?|ssn|social_?security\w*"
    r"|passport\w*|iban|credit_?card\w*|card_?number|first_?name|last_?name|sur_?name|full_?name|maiden_?name"
    r"|date_?of_?birth|birth_?da(?:te|y)|dob|(?:home|street|postal)_?address|ip_?address|tax_?id|national_?id)(?:_|$)"
)
"""Names of columns, in small letters with `_` between words."""


@dataclass(frozen=True)
class Detector:
    """One kind of personal data: what people call it, how it looks, and what tells the true from the alike.

    `most`: a value that looks like one may be any number, so a column counts only if most of its look-alikes are true.
    """

    title: str
    looks: str
    true: Callable[[str], bool]
    most: bool = False

    def found(self, text: str) -> bool:
        """Whether one of them is in the text.

        >>> DETECTORS["card"].found("paid with 4111 1111 1111 1111"), DETECTORS["card"].found("4111 1111 1111 1112")
        (True, False)
        """
        return any(self.true(one.group(1)) for one in re.finditer(self.looks, text))


def snake(name: str) -> str:
    """A column's name in small letters with `_` between words.

    >>> snake("homePhone No."), snake("E-Mail")
    ('home_phone_no', 'e_mail')
    """
    return re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()).strip("_")


def luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of the others (ISO/IEC 7812-1, annex B).

    >>> luhn("79927398713"), luhn("79927398710")
    (True, False)
    """
    total = 0
    for place, digit in enumerate(reversed(digits)):
        twice = int(digit) * (1 + place % 2)
        total += twice - 9 * (twice > 9)  # noqa: PLR2004 - the digits of a number up to 18 add up to it less 9
    return total % 10 == 0


def mod_97(iban: str) -> bool:
    """Whether an IBAN's check digits are right (ISO 13616, ISO/IEC 7064 MOD 97-10).

    >>> mod_97("GB82WEST12345698765432"), mod_97("GB82WEST12345698765433")
    (True, False)
    """
    return int("".join(str(int(sign, 36)) for sign in iban[4:] + iban[:4])) % 97 == 1


def _card(text: str) -> bool:
    digits = re.sub(r"[ -]", "", text)
    return len(set(digits)) > 1 and luhn(digits)


def _iban(text: str) -> bool:
    return mod_97(re.sub(r"\s", "", text).upper())


def _ssn(text: str) -> bool:
    """The Social Security Administration gives out no area 000, 666 or 9xx, no group 00 and no serial 0000."""
    area, group, serial = text.split("-")
    return area not in {"000", "666"} and area[0] != "9" and group != "00" and serial != "0000"


def _phone(text: str) -> bool:
    """E.164 allows 15 digits; fewer than 8 are no number that can be called from everywhere."""
    return 8 <= len(re.sub(r"\D", "", text)) <= 15  # noqa: PLR2004 - said above


def _address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


# Patterns that both Python and RE2 (Arrow) read; group 1 is the value itself.
DETECTORS: Mapping[str, Detector] = {
    "email": Detector(
        "e-mail addresses", r"([A-Za-z0-9._%+'-]+@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,24})", lambda text: ".." not in text
    ),
    "card": Detector(
        "credit card numbers",
        r"(?:^|[^\d.-])((?:3[47]|4\d|5[1-5]|2[2-7]|6[0245])(?:[ -]?\d){11,17})(?:$|[^\d.])",
        _card,
        most=True,
    ),
    "iban": Detector("IBANs", r"(?:^|[^A-Za-z0-9])([A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?)\b", _iban),
    "ssn": Detector("social security numbers", r"(?:^|[^\d-])(\d{3}-\d{2}-\d{4})(?:$|[^\d-])", _ssn),
    "phone": Detector(
        "phone numbers",
        r"(?:^|[^\w.+])(\+[1-9]\d{0,2}[ .-]?(?:\(\d{1,4}\)[ .-]?)?\d{2,4}(?:[ .-]?\d{2,4}){1,4}"
        r"|\(\d{3}\) ?\d{3}[-. ]\d{4}|\d{3}[-.]\d{3}[-.]\d{4})(?:$|[^\w.-])",
        _phone,
    ),
    "ip": Detector(
        "IP addresses",
        r"(?:^|[^\w.:])(\d{1,3}(?:\.\d{1,3}){3}|(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{1,4})(?:$|[^\w.:])",
        _address,
    ),
}
