"""WeChat identities: who writes, who they are on the roster, and how they take or withdraw what is theirs."""

from collections.abc import Iterable

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from handlers import audit, lesson_marks, phones
from handlers.access import officer_reach
from handlers.context import Caller, Context
from handlers.errors import AlreadyBound, NotAllowed, NotBound, NotFound, NotOnRoster
from handlers.gateways.errors import WeChatError
from handlers.locks import hold
from models import Account, App, Delivery, DeliveryStatus, IdempotencyKey, Notice, Person, statements


async def caller(ctx: Context, *, app: App, openid: str) -> Caller:
    """Who writes; an identity never seen before is remembered, once, however many requests bring it."""
    account = await _find(app, openid)
    if account is None:
        account = await _create(ctx, app, openid)
    return caller_of(account)


async def known_caller(*, app: App, openid: str) -> Caller:
    """As `caller`, for one who only looks something up: an identity never seen before stays nobody here.

    It is remembered together with the answer, like that of everybody who writes (models/callbacks.py).
    """
    account = await _find(app, openid)
    return Caller() if account is None else caller_of(account)


async def caller_by_account(ctx: Context, *, account_id: int) -> Caller:
    """Who holds a session.

    Raises:
        NotFound: the identity was withdrawn since; ids are never given out again.
    """
    (account,) = await statements.accounts([account_id])
    if account is None:
        raise NotFound
    return caller_of(account)


async def caller_of_session(ctx: Context, *, account_id: int) -> Caller:
    """As `caller_by_account`, for a door that answers many at once; not for use in a transaction.

    Raises:
        NotFound: the identity was withdrawn since.
    """
    account = await ctx.together.account(account_id)
    if account is None:
        raise NotFound
    return caller_of(account)


async def log_in(ctx: Context, *, code: str) -> Caller:
    """The mini program's user behind a wx.login code, tied to their other identity where WeChat says so."""
    login = await ctx.wechat.log_in(code)
    known = await caller(ctx, app=App.MINI_PROGRAM, openid=login.openid)
    return await _learn(ctx, known, login.unionid)


async def follow(ctx: Context, *, openid: str) -> Caller:
    """Somebody follows the official account; if WeChat names their unionid, their identities are joined.

    WeChat not answering is no reason to greet nobody: the unionid is asked for again by `learn_unionids`.
    """
    known = await caller(ctx, app=App.OFFICIAL_ACCOUNT, openid=openid)
    account = require_account(ctx.on_behalf_of(known))
    async with in_transaction():
        changed = await Account.filter(id=account.id, follows=False).update(follows=True)
        await Account.filter(id=account.id).update(last_contact_at=ctx.now())
        if changed:
            await audit.record(ctx.on_behalf_of(known), "account.followed", f"account:{account.id}")
    if account.unionid is None:
        known = await _learn(ctx, known, await _ask_unionid(ctx, openid))
    return await caller(ctx, app=App.OFFICIAL_ACCOUNT, openid=openid)


async def learn_unionids(ctx: Context, *, limit: int = 200) -> int:
    """Ask WeChat for the unionids of followers who have none yet, latest contact first; how many were learnt.

    For the clock: those who followed before the service began, or while WeChat didn't answer.
    """
    learnt = 0
    nameless = Account.filter(app=App.OFFICIAL_ACCOUNT, follows=True, unionid=None).select_related("person")
    for account in await nameless.order_by("-last_contact_at", "id").limit(limit):
        unionid = await _ask_unionid(ctx, account.openid)
        if unionid is not None:
            await _learn(ctx, caller_of(account), unionid)
            learnt += 1
    return learnt


async def bind(ctx: Context, *, phone_code: str) -> Person:
    """Tie the caller's identity, and those WeChat joins with it, to the roster row with their number.

    Doing it again changes nothing. One person is one WeChat user: at most one identity in each app.

    Raises:
        NotOnRoster: nobody who is still on the roster has this number.
        AlreadyBound: another WeChat user holds that row, or the caller holds another row.
    """
    account_id = require_account(ctx).id
    number = await ctx.wechat.phone_number(phone_code)
    person = await _on_roster(ctx, number)
    try:
        async with in_transaction() as connection:
            account = await Account.get_or_none(id=account_id)
            if account is None:
                raise NotFound
            await _hold_identity(connection, account.unionid, person)
            await account.refresh_from_db()
            if account.person_id != person.id:
                await _refuse_if_taken(account, person)
                await _tie(ctx, account, person, "account.bound")
            await _join(ctx, account.unionid, person)
    except IntegrityError:  # The database's own word on "at most one identity in each app".
        raise AlreadyBound from None
    return person


async def release(ctx: Context, *, person: Person) -> int:
    """Untie a person's WeChat identities, for a new phone or a wrong binding; an officer's act."""
    officer = await officer_reach(ctx)
    await person.fetch_related("organization")
    if officer is not None and not officer.covers_organization(person.organization):
        raise NotAllowed
    async with in_transaction() as connection:
        await _hold_identity(connection, None, person)
        released = await Account.filter(person=person).update(person_id=None)
        if released:
            await audit.record(ctx, "person.released", f"person:{person.id}", accounts=released)
    return released


async def unfollow(ctx: Context, *, openid: str) -> None:
    """Somebody no longer follows: WeChat demands that what is held of that user is deleted.

    Deleted: the identity itself (openid, unionid, contact times, choice of lessons) with its binding,
    its consents, messages waiting for it or kept after sending, answers kept for repeated requests,
    and planned deliveries. For the rest of the week a keyed hash says that somebody has had its lesson
    (lesson_marks.py). Questions, complaints and past deliveries lose their tie to a person and
    stay as texts and counts; whoever has a complaint's look-up code can still read its answer.

    Kept: the roster row, which the party organization owns, with duties, bookings made for a branch
    and the attendance of visits; the audit trail, which holds ids only; and the person's identity in
    the mini program, which is another service to WeChat: `withdraw` deletes that one too.
    """
    await _erase(ctx, await Account.filter(app=App.OFFICIAL_ACCOUNT, openid=openid), "account.unfollowed")


