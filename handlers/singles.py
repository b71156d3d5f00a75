"""Messages to one person for one consent: the mini program's, and the account's notices.

A consent is taken before its message is sent, for all of a batch in one statement, and given back where
WeChat certainly sent nothing. What became of a message is recorded by whoever asked for it.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from tortoise.expressions import F

from handlers.context import Context
from handlers.gateways.errors import (
    Ambiguous,
    Busy,
    ConsentSpent,
    QuotaSpent,
    RecipientGone,
    Stopped,
    TokenRejected,
    UnknownCode,
    Unreachable,
    WeChatError,
)
from models import App, Consent

CLAIM = timedelta(minutes=5)
"""How long a worker may take over a claim before others think it lost."""
LONGEST_SEND = timedelta(seconds=90)
"""No send is begun with less than this left of its claim, and none takes longer."""
THING = 20
"""Characters a `thing` value of a template admits (wechat-platform §9.6)."""
PASSES = (Busy, Unreachable, TokenRejected)
STOPS = (QuotaSpent, Stopped)


class Fate(Enum):
    """What became of a message. Only `OPEN` may have arrived without our knowing."""

    SENT = "sent"
    OPEN = "open"
    GONE = "the person can't be reached by this template"
    LATER = "try again later"
    STOPPED = "a person must act, or tomorrow come"
    WRONG = "our own fault"


@dataclass(frozen=True, slots=True)
class Card:
    """A message: its template and values, and what a tap opens, in the mini program or by address."""

    app: App
    template_id: str
    values: dict[str, str]
    page: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """What became of one message: WeChat's id of it, or why there is none."""

    fate: Fate
    message_id: str = ""
    error: WeChatError | None = None

    @property
    def gives_back(self) -> bool:
        """Whether WeChat certainly used up no consent."""
        return self.fate in (Fate.LATER, Fate.STOPPED, Fate.WRONG)

    @property
    def empties(self) -> bool:
        """Whether WeChat says that no consent is left."""
        return isinstance(self.error, ConsentSpent)


async def tell(ctx: Context, openid: str, card: Card) -> Told:
    """Send one message whose consent has been taken. Nothing is recorded yet."""
    try:
        if card.app is App.OFFICIAL_ACCOUNT:
            message_id = await ctx.wechat.send_notice(openid, card.template_id, card.values, url=card.url)
        else:
            message_id = await ctx.wechat.send_subscribe_message(
                openid, card.template_id, card.values, page=card.page
            )
    except WeChatError as error:
        return Told(_fate(error), error=error)
    return Told(Fate.SENT, message_id)


def _fate(error: WeChatError) -> Fate:
    if isinstance(error, Ambiguous):
        return Fate.OPEN
    if isinstance(error, RecipientGone):
        return Fate.GONE
    if isinstance(error, PASSES):
        return Fate.LATER
    return Fate.STOPPED if isinstance(error, STOPS) else Fate.WRONG


def passes(told: Told) -> bool:
    """Whether it is worth trying the same again without anybody doing anything."""
    return told.fate in (Fate.LATER, Fate.STOPPED) and not isinstance(told.error, UnknownCode)


SPEND = (
    "UPDATE consents SET remaining = remaining - 1"
    " WHERE template_id = {} AND remaining > 0 AND account_id IN ({}) RETURNING account_id"
)


async def spend(template_id: str, account_ids: Collection[int]) -> set[int]:
    """Take one consent of each account that has one left; the accounts whose consent was taken."""
    if not account_ids:
        return set()
    connection = Consent._meta.db
    sqlite = connection.capabilities.dialect == "sqlite"
    first, *others = ("?" if sqlite else f"${number}" for number in range(1, len(account_ids) + 2))
    rows = await connection.execute_query_dict(
        SPEND.format(first, ", ".join(others)), [template_id, *account_ids]
    )
    return {row["account_id"] for row in rows}


async def give_back(template_id: str, account_ids: Collection[int]) -> None:
    """Nothing was sent for these consents; in the caller's transaction."""
    if account_ids:
        taken = Consent.filter(template_id=template_id, account_id__in=list(account_ids))
        await taken.update(remaining=F("remaining") + 1)


async def empty(template_id: str, account_ids: Collection[int]) -> None:
    """WeChat knows of no consent of these accounts any more; in the caller's transaction."""
    if account_ids:
        gone = Consent.filter(template_id=template_id, account_id__in=list(account_ids))
        await gone.update(remaining=0, told_by_app=0, told_by_event=0)
