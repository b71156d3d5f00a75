"""What the workers' side holds about one person, for their own export."""

from datetime import date, datetime
from typing import Any

from handlers import id_numbers, phones
from handlers.context import Context
from models import (
    Attendance,
    Filing,
    Person,
    Placement,
    Rotation,
    Trainee,
    TrainingRecord,
    Transition,
    Worker,
    WorkerCorrection,
    WorkerReminder,
)


async def of_person(ctx: Context, person: Person) -> dict[str, Any]:
    """Row, posts, filings, classes, rotations, corrections, reminders; empty lists where there are none."""

    def at(moment: datetime | date | None) -> str | None:
        if isinstance(moment, datetime):
            moment = moment.astimezone(ctx.settings.zone)
        return moment.isoformat() if moment is not None else None

    worker = await Worker.get_or_none(person_id=person.id)
    worker_id = worker.id if worker is not None else 0
    placements = await Placement.filter(worker_id=worker_id).order_by("id").select_related("unit")
    filings = await Filing.filter(person_id=person.id).order_by("id").select_related("unit")
    trainees = await Trainee.filter(person_id=person.id).order_by("id").select_related("training")
    there = Attendance.filter(trainee_id__in=[one.id for one in trainees]).order_by("id")
    records = await TrainingRecord.filter(person_id=person.id).order_by("id").select_related("training")
    rotations = await Rotation.filter(person_id=person.id).order_by("id")
    corrections = await WorkerCorrection.filter(worker_id=worker_id).order_by("id")
    done = await Transition.filter(person_id=person.id).order_by("id")
    reminded = await WorkerReminder.filter(person_id=person.id).order_by("id")
    return {
        "专职党务工作者登记": _row(ctx, worker) if worker is not None else None,
        "岗位": [
            {
                "单位": one.unit.name, "岗位": one.post, "专职": one.full_time, "编制": one.staffing,
                "任职": at(one.starts_on), "离岗": at(one.ended_on), "分工": one.duties,
            }
            for one in placements
        ],
        "备案": [
            {
                "单位": one.unit.name, "事项": one.kind, "状态": one.status, "生效": at(one.effective_on),
                "原因": one.reason, "文号": one.document_no, "内容": one.proposal, "时间": at(one.created_at),
            }
            for one in filings
        ],
        "培训班": [
            {"主题": one.training.topic, "测验": one.quiz, "总结": one.summary, "结业": one.completed}
            for one in trainees
        ],
        "到课": [{"节次": one.session_id, "时间": at(one.at), "方式": one.source} for one in await there],
        "学时": [{"主题": one.training.topic, "学时": one.hours} for one in records],
        "跟班轮训": [
            {"月份": at(one.month), "状态": one.status, "齐备": one.met, "日志": one.log, "说明": one.reason}
            for one in rotations
        ],
        "更正": [
            {"内容": one.text, "答复": one.answer, "时间": at(one.created_at)} for one in corrections
        ],
        "经办": [
            {"事项": one.subject, "状态": one.became, "时间": at(one.at), "意见": one.note} for one in done
        ],
        "工作提醒": [{"事项": one.key, "时间": at(one.at)} for one in reminded],
    }  # fmt: skip


def _row(ctx: Context, worker: Worker) -> dict[str, Any]:
    number = None
    if worker.id_sealed is not None:
        try:
            number = phones.unseal(ctx.settings.secret_key, worker.id_sealed)
        except phones.Unreadable:
            number = id_numbers.shown(ctx.settings.secret_key, worker.id_sealed)
    return {
        "备案编号": worker.filing_no,
        "性别": worker.sex,
        "民族": worker.nation,
        "学历": worker.education,
        "入党时间": worker.joined_on.isoformat() if worker.joined_on else None,
        "转正时间": worker.full_on.isoformat() if worker.full_on else None,
        "公民身份号码": number,
    }