async def forget(ctx: Context, *, openid: str) -> None:
    """A user revoked an authorization or closed their WeChat account: as `unfollow`, in whichever app."""
    await _erase(ctx, await Account.filter(openid=openid), "account.forgotten")


async def withdraw(ctx: Context) -> None:
    """The caller withdraws: as `unfollow`, for every identity of theirs in both apps."""
    account = require_account(ctx)
    mine = {account.id: account}
    if account.unionid is not None:
        mine |= {joined.id: joined for joined in await Account.filter(unionid=account.unionid)}
    person = ctx.caller.person
    if person is not None:
        mine |= {bound.id: bound for bound in await Account.filter(person=person)}
    async with in_transaction():
        if person is not None:
            await IdempotencyKey.filter(caller=f"person:{person.id}").delete()
        await _erase(ctx, mine.values(), "account.withdrawn")


def require_account(ctx: Context) -> Account:
    """The caller's WeChat identity.

    Raises:
        NotBound: the caller has none.
    """
    if ctx.caller.account is None:
        raise NotBound
    return ctx.caller.account


async def require_person(ctx: Context) -> Person:
    """The caller's roster row.

    Raises:
        NotBound: the caller isn't tied to one.
    """
    if ctx.caller.person is None:
        raise NotBound
    return ctx.caller.person


def caller_of(account: Account) -> Caller:
    """Who stands behind an identity that was read with its person."""
    person = account.person
    return Caller(account=account, person=person if person is not None and person.left_at is None else None)


async def _find(app: App, openid: str) -> Account | None:
    return await statements.identity(app, openid)


async def _create(ctx: Context, app: App, openid: str) -> Account:
    try:
        async with in_transaction():
            account = await Account.create(app=app, openid=openid, person=None)
            await audit.record(ctx, "account.created", f"account:{account.id}", app=app)
            return account
    except IntegrityError:  # Another request of the same user was quicker; its row is the one.
        found = await _find(app, openid)
        if found is None:
            raise
        return found


async def _ask_unionid(ctx: Context, openid: str) -> str | None:
    try:
        return await ctx.wechat.union_id(openid)
    except WeChatError:
        return None


async def _learn(ctx: Context, known: Caller, unionid: str | None) -> Caller:
    """Remember an identity's unionid, and join it with its siblings if one of them is bound."""
    account = require_account(ctx.on_behalf_of(known))
    if unionid is None or (account.unionid == unionid and account.person_id is not None):
        return known
    async with in_transaction() as connection:
        # Held before reading: a binding of the other identity either is seen here or sees this unionid.
        await hold(connection, f"union:{unionid}")
        await Account.filter(id=account.id).update(unionid=unionid)
        people = set(
            await Account.filter(unionid=unionid).exclude(person_id=None).values_list("person_id", flat=True)
        )
        if len(people) == 1:
            person = await Person.get(id=people.pop())
            await hold(connection, f"person:{person.id}")
            await _join(ctx, unionid, person)
    return await caller_by_account(ctx, account_id=account.id)


async def _join(ctx: Context, unionid: str | None, person: Person) -> None:
    """Tie the unbound identities that share `unionid` to `person`; the caller holds both names."""
    if unionid is None:
        return
    taken = {account.app for account in await Account.filter(person=person)}
    for account in await Account.filter(unionid=unionid, person_id=None).order_by("id"):
        if account.app not in taken:
            taken.add(account.app)
            await _tie(ctx, account, person, "account.joined")


async def _tie(ctx: Context, account: Account, person: Person, action: str) -> None:
    await Account.filter(id=account.id).update(person_id=person.id)
    await audit.record(ctx, action, f"account:{account.id}", person=person.id)


async def _hold_identity(connection: BaseDBAsyncClient, unionid: str | None, person: Person) -> None:
    """Always in this order, so that two bindings can't wait for each other."""
    if unionid is not None:
        await hold(connection, f"union:{unionid}")
    await hold(connection, f"person:{person.id}")


async def _on_roster(ctx: Context, number: str) -> Person:
    phone = phones.normalise(number)
    if phone is None:
        raise NotOnRoster
    hashed = phones.look_up_hash(ctx.settings.secret_key, phone)
    person = await Person.get_or_none(phone_hash=hashed, left_at=None)
    if person is None:
        raise NotOnRoster
    return person


async def _refuse_if_taken(account: Account, person: Person) -> None:
    same_user = await Account.filter(unionid=account.unionid) if account.unionid is not None else []
    held = {other.person_id for other in [account, *same_user]} - {None, person.id}
    if held and await Person.filter(id__in=held, left_at=None).exists():
        raise AlreadyBound
    holders = await Account.filter(person=person).exclude(id=account.id)
    if any(account.unionid is None or other.unionid != account.unionid for other in holders):
        raise AlreadyBound


async def _erase(ctx: Context, accounts: Iterable[Account], action: str) -> None:
    async with in_transaction():
        for account in accounts:
            await lesson_marks.leave(ctx, account)
            await Notice.filter(openid=account.openid).delete()
            await IdempotencyKey.filter(caller=f"account:{account.id}").delete()
            planned = Delivery.filter(account_id=account.id, status=DeliveryStatus.PLANNED)
            await planned.update(status=DeliveryStatus.WITHDRAWN)
            if await Account.filter(id=account.id).delete():
                await audit.record(ctx, action, f"account:{account.id}")
