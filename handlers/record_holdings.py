"""What a branch's handbook holds of one person, for their own export, and what of it waits for a worker."""

from collections.abc import Iterator, Mapping
from typing import Any

from handlers import due_records, record_access, record_facts, record_seals
from handlers.context import Context
from handlers.record_access import Reader, Standing
from handlers.seals import Unreadable
from handlers.template_content import Field, Kind, Template, handbook
from models import Organization, Person, Record, RecordStatus

PEOPLE = (Kind.PERSON, Kind.PEOPLE)
STATUS_WORDS = {RecordStatus.DRAFT: "草稿", RecordStatus.SIGNED: "已签发"}


async def of_person(ctx: Context, person: Person) -> dict[str, Any]:
    """The records about a person, with what they say; and where else the branch's records name them."""
    branch = await Organization.get(id=person.organization_id)
    reader = Reader(person, branch, Standing.MEMBER, is_secretary=False)
    about, named = [], []
    for row in await Record.filter(branch_id=branch.id, is_exercise=False).order_by("held_on", "id"):
        form = handbook().templates[row.template]
        try:
            values = record_seals.opened(ctx.settings.secret_key, row)
        except Unreadable:
            continue
        said = {"记录": form.name, "日期": _day(row), "状态": STATUS_WORDS[row.status]}
        if record_access.is_about(person, form, values):
            about.append(said | {"内容": _told(form, record_access.shown(reader, form, row, values))})
        elif places := list(dict.fromkeys(_places(form.fields, values, person.id))):
            named.append(said | {"所在栏目": places})
    wrote = await Record.filter(created_by_id=person.id, is_exercise=False).order_by("id")
    return {
        "关于本人的支部记录": about,
        "提到本人的支部记录": named,
        "本人填写的支部记录": [
            {"记录": handbook().templates[row.template].name, "日期": _day(row)} for row in wrote
        ],
    }


async def waiting_for(ctx: Context, person: Person) -> dict[str, int]:
    """How many records are due now, and how many are begun and not signed, in the branches worked for."""
    ids = await record_access.branches_worked_for(person)
    if not ids:
        return {}
    due = 0
    for branch in await Organization.filter(id__in=ids):
        due += len(due_records.open_now(await record_facts.gather(ctx, branch, named=False)))
    begun = Record.filter(branch_id__in=ids, status=RecordStatus.DRAFT, is_exercise=False)
    return {"records_due": due, "records_to_finish": await begun.count()}


def _day(row: Record) -> str:
    return row.held_on.isoformat() if row.held_on else row.period


def _told(form: Template, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values under their labels; other people's numbers are left out."""
    return {
        one.label: values[one.key]
        for one in form.fields
        if one.key in values
        and one.kind not in PEOPLE
        and not any(part.kind in PEOPLE for part in one.columns)
    }


def _places(columns: tuple[Field, ...], values: Mapping[str, Any], person_id: int) -> Iterator[str]:
    """The labels under which a person is named."""
    for one in columns:
        value = values.get(one.key)
        if one.kind in PEOPLE and person_id in (value if isinstance(value, list) else [value]):
            yield one.label
        parts = value if isinstance(value, list) else [value]
        for part in parts if one.columns else ():
            if isinstance(part, Mapping) and any(_places(one.columns, part, person_id)):
                yield one.label
