"""The branch handbook's record templates as they are written: areas, templates, their fields and rules."""

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Self, TypeVar

from pydantic import ConfigDict, model_validator
from pydantic import Field as Bounds
from pydantic.dataclasses import dataclass

from handlers import content_files
from handlers.answering.shapes import Citation
from handlers.lesson_content import REASONS as COMMON_REASONS
from handlers.lesson_content import Text, known_rules

FOLDER = Path(__file__).parents[1] / "content" / "templates"
MARKS = frozenset({"未核", "实务", "地方"})
"""Stand in the place of a rule, or beside one whose article nobody has read."""
STRICT = ConfigDict(extra="forbid")

Code = Annotated[str, Bounds(pattern=r"^T\d\d$")]
AreaCode = Annotated[str, Bounds(pattern=r"^A([1-9]|10)$")]
Key = Annotated[str, Bounds(pattern=r"^[a-z][a-z_]{1,24}$")]
Short = Annotated[Text, Bounds(max_length=24)]
Sentence = Annotated[Text, Bounds(max_length=90)]

ThingT = TypeVar("ThingT")


class BadTemplate(Exception):
    """Templates that can't be taken; the message says where and why, in Chinese."""


class Kind(StrEnum):
    """What a field holds, and how the value looks in JSON."""

    LINE = "line"  # Text on one line.
    TEXT = "text"  # Text with paragraphs.
    NUMBER = "number"  # A whole number.
    DECIMAL = "decimal"  # A string such as "1.5": exact.
    MONEY = "money"  # Whole fen.
    DAY = "day"  # "2026-11-20".
    MOMENT = "moment"  # "2026-11-20T09:00:00+08:00".
    MONTH = "month"  # "2026-11".
    MONTHS = "months"  # A list of months.
    YEAR = "year"  # A whole number.
    YES = "bool"  # true or false.
    CHOICE = "choice"  # One of the options.
    CHOICES = "choices"  # A list of options.
    PERSON = "person"  # A person's id; with `outside`, else a name.
    PEOPLE = "people"  # A list of ids; with `outside`, else of names.
    ORGANIZATION = "organization"  # An organization's id.
    BOOKING = "booking"  # A booking's id.
    RECORD = "record"  # The id of a record of the template in `refers`.
    RECORDS = "records"  # A list of such ids.
    PAPERS = "papers"  # A list of texts: a stored file's name, or a paper's number and where it is kept.
    GROUP = "group"  # An object with the keys of `columns`.
    ROWS = "rows"  # A list of such objects.


class Required(StrEnum):
    """Whether a record is complete without the field."""

    ALWAYS = "always"
    CONDITIONAL = "conditional"
    NEVER = "never"


@dataclass(frozen=True, config=STRICT)
class Area:
    """One of the ten areas of the handbook."""

    code: AreaCode
    name: Short
    source: Sentence


@dataclass(frozen=True, config=STRICT)
class Field:
    """One field. Conditional ones name their condition (`when`, in `record_checks`) and say it (`condition`).

    `computed` fields are worked out and never typed. `sensitive` ones are masked for those who needn't see
    them. `options_from` names the district's setting that holds the options. `least` and `most` bound a
    number (fen, for money), a text's characters, or how many things are in a list.
    """

    key: Key
    label: Short
    kind: Kind
    required: Required = Required.ALWAYS
    when: str = ""
    condition: str = ""
    options: tuple[Text, ...] = ()
    options_from: str = ""
    computed: bool = False
    sensitive: bool = False
    outside: bool = False
    refers: tuple[Code, ...] = ()
    columns: "tuple[Field, ...]" = ()
    least: int | None = None
    most: int | None = None
    unit: str = ""
    help: Annotated[str, Bounds(max_length=120)] = ""
    rules: tuple[Text, ...] = ()
    common: bool = False

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        if (self.required is Required.CONDITIONAL) != bool(self.when and self.condition):
            raise ValueError(f"{self.key}：条件必填的栏目要写 when 和 condition，别的不写")
        if (self.kind in (Kind.CHOICE, Kind.CHOICES)) != bool(self.options or self.options_from):
            raise ValueError(f"{self.key}：选择类的栏目要写 options 或 options_from，别的不写")
        if (self.kind in (Kind.RECORD, Kind.RECORDS)) != bool(self.refers):
            raise ValueError(f"{self.key}：引用别的记录的栏目要写 refers，别的不写")
        if (self.kind in (Kind.GROUP, Kind.ROWS)) != bool(self.columns):
            raise ValueError(f"{self.key}：组合和列表要写 columns，别的不写")
        return self

    @property
    def citations(self) -> tuple[Citation, ...]:
        """The rules it rests on."""
        return tuple(Citation(*rule.split(" ", 1)) for rule in self.rules if rule not in MARKS)

    @property
    def marks(self) -> tuple[str, ...]:
        """未核, 实务 or 地方, where no rule that was read says it."""
        return tuple(rule for rule in self.rules if rule in MARKS)

    @property
    def rule(self) -> str:
        """Its basis as it is shown: 《支部条例》第十一条；未核."""
        return "；".join([*map(str, self.citations), *self.marks])

    def column(self, key: str) -> "Field":
        """The field inside a group or row."""
        return next(column for column in self.columns if column.key == key)


