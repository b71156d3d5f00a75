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
    """Life of a claim (补单): sent, reviewed by the town, approved by the district, in a batch, paid."""

    SUBMITTED = "submitted"
    REVIEWED = "reviewed"
    RETURNED = "returned"
    APPROVED = "approved"
    BATCHED = "batched"
    REJECTED = "rejected"
    PAID = "paid"


PROMISED = (ClaimStatus.APPROVED, ClaimStatus.BATCHED)
"""Statuses in which a claim's amount is set aside in the fund, and not paid yet."""


class BatchStatus(StrEnum):
    """Life of a payment batch."""

    OPEN = "open"
    PAID = "paid"


class PaymentBatch(Model):
    """What a fund pays in a quarter, all at once: the claims that were approved up to the quarter's end."""

    id = fields.IntField(primary_key=True)
    fund: fields.ForeignKeyRelation[Fund] = fields.ForeignKeyField(
        "models.Fund", related_name="batches", on_delete=fields.RESTRICT
    )
    fund_id: int
    year = fields.IntField()
    quarter = fields.IntField()
    status = fields.CharEnumField(BatchStatus, max_length=8, default=BatchStatus.OPEN)
    made_at = fields.DatetimeField()
    paid_by_id = fields.IntField(null=True)
    paid_at = fields.DatetimeField(null=True)
    claims: fields.ReverseRelation["Claim"]

    class Meta:
        table = "payment_batches"
        unique_together = (("fund", "year", "quarter"),)


class Claim(Model):
    """What a branch asks for one visit: one claim a visit, corrected and sent again where it was returned.

    `present`, `per_head`, `cap` and `amount` are as of the last sending; `rounds` counts the sendings.
    `applicant_ids` are all who ever sent it: none of them reviews, approves or pays it. Who handled,
    reviewed and approved it are three people; `reviewed_from_id` and `approved_from_id` are where the
    latter two were at home then, which is never the claim's own branch. `closed_at` is when it was paid or
    turned down for good.
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
    reviewed_by: fields.ForeignKeyNullableRelation["Person"] = fields.ForeignKeyField(
        "models.Person", related_name="claims_reviewed", null=True, on_delete=fields.SET_NULL
    )
    reviewed_by_id: int | None
    reviewed_at = fields.DatetimeField(null=True)
    reviewed_from_id = fields.IntField(null=True)
    approved_from_id = fields.IntField(null=True)
    batch: fields.ForeignKeyNullableRelation[PaymentBatch] = fields.ForeignKeyField(
        "models.PaymentBatch", related_name="claims", null=True, on_delete=fields.RESTRICT
    )
    batch_id: int | None
    closed_at = fields.DatetimeField(null=True)
    receipts: fields.ReverseRelation["Receipt"]

    class Meta:
        table = "claims"
        # No one-to-one field: adding a check on SQLite makes the table anew, without its unique columns.
        unique_together = (("booking",),)
        indexes = (("branch_id",), ("batch_id",))
        constraints = (
            CheckConstraint(check="amount > 0 AND amount <= cap", name="claim_within_cap"),
            CheckConstraint(check="approved_by_id <> submitted_by_id", name="claim_approved_by_another"),
            CheckConstraint(
                check="reviewed_by_id <> submitted_by_id AND reviewed_by_id <> approved_by_id",
                name="claim_reviewed_by_a_third",
            ),
            CheckConstraint(
                check="reviewed_from_id <> branch_id AND approved_from_id <> branch_id",
                name="claim_decided_elsewhere",
            ),
        )


class ReceiptPurpose(StrEnum):
    """What a bill may be for; other things aren't paid from the special fund."""

    VENUE = "venue"
    GUIDE = "guide"
    MATERIAL = "material"
    TRANSPORT = "transport"
    MEAL = "meal"


class Receipt(Model):
    """A bill behind a claim. Its number counts once in the whole district.

    `image` names its picture under the data directory; empty where there is none, which is always allowed.
    """

    id = fields.IntField(primary_key=True)
    claim: fields.ForeignKeyRelation[Claim] = fields.ForeignKeyField(
        "models.Claim", related_name="receipts", on_delete=fields.CASCADE
    )
    claim_id: int
    number = fields.CharField(max_length=32, unique=True)
    amount = fields.BigIntField()
    purpose = fields.CharEnumField(ReceiptPurpose, max_length=12, null=True)
    image = fields.CharField(max_length=40, default="", db_default="")

    class Meta:
        table = "receipts"
        indexes = (("claim_id",),)
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
        indexes = (("claim_id",),)
        constraints = (
            CheckConstraint(check="amount > 0", name="payment_above_zero"),
            CheckConstraint(check="paid_by_id <> claimed_by_id", name="payment_by_another"),
        )
