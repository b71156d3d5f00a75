"""The registers of the workers' side: workers, quotas, classes, trainees, rotations."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from handlers import (
    audit,
    id_numbers,
    placements,
    rotations,
    staffing,
    trainings,
    workers,
)
from handlers.access import officer_reach, within
from handlers.context import Context
from handlers.errors import BadInput
from handlers.filings import next_number
from handlers.registers import CREATED, UNCHANGED, UPDATED, Register
from handlers.roster_sheet import BadCell
from handlers.sheet_reading import Heading, Record, choice, day, listed, number_text, whole, words
from handlers.trainings import SessionWish
from handlers.worker_rules import require_district
from handlers.worker_terms import name, one_of, terms
from handlers.workers import WorkerFacts
from models import (
    Attendance,
    Enrolment,
    Organization,
    Person,
    Placement,
    Rotation,
    RotationStatus,
    StaffQuota,
    Trainee,
    Training,
    TrainingSession,
    Worker,
    WorkerField,
)

FIELDS = {name("fields", field): field for field in WorkerField}
KINDS = {str(said): str(key) for key, said in terms()["training_kinds"].items()}
FULL_TIME = {"专职": True, "兼职": False}


async def officers(ctx: Context) -> None:
    """Officers go on; what each may touch, the use-cases decide row by row."""
    await officer_reach(ctx)


async def unit_by_code(code: str) -> Organization:
    """A party organization.

    Raises:
        BadInput: there is none.
    """
    found = await Organization.get_or_none(code=code)
    if found is None:
        raise BadInput(unit=f"没有编码为 {code} 的党组织：请核对；以 0 开头的编码要用“文本”格式")
    return found


async def person_of(record: Record, unit: Organization) -> Person:
    """Whom a row means: by number, else by name if it is unique within the unit.

    Raises:
        BadInput.
    """
    number, said = record.values["人员编号"], str(record.values["姓名"])
    if number:
        found = await Person.get_or_none(member_no=number)
        if found is None or found.name != said:
            raise BadInput(person="名册里没有这个编号和姓名的人，请核对")
        return found
    namesakes = await Person.filter(name=said, left_at=None, organization__path__startswith=unit.path)
    if len(namesakes) != 1:
        wrong = (
            "名册里有同名的人，请补填人员编号" if namesakes else "本单位的名册里没有这个人，请先在名册登记"
        )
        raise BadInput(person=wrong)
    return namesakes[0]


# Workers


def id_number(_: Any, text: str) -> str:
    """An id number, or what an export shows of one, which changes nothing."""
    if "*" in text or "（" in text:
        return ""
    try:
        return id_numbers.normalise(text)
    except BadInput as wrong:
        raise BadCell(wrong.fields["id_no"]) from None


WORKERS = (
    Heading("人员编号", number_text(32), hint="选填，先按它认人"),
    Heading("姓名", words(40), required=True),
    Heading("单位编码", number_text(32), required=True),
    Heading("领域", choice(FIELDS), required=True, choices=tuple(FIELDS)),
    Heading("岗位", words(20), required=True),
    Heading("专兼职", choice(FULL_TIME), required=True, choices=tuple(FULL_TIME)),
    Heading("编制性质", words(10), required=True),
    Heading("任职日期", day, required=True),
    Heading("拟任期限", day),
    Heading("分工", words(200), width=24),
    Heading("联系支部编码", words(300), width=24),
    Heading("备案编号", number_text(32)),
    Heading("性别", words(2), width=6),
    Heading("民族", words(20), width=8),
    Heading("学历", words(20), width=12),
    Heading("入党时间", day),
    Heading("转正时间", day),
    Heading("公民身份号码", id_number, width=22),
)


async def take_worker(ctx: Context, record: Record) -> str:
    """The district registers somebody who is on post already; changes of a post go by a filing."""
    await require_district(ctx)
    said = record.values
    unit = await unit_by_code(said["单位编码"])
    person = await person_of(record, unit)
    new = not await Worker.exists(person_id=person.id)
    worker = await workers.of_person(person)
    before = {column: getattr(worker, column) for column in _FACTS}
    await workers.write_facts(ctx, worker, _facts(worker, said, ctx))
    numbered = await _number(worker, said["备案编号"], ctx)
    changed = numbered or before != {column: getattr(worker, column) for column in _FACTS}
    wish = await _post(said, unit)
    placement = await Placement.get_or_none(worker_id=worker.id, unit_id=unit.id, ended_on__isnull=True)
    if placement is None:
        await placements.put(ctx, worker, unit_id=unit.id, wish=wish)
        return CREATED
    if placement.full_time is not wish["full_time"]:
        raise BadInput(full_time="专兼职与台账不同：变动请先备案，再由系统更新")
    different = {key: value for key, value in wish.items() if getattr(placement, key) != value}
    if different:
        await Placement.filter(id=placement.id).update(**different)
        await audit.record(ctx, "placement.corrected", f"placement:{placement.id}", fields=sorted(different))
    return CREATED if new else UPDATED if changed or different else UNCHANGED


_FACTS = ("sex", "nation", "education", "joined_on", "full_on", "id_hash")


def _facts(worker: Worker, said: Any, ctx: Context) -> WorkerFacts:
    number = said["公民身份号码"] or None
    if number and id_numbers.look_up_hash(ctx.settings.secret_key, number) == worker.id_hash:
        number = None
    given = {
        "sex": said["性别"], "nation": said["民族"], "education": said["学历"],
        "joined_on": said["入党时间"], "full_on": said["转正时间"],
    }  # fmt: skip
    new = {key: value for key, value in given.items() if value != getattr(worker, key)}
    return WorkerFacts(**new, id_no=number)


async def _number(worker: Worker, number: str | None, ctx: Context) -> bool:
    """Give a filing number to who has none; whether one was given."""
    if worker.filing_no is not None:
        if number and number != worker.filing_no:
            raise BadInput(filing_no=f"备案编号已登记为 {worker.filing_no}，请核对")
        return False
    given = number or await next_number(ctx.now().year)
    if await Worker.exists(filing_no=given):
        raise BadInput(filing_no="这个备案编号登记在另一个人名下，请核对")
    await Worker.filter(id=worker.id).update(filing_no=given)
    return True


async def _post(said: Any, unit: Organization) -> dict[str, Any]:
    codes = listed(said["联系支部编码"] or "")
    linked = await unit.subtree().filter(code__in=codes)
    if len(linked) != len(set(codes)):
        raise BadInput(branches="联系支部应是本单位下面的党支部，请核对编码")
    return {
        "field": said["领域"],
        "post": one_of("posts", said["岗位"], field="post"),
        "full_time": said["专兼职"],
        "staffing": one_of("staffings", said["编制性质"], field="staffing"),
        "starts_on": said["任职日期"],
        "term_until": said["拟任期限"],
        "duties": listed(said["分工"] or ""),
        "branch_ids": sorted(branch.id for branch in linked),
    }


async def worker_rows(ctx: Context) -> Sequence[Sequence[Any]]:
    """Everybody on post within reach; id numbers masked."""
    reach = await officer_reach(ctx)
    rows = Placement.filter(within(reach, below="unit__"), ended_on__isnull=True).order_by("unit__code", "id")
    branches = dict(await Organization.all().values_list("id", "code"))
    return [
        [
            one.worker.person.member_no, one.worker.person.name, one.unit.code, name("fields", one.field),
            one.post, "专职" if one.full_time else "兼职", one.staffing, one.starts_on, one.term_until,
            "、".join(one.duties), "、".join(branches[id_] for id_ in one.branch_ids if id_ in branches),
            one.worker.filing_no, one.worker.sex, one.worker.nation, one.worker.education,
            one.worker.joined_on, one.worker.full_on,
            id_numbers.shown(ctx.settings.secret_key, one.worker.id_sealed), one.unit.name,
        ]
        for one in await rows.select_related("unit", "worker__person")
    ]  # fmt: skip


# Quotas


QUOTAS = (
    Heading("单位编码", number_text(32), required=True),
    Heading("应配数", whole(0, staffing.MOST_REQUIRED), required=True),
    Heading("依据", words(120), width=30),
)


async def take_quota(ctx: Context, record: Record) -> str:
    """How many a unit should have."""
    unit = await unit_by_code(record.values["单位编码"])
    required, basis = record.values["应配数"], record.values["依据"] or ""
    known = await StaffQuota.get_or_none(unit_id=unit.id)
    if known is not None and (known.required, known.basis) == (required, basis):
        return UNCHANGED
    await staffing.keep(ctx, unit_id=unit.id, required=required, basis=basis)
    return UPDATED if known is not None else CREATED


async def quota_rows(ctx: Context) -> Sequence[Sequence[Any]]:
    """Quotas and what is there."""
    return [
        [one.unit.code, one.required, one.basis, one.unit.name, one.on_post, one.gap, one.gap_since,
         "是" if one.listed else "否"]
        for one in await staffing.list_units(ctx)
    ]  # fmt: skip


# Classes


def moment(_: Any, text: str) -> datetime:
    """A day with its time."""
    for shape in ("%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M"):
        try:
            return datetime.strptime(text, shape)  # noqa: DTZ007 (the zone is the service's; see take_training)
        except ValueError:
            continue
    raise BadCell("请写成 2026-12-01 09:00 这样")


TRAININGS = (
    Heading("班次编号", number_text(20), required=True),
    Heading("班次", choice(KINDS), required=True, choices=tuple(KINDS)),
    Heading("主题", words(80), required=True, width=30),
    Heading("地点", words(120), required=True, width=24),
    Heading("名额", whole(1, trainings.MOST_PLACES), required=True, width=8),
    Heading("内容", words(80), required=True, width=30),
    Heading("授课人", words(40)),
    Heading("开始", moment, required=True, width=18),
    Heading("结束", moment, required=True, width=18),
    Heading("学时", whole(0, 24), required=True, width=8),
)


async def take_training(ctx: Context, record: Record) -> str:
    """A class of one part; more parts, and changes, are made on the page."""
    said, zone = record.values, ctx.settings.zone
    known = await Training.get_or_none(code=said["班次编号"])
    starts, ends = said["开始"].replace(tzinfo=zone), said["结束"].replace(tzinfo=zone)
    if known is not None:
        part = await TrainingSession.filter(
            training_id=known.id, title=said["内容"], starts_at=starts
        ).first()
        if part is None or known.topic != said["主题"] or known.capacity != said["名额"]:
            raise BadInput(code="这个班次已经登记，内容不同：修改请在页面办理")
        return UNCHANGED
    wish = SessionWish(said["内容"], starts, ends, said["学时"], said["授课人"] or "")
    await trainings.create(
        ctx, code=said["班次编号"], kind=said["班次"], topic=said["主题"], place=said["地点"],
        capacity=said["名额"], sessions=[wish],
    )  # fmt: skip
    return CREATED


async def training_rows(ctx: Context) -> Sequence[Sequence[Any]]:
    """All classes, a row for each part."""
    await officer_reach(ctx)
    zone, rows = ctx.settings.zone, []
    for part in await TrainingSession.all().order_by("training_id", "number").select_related("training"):
        one = part.training
        rows.append(
            [one.code, name("training_kinds", one.kind), one.topic, one.place, one.capacity, part.title,
             part.teacher, f"{part.starts_at.astimezone(zone):%Y-%m-%d %H:%M}",
             f"{part.ends_at.astimezone(zone):%Y-%m-%d %H:%M}", part.hours, one.taken]
        )  # fmt: skip
    return rows


# Trainees


TRAINEES = (
    Heading("班次编号", number_text(20), required=True),
    Heading("单位编码", number_text(32), required=True),
    Heading("人员编号", number_text(32)),
    Heading("姓名", words(40), required=True),
)


async def take_trainee(ctx: Context, record: Record) -> str:
    """One more person in a class, if a place is left."""
    training = await Training.get_or_none(code=record.values["班次编号"])
    if training is None:
        raise BadInput(code="没有这个班次，请核对编号")
    unit = await unit_by_code(record.values["单位编码"])
    person = await person_of(record, unit)
    if await Trainee.exists(training_id=training.id, person_id=person.id, live_key__isnull=False):
        return UNCHANGED
    await trainings.enrol(ctx, training_id=training.id, unit_id=unit.id, person_ids=[person.id])
    return CREATED


async def trainee_rows(ctx: Context) -> Sequence[Sequence[Any]]:
    """Who is enrolled from the caller's units, and where they were."""
    reach = await officer_reach(ctx)
    enrolments = await Enrolment.filter(within(reach, below="unit__")).values_list("id", flat=True)
    rows = Trainee.filter(enrolment_id__in=list(enrolments), live_key__isnull=False).order_by(
        "training_id", "id"
    )
    there: dict[int, int] = {}
    for seen in await Attendance.all().only("id", "trainee_id"):
        there[seen.trainee_id] = there.get(seen.trainee_id, 0) + 1
    said = {None: "", True: "是", False: "否"}
    return [
        [one.training.code, one.enrolment.unit.code, one.person.member_no, one.person.name,
         "候补" if one.enrolment.status == "waiting" else "已录取", there.get(one.id, 0), said[one.completed]]
        for one in await rows.select_related("training", "enrolment__unit", "person")
    ]  # fmt: skip


