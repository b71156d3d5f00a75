"""Citizens' id numbers: checked by their last digit, sealed like phones, shown masked."""

import re

from pydantic import SecretStr

from handlers import phones
from handlers.errors import BadInput

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECKS = "10X98765432"
SHAPE = re.compile(r"\d{17}[\dX]", re.ASCII)


def normalise(text: str) -> str:
    """The 18 characters of an id number, if its check digit is right (GB 11643-1999).

    Raises:
        BadInput: it isn't one.
    """
    number = text.replace(" ", "").upper()
    if not SHAPE.fullmatch(number) or number[17] != check(number):
        raise BadInput(id_no="公民身份号码不对：应为 18 位，请核对有没有写错或漏写")
    return number


def check(number: str) -> str:
    """The last character that belongs to the first seventeen."""
    return CHECKS[sum(int(digit) * weight for digit, weight in zip(number, WEIGHTS, strict=False)) % 11]


def mask(number: str) -> str:
    """How a number is shown: 370302********001X."""
    return f"{number[:6]}********{number[14:]}"


def look_up_hash(secret: SecretStr, number: str) -> str:
    """The same text for the same number, useless without the secret, and never that of a phone."""
    return phones.look_up_hash(secret, f"id:{number}")


def seal(secret: SecretStr, number: str) -> str:
    """A number as it is stored."""
    return phones.seal(secret, number)


def shown(secret: SecretStr, sealed: str | None) -> str:
    """A stored number, masked; empty where there is none, or it can't be read any more."""
    if sealed is None:
        return ""
    try:
        return mask(phones.unseal(secret, sealed))
    except phones.Unreadable:
        return "（加密保存，当前无法读出）"
