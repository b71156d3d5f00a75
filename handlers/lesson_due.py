"""Which Fridays' lessons are to be planned or sent at this moment, whenever the clock was last awake."""

from datetime import date, timedelta

from handlers import lesson_articles
from handlers.context import Context
from handlers.lesson_content import LessonContent
from handlers.lesson_fetch import settle_held
from handlers.lesson_plan import plan, week_of
from handlers.lesson_push import close_withdrawn, push, push_late
from handlers.lesson_schedule import arrange
from handlers.lesson_tags import keep_in_step
from models import LessonWeek

PLANNED_AHEAD = timedelta(days=3)
TAGGED_WITHIN = timedelta(minutes=30)
"""Before its hour the tag of a lesson's audience is kept in step at every look."""
PUSHED_FOR = timedelta(hours=24)
"""So long newcomers are looked for, and a clock that overslept still sends."""
SETTLED_FOR = timedelta(days=7)
"""So long what was left open is settled, and a lesson that nobody sent in time is put in the menu."""


async def plan_due(ctx: Context) -> int:
    """Arrange the quarter ahead and plan the lessons of the next days; how many.

    What articles need is made ready, and what they left behind is taken away.
    """
    await arrange(ctx)
    await lesson_articles.clear_up(ctx)
    fridays = await _fridays(ctx, since=timedelta(0), until=PLANNED_AHEAD)
    for friday in fridays:
        await plan(ctx, friday=friday)
        week = await week_of(friday)
        if lesson_articles.is_wanted(ctx, LessonContent.model_validate(week.lesson.body)):
            await lesson_articles.prepare(ctx)
        await keep_in_step(ctx, week)
    return len(fridays)


async def push_due(ctx: Context) -> int:
    """Send the lessons whose time has come to all who lack them; how many messages went out."""
    sent = 0
    if ctx.settings.lesson_mass_tag:
        for friday in await _fridays(ctx, since=timedelta(0), until=TAGGED_WITHIN):
            await plan(ctx, friday=friday)
            await keep_in_step(ctx, await week_of(friday))
    for friday in await _fridays(ctx, since=-PUSHED_FOR, until=timedelta(0)):
        sent += (await push(ctx, friday=friday)).sent
    return sent


async def settle_due(ctx: Context) -> int:
    """Settle the lessons of the days before, and what was sent on its reader's next word; how many."""
    settled = await close_withdrawn(ctx)
    for friday in await _fridays(ctx, since=-SETTLED_FOR, until=-PUSHED_FOR):
        settled += await push_late(ctx, friday=friday)
    return settled + await settle_held(ctx)


async def _fridays(ctx: Context, *, since: timedelta, until: timedelta) -> list[date]:
    now = ctx.now()
    weeks = LessonWeek.filter(
        sends_at__gt=now + since, sends_at__lte=now + until, lesson__withdrawn_at__isnull=True
    )
    return [week.friday for week in await weeks.order_by("sends_at")]
