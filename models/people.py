"""People on the roster, their WeChat identities, and what they may do."""

from enum import StrEnum

from tortoise import fields
from tortoise.models import Model

from models.organizations import Organization
from models.sites import Site


class Membership(StrEnum):
    """Where a person stands on the way into the party (发展党员工作细则)."""

    FULL = "full"
    PROBATIONARY = "probationary"
    APPLICANT = "applicant"
    NONE = "none"


class Person(Model):
    """A member or worker on the roster. The phone is stored sealed, with a keyed hash for look-up."""

    id = fields.IntField(primary_key=True)
    member_no = fields.CharField(max_length=32, unique=True, null=True)
    name = fields.CharField(max_length=40)
    organization: fields.ForeignKeyRelation[Organization] = fields.ForeignKeyField(
        "models.Organization", related_name="people", on_delete=fields.RESTRICT
    )
    organization_id: int
    membership = fields.CharEnumField(Membership, max_length=16, default=Membership.FULL)
    birth_month = fields.DateField(null=True)
    is_worker = fields.BooleanField(default=False)
    phone_sealed = fields.CharField(max_length=120, null=True)
    phone_hash = fields.CharField(max_length=64, unique=True, null=True)
    left_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "people"
        indexes = (("organization_id",),)


class App(StrEnum):
    """Which of our two WeChat apps an identity belongs to."""

    OFFICIAL_ACCOUNT = "oa"
    MINI_PROGRAM = "mp"


class Account(Model):
    """One WeChat identity: an openid within one app. Identities of one person share a unionid."""

    id = fields.IntField(primary_key=True)
    app = fields.CharEnumField(App, max_length=2)
    openid = fields.CharField(max_length=64)
    unionid = fields.CharField(max_length=64, null=True, db_index=True)
    person: fields.ForeignKeyNullableRelation[Person] = fields.ForeignKeyField(
        "models.Person", related_name="accounts", null=True, on_delete=fields.SET_NULL
    )
    person_id: int | None
    follows = fields.BooleanField(default=False)
    lesson_choice = fields.BooleanField(null=True)
    last_contact_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField(auto_now_add=True)

    class Meta:
        table = "accounts"
        # A person is one WeChat user: at most one identity in each app.
        unique_together = (("app", "openid"), ("person", "app"))


class Role(StrEnum):
    """Duties a person can hold."""

    MEMBER = "member"
    BRANCH_WORKER = "branch_worker"
    SITE_KEEPER = "site_keeper"
    TOWN_OFFICER = "town_officer"
    DISTRICT_OFFICER = "district_officer"


class Duty(Model):
    """A role on a scope: an organization (its subtree) or a site."""

    id = fields.IntField(primary_key=True)
    person: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField(
        "models.Person", related_name="duties", on_delete=fields.CASCADE
    )
    person_id: int
    role = fields.CharEnumField(Role, max_length=20)
    organization: fields.ForeignKeyNullableRelation[Organization] = fields.ForeignKeyField(
        "models.Organization", related_name="duties", null=True, on_delete=fields.CASCADE
    )
    organization_id: int | None
    site: fields.ForeignKeyNullableRelation[Site] = fields.ForeignKeyField(
        "models.Site", related_name="duties", null=True, on_delete=fields.CASCADE
    )
    site_id: str | None

    class Meta:
        table = "duties"
        unique_together = (("person", "role", "organization", "site"),)
        indexes = (("organization_id",),)


class Consent(Model):
    """How many subscribe messages of one template an account still admits (one accept = one message).

    Of the same accept two may tell: the mini program, and the platform by an event. `told_by_app` and
    `told_by_event` count them apart, so that one accept told twice counts once.
    """

    id = fields.IntField(primary_key=True)
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "models.Account", related_name="consents", on_delete=fields.CASCADE
    )
    account_id: int
    template_id = fields.CharField(max_length=64)
    remaining = fields.IntField(default=0)
    told_by_app = fields.IntField(default=0, db_default=0)
    told_by_event = fields.IntField(default=0, db_default=0)

    class Meta:
        table = "consents"
        unique_together = (("account", "template_id"),)
