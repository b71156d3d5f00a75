"""What the door answers when it says no: one table from every refusal to a status and a sentence."""

import json
from collections.abc import Iterable, Mapping
from datetime import timedelta, timezone
from typing import Any, NamedTuple

from aiohttp import web

from handlers import errors
from handlers.context import REQUEST_ID
from handlers.errors import (
    AlreadyBooked,
    BadInput,
    BookingPaused,
    RecordUnready,
    Refused,
    ScanRefused,
    StepRefused,
)

CHINA = timezone(timedelta(hours=8))
PROBLEM_TYPE = "application/problem+json"


class No(NamedTuple):
    """How one refusal reads: HTTP status, title, and what a person can do about it.

    `exact` is the sentence where a site and a time are known.
    """

    status: int
    title: str
    detail: str
    exact: str = ""


STATUS: dict[type[Refused], No] = {
    Refused: No(409, "不能办理", "现在不能这样办理。"),
    errors.NotFound: No(404, "没有找到", "没有找到，或者不在您的查看范围内。"),
    errors.NotBound: No(403, "尚未绑定", "请先绑定手机号，确认党员身份后再试。"),
    errors.NotAllowed: No(403, "没有权限", "您的职责不包括这项操作。如有疑问，请联系上级党组织。"),
    errors.NotOnRoster: No(404, "名册中没有", "名册中没有这个手机号，请联系所在党支部核对登记的号码。"),
    errors.AlreadyBound: No(409, "已被绑定", "这个身份已绑定另一个微信号，请联系所在党支部处理。"),
    errors.SlotFull: No(409, "名额不足", "这个时段剩余名额不够，请减少人数、改选时段，或加入候补。"),
    errors.SlotClosed: No(409, "不可预约", "这个时段不开放预约，请改选其他时段。"),
    errors.AlreadyBooked: No(
        409,
        "已有预约",
        "您或您的支部在这个时间已有预约，请在“我的预约”中查看。",
        "您或您的支部 {at:%m月%d日%H:%M} 已约在{site}，时间有重叠。请改选时段，或先取消那一个。",
    ),
    errors.TooManyBookings: No(
        409, "预约太多", "您的支部还没进行的预约已达上限，请等一次活动结束，或先取消一个再约。"
    ),
    errors.TooManyThisMonth: No(
        409, "本月预约已满", "您的支部在那个月的预约已达上限，请改选其他月份，或先取消一个再约。"
    ),
    errors.BookingPaused: No(
        409,
        "暂停预约",
        "您的支部本季度多次约了没有到场，暂停新的预约。有特殊情况，请联系上级党组织。",
        "您的支部本季度多次约了没有到场，{until:%m月%d日}起可以再约。有特殊情况，请联系上级党组织。",
    ),
    errors.TooShortNotice: No(
        409, "来不及公告", "这几天已有支部预约，临时关闭要提前公告。确属突发情况的，请注明“突发”再提交。"
    ),
    errors.NotOpenToGuests: No(
        409, "不能个人加入", "这场活动还没有确认、已经开始，或者由一个支部独占，请另选一场。"
    ),
    errors.TooLateToCancel: No(
        409, "来不及自行取消", "活动马上要开始了，不能自行取消。确实来不了，请联系阵地管理员代为取消。"
    ),
    errors.OfferExpired: No(
        409, "候补名额已过期", "留给您支部的名额已过期，转给了下一个支部。可以重新预约或再排候补。"
    ),
    errors.NotYourBranch: No(403, "不是您的支部", "您只能为自己负责的党支部预约。"),
    errors.WrongState: No(409, "状态已变", "当前状态下不能这样操作，请刷新后再看。"),
    errors.OwnDraft: No(403, "不能审核自己的稿子", "这份稿子您改过，请另一位同志来审核发布。"),
    errors.NotFulfilled: No(
        409, "活动还没有完成", "活动结束、并且有人签到之后才能补单。签到有遗漏的，请找阵地管理员补记。"
    ),
    errors.NoRecord: No(
        409,
        "还没有纪实",
        "这次活动还没有签认的纪实，请先在支部手册里写好主题党日等记录、签认，再来补单。",
    ),
    errors.AlreadyClaimed: No(
        409, "已有补单", "这次活动已经提交过补单，一次活动只补一次，请在“我的补单”中查看。"
    ),
    errors.OwnClaim: No(
        403, "不能经办自己的补单", "这张补单您经手过，或者是您所在支部的，请另一位同志来办理。"
    ),
    errors.NoFund: No(409, "没有专项经费", "您的支部在活动那一年还没有可用的专项经费，请联系上级党组织。"),
    errors.FundSpent: No(409, "经费余额不足", "专项经费的余额不够，请先核对预算，或退回请支部调整。"),
    errors.ReceiptUsed: No(409, "票据已用过", "有一张票据已经报销过，同一张票据只能用一次，请核对票据号。"),
    errors.OwnRectification: No(
        403, "不能验收自己经手的整改", "这个问题您经手过，请另一位同志来验收或答复。"
    ),
    errors.TooLateToObject: No(
        409, "异议期已过", "签收后提出异议的期限已过。确有新情况，请直接向上级党组织反映。"
    ),
    errors.StepRefused: No(409, "这一步还不能做", "实训里这一步现在还不能做，请看提示。"),
    errors.ScanRefused: No(409, "未能签到", "这次扫码没有签到成功，请找阵地管理员帮忙。"),
    errors.BadCode: No(422, "二维码无效", "这不是本系统的签到码，请扫描阵地现场的二维码。"),
    errors.ExpiredCode: No(409, "二维码已过期", "这个二维码已过期，请扫描屏幕上最新的二维码。"),
    errors.TooEarly: No(
        409,
        "还没到时间",
        "活动开始前 30 分钟可以签到，请稍后再扫。",
        "{site}从 {at:%H:%M} 起可以签到，请稍后再扫。",
    ),
    errors.TooLate: No(
        409,
        "活动已结束",
        "本次活动已经结束，如需补记请找阵地管理员。",
        "{site}的活动已在 {at:%H:%M} 结束，如需补记请找阵地管理员。",
    ),
    errors.NoBooking: No(409, "没有预约", "您的支部在这里没有预约，请联系支部确认。"),
    errors.WrongSite: No(
        409,
        "阵地不对",
        "您的支部今天预约的是另一处阵地，请核对地点。",
        "您的支部今天预约的是{site}，{at:%H:%M} 起签到，请核对地点。",
    ),
    errors.CancelledBooking: No(409, "预约已取消", "您的支部在这里的预约已取消，请联系支部确认。"),
    errors.AlreadyFullTime: No(
        409, "已在别的单位专职", "这位同志在另一个单位专职在岗，不能在两个单位同时专职，请先办调动或离岗。"
    ),
    errors.FilingOpen: No(409, "还有备案没有办完", "这位同志还有一件备案没有办完，请先办完或撤回那一件。"),
    errors.OwnNomination: No(403, "请另一位同志来办", "这个样板是您推荐的，现场察看和审定请另一位同志来办。"),
    errors.OwnFiling: No(403, "请另一位同志审定", "这件备案是您初审的，请另一位同志来审定。"),
    errors.TrainingFull: No(409, "班次名额不足", "这个班剩余名额不够，请减少人数，或加入候补。"),
    errors.InAnotherTraining: No(
        409, "时间冲突", "名单里有同志已经在这个班，或同一时间在另一个班，请核对后再报。"
    ),
    errors.RotatedLately: No(409, "近期已经轮训过", "这位同志近期已经参加过跟班轮训，请另报一位同志。"),
    errors.MentorTaken: No(409, "带教人已带满", "这位带教人同时带的人已经满额，请另选一位。"),
    errors.NotCompleted: No(409, "还不能结业", "结业要齐备的项目还没有齐，或者时间还没有到，请核对后再办。"),
    errors.NoFont: No(
        503, "服务器没有中文字体", "服务器上没有中文字体，暂时不能排版。请管理员安装 fonts-noto-cjk 后再试。"
    ),
    errors.ReplayedScan: No(
        409, "扫码重复", "这次扫码的编号已经用在另一次扫码上，请重新扫一次现场的二维码。"
    ),
    errors.StaleVersion: No(
        409,
        "别处刚保存过",
        "另一部手机刚刚保存过这份记录。您的修改没有丢，已另存在旁边，请刷新后对照取用。",
    ),
    errors.TermsChanged: No(
        409, "别处刚改过", "另一位同志刚刚改过这些设置，没有保存您的修改，请刷新后核对再改。"
    ),
    errors.AlreadyRecorded: No(409, "已有记录", "这一项支部已经有记录，请打开原来的那一份修改，不用另建。"),
    errors.RecordUnready: No(409, "还不能签认", "这份记录还不能签认，请按提示逐项补正。"),
    errors.RecordBlocked: No(409, "有内容不符合规定", "下面几项不符合规定或还没有填，请补正后再签认。"),
    errors.WarningsUnseen: No(
        409, "有提示要看一看", "下面几项是提醒，不影响签认。看过以后，选“提示已看过”再签认即可。"
    ),
    BadInput: No(422, "填写有误", "有些内容填写不对，请按提示修改后再提交。"),
}
"""Every refusal of the use-cases. A test keeps it complete."""

