"""The timetable: what runs when. Any number of clocks may run it; every job is harmless twice."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import time

from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from handlers import (
    audit,
    closings,
    confirmations,
    due_reminders,
    failures,
    filings,
    idempotency,
    lesson_due,
    nonces,
    notices,
    place_images,
    places,
    receipt_images,
    record_reminders,
    reminders,
    report_prints,
    retention,
    rotations,
    screenings,
    sites,
    worker_leads,
    worker_reminders,
)
from handlers.context import Context
from settings import Settings

PUSH_EVERY = 5
"""Minutes between looks at the Friday lesson, the first at its time exactly."""
HOUR = 3600


@dataclass(frozen=True, slots=True)
class Job:
    """One line of the timetable.

    `grace` is how many seconds late a run may still start; `at_start` jobs also run when a clock
    starts, so that one that slept over their hour makes up for it.
    """

    name: str
    trigger: BaseTrigger
    run: Callable[[Context], Awaitable[object]]
    grace: int
    at_start: bool = True


def timetable(settings: Settings) -> tuple[Job, ...]:
    """All jobs, in the service's zone."""
    zone = settings.zone
    push_from = time.fromisoformat(settings.lesson_time).minute % PUSH_EVERY

    def daily(hour: int, minute: int) -> CronTrigger:
        return CronTrigger(hour=hour, minute=minute, timezone=zone)

    every_5_minutes = CronTrigger(minute=f"{push_from}-59/{PUSH_EVERY}", timezone=zone)
    return (
        Job("send_notices", IntervalTrigger(seconds=2, timezone=zone), notices.send_due, 10),
        Job("check_texts", IntervalTrigger(seconds=3, timezone=zone), screenings.check_waiting, 10),
        Job("seal_audit", IntervalTrigger(seconds=5, timezone=zone), audit.seal, 30),
        Job("settle_bookings", IntervalTrigger(minutes=1, timezone=zone), places.settle, 60),
        Job("offer_places", IntervalTrigger(minutes=1, timezone=zone), places.offer_all, 60),
        Job("expire_offers", IntervalTrigger(minutes=1, timezone=zone), places.expire_offers, 60),
        Job("release_no_shows", IntervalTrigger(minutes=1, timezone=zone), places.release_no_shows, 60),
        Job("pause_branches", IntervalTrigger(minutes=5, timezone=zone), failures.pause, 300),
        Job("remind_of_visits", IntervalTrigger(minutes=1, timezone=zone), reminders.remind, 60),
        Job("remind_of_records", IntervalTrigger(minutes=20, timezone=zone), record_reminders.remind, 600),
        Job("remind_of_findings", IntervalTrigger(minutes=5, timezone=zone), due_reminders.remind, 300),
        Job("print_reports", IntervalTrigger(seconds=2, timezone=zone), report_prints.work, 30),
        Job("forget_prints", daily(3, 50), report_prints.forget_old, 6 * HOUR),
        Job("finish_closings", IntervalTrigger(minutes=1, timezone=zone), closings.finish, 60),
        Job("remind_keepers", daily(9, 0), confirmations.remind, 6 * HOUR, at_start=False),
        Job("push_lesson", every_5_minutes, lesson_due.push_due, 240),
        Job("settle_lesson", IntervalTrigger(minutes=10, timezone=zone), lesson_due.settle_due, 600),
        Job("plan_lesson", daily(6, 10), lesson_due.plan_due, 6 * HOUR),
        Job("make_slots", daily(0, 10), sites.make_slots, 6 * HOUR),
        Job("create_posters", IntervalTrigger(hours=1, timezone=zone), sites.create_posters, HOUR),
        Job("apply_filings", daily(0, 20), filings.apply_due, 6 * HOUR),
        Job("close_rotations", daily(0, 30), rotations.close_months, 6 * HOUR),
        Job("look_for_leads", daily(6, 30), worker_leads.look, 6 * HOUR),
        Job("remind_workers", CronTrigger(minute=10, timezone=zone), worker_reminders.remind, HOUR),
        Job("forget_callbacks", daily(3, 20), retention.forget_old, 6 * HOUR),
        Job("forget_keys", daily(3, 30), idempotency.forget_old, 6 * HOUR),
        Job("forget_nonces", daily(3, 40), nonces.forget_old, 6 * HOUR),
        Job("forget_images", daily(3, 50), receipt_images.forget_images, 6 * HOUR),
        Job("forget_place_images", daily(4, 0), place_images.forget_unnamed, 6 * HOUR),
    )
