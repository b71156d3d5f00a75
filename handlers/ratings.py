"""What visitors thought of a visit (评价): voluntary, without a name, never asked for, about no person.

Who was there may say so once, and change it. The row is found again by a digest under our secret; it says
nothing of who wrote it, nor does the audit trail. What keepers see are counts, and words in no order of time.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import timedelta

from pydantic import SecretStr
from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from handlers import audit, kept_sites, screenings
from handlers.accounts import require_person
from handlers.context import Caller, Context
from handlers.errors import BadInput, NotFound, WrongState
from handlers.held_texts import NOT_SHOWN
from handlers.lines import one_line
from handlers.question_statistics import SMALLEST_SHOWN
from models import CheckIn, Rating

LONGEST_TEXT = 200
OPEN_FOR = timedelta(days=30)
"""So long after a visit its visitors may say what they thought."""
SHOWN = 100
STARS = range(1, 6)


@dataclass(frozen=True, slots=True)
class Ratings:
    """A site's ratings: how many gave each number of stars, from one to five, and what was written.

    `counts` is null, and nothing is quoted, where so few wrote that they could be known.
    """

    total: int | None
    counts: list[int] | None
    texts: list[str]


async def rate(ctx: Context, *, booking_id: int, stars: int, text: str = "") -> None:
    """Say what one thought of a visit one was at; again changes it.

    Raises:
        NotBound, NotFound: the caller wasn't there.
        WrongState: it isn't over yet, or was too long ago.
        BadInput.
    """
    person = await require_person(ctx)
    if stars not in STARS:
        raise BadInput(stars="请选 1 到 5 颗星")
    text = one_line(text, longest=LONGEST_TEXT, field="text", required=False)
    entry = await CheckIn.get_or_none(booking_id=booking_id, person_id=person.id).select_related(
        "booking__slot", "booking__branch"
    )
    if entry is None:
        raise NotFound
    ends_at = entry.booking.slot.ends_at
    if not ends_at <= ctx.now() <= ends_at + OPEN_FOR:
        raise WrongState
    kept = screenings.look_at(ctx, text)
    key, nobody = keyed(ctx.settings.secret_key, booking_id, person.id), ctx.on_behalf_of(Caller())
    day = ends_at.astimezone(ctx.settings.zone).date()
    try:
        async with in_transaction():
            values = {"stars": stars, "text": kept.shown, "day": day, "booking_id": booking_id}
            rating, _ = await Rating.update_or_create(defaults=values, key=key)
            # In nobody's name: what waits to be read doesn't say either who wrote it.
            await screenings.hold(nobody, kept, f"rating:{rating.id}:text", path=entry.booking.branch.path)
            await audit.record(nobody, "rating.given", f"booking:{booking_id}")
    except IntegrityError:  # The same tap twice: the first one counts.
        return


async def of_site(ctx: Context, *, site_id: str) -> Ratings:
    """A site's ratings, for its keeper and the officers above.

    Raises:
        NotBound, NotAllowed.
    """
    await kept_sites.check(ctx, site_id)
    rows = await Rating.filter(booking__slot__site_id=site_id).only("id", "stars", "text")
    if len(rows) < SMALLEST_SHOWN:
        return Ratings(0 if not rows else None, None, [])
    counts = [sum(row.stars == stars for row in rows) for stars in STARS]
    texts = sorted({row.text for row in rows} - {"", *NOT_SHOWN})
    return Ratings(len(rows), counts, texts[:SHOWN])


def keyed(secret: SecretStr, booking_id: int, person_id: int) -> str:
    """Whose rating of which visit a row is, as the database may know it."""
    word = f"rating:{booking_id}:{person_id}".encode()
    return hmac.new(secret.get_secret_value().encode(), word, hashlib.sha256).hexdigest()
