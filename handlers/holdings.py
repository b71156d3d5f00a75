"""Everything held about one person, as plain JSON values under the labels people read."""

from datetime import date, datetime
from typing import Any

from tortoise.expressions import Q

from handlers import phones, record_holdings, sealed_texts, worker_holdings
from handlers.accounts import require_account
from handlers.context import Context
from models import (
    Account,
    App,
    AuditEntry,
    Booking,
    CheckIn,
    Complaint,
    Consent,
    Delivery,
    Duty,
    Guest,
    Membership,
    Notice,
    Person,
    PracticeCard,
    Question,
    RefusedScan,
    RehearsalSeat,
    Reminder,
    Role,
    UploadedScan,
)

APPS = {App.OFFICIAL_ACCOUNT: "公众号", App.MINI_PROGRAM: "小程序"}
MEMBERSHIPS = {
    Membership.FULL: "正式党员",
    Membership.PROBATIONARY: "预备党员",
    Membership.APPLICANT: "入党申请人",
    Membership.NONE: "群众",
}
ROLES = {
    Role.MEMBER: "党员",
    Role.BRANCH_WORKER: "支部党务工作者",
    Role.SITE_KEEPER: "阵地管理员",
    Role.TOWN_OFFICER: "镇街组织员",
    Role.DISTRICT_OFFICER: "区委组织部工作人员",
}
UNREADABLE = "（加密保存，当前无法读出，请联系管理员）"


async def export_mine(ctx: Context) -> dict[str, object]:
    """What is held about the caller's identity, the person it is tied to, and their other identities.

    Raises:
        NotBound: the caller has no identity.
    """
    account, person = require_account(ctx), ctx.caller.person
    own = Q(id=account.id) if person is None else Q(id=account.id) | Q(person=person)
    accounts = await Account.filter(own).order_by("id")
    told = _Teller(ctx)
    held: dict[str, object] = {"导出时间": told.time(ctx.now())}
    held["微信身份"] = [told.account(row) for row in accounts]
    held["名册"] = await told.roster(person) if person is not None else None
    held["职责"] = await told.duties(person) if person is not None else []
    held |= await told.hanging_on(accounts)
    held |= await told.done_by(person) if person is not None else {}
    held |= await worker_holdings.of_person(ctx, person) if person is not None else {}
    held |= await record_holdings.of_person(ctx, person) if person is not None else {}
    actors = [f"account:{row.id}" for row in accounts] + (
        [f"person:{person.id}"] if person is not None else []
    )
    entries = await AuditEntry.filter(Q(actor__in=actors) | Q(subject__in=actors)).order_by("id")
    held["操作记录"] = [
        {"时间": told.time(row.at), "操作": row.action, "对象": row.subject} for row in entries
    ]
    return held


