"""The special fund: what a year has to give, what branches claim for visits, and what was paid."""

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from tortoise import fields
from tortoise.expressions import F
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from models.organizations import Organization
from models.sites import Booking

if TYPE_CHECKING:
    from models.people import Person


class Fund(Model):
    """One year's money of an organization, for the branches below it. All amounts are fen.

    `committed` is what was approved, paid or not; `paid` is the part of it that was paid. A claim gives
    `per_head` for each person present, never more than `cap`.
    """

    id = fields.IntField(primary_key=True)
    organization: fields.ForeignKeyRelation[Organization] = fields.ForeignKeyField(
        "models.Organization", related_name="funds", on_delete=fields.RESTRICT
    )
    organization_id: int
    year = fields.IntField()
    budget = fields.BigIntField()
    per_head = fields.BigIntField()
    cap = fields.BigIntField()
    committed = fields.BigIntField(default=0)
    paid = fields.BigIntField(default=0)

    class Meta:
        table = "funds"
        unique_together = (("organization", "year"),)
        constraints = (
            CheckConstraint(
                check="0 <= paid AND paid <= committed AND committed <= budget", name="fund_never_below_zero"
            ),
        )

    @property
    def free(self) -> int:
        """What could still be approved when this row was read."""
        return int(self.budget) - int(self.committed)

    async def commit(self, amount: int) -> bool:
        """Set `amount` aside if that much is free; the database decides, so nobody can overtake."""
        return bool(
            await Fund.filter(id=self.id, committed__lte=F("budget") - amount).update(
                committed=F("committed") + amount
            )
        )

    async def free_again(self, amount: int) -> None:
        """Give back what was set aside."""
        await Fund.filter(id=self.id).update(committed=F("committed") - amount)

    async def pay(self, amount: int) -> bool:
        """Pay what was set aside before."""
        return bool(
            await Fund.filter(id=self.id, paid__lte=F("committed") - amount).update(paid=F("paid") + amount)
        )


class ClaimStatus(StrEnum):
    """Life of a claim (补单)."""

    SUBMITTED = "submitted"
    RETURNED = "returned"
    APPROVED = "approved"
    REJECTED = "rejected"
    PAID = "paid"


class Claim(Model):
    """What a branch asks for one visit: one claim a visit, corrected and sent again where it was returned.

    `present`, `per_head`, `cap` and `amount` are as of the last sending; `rounds` counts the sendings.
    `applicant_ids` are all who ever sent it: none of them approves or pays it.
    """

    id = fields.IntField(primary_key=True)
    booking: fields.ForeignKeyRelation[Booking] = fields.ForeignKeyField(
        "models.Booking", related_name="claims", on_delete=fields.RESTRICT
    )
    booking_id: int
    branch: fields.ForeignKeyRelation[Organization] = fields.ForeignKeyField(
        "models.Organization", related_name="claims", on_delete=fields.RESTRICT
    )
    branch_id: int
    fund: fields.ForeignKeyRelation[Fund] = fields.ForeignKeyField(
        "models.Fund", related_name="claims", on_delete=fields.RESTRICT
    )
    fund_id: int
    present = fields.IntField()
    per_head = fields.BigIntField()
    cap = fields.BigIntField()
    amount = fields.BigIntField()
    note = fields.CharField(max_length=200, default="")
    reason = fields.CharField(max_length=200, default="")
    status = fields.CharEnumField(ClaimStatus, max_length=12)
    rounds = fields.IntField(default=1)
    applicant_ids: Any = fields.JSONField()
    submitted_by: fields.ForeignKeyNullableRelation["Person"] = fields.ForeignKeyField(
        "models.Person", related_name="claims_submitted", null=True, on_delete=fields.SET_NULL
    )
    submitted_by_id: int | None
    submitted_at = fields.DatetimeField()
    approved_by: fields.ForeignKeyNullableRelation["Person"] = fields.ForeignKeyField(
        "models.Person", related_name="claims_approved", null=True, on_delete=fields.SET_NULL
    )
    approved_by_id: int | None
    approved_at = fields.DatetimeField(null=True)
    receipts: fields.ReverseRelation["Receipt"]

    class Meta:
        table = "claims"
        # No one-to-one field: adding a check on SQLite makes the table anew, without its unique columns.
        unique_together = (("booking",),)
        constraints = (
            CheckConstraint(check="amount > 0 AND amount <= cap", name="claim_within_cap"),
            CheckConstraint(check="approved_by_id <> submitted_by_id", name="claim_approved_by_another"),
        )


class Receipt(Model):
    """A bill behind a claim. Its number counts once in the whole district."""

    id = fields.IntField(primary_key=True)
    claim: fields.ForeignKeyRelation[Claim] = fields.ForeignKeyField(
        "models.Claim", related_name="receipts", on_delete=fields.CASCADE
    )
    claim_id: int
    number = fields.CharField(max_length=32, unique=True)
    amount = fields.BigIntField()

    class Meta:
        table = "receipts"
        constraints = (CheckConstraint(check="amount > 0", name="receipt_above_zero"),)


class Payment(Model):
    """A visit was paid: at most one row a visit. Written in the transaction that takes it from the fund."""

    id = fields.IntField(primary_key=True)
    booking: fields.ForeignKeyRelation[Booking] = fields.ForeignKeyField(
        "models.Booking", related_name="payments", on_delete=fields.RESTRICT
    )
    booking_id: int
    claim: fields.ForeignKeyRelation[Claim] = fields.ForeignKeyField(
        "models.Claim", related_name="payments", on_delete=fields.RESTRICT
    )
    claim_id: int
    fund: fields.ForeignKeyRelation[Fund] = fields.ForeignKeyField(
        "models.Fund", related_name="payments", on_delete=fields.RESTRICT
    )
    fund_id: int
    amount = fields.BigIntField()
    claimed_by_id = fields.IntField(null=True)
    paid_by_id = fields.IntField(null=True)
    at = fields.DatetimeField()

    class Meta:
        table = "payments"
        # No one-to-one field: adding a check on SQLite makes the table anew, without its unique columns.
        unique_together = (("booking",),)
        constraints = (
            CheckConstraint(check="amount > 0", name="payment_above_zero"),
            CheckConstraint(check="paid_by_id <> claimed_by_id", name="payment_by_another"),
        )
