"""Open-life sites, their time slots, bookings and check-ins."""

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from tortoise import fields
from tortoise.expressions import F
from tortoise.models import Model

from models.organizations import Organization

if TYPE_CHECKING:
    from models.people import Person


class SiteCategory(StrEnum):
    """The four categories of the party map."""

    RURAL = "RURAL"
    URBAN = "URBAN"
    NEW = "NEW"
    MIX = "MIX"


class SiteStatus(StrEnum):
    """Life of a site."""

    PLANNED = "planned"
    OPEN = "open"
    PAUSED = "paused"
    CLOSED = "closed"


class SiteService(StrEnum):
    """What a site can be booked for (可承担活动)."""

    THEME_DAY = "theme_day"
    PARTY_LESSON = "party_lesson"
    LIFE_MEETING = "life_meeting"
    TRAINING = "training"
    OATH = "oath"
    VOLUNTEERING = "volunteering"


class Site(Model):
    """One open-life site. Coordinates are GCJ-02 degrees.

    `fee` is what a visitor pays, in fen; where there is one, `fee_from_dues` says whether a branch may pay
    it from its dues. `parking` (spaces) and `access` (no steps) are null while nobody has said so. `guides`
    are `{name, languages, hours}`, `services` words of `SiteService`. `kept_by_hand`: its keepers write it,
    and `content/sites` no longer does. The database counts every change of what is searched (`SiteChanges`).
    """

    id = fields.CharField(max_length=8, primary_key=True)
    name = fields.CharField(max_length=40, unique=True)
    category = fields.CharEnumField(SiteCategory, max_length=8)
    town = fields.CharField(max_length=20)
    owner: fields.ForeignKeyNullableRelation[Organization] = fields.ForeignKeyField(
        "models.Organization", related_name="sites", null=True, on_delete=fields.RESTRICT
    )
    owner_id: int | None
    longitude = fields.FloatField()
    latitude = fields.FloatField()
    address = fields.CharField(max_length=200, default="")
    capacity = fields.IntField()
    opening: Any = fields.JSONField()
    intro = fields.CharField(max_length=600, default="")
    features: Any = fields.JSONField(default=list)
    contact = fields.CharField(max_length=60, default="")
    status = fields.CharEnumField(SiteStatus, max_length=8, default=SiteStatus.OPEN)
    is_training_base = fields.BooleanField(default=False)
    is_demo = fields.BooleanField(default=False)
    needs_approval = fields.BooleanField(default=False)
    poster_url = fields.CharField(max_length=200, default="")
    poster_scene = fields.CharField(max_length=32, default="", db_default="")
    facilities: Any = fields.JSONField(default=list, db_default="[]")
    images: Any = fields.JSONField(default=list, db_default="[]")
    notes = fields.CharField(max_length=300, default="", db_default="")
    fee = fields.IntField(default=0, db_default=0)
    fee_from_dues = fields.BooleanField(null=True)
    guides: Any = fields.JSONField(default=list, db_default="[]")
    parking = fields.IntField(null=True)
    access = fields.BooleanField(null=True)
    services: Any = fields.JSONField(default=list, db_default="[]")
    kept_by_hand = fields.BooleanField(default=False, db_default=False)

    class Meta:
        table = "sites"


class SiteChanges(Model):
    """How often what sites are searched by has changed: one row, which triggers on `sites` count up.

    Whoever keeps sites in memory compares it at every look; to sum over ten thousand rows would take longer
    than the look itself.
    """

    id = fields.IntField(primary_key=True)
    number = fields.BigIntField()

    class Meta:
        table = "site_changes"


class Slot(Model):
    """A bookable stretch of time at a site. `taken` counts promised places, never above `capacity`.

    `alone`: whoever holds its places shares it with nobody. A closed slot keeps why, and the slot its
    visits are to be moved to, until nobody is left in it.
    """

    id = fields.IntField(primary_key=True)
    site: fields.ForeignKeyRelation[Site] = fields.ForeignKeyField(
        "models.Site", related_name="slots", on_delete=fields.CASCADE
    )
    site_id: str
    starts_at = fields.DatetimeField()
    ends_at = fields.DatetimeField()
    capacity = fields.IntField()
    taken = fields.IntField(default=0)
    closed = fields.BooleanField(default=False)
    alone = fields.BooleanField(default=False, db_default=False)
    close_reason = fields.CharField(max_length=200, default="", db_default="")
    moves_to_id = fields.IntField(null=True)

    class Meta:
        table = "slots"
        unique_together = (("site", "starts_at"),)

    @property
    def free(self) -> int:
        """Places left when this row was read."""
        return 0 if self.closed or self.alone else self.capacity - self.taken

    async def claim(self, places: int, *, alone: bool = False) -> bool:
        """Take `places` if that many are left; the database decides, so nobody can overtake.

        With `alone`, only where nobody holds any, and nobody else gets one until they are given back.
        """
        shared = Slot.filter(id=self.id, closed=False, alone=False, taken__lte=F("capacity") - places)
        if alone:
            return bool(await shared.filter(taken=0).update(taken=places, alone=True))
        return bool(await shared.update(taken=F("taken") + places))

    async def claim_more(self, places: int) -> bool:
        """Take more `places` for a visit that holds some already, alone or not."""
        enough = Slot.filter(id=self.id, closed=False, taken__lte=F("capacity") - places)
        return bool(await enough.update(taken=F("taken") + places))

    async def touch(self) -> None:
        """Keep the row for the rest of the transaction without changing it; comes before any booking."""
        await Slot.filter(id=self.id).update(taken=F("taken"))

    async def release(self, places: int, *, alone: bool = False) -> None:
        """Give `places` back; with `alone`, all that a visit held for itself."""
        shared = {"alone": False} if alone else {}
        await Slot.filter(id=self.id).update(taken=F("taken") - places, **shared)