@dataclass(frozen=True, config=STRICT)
class Template:
    """One record template. `fields` are what a form shows: those of every meeting stand first, if it is one.

    `subject`: the field that says whom the record is about, if it is about one person. `day`: the field with
    the day of what is recorded. `register`: the columns of the table in which a year's records stand
    together; without them each has a sheet of its own.
    """

    code: Code
    name: Short
    area: AreaCode
    frequency: Short
    about: Sentence
    fields: tuple[Field, ...] = Bounds(min_length=1)
    meeting: bool = False
    subject: str = ""
    day: str = ""
    register: tuple[Key, ...] = ()

    @property
    def counted(self) -> int:
        """How many fields the handbook counts: what all meetings share counts as one here."""
        return sum(not field.common for field in self.fields) + self.meeting

    def field(self, key: str) -> Field:
        """The field of that key.

        Raises:
            KeyError: there is none.
        """
        for field in self.fields:
            if field.key == key:
                return field
        raise KeyError(key)


@dataclass(frozen=True, config=STRICT)
class Handbook:
    """The ten areas, the templates by code, and the fields that all meetings share."""

    areas: tuple[Area, ...]
    common: tuple[Field, ...]
    templates: dict[str, Template]

    @property
    def counted(self) -> int:
        """All fields as the handbook counts them: each template's, and the shared ones once."""
        return sum(template.counted for template in self.templates.values()) + len(self.common)

    def of_area(self, code: str) -> tuple[Template, ...]:
        """An area's templates."""
        return tuple(template for template in self.templates.values() if template.area == code)


@dataclass(frozen=True, config=STRICT)
class _Shared:
    """The file that holds what isn't one template's."""

    areas: tuple[Area, ...]
    common: tuple[Field, ...]


REASONS = COMMON_REASONS | {
    "enum": "不在可选范围内",
    "bool_type": "应当是 true 或 false",
    "unexpected_keyword_argument": "没有这个栏目，请检查拼写",
    "missing_argument": "缺少这一项",
    "int_type": "应当是整数",
}


@lru_cache(maxsize=1)
def handbook() -> Handbook:
    """The shipped handbook, read once."""
    return load(FOLDER)


def load(folder: Path) -> Handbook:
    """The handbook of a folder.

    Raises:
        BadTemplate: names the file, the place and the reason.
    """
    shared = _read(_Shared, _yaml(folder / "common.yaml"), where="common.yaml")
    common = tuple(replace(field, common=True) for field in shared.common)
    rules = known_rules()
    _check_fields(common, "common.yaml", rules)
    templates: dict[str, Template] = {}
    for path in sorted(folder.glob("T*.yaml")):
        template = _read(Template, _yaml(path), where=path.name)
        if template.meeting:
            template = replace(template, fields=(*common, *template.fields))
        _check_template(template, path.name, shared.areas, rules)
        if template.code in templates:
            raise BadTemplate(f"{path.name}：编号 {template.code} 已经用过")
        templates[template.code] = template
    for template in templates.values():
        _refer(template.fields, f"{template.code}.yaml", templates)
    return Handbook(areas=shared.areas, common=common, templates=templates)


def _check_template(template: Template, where: str, areas: Sequence[Area], rules: frozenset[str]) -> None:
    if template.area not in {area.code for area in areas}:
        raise BadTemplate(f"{where}：area：没有 {template.area} 这项内容")
    keys = [field.key for field in template.fields]
    columns = (("register", key) for key in template.register)
    for name, key in (("subject", template.subject), ("day", template.day), *columns):
        if key and key not in keys:
            raise BadTemplate(f"{where}：{name}：没有 {key} 这个栏目")
    _check_fields(template.fields, where, rules)


def _check_fields(fields: Sequence[Field], where: str, rules: frozenset[str]) -> None:
    keys = [field.key for field in fields]
    for field in fields:
        at = f"{where}：{field.key}"
        if keys.count(field.key) > 1:
            raise BadTemplate(f"{at}：这个栏目写了两次")
        for citation in field.citations:
            if citation.rule not in rules:
                raise BadTemplate(f"{at}：rules：“{citation.rule}”不在现行依据清单里")
        _check_fields(field.columns, at, rules)


def _refer(fields: Sequence[Field], where: str, templates: dict[str, Template]) -> None:
    for field in fields:
        for code in field.refers:
            if code not in templates:
                raise BadTemplate(f"{where}：{field.key}：refers：没有 {code} 这个模板")
        _refer(field.columns, f"{where}：{field.key}", templates)


def _yaml(path: Path) -> Any:
    return content_files.load(path, bad=BadTemplate)


def _read(kind: type[ThingT], data: Any, *, where: str) -> ThingT:
    return content_files.checked(kind, data, where=where, bad=BadTemplate, reasons=REASONS)
