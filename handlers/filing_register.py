"""The register of filings (备案台账): new filings come in by a file, as a unit's officer would file them.

A file files and does no more: the unit's steps, the district's review and its approval are people's, on the
page. The sheet that goes out shows how each filing was decided.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from handlers import filings, transitions, workers
from handlers.access import officer_reach, within
from handlers.context import Context
from handlers.errors import BadInput
from handlers.filings import (
    KIND_WORDS,
    LONGEST_REASON,
    REGISTER,
    STATUS_WORDS,
    THING,
    CommitteeWord,
    PostWish,
)
from handlers.registers import CREATED, UNCHANGED, Register, require_status
from handlers.sheet_reading import Heading, Record, choice, day, listed, number_text, whole, words
from handlers.spreadsheets import Column
from handlers.worker_registers import FIELDS, FULL_TIME, officers, person_of, unit_by_code
from handlers.worker_terms import name
from models import Filing, FilingKind, FilingStatus, Organization, Person, Transition, WorkerField

MOST = 5_000
KINDS = {said: kind for kind, said in KIND_WORDS.items()}
STATUSES = {said: said for said in STATUS_WORDS.values()}
POST = ("领域", "岗位", "专兼职", "编制性质")
"""What a post needs, all of it."""
HEADINGS = (
    Heading("编号", whole(1, 2**31 - 1), width=8),
    Heading("单位编码", number_text(32), required=True, width=12),
    Heading("人员编号", number_text(32), width=14),
    Heading("姓名", words(40), required=True, width=10),
    Heading("事项", choice(KINDS), required=True, choices=tuple(KINDS), width=10),
    Heading("生效日期", day, required=True, width=12),
    Heading("领域", choice(FIELDS), choices=tuple(FIELDS), width=12),
    Heading("岗位", words(20)),
    Heading("专兼职", choice(FULL_TIME), choices=tuple(FULL_TIME), width=8),
    Heading("编制性质", words(10), width=10),
    Heading("拟任期限", day, width=12),
    Heading("分工", words(200), width=24),
    Heading("联系支部编码", words(300), width=24),
    Heading("调入单位编码", number_text(32), width=14),
    Heading("原因", words(LONGEST_REASON), width=30),
    Heading("材料", words(200), width=30),
    Heading("党委研究日期", day, width=14),
    Heading("文号", words(60), width=20),
    Heading("状态", choice(STATUSES), width=14),
)
SHOWN = (Column("单位", 28), Column("报送", 18), Column("办结", 18), Column("经过", 60))

NOTE = "导入的是新报的备案，填了党委研究日期的直接报到区级；初审和审定由人在页面上办理。"


async def take(ctx: Context, record: Record) -> str:
    """File it, unless it is filed already; with the committee's day it is at the district at once."""
    said = record.values
    unit = await workers.covered_unit(ctx, (await unit_by_code(said["单位编码"])).id)
    known = await _numbered(said, unit)
    if known is None:
        person = await _person(record, unit)
        known = await _filed(said, unit, person)
    if known is not None:
        _require_same(known, said)
        require_status(said["状态"], now=STATUS_WORDS[known.status])
        return UNCHANGED
    if said["状态"] is not None:
        raise BadInput(status="新报的请把状态留空：备案由人在页面上一步一步审")
    await filings.submit(
        ctx, kind=said["事项"], person_id=person.id, unit_id=unit.id, effective_on=said["生效日期"],
        reason=said["原因"] or "", post=await _post(said), to_unit_id=await _target(said),
        materials=listed(said["材料"] or ""), committee=_committee(said),
    )  # fmt: skip
    return CREATED


async def rows(ctx: Context) -> Sequence[Sequence[Any]]:
    """All filings of the units that the caller is an officer over, the newest first."""
    wanted = Filing.filter(within(await officer_reach(ctx), below="unit__")).select_related("unit", "person")
    found = await wanted.order_by("-id").limit(MOST)
    moves = await transitions.of_all(THING, [row.id for row in found])
    codes = dict(await Organization.all().values_list("id", "code"))
    return [_line(row, moves[row.id], codes, ctx.settings.zone) for row in found]