class BookingStatus(StrEnum):
    """Life of a booking (点单 → 用单)."""

    REQUESTED = "requested"
    CONFIRMED = "confirmed"
    WAITING = "waiting"
    OFFERED = "offered"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    FULFILLED = "fulfilled"
    MISSED = "missed"


HOLDING = (BookingStatus.REQUESTED, BookingStatus.CONFIRMED, BookingStatus.OFFERED)
"""Statuses in which places are promised to a branch; an offer keeps them until it expires."""

LIVE = (*HOLDING, BookingStatus.WAITING)
"""Statuses in which a branch still expects to come."""

EFFECTIVE = (*LIVE, BookingStatus.FULFILLED)
"""Statuses that count as a month's bookings: what is still to come, and what took place (有效单)."""


class Booking(Model):
    """A branch's visit to a site. `live_key` is `slot:branch` while live, else null: one per pair.

    `offered_until` is when the places offered to a waiting branch go to the next one. `exclusive`: the
    branch shares the slot with nobody. `guests` counts the single members of other branches that join.
    `late`: the branch called it off shortly before it began, which counts as a visit missed.
    """

    id = fields.IntField(primary_key=True)
    slot: fields.ForeignKeyRelation[Slot] = fields.ForeignKeyField(
        "models.Slot", related_name="bookings", on_delete=fields.RESTRICT
    )
    slot_id: int
    branch: fields.ForeignKeyRelation[Organization] = fields.ForeignKeyField(
        "models.Organization", related_name="bookings", on_delete=fields.RESTRICT
    )
    branch_id: int
    booked_by: fields.ForeignKeyNullableRelation["Person"] = fields.ForeignKeyField(
        "models.Person", related_name="bookings", null=True, on_delete=fields.SET_NULL
    )
    booked_by_id: int | None
    headcount = fields.IntField()
    theme = fields.CharField(max_length=80)
    status = fields.CharEnumField(BookingStatus, max_length=12)
    reason = fields.CharField(max_length=200, default="")
    live_key = fields.CharField(max_length=32, unique=True, null=True)
    created_at = fields.DatetimeField()
    offered_until = fields.DatetimeField(null=True)
    activity = fields.CharEnumField(SiteService, max_length=12, null=True)
    exclusive = fields.BooleanField(default=False, db_default=False)
    guests = fields.IntField(default=0, db_default=0)
    late = fields.BooleanField(default=False, db_default=False)

    class Meta:
        table = "bookings"
        indexes = (("branch_id", "status"), ("slot_id", "status"))

    @property
    def places(self) -> int:
        """How many places it holds while it holds any."""
        return self.headcount + self.guests


class Guest(Model):
    """A member of another branch who joins a visit alone. Who leaves has no row."""

    id = fields.IntField(primary_key=True)
    booking: fields.ForeignKeyRelation[Booking] = fields.ForeignKeyField(
        "models.Booking", related_name="joined", on_delete=fields.CASCADE
    )
    booking_id: int
    person: fields.ForeignKeyRelation["Person"] = fields.ForeignKeyField(
        "models.Person", related_name="joined", on_delete=fields.CASCADE
    )
    person_id: int
    at = fields.DatetimeField()

    class Meta:
        table = "guests"
        unique_together = (("booking", "person"),)
        indexes = (("person_id",),)


class CheckIn(Model):
    """A person was present at a booked visit: at most one row per person and booking."""

    id = fields.IntField(primary_key=True)
    booking: fields.ForeignKeyRelation[Booking] = fields.ForeignKeyField(
        "models.Booking", related_name="check_ins", on_delete=fields.RESTRICT
    )
    booking_id: int
    person: fields.ForeignKeyRelation["Person"] = fields.ForeignKeyField(
        "models.Person", related_name="check_ins", on_delete=fields.CASCADE
    )
    person_id: int
    at = fields.DatetimeField()
    source = fields.CharField(max_length=12)

    class Meta:
        table = "check_ins"
        unique_together = (("booking", "person"),)
        indexes = (("person_id",),)


class RefusedScan(Model):
    """A scan that did not lead to a check-in, kept with its reason for the keeper."""

    id = fields.IntField(primary_key=True)
    site_id = fields.CharField(max_length=8, default="")
    person: fields.ForeignKeyNullableRelation["Person"] = fields.ForeignKeyField(
        "models.Person", related_name="refused_scans", null=True, on_delete=fields.CASCADE
    )
    person_id: int | None
    reason = fields.CharField(max_length=32)
    at = fields.DatetimeField()

    class Meta:
        table = "refused_scans"
