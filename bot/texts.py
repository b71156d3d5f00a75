"""Every sentence a follower can read in the chat, in plain and kind Chinese."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from handlers import errors
from handlers.context import Context
from handlers.errors import Refused

ZONE = ZoneInfo("Asia/Shanghai")
WEEKDAYS = "一二三四五六日"

SORRY = "抱歉，系统刚才没有办成，请过一会儿再试。如果一直不行，回复“意见”加上您遇到的情况，我们会有人处理。"
STILL_WORKING = "这件事还在处理，请过一分钟再发一次。"
TOO_MANY_MESSAGES = "您发得有点快，系统来不及回复，请歇一分钟再发。"
ONLY_TEXT = "目前只看得懂文字和能听清的语音。请把想问的话打成文字发过来，例如“预备期多长时间”。"
NOTHING_MORE = "没有更多内容了。想了解什么，直接发问题给我就行。"
USEFUL = "谢谢，能帮上您就好。"
USELESS = "抱歉没能帮上您。您的问题已记下，会请组织部门的同志人工答复，答复后发给您。"
NOTHING_TO_RATE = "还没有看到您的提问。请直接发问题给我，看到回答后再告诉我有没有用。"
WELCOME = (
    "您好，欢迎来到支部通！\n"
    "· 直接发问题，例如“党费怎么交”，我会按规定回答\n"
    "· 发“附近阵地”找组织生活点，发“我的预约”看预约\n"
    "· 发“本周课程”学周五1小时微课\n"
    "· 发“意见”加上您的话，给我们提意见建议\n"
    "第一次使用，请先在小程序“我的”里绑定手机号。"
)
HELP = (
    "您可以这样用：\n"
    "1. 问党务知识：直接发问题，例如“转正要多长时间”\n"
    "2. 找阵地：发“附近阵地”，或把您的位置发过来\n"
    "3. 看预约、取消、改人数：发“我的预约”；一个人就近参加：发“可加入的活动”\n"
    "4. 到现场签到：用微信扫门口的二维码，或发“我的码”给管理员扫\n"
    "5. 学微课：发“本周课程”\n"
    "6. 练流程：发“案例”，或“流程 换届”\n"
    "7. 支部手册：发“手册”看现在要记的，发“模板 组织生活会”看一个模板\n"
    "8. 看样板：发“样板”，看示范点能学什么\n"
    "9. 提意见建议：发“意见”加上您的话\n"
    "看完回答，发“原文”看依据的条文；觉得没帮上，发“没用”，会转给人来答。\n"
    "不想再收每周微课，发“退订微课”。"
)
HOW_TO_CHECK_IN = (
    "请在活动现场用微信“扫一扫”，扫门口的二维码即可签到。"
    "扫不了也没关系：点开“我的码”出示给阵地管理员扫，或请管理员在名单上代为登记。"
)
MY_CODE = "点开就是您的签到码，请出示给阵地管理员扫：\n{link}\n码会自动更换，请不要转发。"
HOW_TO_COMPLAIN = (
    "请这样发：意见 加上您想说的话。例如“意见 周六能不能多开一场”。"
    "不想让系统记下是您提的，就发“匿名意见”加上您想说的话：那样只能凭查询号看结果，有答复也没法通知您。"
)
HOW_TO_BIND = "请打开小程序“支部通”，在“我的”里点“绑定手机号”。手机号与党员名册一致就能绑定。"
LESSONS_STOPPED = "好的，以后不再给您发每周微课。想看随时发“本周课程”，想再收就发“订阅微课”。"
LESSONS_STARTED = "好的，每周五会把微课发给您。不想再收，发“退订微课”即可。"
NO_LESSON = "本周还没有安排微课。想学以前的，请在小程序“本周课程”里选。"
NO_BOOKINGS = "您所在的支部目前没有预约。要预约，请支部书记或组织委员打开小程序“阵地地图”选时段。"
NOTHING_TO_JOIN = "近期没有可以个人加入的活动。过几天再看，或先看看附近有哪些阵地。"
NOTHING_OFFERED = "现在没有等您支部接受的候补名额。发“我的预约”可以看到全部预约。"
NO_CLAIMS = "您所在的支部还没有补单。活动结束后，请支部书记或组织委员在小程序“补单”里提交，内容已经填好。"
HANDBOOK_FOR_WORKERS = "一本手册有 10 项内容、24 个模板，由支部书记和支部工作人员填写。打开看看：{link}"
NOTHING_DUE = "支部现在没有要记的。一本手册：{link}"
NOTHING_ASSESSED = "您所在的支部现在没有要整改的问题，您也没有要去评估的支部。"
NOTHING_TO_DO = "现在没有等您处理的事。"

REFUSALS: dict[type[Refused], str] = {
    Refused: "现在不能这样办理，请稍后再试。",
    errors.NotFound: "没有找到，可能已经取消或不在您的查看范围内。",
    errors.NotBound: "还不知道您是哪个支部的。" + HOW_TO_BIND,
    errors.NotAllowed: "这件事不在您的职责范围内。如有疑问，请联系上级党组织。",
    errors.NotOnRoster: "名册里没有这个手机号，请联系所在党支部核对登记的号码。",
    errors.AlreadyBound: "这个身份已绑定另一个微信号，请联系所在党支部处理。",
    errors.SlotFull: "这个时段剩余名额不够，请减少人数或改选时段。",
    errors.SlotClosed: "这个时段不开放预约，请改选其他时段。",
    errors.AlreadyBooked: "您或您的支部在这个时间已有预约，发“我的预约”可以查看。",
    errors.TooManyBookings: "您的支部还没进行的预约已达上限，请等一次活动结束，或先取消一个再约。",
    errors.TooManyThisMonth: "您的支部在那个月的预约已达上限，请改选其他月份，或先取消一个再约。",
    errors.BookingPaused: "您的支部本季度多次约了没有到场，暂停新的预约。有特殊情况，请联系上级党组织。",
    errors.TooShortNotice: "这几天已有支部预约，临时关闭要提前公告；突发情况请在小程序里注明。",
    errors.NotOpenToGuests: "这场活动还没有确认、已经开始，或者由一个支部独占，请另选一场。",
    errors.TooLateToCancel: "活动马上要开始了，不能自行取消。确实来不了，请联系阵地管理员代为取消。",
    errors.OfferExpired: "留给您支部的名额已过期，转给了下一个支部。可以重新预约或再排候补。",
    errors.NotYourBranch: "您只能为自己负责的党支部预约。",
    errors.WrongState: "当前状态下不能这样操作，请刷新后再看。",
    errors.OwnDraft: "这份稿子您改过，请另一位同志来审核发布。",
    errors.NotFulfilled: "活动结束、并且有人签到之后才能补单。",
    errors.NoRecord: "这次活动还没有签认的纪实，请先在支部手册里写好、签认，再来补单。",
    errors.AlreadyClaimed: "这次活动已经提交过补单，发“我的补单”可以查看。",
    errors.OwnClaim: "这张补单您经手过，或者是您所在支部的，请另一位同志来办理。",
    errors.NoFund: "您的支部在活动那一年还没有可用的专项经费，请联系上级党组织。",
    errors.FundSpent: "专项经费的余额不够，请联系上级党组织。",
    errors.ReceiptUsed: "有一张票据已经报销过，请核对票据号。",
    errors.AlreadyFullTime: "这位同志在另一个单位专职在岗，请先办调动或离岗。",
    errors.FilingOpen: "这位同志还有一件备案没有办完，请先办完那一件。",
    errors.OwnNomination: "这个样板是您推荐的，现场察看和审定请另一位同志来办。",
    errors.OwnFiling: "这件备案是您初审的，请另一位同志来审定。",
    errors.TrainingFull: "这个班剩余名额不够，请减少人数，或加入候补。",
    errors.InAnotherTraining: "名单里有同志已经在这个班，或同一时间在另一个班，请核对后再报。",
    errors.RotatedLately: "这位同志近期已经参加过跟班轮训，请另报一位同志。",
    errors.MentorTaken: "这位带教人同时带的人已经满额，请另选一位。",
    errors.NotCompleted: "结业要齐备的项目还没有齐，或者时间还没有到。",
    errors.OwnRectification: "这个问题您经手过，请另一位同志来验收或答复。",
    errors.TooLateToObject: "签收后提出异议的期限已过。确有新情况，请直接向上级党组织反映。",
    errors.StepRefused: "实训里这一步现在还不能做，请看页面上的提示。",
    errors.ScanRefused: "这次扫码没有签到成功，请找阵地管理员帮忙。",
    errors.BadCode: "这不是本系统的签到码，请扫描阵地现场的二维码。",
    errors.ExpiredCode: "这个二维码已过期，请扫描屏幕上最新的二维码。",
    errors.TooEarly: "还没到签到时间，活动开始前 30 分钟可以签到。",
    errors.TooLate: "本次活动已经结束。如需补记，请找阵地管理员登记。",
    errors.NoBooking: "您的支部今天在这里没有预约，请联系支部确认时间和地点。",
    errors.WrongSite: "您的支部这次预约的不是这处阵地，请核对地点。",
    errors.CancelledBooking: "您的支部在这里的预约已经取消，请联系支部确认。",
    errors.NoFont: "服务器上没有中文字体，暂时不能排版，请告诉系统管理员。",
    errors.ReplayedScan: "这次扫码已经用过了，请重新扫一次现场的二维码。",
    errors.StaleVersion: "另一部手机刚刚保存过这份记录，您的修改已另存，请打开记录对照取用。",
    errors.TermsChanged: "另一位同志刚刚改过这些设置，请打开页面核对后再改。",
    errors.AlreadyRecorded: "这一项支部已经有记录，请打开原来的那一份修改。",
    errors.RecordUnready: "这份记录还不能签认，请打开页面按提示补正。",
    errors.RecordBlocked: "这份记录有几项不符合规定或还没有填，请打开页面补正。",
    errors.WarningsUnseen: "这份记录有几处提醒，请打开页面看过再签认。",
    errors.BadInput: "有些内容填写不对，请改一下再发。",
}
"""Every refusal of the use-cases. A test keeps it complete."""


def complaint_taken(lookup: str, due_on: date, *, anonymous: bool) -> str:
    """The code that a complaint is followed by, and until when it is answered."""
    kept = (
        "没有记下是您提的，请记好查询号，有答复时没法通知您。"
        if anonymous
        else "有答复时，能发给您的会发给您。"
    )
    return (
        f"收到，谢谢您！查询号 {lookup}，最迟 {due_on.month}月{due_on.day}日答复（期限是本区建议值）。"
        f"在小程序“意见建议”里输入查询号，可以看到处理结果；没解决的可以再提。{kept}"
    )


def refusal(error: Refused) -> str:
    """What a refusal says: what is the case, and what to do next."""
    sentence = next(REFUSALS[kind] for kind in type(error).__mro__ if kind in REFUSALS)
    if isinstance(error, errors.BadInput):
        return "；".join(error.fields.values()) or sentence
    if isinstance(error, errors.AlreadyBooked) and error.at:
        return f"您或您的支部{moment(error.at)}已约在“{error.site}”，时间有重叠。"
    if isinstance(error, errors.TooEarly) and error.at:
        return f"还没到签到时间，请在{moment(error.at)}以后再扫。"
    if isinstance(error, errors.WrongSite) and error.site:
        return f"您的支部这次预约的是“{error.site}”，请核对地点。"
    return sentence


def link(ctx: Context, path: str) -> str:
    """The address of one of our pages."""
    return f"{ctx.settings.public_url.rstrip('/')}{path}"


def moment(time: datetime) -> str:
    """A time as people say it: 11月20日（周五）15:00."""
    local = time.astimezone(ZONE)
    return f"{local.month}月{local.day}日（周{WEEKDAYS[local.weekday()]}）{local:%H:%M}"
