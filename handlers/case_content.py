"""The shape of the practice cases as they are written, and the places where a bad one is refused."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, Field, model_validator

from handlers import content_files
from handlers.answering.quorum import Rule
from handlers.answering.shapes import Citation
from handlers.lesson_content import REASONS as COMMON_REASONS
from handlers.lesson_content import Strict, Text, known_rules

RoleCode = Annotated[str, Field(pattern=r"^R\d\d$")]
CaseCode = Annotated[str, Field(pattern=r"^C[1-9]$")]
RecordCode = Annotated[str, Field(pattern=r"^T\d\d$")]
Short = Annotated[Text, Field(max_length=20)]
Sentence = Annotated[Text, Field(max_length=70)]

ModelT = TypeVar("ModelT", bound=BaseModel)


class BadCase(Exception):
    """Cases that can't be taken; the message says where and why, in Chinese."""


class Phase(StrEnum):
    """When a step is done."""

    BEFORE = "会前"
    DURING = "会中"
    AFTER = "会后"


class Task(StrEnum):
    """What a step reckons, beside being done; the empty one reckons nothing."""

    NONE = ""
    DEADLINE = "deadline"
    PAPERS = "papers"
    DUE = "due"
    PRESENT = "present"
    COMMITTEE = "committee"
    QUORUM = "quorum"
    SURPLUS = "surplus"
    TELLERS = "tellers"
    BALLOT = "ballot"
    COUNT = "count"
    VERDICT = "verdict"
    APPROVAL = "approval"


NEEDS = {
    Task.QUORUM: (Task.PRESENT, Task.COMMITTEE),
    Task.PRESENT: (Task.DUE,),
    Task.BALLOT: (Task.QUORUM,),
    Task.COUNT: (Task.BALLOT,),
    Task.VERDICT: (Task.BALLOT,),
    Task.APPROVAL: (Task.DEADLINE,),
}
"""What one of these steps reckons with must have been done before it."""


class Meeting(StrEnum):
    """Whose rule of quorum and majority a case follows."""

    NONE = ""
    COMMITTEE = "committee"
    ASSEMBLY = "assembly"
    ADMISSION = "admission"
    ELECTION = "election"

    @property
    def rule(self) -> Rule:
        """The arithmetic."""
        return Rule[self.name]


class CaseRole(Strict):
    """A part to be played, told by colour, sign and label together."""

    code: RoleCode
    name: Short
    label: Annotated[Text, Field(max_length=3)]
    sign: Annotated[Text, Field(max_length=1)]
    colour: Annotated[str, Field(pattern=r"^#[0-9A-F]{6}$")]
    vote: Literal["yes", "never"]
    alone: bool
    does: Sentence


class Step(Strict):
    """One step of a case: who does what, what it leaves behind, and by which rule."""

    phase: Phase
    role: RoleCode
    do: Sentence
    key: bool = False
    task: Task = Task.NONE
    leaves: tuple[Short, ...] = Field(min_length=1, max_length=3)
    record: RecordCode
    rules: tuple[Text, ...] = Field(max_length=4)
    also: dict[RoleCode, Sentence] = Field(default={})

    @property
    def citations(self) -> tuple[Citation, ...]:
        """The rules as they are cited; none where the step is plain good practice."""
        return cited(self.rules)


