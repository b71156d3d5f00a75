"""Bookings over HTTP: 点单."""

from handlers import bookings
from handlers.context import Context
from miniprogram_api import views
from miniprogram_api.forms import BookingForm, BookingQuery, HeadcountForm, ReasonForm
from miniprogram_api.table import Text
from miniprogram_api.views import BookingsView, BookingView


async def create(ctx: Context, *, form: BookingForm) -> BookingView:
    """Book a slot for the caller's branch."""
    return views.booking(await bookings.book(ctx, **dict(form)))


def waits(form: BookingForm) -> bool:
    """Waiting and being offered places are transactions of their own, so that neither misses the other."""
    return form.wait


async def index(ctx: Context, *, form: BookingQuery) -> BookingsView:
    """Bookings of the caller's branch, site or subtree, newest first."""
    page = await bookings.list_bookings(ctx, **dict(form))
    return BookingsView(items=[views.booking(row) for row in page.items], next=page.next)


async def show(ctx: Context, *, booking_id: int) -> BookingView:
    """One booking."""
    return views.booking(await bookings.get_booking(ctx, booking_id=booking_id))


async def calendar(ctx: Context, *, booking_id: int) -> Text:
    """The visit as a calendar file."""
    return Text(await bookings.calendar_file(ctx, booking_id=booking_id))


async def cancel(ctx: Context, *, booking_id: int) -> BookingView:
    """Give a visit up."""
    return views.booking(await bookings.cancel(ctx, booking_id=booking_id))


async def accept(ctx: Context, *, booking_id: int) -> BookingView:
    """Take the places that came free; who doesn't want them cancels."""
    return views.booking(await bookings.accept(ctx, booking_id=booking_id))


async def resize(ctx: Context, *, booking_id: int, form: HeadcountForm) -> BookingView:
    """More people come, or fewer."""
    changed = await bookings.change_headcount(ctx, booking_id=booking_id, headcount=form.headcount)
    return views.booking(changed)


async def confirm(ctx: Context, *, booking_id: int) -> BookingView:
    """Take a requested visit."""
    return views.booking(await bookings.confirm(ctx, booking_id=booking_id))


async def decline(ctx: Context, *, booking_id: int, form: ReasonForm) -> BookingView:
    """Turn a requested visit down, and say why."""
    return views.booking(await bookings.decline(ctx, booking_id=booking_id, reason=form.reason))
