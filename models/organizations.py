"""Party organizations: one tree from the district down to the branch."""

from enum import StrEnum

from tortoise import fields
from tortoise.expressions import F
from tortoise.models import Model
from tortoise.queryset import QuerySet

SEGMENT = 4
"""Characters one level takes in `Organization.path`."""


class OrganizationKind(StrEnum):
    """Levels of the tree."""

    DISTRICT = "district"
    COMMITTEE = "committee"
    GENERAL_BRANCH = "general_branch"
    BRANCH = "branch"


class Scope(StrEnum):
    """The kind of unit; several rules differ by it. The values are the words people use."""

    VILLAGE = "村"
    COMMUNITY = "社区"
    DEPARTMENT = "机关"
    INSTITUTION = "事业单位"
    STATE_ENTERPRISE = "国企"
    NEW = "两新"
    SCHOOL = "学校"
    NONE = ""


class Organization(Model):
    """One party organization.

    `path` holds the ids of all ancestors and itself, each `SEGMENT` characters of base 36, so that a
    subtree is one prefix query. `books_again_on` is when a branch that missed its visits books again.
    """

    id = fields.IntField(primary_key=True)
    code = fields.CharField(max_length=32, unique=True)
    name = fields.CharField(max_length=80)
    kind = fields.CharEnumField(OrganizationKind, max_length=16)
    scope = fields.CharEnumField(Scope, max_length=8, default=Scope.NONE)
    town = fields.CharField(max_length=20, default="")
    parent: fields.ForeignKeyNullableRelation["Organization"] = fields.ForeignKeyField(
        "models.Organization", related_name="children", null=True, on_delete=fields.RESTRICT
    )
    parent_id: int | None
    path = fields.CharField(max_length=32, db_index=True, default="")
    books_again_on = fields.DateField(null=True)

    class Meta:
        table = "organizations"

    async def touch(self) -> None:
        """Keep the row for the rest of the transaction, and make it another version, without changing it."""
        await Organization.filter(id=self.id).update(path=F("path"))

    def subtree(self) -> QuerySet["Organization"]:
        """This organization and everything below it, in one query."""
        return Organization.filter(path__startswith=self.path)

    def contains(self, other: "Organization") -> bool:
        """Whether `other` is this organization or lies below it."""
        return other.path.startswith(self.path)