DOOR: dict[str, No] = {
    "bad_json": No(400, "请求读不懂", "请求内容不是有效的 JSON，请检查后重新提交。"),
    "bad_idempotency_key": No(
        400, "Idempotency-Key 不对", "Idempotency-Key 应为 1 至 128 个可见的英文字符。"
    ),
    "unauthenticated": No(401, "需要登录", "登录已失效，请重新登录。"),
    "login_code_used": No(401, "登录码无效", "登录码已用过或已过期，请重新打开小程序。"),
    "phone_code_used": No(422, "手机号授权失效", "手机号授权已失效，请再点一次“绑定手机号”。"),
    "no_such_path": No(404, "没有这个地址", "没有这个地址，请查看接口说明 /api/docs。"),
    "wrong_method": No(405, "方法不对", "这个地址不支持该请求方法，请查看接口说明 /api/docs。"),
    "slow_body": No(408, "上传太慢", "请求没有在规定时间内传完，请检查网络后重试。"),
    "still_running": No(409, "正在处理", "同一请求正在处理，请稍等几秒再查询结果。"),
    "too_large": No(413, "内容太大", "提交的内容太大了，请精简或分几次提交。"),
    "file_too_large": No(413, "文件太大", "文件太大，请压缩或分开后再上传。"),
    "wrong_file_type": No(415, "文件格式不对", "请直接提交文件内容，类型写 application/octet-stream。"),
    "wrong_content_type": No(415, "格式不支持", "请用 application/json 格式提交。"),
    "idempotency_key_reused": No(
        422, "Idempotency-Key 重复", "这个 Idempotency-Key 已用于另一个请求，请换一个新的。"
    ),
    "too_many_requests": No(429, "请求太频繁", "操作太频繁了，请稍等一分钟再试。"),
    "bad_request": No(400, "请求有误", "请求不符合 HTTP 规范，请检查后重试。"),
    "internal_error": No(
        500, "系统出错", "系统出了点问题，已记录下来。请稍后再试；多次失败请把请求编号告诉管理员。"
    ),
    "wechat_unavailable": No(503, "微信暂时不可用", "微信服务暂时没有回应，请稍后再试。"),
}
"""What only this door can refuse, by code."""


