"""A record's fields as a form on a phone, and what was filled in, read back.

Names say the way to a value: `place`, `held_at.from`, `absentees.0.reason`. `_has` names the fields that a
form brings, so that nothing ticked is told from nothing asked.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from html import escape
from typing import Any
from zoneinfo import ZoneInfo

from multidict import MultiMapping

from handlers.record_checks import Problem
from handlers.record_choices import Choices
from handlers.template_content import Field, Kind, Required

MOST_ROWS = 60
BLANK_ROWS = 1
CHOICES_AS_RADIO = 4
SELECTED = " selected"
CHINA = ZoneInfo("Asia/Shanghai")


def block(one: Field, value: Any, choices: Choices, problems: Sequence[Problem] = ()) -> str:
    """One field of the form: its label, its input, its help, and what is said about it."""
    said = "".join(problem(this) for this in problems)
    need = {Required.ALWAYS: "", Required.NEVER: "（可不填）", Required.CONDITIONAL: f"（{one.condition}）"}
    label = f'{escape(one.label)}<span class="soft">{escape(need[one.required])}</span>'
    hint = f'<p class="soft">{escape(one.help)}</p>' if one.help else ""
    body = _inputs(one, one.key, value, choices)
    is_set = one.kind in (Kind.GROUP, Kind.ROWS, Kind.PEOPLE, Kind.CHOICES, Kind.RECORDS) or _radio(
        one, choices
    )
    head = f"<legend>{label}</legend>" if is_set else f'<label for="i-{one.key}">{label}</label>'
    tag = "fieldset" if is_set else "div"
    state = " wrong" if any(this.level == "block" for this in problems) else ""
    return (
        f'<{tag} class="field{state}" id="f-{one.key}" data-key="{one.key}">{head}'
        f'<input type="hidden" name="_has" value="{one.key}">{body}{hint}{said}</{tag}>'
    )


def shown(one: Field, value: Any, choices: Choices, problems: Sequence[Problem] = ()) -> str:
    """One field to be read."""
    text = words(one, value, choices) or "—"
    said = "".join(problem(this) for this in problems)
    note = '<span class="soft">（系统计算）</span>' if one.computed else ""
    return (
        f'<div class="shown" id="f-{one.key}"><dt>{escape(one.label)}{note}</dt>'
        f"<dd>{escape(text).replace(chr(10), '<br>')}{said}</dd></div>"
    )


def problem(one: Problem) -> str:
    """What is said about a field, with its basis."""
    word = "要补正" if one.level == "block" else "提示"
    rule = f'<span class="soft">（{escape(one.rule)}）</span>' if one.rule else ""
    role = ' role="alert"' if one.level == "block" else ""
    return f'<p class="said {one.level}"{role}><strong>{word}</strong> {escape(one.message)}{rule}</p>'


def words(one: Field, value: Any, choices: Choices) -> str:
    """A value for reading."""
    if value in (None, "", [], {}):
        return ""
    known: dict[Any, str] = dict(choices.of(one))
    match one.kind:
        case Kind.YES:
            return "是" if value else "否"
        case Kind.MONEY:
            return f"{Decimal(int(value)) / 100:.2f} 元"
        case Kind.MOMENT:
            moment = datetime.fromisoformat(str(value)).astimezone(CHINA)
            return f"{moment.year}年{moment.month}月{moment.day}日 {moment:%H:%M}"
        case Kind.PEOPLE | Kind.RECORDS:
            return "、".join(known.get(item, str(item)) for item in value)
        case Kind.CHOICES | Kind.MONTHS | Kind.PAPERS:
            return "、".join(map(str, value))
        case Kind.GROUP:
            parts = [(column.label, words(column, value.get(column.key), choices)) for column in one.columns]
            return "，".join(f"{label}：{text}" for label, text in parts if text)
        case Kind.ROWS:
            rows = [words(_as_group(one), row, choices) for row in value]
            return "\n".join(f"{number}. {row}" for number, row in enumerate(rows, start=1))
        case Kind.PERSON | Kind.RECORD | Kind.BOOKING | Kind.ORGANIZATION:
            return known.get(value, str(value))
    unit = one.unit if one.kind in (Kind.NUMBER, Kind.DECIMAL) else ""
    return f"{value}{unit}"


def read_back(fields: Sequence[Field], given: MultiMapping[Any], zone: ZoneInfo) -> dict[str, Any]:
    """What was filled in, as the use-case takes it; what can't be read stays as it was typed."""
    has = set(given.getall("_has", []))
    return {
        one.key: _read(one, one.key, given, zone) for one in fields if one.key in has and not one.computed
    }


