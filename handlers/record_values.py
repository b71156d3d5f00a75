"""A record's values: out of JSON (or a form's strings) into exact Python values, and back. Pure.

A day is a `date`, a moment a `datetime` with its offset, a month the `date` of its first day, a decimal a
`Decimal`, money whole fen; a group is a dict and rows are a list of dicts. What is empty is `None`.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from handlers.template_content import Field, Kind

EMPTY: tuple[Any, ...] = (None, "", [], {})
MOST_LISTED = 500
LINE_MOST, TEXT_MOST = 200, 20_000
LARGEST = 10**11
FIRST_YEAR, LAST_YEAR = 1900, 2100
WHOLE = re.compile(r"-?\d{1,12}")
EXACT = re.compile(r"-?\d{1,9}(\.\d{1,4})?")
MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
YES = {"true": True, "false": False, "是": True, "否": False}


class BadValue(Exception):
    """A value that its field can't hold. `place` is the way to it inside the field, such as `2.reason`."""

    def __init__(self, sentence: str, place: str = "") -> None:
        super().__init__(sentence)
        self.sentence, self.place = sentence, place


Options = Callable[[Field], Sequence[str]]


class _AnyWord(tuple[str, ...]):
    def __contains__(self, _: object) -> bool:
        return True


_ANY_WORD = _AnyWord()


def any_word(_: Field) -> Sequence[str]:
    """Options of a record that was written before: they may have been others then."""
    return _ANY_WORD


"""What may be chosen in a field: its own options, or the district's in their place."""


def its_own(field: Field) -> Sequence[str]:
    """The options that the template names."""
    return field.options


def read(field: Field, value: Any, options: Options = its_own) -> Any:
    """The value as Python holds it.

    Raises:
        BadValue: says what is wrong and what to do.
    """
    if isinstance(value, str):
        value = value.strip()
    if value in EMPTY:
        return None
    match field.kind:
        case Kind.CHOICE:
            return _option(value, options(field))
        case Kind.CHOICES:
            return list(dict.fromkeys(_option(one, options(field)) for one in _list(value)))
        case Kind.PERSON:
            return _person(field, value)
        case Kind.PEOPLE:
            return list(dict.fromkeys(_person(field, one) for one in _list(value)))
        case Kind.RECORDS:
            return list(dict.fromkeys(_whole(one) for one in _list(value)))
        case Kind.MONTHS:
            return sorted({_month(one) for one in _list(value)})
        case Kind.PAPERS:
            return [_text(one, LINE_MOST) for one in _list(value) if one not in EMPTY] or None
        case Kind.GROUP:
            return _group(field, value, options)
        case Kind.ROWS:
            return _rows(field, value, options)
    return PLAIN[field.kind](value)


def plain(value: Any) -> Any:
    """The value as it stands in JSON."""
    match value:
        case datetime():
            return value.isoformat()
        case date():
            return value.isoformat()
        case Decimal():
            return f"{value:f}"
        case dict():
            return {key: plain(one) for key, one in value.items()}
        case list() | tuple():
            return [plain(one) for one in value]
    return value


def _group(field: Field, value: Any, options: Options) -> dict[str, Any] | None:
    if not isinstance(value, Mapping):
        raise BadValue(f"“{field.label}”的内容不完整，请逐项填写")
    if strange := sorted(set(value) - {column.key for column in field.columns}):
        raise BadValue(f"“{field.label}”里没有 {strange[0]} 这一项", strange[0])
    found = {}
    for column in field.columns:
        try:
            found[column.key] = read(column, value.get(column.key), options)
        except BadValue as bad:
            place = f"{column.key}.{bad.place}" if bad.place else column.key
            raise BadValue(f"{column.label}：{bad.sentence}", place) from bad
    return found if any(one is not None for one in found.values()) else None


def _rows(field: Field, value: Any, options: Options) -> list[dict[str, Any]] | None:
    rows = []
    for number, one in enumerate(_list(value), start=1):
        try:
            row = _group(field, one, options)
        except BadValue as bad:
            raise BadValue(f"第{number}行，{bad.sentence}", f"{number}.{bad.place}".rstrip(".")) from bad
        if row is not None:
            rows.append(row)
    return rows or None


def _list(value: Any) -> Sequence[Any]:
    if not isinstance(value, list | tuple):
        value = [value]
    if len(value) > MOST_LISTED:
        raise BadValue(f"最多{MOST_LISTED}项，请分开登记")
    return list(value)


def _option(value: Any, options: Sequence[str]) -> str:
    if not isinstance(value, str) or value not in options:
        raise BadValue(f"请在这些里面选：{'、'.join(options)}")
    return value


def _person(field: Field, value: Any) -> int | str:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and WHOLE.fullmatch(value):
        return int(value)
    if field.outside:
        return _text(value, 40)
    raise BadValue("请从名册里选人")


def _text(value: Any, most: int) -> str:
    if not isinstance(value, str):
        raise BadValue("应当是文字")
    if CONTROL.search(value):
        raise BadValue("里面有不能显示的字符，请重新输入")
    if len(value) > most:
        raise BadValue(f"最多{most}字，现在{len(value)}字")
    return value.strip()


def _line(value: Any) -> str:
    return " ".join(_text(value, LINE_MOST).split())


def _whole(value: Any) -> int:
    if isinstance(value, str) and WHOLE.fullmatch(value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > LARGEST:
        raise BadValue("应当是整数，例如 12")
    return value


def _exact(value: Any) -> Decimal:
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not EXACT.fullmatch(value):
        raise BadValue("应当是数，例如 1.5")
    return Decimal(value)


def _day(value: Any) -> date:
    try:
        found = date.fromisoformat(value) if isinstance(value, str) and len(value) == 10 else None
    except ValueError:
        found = None
    if found is None or not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise BadValue("应当是日期，例如 2026-11-20")
    return found


def _moment(value: Any) -> datetime:
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        found = None
    if found is None or found.tzinfo is None or not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise BadValue("应当是带时区的时间，例如 2026-11-20T09:00:00+08:00")
    return found


def _month(value: Any) -> date:
    if not isinstance(value, str) or not MONTH.fullmatch(value):
        raise BadValue("应当是年月，例如 2026-11")
    return _day(f"{value}-01")


def _year(value: Any) -> int:
    found = _whole(value)
    if not FIRST_YEAR <= found <= LAST_YEAR:
        raise BadValue("应当是年份，例如 2026")
    return found


def _bool(value: Any) -> bool:
    if isinstance(value, str) and value in YES:
        return YES[value]
    if not isinstance(value, bool):
        raise BadValue("请选“是”或“否”")
    return value


PLAIN: Mapping[Kind, Callable[[Any], Any]] = {
    Kind.LINE: _line,
    Kind.TEXT: lambda value: _text(value, TEXT_MOST),
    Kind.NUMBER: _whole,
    Kind.MONEY: _whole,
    Kind.DECIMAL: _exact,
    Kind.DAY: _day,
    Kind.MOMENT: _moment,
    Kind.MONTH: _month,
    Kind.YEAR: _year,
    Kind.YES: _bool,
    Kind.ORGANIZATION: _whole,
    Kind.BOOKING: _whole,
    Kind.RECORD: _whole,
}
"""How the kinds that hold one thing are read."""