class _Teller:
    """Turns rows into labelled values, with times in the service's zone."""

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx

    def time(self, at: datetime | date | None) -> str | None:
        if isinstance(at, datetime):
            at = at.astimezone(self.ctx.settings.zone)
        return at.isoformat() if at is not None else None

    def account(self, row: Account) -> dict[str, Any]:
        return {
            "应用": APPS[row.app],
            "openid": row.openid,
            "unionid": row.unionid,
            "已关注公众号": row.follows,
            "已绑定名册": row.person_id is not None,
            "微课选择": row.lesson_choice,
            "最近来信": self.time(row.last_contact_at),
            "首次出现": self.time(row.created_at),
        }

    async def roster(self, person: Person) -> dict[str, Any]:
        await person.fetch_related("organization")
        return {
            "人员编号": person.member_no,
            "姓名": person.name,
            "手机号": self.phone(person),
            "所在党组织": person.organization.name,
            "党员类别": MEMBERSHIPS[person.membership],
            "出生年月": person.birth_month.strftime("%Y-%m") if person.birth_month is not None else None,
            "专职党务工作者": person.is_worker,
            "离开日期": self.time(person.left_at),
            "登记时间": self.time(person.created_at),
        }

    def phone(self, person: Person) -> str | None:
        if person.phone_sealed is None:
            return None
        try:
            return phones.unseal(self.ctx.settings.secret_key, person.phone_sealed)
        except phones.Unreadable:
            return UNREADABLE

    async def duties(self, person: Person) -> list[dict[str, Any]]:
        rows = await Duty.filter(person=person).order_by("id").select_related("organization", "site")
        return [
            {
                "职责": ROLES[row.role],
                "党组织": row.organization.name if row.organization is not None else None,
                "阵地": row.site.name if row.site is not None else None,
            }
            for row in rows
        ]

    async def hanging_on(self, accounts: list[Account]) -> dict[str, Any]:
        """What belongs to WeChat identities."""
        ids, openids = [row.id for row in accounts], [row.openid for row in accounts]
        consents = await Consent.filter(account_id__in=ids).order_by("id")
        questions = await Question.filter(account_id__in=ids).order_by("id")
        complaints = await Complaint.filter(account_id__in=ids).order_by("id")
        notices = await Notice.filter(openid__in=openids).order_by("id")
        return {
            "订阅消息": [{"模板": row.template_id, "剩余次数": row.remaining} for row in consents],
            "提问": [
                {
                    "时间": self.time(row.asked_at),
                    "内容": row.text,
                    "答复": row.answer,
                    "是否有用": row.useful,
                }
                for row in questions
            ],
            "意见建议": [
                {
                    "时间": self.time(row.created_at),
                    "查询码": row.lookup,
                    "内容": row.text,
                    "答复": row.answer,
                }
                for row in complaints
            ],
            "消息": [
                {
                    "时间": self.time(row.created_at),
                    "内容": sealed_texts.opened(self.ctx.settings.secret_keys, row.content) or UNREADABLE,
                    "发出": self.time(row.sent_at),
                }
                for row in notices
            ],
            "练习": [
                {"内容": row.item, "下次": self.time(row.due_at)}
                for row in await PracticeCard.filter(account_id__in=ids).order_by("id")
            ],
            "微课推送": [
                {"周五": self.time(row.week_id), "方式": row.channel, "状态": row.status}
                for row in await Delivery.filter(account_id__in=ids).order_by("id")
            ],
        }

    async def done_by(self, person: Person) -> dict[str, Any]:
        """What belongs to the person on the roster."""
        bookings = await Booking.filter(booked_by=person).order_by("id").select_related("slot__site")
        check_ins = await CheckIn.filter(person=person).order_by("id").select_related("booking__slot__site")
        joined = await Guest.filter(person=person).order_by("id").select_related("booking__slot__site")
        seats = await RehearsalSeat.filter(person=person).order_by("id").select_related("rehearsal")
        reminders = await Reminder.filter(person=person).order_by("id")
        refused = await RefusedScan.filter(person=person).order_by("id")
        logged = await UploadedScan.filter(Q(person=person) | Q(keeper=person)).order_by("id")
        return {
            "点单": [
                {
                    "阵地": row.slot.site.name,
                    "开始": self.time(row.slot.starts_at),
                    "主题": row.theme,
                    "人数": row.headcount,
                    "状态": row.status,
                }
                for row in bookings
            ],
            "签到": [{"阵地": row.booking.slot.site.name, "时间": self.time(row.at)} for row in check_ins],
            "个人加入的活动": [
                {"阵地": row.booking.slot.site.name, "开始": self.time(row.booking.slot.starts_at)}
                for row in joined
            ],
            "实训": [
                {"案例": row.rehearsal.case, "开始": self.time(row.rehearsal.opened_at)} for row in seats
            ],
            "活动提醒": [
                {"预约": row.booking_id, "方式": row.channel, "状态": row.status} for row in reminders
            ],
            "未成功的扫码": [
                {"阵地编号": row.site_id, "时间": self.time(row.at), "原因": row.reason} for row in refused
            ],
            "离线扫码记录": [
                {
                    "扫码时间": self.time(row.at),
                    "结果": row.outcome,
                    "本人上传": row.keeper_id == person.id,
                }
                for row in logged
            ],
        }
