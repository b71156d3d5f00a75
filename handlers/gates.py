"""Which of a branch's visits a scan belongs to, or why to none. Pure."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from handlers.errors import CancelledBooking, NoBooking, TooEarly, TooLate, WrongSite
from models import Booking, BookingStatus, Slot

OPENS_BEFORE = timedelta(minutes=30)

COMES = (BookingStatus.CONFIRMED, BookingStatus.FULFILLED, BookingStatus.MISSED)
"""Statuses of a visit that has, or had, its places; a late upload may show a missed one to be fulfilled."""

CALLED_OFF = (BookingStatus.CANCELLED, BookingStatus.DECLINED)


def opens_at(slot: Slot) -> datetime:
    """When members may begin to check in. From then on a booking can't be cancelled."""
    return slot.starts_at - OPENS_BEFORE


def choose(
    visits: Iterable[Booking], *, here: Callable[[str], bool], at: datetime, zone: ZoneInfo
) -> Booking:
    """The visit whose gate is open at `at`, at a site that is `here`.

    Where one visit ends while the next one's gate is open already, it is the one in progress.

    Raises:
        TooEarly, WrongSite, TooLate, CancelledBooking, NoBooking: the first that is the case today.
    """
    by_time = sorted(visits, key=lambda visit: visit.slot.starts_at)
    coming = [visit for visit in by_time if visit.status in COMES]
    at_this_site = [visit for visit in coming if here(visit.slot.site_id)]
    found = [visit for visit in at_this_site if opens_at(visit.slot) <= at < visit.slot.ends_at]
    if found:
        begun = [visit for visit in found if visit.slot.starts_at <= at]
        return begun[-1] if begun else found[0]

    def today(visit: Booking) -> bool:
        return visit.slot.starts_at.astimezone(zone).date() == at.astimezone(zone).date()

    ahead = [visit for visit in at_this_site if visit.slot.starts_at > at]
    elsewhere = [visit for visit in coming if visit not in at_this_site and visit.slot.ends_at > at]
    for visit in filter(today, ahead):
        raise TooEarly(site=visit.slot.site.name, at=opens_at(visit.slot).astimezone(zone))
    for visit in filter(today, elsewhere):
        raise WrongSite(site=visit.slot.site.name, at=opens_at(visit.slot).astimezone(zone))
    for visit in filter(today, reversed(at_this_site)):
        raise TooLate(site=visit.slot.site.name, at=visit.slot.ends_at.astimezone(zone))
    for visit in filter(today, by_time):
        if visit.status in CALLED_OFF and here(visit.slot.site_id):
            raise CancelledBooking(site=visit.slot.site.name)
    for visit in ahead:
        raise TooEarly(site=visit.slot.site.name, at=opens_at(visit.slot).astimezone(zone))
    raise NoBooking
