"""How long before a visit it is booked at the latest, in working days: settings, longer at training bases."""

from datetime import date

from handlers import workdays
from handlers.context import Context
from handlers.lesson_calendar import told_days_off
from models import Slot


def book_by(ctx: Context, slot: Slot) -> date:
    """The last day on which a slot is booked; it comes with its site."""
    day = slot.starts_at.astimezone(ctx.settings.zone).date()
    settings = ctx.settings
    is_base = slot.site.is_training_base
    ahead = settings.book_training_ahead_workdays if is_base else settings.book_ahead_workdays
    return workdays.before(day, ahead, told_days_off(ctx.settings)) if ahead else day


def is_too_near(ctx: Context, slot: Slot) -> bool:
    """Whether that day is over."""
    return ctx.now().date() > book_by(ctx, slot)
