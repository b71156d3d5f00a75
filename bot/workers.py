"""“我的培训” and “轮训” in the chat: a worker's own classes and turns."""

from datetime import date

from bot import texts
from bot.messages import Message
from bot.replies import Reply
from handlers import workers
from handlers.context import Context
from handlers.rotations import STATUS_WORDS
from handlers.workers import OwnPage
from models import ROTATION_AHEAD, EnrolmentStatus, RotationStatus

SHOWN = 5
NO_TRAININGS = "您现在没有报名的培训班。要参加，请所在镇街或单位的组织委员报名。"
NO_ROTATION = "现在没有您的跟班轮训。轮到您所在镇街时，由镇街报名、组织科确认后通知您。"


async def trainings(message: Message, ctx: Context) -> Reply:
    """What one is enrolled in, the next one first, and the hours of this year."""
    own = await workers.mine(ctx)
    ahead = [one for one in own.trainees if one.training.ends_at > ctx.now()]
    lines = [
        f"· {texts.moment(one.training.starts_at)} {one.training.topic}，{one.training.place}"
        f"{'（候补中）' if one.enrolment.status is EnrolmentStatus.WAITING else ''}"
        for one in ahead[:SHOWN]
    ]
    said = ["接下来的培训：", *lines] if lines else [NO_TRAININGS]
    return "\n".join([*said, *_hours(own, ctx.now().date()), where(ctx)])


async def rotation(message: Message, ctx: Context) -> Reply:
    """One's turn."""
    own = await workers.mine(ctx)
    open_ones = (*ROTATION_AHEAD, RotationStatus.TRAINING, RotationStatus.ASSESSED)
    lines = [
        f"· {one.month.year} 年 {one.month.month} 月，{STATUS_WORDS[one.status]}"
        f"{f'，带教人 {one.mentor.name}' if one.mentor is not None else ''}"
        for one in own.rotations
        if one.status in open_ones
    ]
    return "\n".join(["您的跟班轮训：", *lines, where(ctx)]) if lines else NO_ROTATION


def _hours(own: OwnPage, today: date) -> list[str]:
    """The hours of classes attended this year, where there are any: a record, for oneself."""
    hours = sum(one.hours for one in own.records if one.training.starts_at.year == today.year)
    return [f"今年参加过的班登记了 {hours} 学时。"] if hours else []


def where(ctx: Context) -> str:
    """Where all of it stands."""
    return f"登记、备案和培训都在这里：{ctx.settings.public_url.rstrip('/')}/my-work"
