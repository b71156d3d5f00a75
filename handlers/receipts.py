"""The bills behind a claim (票据): each number counts once in the whole district."""

from collections.abc import Sequence
from dataclasses import dataclass

from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from handlers import funds
from handlers.errors import BadInput, ReceiptUsed
from models import Claim, Receipt, ReceiptPurpose

MOST = 30
LONGEST_NUMBER = 32


@dataclass(frozen=True, slots=True)
class Bill:
    """A receipt: its number, its amount in fen, and what it was for."""

    number: str
    amount: int
    purpose: ReceiptPurpose | None = None


def check(bills: Sequence[Bill]) -> None:
    """Whether bills make sense.

    Raises:
        BadInput.
    """
    numbers = [bill.number.strip() for bill in bills]
    if len(bills) > MOST:
        raise BadInput(receipts=f"一次最多填 {MOST} 张票据")
    if any(not number or len(number) > LONGEST_NUMBER for number in numbers):
        raise BadInput(receipts=f"票据号应为 1 至 {LONGEST_NUMBER} 个字符")
    if len(set(numbers)) < len(numbers):
        raise BadInput(receipts="票据号有重复，请核对")
    if any(not 0 < bill.amount <= funds.LARGEST for bill in bills):
        raise BadInput(receipts="票据金额应是大于 0 的整数，单位为分")


async def keep(claim: Claim, bills: Sequence[Bill]) -> None:
    """Let a claim have these bills and no others, in the caller's transaction; a bill keeps its picture.

    Raises:
        ReceiptUsed: a number counts for another claim.
    """
    wanted = {bill.number.strip(): bill for bill in bills}
    there = {row.number: row for row in await Receipt.filter(claim_id=claim.id)}
    gone = [row.id for number, row in there.items() if number not in wanted]
    await Receipt.filter(id__in=gone).delete()
    for number in wanted.keys() & there.keys():
        bill = wanted[number]
        await Receipt.filter(id=there[number].id).update(amount=bill.amount, purpose=bill.purpose)
    new = [
        Receipt(claim_id=claim.id, number=number, amount=bill.amount, purpose=bill.purpose)
        for number, bill in wanted.items()
        if number not in there
    ]
    try:
        async with in_transaction():
            await Receipt.bulk_create(new)
    except IntegrityError:
        raise ReceiptUsed from None