class CaseContent(Strict):
    """One of the nine cases."""

    code: CaseCode
    title: Short
    words: tuple[Short, ...] = Field(min_length=1)
    scene: Sentence
    source: Sentence
    meeting: Meeting = Meeting.NONE
    note: str = Field("", max_length=80)
    rules: tuple[Text, ...] = Field(min_length=1, max_length=4)
    steps: tuple[Step, ...] = Field(min_length=5)

    @model_validator(mode="after")
    def _steps_build_on_each_other(self) -> Self:
        phases = [list(Phase).index(step.phase) for step in self.steps]
        if phases != sorted(phases):
            raise ValueError("步骤没有按会前、会中、会后的先后排列")
        seen: set[Task] = set()
        for number, step in enumerate(self.steps, start=1):
            if (needed := NEEDS.get(step.task)) and not seen & set(needed):
                raise ValueError(f"第 {number} 步要算的数，前面没有步骤给出")
            if step.task and step.task in seen:
                raise ValueError(f"第 {number} 步和前面的步骤算的是同一件事")
            seen.add(step.task)
        if Task.QUORUM in seen and self.meeting is Meeting.NONE:
            raise ValueError("有核对到会人数的步骤，要写明 meeting")
        return self

    @property
    def citations(self) -> tuple[Citation, ...]:
        """The rules the case rests on."""
        return cited(self.rules)

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles that have a step, in the order in which they first act."""
        return tuple(dict.fromkeys(step.role for step in self.steps))

    @property
    def key_steps(self) -> int:
        """How many steps must not be passed over."""
        return sum(step.key for step in self.steps)

    def name_of(self, number: int) -> str:
        """What a step is called: C2-08."""
        return f"{self.code}-{number:02}"

    def first(self, task: Task) -> int | None:
        """The number of the step with that task."""
        return next((n for n, step in enumerate(self.steps, start=1) if step.task is task), None)


class Casebook(Strict):
    """All cases with their roles and the handbook templates they name."""

    roles: dict[str, CaseRole]
    cases: dict[str, CaseContent]
    records: dict[str, str]


REASONS = COMMON_REASONS | {
    "enum": "不在可选范围内",
    "literal_error": "不在可选范围内",
    "string_type": "应当是文字",
    "bool_type": "应当是 true 或 false",
}


def cited(rules: Sequence[str]) -> tuple[Citation, ...]:
    """`短名 第…条`, or a bare short name where the article has not been read."""
    return tuple(Citation(*rule.split(" ", 1)) for rule in rules)


def load(folder: Path) -> Casebook:
    """The casebook of a folder.

    Raises:
        BadCase: names the file, the place and the reason.
    """
    roles: dict[str, CaseRole] = {}
    for at, row in enumerate(_items(_yaml(folder / "roles.yaml"), where="roles.yaml"), start=1):
        role = _read(CaseRole, row, where=f"roles.yaml：第 {at} 行")
        if role.code in roles:
            raise BadCase(f"roles.yaml：第 {at} 行：编号 {role.code} 已经用过")
        roles[role.code] = role
    records = _yaml(folder / "records.yaml")
    if not isinstance(records, dict) or not all(isinstance(name, str) for name in records.values()):
        raise BadCase("records.yaml：应当是“编号: 名称”的列表")
    rules = known_rules()
    cases: dict[str, CaseContent] = {}
    for path in sorted(folder.glob("c*.yaml")):
        case = _read(CaseContent, _yaml(path), where=path.name)
        _check(case, path.name, roles, records, rules)
        if case.code in cases:
            raise BadCase(f"{path.name}：编号 {case.code} 已经用过")
        cases[case.code] = case
    _nobody_is_idle(cases, roles)
    return Casebook(roles=roles, cases=dict(sorted(cases.items())), records=records)


def _check(
    case: CaseContent, where: str, roles: dict[str, CaseRole], records: dict[str, str], rules: frozenset[str]
) -> None:
    for citation in case.citations:
        if citation.rule not in rules:
            raise BadCase(f"{where}：rules：“{citation.rule}”不在现行依据清单里")
    for number, step in enumerate(case.steps, start=1):
        at = f"{where}：steps.{number}"
        for role in (step.role, *step.also):
            if role not in roles:
                raise BadCase(f"{at}：没有 {role} 这个角色")
        if step.role in step.also:
            raise BadCase(f"{at}.also：{step.role} 就是做这一步的角色")
        if step.record not in records:
            raise BadCase(f"{at}.record：没有 {step.record} 这个模板")
        for citation in step.citations:
            if citation.rule not in rules:
                raise BadCase(f"{at}.rules：“{citation.rule}”不在现行依据清单里")


def _nobody_is_idle(cases: dict[str, CaseContent], roles: dict[str, CaseRole]) -> None:
    acting = {role for case in cases.values() for role in case.roles}
    if idle := sorted(set(roles) - acting):
        raise BadCase(f"roles.yaml：{'、'.join(idle)} 在哪个案例里都没有步骤")
    for field in ("name", "label", "sign", "colour"):
        values = [getattr(role, field) for role in roles.values()]
        if twice := sorted({value for value in values if values.count(value) > 1}):
            raise BadCase(f"roles.yaml：{field} “{'、'.join(twice)}”用了不止一次")


def _yaml(path: Path) -> Any:
    return content_files.load(path, bad=BadCase)


def _items(data: Any, *, where: str) -> list[Any]:
    if not isinstance(data, list):
        raise BadCase(f"{where}：应当是一个列表")
    return data


def _read(model: type[ModelT], data: Any, *, where: str) -> ModelT:
    return content_files.checked(model, data, where=where, bad=BadCase, reasons=REASONS)