def _read(one: Field, name: str, given: MultiMapping[Any], zone: ZoneInfo) -> Any:
    match one.kind:
        case Kind.CHOICES | Kind.RECORDS | Kind.PEOPLE:
            return [text for text in map(_text, given.getall(name, [])) if text]
        case Kind.MONTHS:
            return _text(given.get(name, "")).replace("，", " ").replace("、", " ").replace(",", " ").split()
        case Kind.PAPERS:
            return [line.strip() for line in _text(given.get(name, "")).splitlines() if line.strip()]
        case Kind.GROUP:
            parts = {column.key: _read(column, f"{name}.{column.key}", given, zone) for column in one.columns}
            return {key: value for key, value in parts.items() if value not in ("", [], {})}
        case Kind.ROWS:
            return list(_rows(one, name, given, zone))
    return _single(one, _text(given.get(name, "")), zone)


def _rows(one: Field, name: str, given: MultiMapping[Any], zone: ZoneInfo) -> Iterator[dict[str, Any]]:
    beginnings = {key.split(".")[1] for key in given if key.startswith(f"{name}.") and key.count(".") >= 2}
    for number in sorted(int(text) for text in beginnings if text.isdecimal() and len(text) < 4):
        row = _read(_as_group(one), f"{name}.{number}", given, zone)
        if row:
            yield row


def _single(one: Field, text: str, zone: ZoneInfo) -> Any:
    if text == "":
        return ""
    if one.kind is Kind.MOMENT and len(text) in (16, 19):
        try:
            return datetime.fromisoformat(text).replace(tzinfo=zone).isoformat()
        except ValueError:
            return text
    if one.kind is Kind.MONEY:
        try:
            fen = Decimal(text) * 100
            return int(fen) if fen == fen.to_integral_value() else text
        except (InvalidOperation, ValueError, OverflowError):
            return text
    return text


def _text(value: object) -> str:
    return value.replace("\r\n", "\n").strip() if isinstance(value, str) else ""


def _as_group(one: Field) -> Field:
    return replace(one, kind=Kind.GROUP)


def _radio(one: Field, choices: Choices) -> bool:
    return one.kind is Kind.CHOICE and len(choices.of(one)) <= CHOICES_AS_RADIO


def _inputs(one: Field, name: str, value: Any, choices: Choices) -> str:
    if one.kind is Kind.GROUP:
        return _group(one, name, value if isinstance(value, Mapping) else {}, choices)
    if one.kind is Kind.ROWS:
        return _table(one, name, value if isinstance(value, list) else [], choices)
    return INPUTS.get(one.kind, _line)(one, name, value, choices)


def _group(one: Field, name: str, value: Mapping[str, Any], choices: Choices) -> str:
    parts = []
    for column in one.columns:
        inner = f"{name}.{column.key}"
        extra = "" if column.required is Required.ALWAYS else '<span class="soft">（可不填）</span>'
        inputs = _inputs(column, inner, value.get(column.key), choices)
        if column.kind in (Kind.PEOPLE, Kind.CHOICES, Kind.RECORDS) or _radio(column, choices):
            parts.append(f"<fieldset><legend>{escape(column.label)}{extra}</legend>{inputs}</fieldset>")
        else:
            parts.append(f'<p><label for="i-{inner}">{escape(column.label)}{extra}</label>{inputs}</p>')
    return f'<div class="group">{"".join(parts)}</div>'


def _table(one: Field, name: str, rows: list[Any], choices: Choices) -> str:
    shown_rows = [row for row in rows if isinstance(row, Mapping)][:MOST_ROWS]
    parts = []
    for number, row in enumerate([*shown_rows, *({} for _ in range(BLANK_ROWS))]):
        label = f"第{number + 1}项" if number < len(shown_rows) else "再加一项"
        inner = _group(one, f"{name}.{number}", row, choices)
        is_open = " open" if number < len(shown_rows) <= 3 or not shown_rows else ""
        head = words(_as_group(one), row, choices)[:28] if row else ""
        summary = f"{label}{'：' + escape(head) if head else ''}"
        parts.append(f"<details{is_open}><summary>{summary}</summary>{inner}</details>")
    return "".join(parts)


