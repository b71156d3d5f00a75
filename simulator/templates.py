"""Message templates, and what may stand in their typed keys (thing1, time2 …)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from simulator.call import App, Call
from simulator.envelope import PlatformError

DATE = r"\d{4}(?:年\d{1,2}月\d{1,2}日|[-/.]\d{1,2}[-/.]\d{1,2})"
CLOCK = r"(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?"
TIME = rf"(?:{DATE}\s*)?{CLOCK}"
DATE_MAYBE_TIME = rf"{DATE}(?:\s*{CLOCK})?"
CHINESE = re.compile(r"[\u3400-\u9fff]")
CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]")
KEY = re.compile(r"([a-z_]+?)\d+")
RULES = {
    "thing": re.compile(r".{1,20}"),
    "number": re.compile(r"(?=.{1,32}$)\d+(?:\.\d+)?"),
    "letter": re.compile(r"[A-Za-z]{1,32}"),
    "symbol": re.compile(r"[^\w\s]{1,5}"),
    "character_string": re.compile(r"[\x20-\x7e]{1,32}"),
    "time": re.compile(rf"{TIME}(?:\s*~\s*{TIME})?"),
    "date": re.compile(rf"{DATE_MAYBE_TIME}(?:\s*~\s*{DATE_MAYBE_TIME})?"),
    "amount": re.compile(r"[¥￥$€£]?\d{1,10}(?:\.\d+)?元?"),
    "phone_number": re.compile(r"[\d+\-() ]{1,17}"),
    "car_number": re.compile(r"(?=.{1,8}$)[\u3400-\u9fff]?[A-Za-z0-9]+[\u3400-\u9fff]?"),
    "phrase": re.compile(r"[\u3400-\u9fff]{1,5}"),
    "enum": re.compile(r".+"),
}


@dataclass(frozen=True, slots=True)
class Template:
    """One template of an app. `keys` is label by key; None = whatever typed keys are sent."""

    title: str
    keys: Mapping[str, str] | None = None

    def check(self, values: Mapping[str, str]) -> None:
        """Every declared key is there, no other, and every value keeps its key's rule.

        Raises:
            PlatformError: 47003, naming the key.
        """
        for key in self.keys if self.keys is not None else ():
            if not values.get(key):
                raise PlatformError(47003, f" data.{key}.value is empty")
        if not values:
            raise PlatformError(47003, " data is empty")
        for key, value in values.items():
            if not value:
                raise PlatformError(47003, f" data.{key}.value is empty")
            if (self.keys is not None and key not in self.keys) or not fits(key, value):
                raise PlatformError(47003, f" data.{key}.value invalid")


def fits(key: str, value: str) -> bool:
    """Whether a value may stand in that key."""
    named = KEY.fullmatch(key)
    if named is None or CONTROL.search(value):
        return False
    if named[1] == "name":
        return len(value) <= (10 if CHINESE.search(value) else 20)
    rule = RULES.get(named[1])
    return rule is not None and rule.fullmatch(value) is not None


def values_of(call: Call) -> dict[str, str]:
    """The `data` of a message, value by key."""
    data = call.body.get("data")
    if not isinstance(data, dict):
        raise PlatformError(47003, " data is empty")
    return {key: _value(key, part) for key, part in data.items()}


def _value(key: str, part: Any) -> str:
    value = part.get("value") if isinstance(part, dict) else None
    if isinstance(value, bool) or not isinstance(value, str | int | float | None):
        raise PlatformError(47003, f" data.{key}.value invalid")
    return "" if value is None else str(value)


def subscribe_templates(call: Call) -> dict[str, object]:
    """GET /wxaapi/newtmpl/gettemplate."""
    shown = [
        {"priTmplId": id_, "title": template.title, "content": _content(template), "example": "", "type": 2}
        for id_, template in _own(call).items()
    ]
    return {"errcode": 0, "errmsg": "ok", "data": shown}


def account_templates(call: Call) -> dict[str, object]:
    """GET /cgi-bin/template/get_all_private_template."""
    shown = [
        {
            "template_id": id_,
            "title": template.title,
            "primary_industry": "",
            "deputy_industry": "",
            "content": _content(template),
            "example": "",
        }
        for id_, template in _own(call).items()
    ]
    return {"template_list": shown}


def _own(call: Call) -> dict[str, Template]:
    return call.world.templates[call.app or App.OFFICIAL_ACCOUNT]


def _content(template: Template) -> str:
    return "".join(f"{label}:{{{{{key}.DATA}}}}\n" for key, label in (template.keys or {}).items())