async def _numbered(said: Any, unit: Organization) -> Filing | None:
    """The filing of a row's number.

    Raises:
        BadInput: that number is no filing of this unit and person.
    """
    if said["编号"] is None:
        return None
    found = await Filing.get_or_none(id=said["编号"], unit_id=unit.id).select_related("person")
    if found is None or found.person.name != said["姓名"]:
        raise BadInput(id="这个编号不是这个单位这位同志的备案，新报的请不填编号")
    return found


async def _person(record: Record, unit: Organization) -> Person:
    """Whom a row means: somebody of the roster, or who is on post in this unit and comes from elsewhere."""
    said = record.values
    on_post = Person.filter(
        name=said["姓名"], worker__placements__unit_id=unit.id, worker__placements__ended_on__isnull=True
    ).distinct()
    if not said["人员编号"] and said["事项"] is not FilingKind.APPOINT and len(found := await on_post) == 1:
        return found[0]
    return await person_of(record, unit)


async def _filed(said: Any, unit: Organization, person: Person) -> Filing | None:
    """What was filed about the same for the same day already, however it ended."""
    same = Filing.filter(unit_id=unit.id, person_id=person.id, kind=said["事项"])
    return await same.filter(effective_on=said["生效日期"]).order_by("-id").first()


def _require_same(known: Filing, said: Any) -> None:
    """What was filed stays as it was filed.

    Raises:
        BadInput: the row says otherwise.
    """
    wish = known.proposal
    on_file = {
        "事项": known.kind, "生效日期": known.effective_on, "岗位": wish.get("post"),
        "专兼职": wish.get("full_time"), "编制性质": wish.get("staffing"), "原因": known.reason or None,
        "党委研究日期": known.met_on, "文号": known.document_no or None,
    }  # fmt: skip
    for title, value in on_file.items():
        if value is not None and said[title] is not None and said[title] != value:
            raise BadInput(row=f"“{title}”与台账上的不同：报过的备案不能用表改，退回的请在页面上补正")


async def _post(said: Any) -> PostWish | None:
    if all(said[title] is None for title in POST):
        return None
    if missing := [title for title in POST if said[title] is None]:
        raise BadInput(post=f"岗位要填全，还缺：{'、'.join(missing)}")
    codes = listed(said["联系支部编码"] or "")
    found = await Organization.filter(code__in=codes)
    if len(found) != len(set(codes)):
        raise BadInput(branches="联系支部的编码不对，请核对")
    return PostWish(
        said["领域"], said["岗位"], said["专兼职"], said["编制性质"], said["拟任期限"],
        tuple(listed(said["分工"] or "")), tuple(branch.id for branch in found),
    )  # fmt: skip


async def _target(said: Any) -> int | None:
    return (await unit_by_code(said["调入单位编码"])).id if said["调入单位编码"] else None


def _committee(said: Any) -> CommitteeWord | None:
    met_on: date | None = said["党委研究日期"]
    return CommitteeWord(met_on, said["文号"] or "") if met_on is not None else None


def _line(row: Filing, moves: Sequence[Transition], codes: dict[int, str], zone: ZoneInfo) -> list[object]:
    wish = row.proposal
    full = ("专职" if wish["full_time"] else "兼职") if wish else ""
    term = date.fromisoformat(wish["term_until"]) if wish.get("term_until") else ""
    return [
        row.id, row.unit.code, row.person.member_no or "", row.person.name, KIND_WORDS[row.kind],
        row.effective_on, name("fields", WorkerField(wish["field"])) if wish else "", wish.get("post", ""),
        full, wish.get("staffing", ""), term, "、".join(wish.get("duties", ())),
        "、".join(codes[id_] for id_ in wish.get("branch_ids", ()) if id_ in codes),
        codes.get(row.to_unit_id or 0, ""), row.reason, "、".join(row.materials), row.met_on or "",
        row.document_no, STATUS_WORDS[row.status], row.unit.name,
        f"{row.created_at.astimezone(zone):%Y-%m-%d %H:%M}",
        f"{row.decided_at.astimezone(zone):%Y-%m-%d %H:%M}" if row.decided_at else "",
        "\n".join(transitions.line(one, STATUS_WORDS[FilingStatus(one.became)], zone) for one in moves),
    ]  # fmt: skip


REGISTERS = (Register(REGISTER, "备案台账", HEADINGS, take, rows, officers, SHOWN, NOTE),)
