"""A list of names on paper, entered by the site's keeper after the visit or during it: 代登记."""

import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from handlers import access, checkins, gates, headcounts
from handlers.accounts import require_person
from handlers.checkins import CheckInStatus, Scan, Source
from handlers.context import Context
from handlers.errors import BadInput, NotAllowed, NotFound, TooEarly, TooLate, WrongState
from models import Booking, Person

NAMES_AT_ONCE = 200
LONGEST_NAME = 40
UNKNOWN_NAME = "unknown_name"
SAME_NAME = "same_name"
DOTS = str.maketrans("•・‧∙.．", "······")


@dataclass(frozen=True, slots=True)
class NameAnswer:
    """What became of one name: a `CheckInStatus`, or why nobody was entered."""

    name: str
    status: str


async def enter(ctx: Context, *, booking_id: int, names: Sequence[str]) -> list[NameAnswer]:
    """Enter the people on a list as present, each once; each row is answered in its place.

    Names are looked for in the roster of the branch that booked, and nowhere else. Two people of one
    name can't be told apart on paper, so neither is entered. What is written is what a scan writes, with
    the time of entering (at the latest the visit's end), so that a real scan keeps its earlier time.

    Raises:
        NotAllowed: the caller keeps no site.
        NotFound: no such visit at a site of theirs.
        TooEarly, TooLate: before the gate opens; when logs are no longer taken.
        WrongState: the visit was not confirmed, or called off.
        BadInput: too many names.
    """
    booking = await _visit(ctx, booking_id)
    if len(names) > NAMES_AT_ONCE:
        raise BadInput(names=f"一次最多登记 {NAMES_AT_ONCE} 人")
    roster = await _roster(booking.branch_id)
    at = min(ctx.now(), booking.slot.ends_at)
    answers = []
    for name in names:
        found = roster.get(plain(name), ())
        if len(found) != 1:
            answers.append(NameAnswer(name, SAME_NAME if found else UNKNOWN_NAME))
            continue
        scan = Scan(found[0], lambda _: True, at, Source.PAPER)
        answers.append(NameAnswer(name, (await checkins.enter(ctx, booking, scan)).status))
    if any(answer.status == CheckInStatus.CHECKED_IN for answer in answers):
        await headcounts.announce(ctx, site_id=booking.slot.site_id)
    return answers


def plain(name: str) -> str:
    """A name as it is compared: full-width, spaces and the kinds of middle dots make no difference."""
    folded = unicodedata.normalize("NFKC", name).translate(DOTS)
    return "".join(folded.split()).casefold()


async def _visit(ctx: Context, booking_id: int) -> Booking:
    await require_person(ctx)
    reach = await access.reach(ctx)
    if not reach.site_ids:
        raise NotAllowed
    booking = await Booking.get_or_none(id=booking_id).select_related("slot__site")
    if booking is None or not reach.covers_site(booking.slot.site_id):
        raise NotFound
    if booking.status not in gates.COMES:
        raise WrongState
    opens, closes = gates.opens_at(booking.slot), booking.slot.ends_at + checkins.LOOKS_BACK
    if ctx.now() < opens:
        raise TooEarly(site=booking.slot.site.name, at=opens.astimezone(ctx.settings.zone))
    if ctx.now() >= closes:
        raise TooLate(site=booking.slot.site.name, at=booking.slot.ends_at.astimezone(ctx.settings.zone))
    return booking


async def _roster(branch_id: int) -> dict[str, list[Person]]:
    people: defaultdict[str, list[Person]] = defaultdict(list)
    for person in await Person.filter(organization_id=branch_id, left_at=None):
        people[plain(person.name)].append(person)
    return dict(people)