# Rotations


def month_of(cell: Any, text: str) -> date:
    """A month."""
    return day(cell, text).replace(day=1)


ROTATIONS = (
    Heading("月份", month_of, required=True),
    Heading("单位编码", number_text(32), required=True),
    Heading("人员编号", number_text(32)),
    Heading("姓名", words(40)),
)


async def take_rotation(ctx: Context, record: Record) -> str:
    """Name the person of a planned turn; months change by a swap."""
    unit = await unit_by_code(record.values["单位编码"])
    turn = await Rotation.get_or_none(unit_id=unit.id, month=record.values["月份"])
    if turn is None:
        raise BadInput(month="计划里这个月不是这个镇街：调换月份请在页面办理")
    if not record.values["姓名"]:
        return UNCHANGED
    person = await person_of(record, unit)
    if turn.person_id == person.id:
        return UNCHANGED
    new = turn.status is RotationStatus.PLANNED
    await rotations.nominate(ctx, rotation_id=turn.id, person_id=person.id)
    return CREATED if new else UPDATED


async def rotation_rows(ctx: Context) -> Sequence[Sequence[Any]]:
    """The latest round; the people of other towns are left out."""
    rows = []
    for turn in await rotations.list_rotations(ctx):
        one, person = turn.rotation, turn.rotation.person if turn.shows_person else None
        rows.append(
            [f"{one.month:%Y-%m}", one.unit.code, person.member_no if person else "",
             person.name if person else "", one.unit.name, rotations.STATUS_WORDS[one.status]]
        )  # fmt: skip
    return rows


REGISTERS = (
    Register(
        "workers", "专职党务工作者台账", WORKERS, take_worker, worker_rows, require_district, ("单位名称",),
    ),
    Register(
        "quotas", "应配数", QUOTAS, take_quota, quota_rows, require_district,
        ("单位名称", "在岗专职", "缺额", "缺额起始", "配备不足清单"),
    ),
    Register("trainings", "培训班", TRAININGS, take_training, training_rows, require_district, ("已录取",)),
    Register(
        "trainees", "培训名单", TRAINEES, take_trainee, trainee_rows, officers, ("状态", "到课节数", "结业"),
    ),
    Register(
        "rotations", "轮训计划", ROTATIONS, take_rotation, rotation_rows, officers, ("单位名称", "状态"),
    ),
)  # fmt: skip