class Rejected(Exception):
    """A request that does not get as far as a use-case."""

    def __init__(self, code: str, **headers: str) -> None:
        super().__init__(code)
        self.code = code
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


def refusal(error: Refused) -> tuple[int, dict[str, Any]]:
    """Status and problem body of a use-case's refusal."""
    no = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    if isinstance(error, (ScanRefused, AlreadyBooked)) and no.exact and error.site and error.at:
        no = no._replace(detail=no.exact.format(site=error.site, at=error.at.astimezone(CHINA)))
    if isinstance(error, BookingPaused):
        no = no._replace(detail=no.exact.format(until=error.until))
    if isinstance(error, StepRefused):
        no = no._replace(detail=error.sentence)
    fields: Iterable[tuple[str, str]] | None = None
    if isinstance(error, BadInput):
        fields = error.fields.items()
    elif isinstance(error, RecordUnready):
        fields = error.problems
    return no.status, problem(error.code, no, fields=fields)


def problem(code: str, no: No, *, fields: Iterable[tuple[str, str]] | None = None) -> dict[str, Any]:
    """The body of a failure, after RFC 9457. `type` leads to the code's line in the readable docs."""
    body: dict[str, Any] = {
        "type": f"/api/docs#{code}",
        "title": no.title,
        "status": no.status,
        "code": code,
        "detail": no.detail,
    }
    if fields is not None:
        body["errors"] = [{"field": name, "message": message} for name, message in fields]
    return body


def failure(code: str, headers: Mapping[str, str] | None = None) -> web.Response:
    """The response to a request this door rejects itself, or fails at: then it names the request."""
    no = DOOR[code]
    body = problem(code, no)
    if no.status >= 500:
        body["instance"] = f"urn:request:{REQUEST_ID.get()}"
    return show(no.status, body, headers=headers)


def show(status: int, body: Any, *, headers: Mapping[str, str] | None = None) -> web.Response:
    """A JSON response, in the failure's media type when it is one."""
    media = PROBLEM_TYPE if status >= 400 else "application/json"
    if body is None:
        return web.Response(status=status, headers=headers)
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return web.Response(status=status, text=text, content_type=media, charset="utf-8", headers=headers)
