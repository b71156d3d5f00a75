"""A text that was held back and is released later is told then to those it was written for.

What was told meanwhile named a stand-in, so the text itself comes after it, once. Who only looks things up
(officers at a claim's note, the author of a complaint) finds it where it belongs and is not written to.
"""

from collections.abc import Iterable

from handlers import claim_news, notices, visit_news
from handlers.context import Context
from models import Booking, BookingStatus, Claim, ClaimStatus, Duty, Role, Screening

OVER = (ClaimStatus.RETURNED, ClaimStatus.REJECTED)


async def tell(ctx: Context, row: Screening) -> None:
    """Promise the text to its readers, in the transaction that puts it where it belongs."""
    place, id_, column = row.subject.split(":")
    if place == "booking":
        await _of_booking(ctx, row, int(id_), column)
    elif (place, column) == ("claim", "reason"):
        claim = await Claim.get_or_none(id=int(id_), status__in=OVER).select_related("booking__slot__site")
        if claim is not None:
            await claim_news.tell_reason(ctx, claim, reason=row.text)


async def _of_booking(ctx: Context, row: Screening, booking_id: int, column: str) -> None:
    booking = await Booking.get_or_none(id=booking_id).select_related("slot__site")
    if booking is None:
        return
    author = None if row.account is None else row.account.person_id
    keepers = [duty.person_id for duty in await _keepers(booking.slot.site_id)]
    if column == "theme":
        said = f"{visit_news.visit(ctx, booking)}，活动主题是：{row.text}。"
        readers: Iterable[int] = keepers if booking.status is not BookingStatus.CANCELLED else ()
    else:
        word = "退回" if booking.status is BookingStatus.DECLINED else "取消"
        said = f"{visit_news.visit(ctx, booking)}，{word}的原因是：{row.text.rstrip('。')}。"
        branch = await visit_news.recipients(booking)
        by_keeper = booking.status is BookingStatus.DECLINED or author in keepers
        readers = branch if by_keeper else keepers
    for account in await visit_news.accounts(set(readers) - {author or 0}):
        key = f"text:{booking.id}:{column}:{booking.slot_id}:{account.id}"
        await notices.enqueue(ctx, openid=account.openid, text=said, dedupe_key=key)


async def _keepers(site_id: str) -> list[Duty]:
    return await Duty.filter(role=Role.SITE_KEEPER, site_id=site_id, person__left_at__isnull=True)