def _line(one: Field, name: str, value: Any, choices: Choices) -> str:
    kinds = {
        Kind.NUMBER: 'type="number" inputmode="numeric"', Kind.YEAR: 'type="number" inputmode="numeric"',
        Kind.DECIMAL: 'inputmode="decimal"', Kind.DAY: 'type="date"', Kind.MONTH: 'type="month"',
        Kind.MOMENT: 'type="datetime-local"', Kind.MONEY: 'inputmode="decimal"',
    }  # fmt: skip
    text = "" if value is None else str(value)
    if one.kind is Kind.MOMENT and len(text) > 16:
        text = f"{datetime.fromisoformat(text).astimezone(CHINA):%Y-%m-%dT%H:%M}"
    if one.kind is Kind.MONEY and isinstance(value, int):
        text = f"{Decimal(value) / 100:.2f}"
    unit = "元" if one.kind is Kind.MONEY else one.unit
    after = f'<span class="unit">{escape(unit)}</span>' if unit else ""
    return f'<input id="i-{name}" name="{name}" {kinds.get(one.kind, "")} value="{escape(text)}">{after}'


def _area(one: Field, name: str, value: Any, _: Choices) -> str:
    lines = "\n".join(map(str, value)) if isinstance(value, list) else str(value or "")
    rows = 2 if one.kind is Kind.PAPERS else 4
    return f'<textarea id="i-{name}" name="{name}" rows="{rows}">{escape(lines)}</textarea>'


def _months(one: Field, name: str, value: Any, choices: Choices) -> str:
    return _line(one, name, "、".join(value) if isinstance(value, list) else value, choices)


def _yes(one: Field, name: str, value: Any, choices: Choices) -> str:
    now = ("是" if value else "否") if isinstance(value, bool) else value
    return _select(name, [("是", "是"), ("否", "否")], now)


def _one_of(one: Field, name: str, value: Any, choices: Choices) -> str:
    options = choices.of(one)
    if one.kind is Kind.PERSON and one.outside:
        text = choices.people.get(value, value) if isinstance(value, int) else value
        return _line(one, name, text, choices)
    if _radio(one, choices):
        return "".join(_tick("radio", name, key, label, key == value) for key, label in options)
    known = [str(key) for key, _ in options]
    extra = [(value, "（已不在可选范围）")] if value not in (None, "") and str(value) not in known else []
    return _select(name, [*options, *extra], value)


def _some_of(one: Field, name: str, value: Any, choices: Choices) -> str:
    chosen = {str(item) for item in value or ()}
    if one.kind is Kind.PEOPLE and one.outside:
        named = [choices.people.get(item, str(item)) for item in value or ()]
        text = escape("、".join(named))
        return f'<input id="i-{name}" name="{name}" value="{text}">'
    ticks = "".join(_tick("checkbox", name, key, label, str(key) in chosen) for key, label in choices.of(one))
    return ticks or '<p class="soft">现在还没有可以选的。</p>'


def _tick(kind: str, name: str, value: Any, label: str, chosen: bool) -> str:
    state = " checked" if chosen else ""
    return (
        f'<label class="option"><input type="{kind}" name="{name}" value="{escape(str(value))}"{state}>'
        f"<span>{escape(label)}</span></label>"
    )


def _select(name: str, options: Sequence[tuple[Any, str]], value: Any) -> str:
    now = "" if value is None else str(value)
    listed = "".join(
        f'<option value="{escape(str(key))}"{SELECTED if str(key) == now else ""}>{escape(label)}</option>'
        for key, label in options
    )
    return f'<select id="i-{name}" name="{name}"><option value="">请选择</option>{listed}</select>'


INPUTS: Mapping[Kind, Callable[[Field, str, Any, Choices], str]] = {
    Kind.TEXT: _area, Kind.PAPERS: _area, Kind.YES: _yes, Kind.CHOICE: _one_of, Kind.PERSON: _one_of,
    Kind.RECORD: _one_of, Kind.BOOKING: _one_of, Kind.ORGANIZATION: _one_of, Kind.CHOICES: _some_of,
    Kind.PEOPLE: _some_of, Kind.RECORDS: _some_of, Kind.MONTHS: _months,
}  # fmt: skip
"""How each kind is asked for; all others are one line."""
