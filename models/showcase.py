"""Demonstration sites (示范点) and brands (品牌): nominated, seen by somebody else, listed for a time."""

from enum import StrEnum
from typing import Any

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from models.organizations import Organization
from models.people import Person
from models.sites import Site, SiteCategory


class ShowcaseKind(StrEnum):
    """A place to be looked at, or a way of working with a name of its own."""

    SITE = "site"
    BRAND = "brand"


class ShowcaseLevel(StrEnum):
    """Whose list it stands on."""

    DISTRICT = "district"
    CITY = "city"


class ShowcaseStatus(StrEnum):
    """推荐 → 现场察看 → 列入 → 复核 → 继续列入或撤出; on the way it may be returned or refused."""

    NOMINATED = "nominated"
    RETURNED = "returned"
    VISITED = "visited"
    REFUSED = "refused"
    LISTED = "listed"
    REVIEW = "review"
    REVIEWED = "reviewed"
    REMOVED = "removed"


ON_LIST = (ShowcaseStatus.LISTED, ShowcaseStatus.REVIEW, ShowcaseStatus.REVIEWED)
"""Statuses in which people are shown it, as long as its time isn't over."""

LISTED_RIGHTLY = (
    "(status NOT IN ('listed', 'review', 'reviewed') OR (visited_by_id IS NOT NULL AND visited_on IS NOT NULL"
    " AND trim(findings) <> '' AND visited_by_id <> nominated_by_id"
    " AND listed_by_id IS NOT NULL AND listed_by_id <> nominated_by_id"
    " AND valid_from IS NOT NULL AND valid_until IS NOT NULL AND valid_from < valid_until))"
    " AND (status NOT IN ('visited', 'reviewed') OR (visited_by_id IS NOT NULL AND visited_on IS NOT NULL"
    " AND trim(findings) <> '' AND visited_by_id <> nominated_by_id))"
    " AND (status NOT IN ('listed', 'reviewed') OR raised_by_id IS NULL OR raised_by_id <> visited_by_id)"
    " AND (status <> 'listed' OR raised_by_id IS NULL OR raised_by_id <> listed_by_id)"
    " AND (status NOT IN ('returned', 'refused', 'removed') OR trim(reason) <> '')"
)
"""Nothing is listed that another person than its nominator hasn't looked at, and another one listed, for a
time that ends; whoever wished for the higher level neither looks nor decides; whatever is sent back, refused
or removed says why."""


class Showcase(Model):
    """One demonstration site or brand. It rates a place, never a person.

    `name` is given once among those that are alive: `live_key` is the name while it is, else null. A higher
    level (district → city) is another state of the same row: `wanted_level` while it is asked for,
    `raised_by` who asked. `visited_*` and `findings` are the latest visit's; `transitions` keep them all.
    `since` is the day on which the present round (nomination or review) began: its visit isn't older.
    """

    id = fields.IntField(primary_key=True)
    code = fields.CharField(max_length=20, unique=True)
    name = fields.CharField(max_length=40)
    live_key = fields.CharField(max_length=40, unique=True, null=True)
    kind = fields.CharEnumField(ShowcaseKind, max_length=8)
    level = fields.CharEnumField(ShowcaseLevel, max_length=8, default=ShowcaseLevel.DISTRICT)
    category = fields.CharEnumField(SiteCategory, max_length=8)
    status = fields.CharEnumField(ShowcaseStatus, max_length=12)
    organization: fields.ForeignKeyRelation[Organization] = fields.ForeignKeyField(
        "models.Organization", related_name=False, on_delete=fields.RESTRICT
    )
    organization_id: int
    site: fields.ForeignKeyNullableRelation[Site] = fields.ForeignKeyField(
        "models.Site", related_name=False, null=True, on_delete=fields.SET_NULL
    )
    site_id: str | None
    brand: fields.ForeignKeyNullableRelation["Showcase"] = fields.ForeignKeyField(
        "models.Showcase", related_name=False, null=True, on_delete=fields.SET_NULL
    )
    brand_id: int | None
    lesson_code = fields.CharField(max_length=5, default="", db_index=True)
    summary = fields.CharField(max_length=600)
    learn: Any = fields.JSONField(default=list)
    images: Any = fields.JSONField(default=list)
    nominated_by: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField(
        "models.Person", related_name=False, on_delete=fields.RESTRICT
    )
    nominated_by_id: int
    visited_by: fields.ForeignKeyNullableRelation[Person] = fields.ForeignKeyField(
        "models.Person", related_name=False, null=True, on_delete=fields.RESTRICT
    )
    visited_by_id: int | None
    visited_on = fields.DateField(null=True)
    findings = fields.CharField(max_length=500, default="")
    listed_by: fields.ForeignKeyNullableRelation[Person] = fields.ForeignKeyField(
        "models.Person", related_name=False, null=True, on_delete=fields.RESTRICT
    )
    listed_by_id: int | None
    valid_from = fields.DateField(null=True)
    valid_until = fields.DateField(null=True)
    wanted_level = fields.CharEnumField(ShowcaseLevel, max_length=8, null=True)
    raised_by: fields.ForeignKeyNullableRelation[Person] = fields.ForeignKeyField(
        "models.Person", related_name=False, null=True, on_delete=fields.RESTRICT
    )
    raised_by_id: int | None
    reason = fields.CharField(max_length=300, default="")
    is_demo = fields.BooleanField(default=False)
    since = fields.DateField()
    created_at = fields.DatetimeField()

    class Meta:
        table = "showcases"
        indexes = (("status", "valid_until"), ("organization_id", "status"))
        constraints = (CheckConstraint(check=LISTED_RIGHTLY, name="showcase_listed_rightly"),)
