"""One row per identity, one person per WeChat user, and nothing kept of who leaves."""

import asyncio
import json
from datetime import timedelta

import pytest
from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from handlers import accounts, holdings, phones
from handlers.context import Caller, Context
from handlers.errors import AlreadyBound, NotAllowed, NotBound, NotFound, NotOnRoster
from handlers.gateways.errors import Busy
from handlers.gateways.wechat import Login
from handlers.locks import hold
from models import (
    Account,
    App,
    AuditEntry,
    Channel,
    Complaint,
    Consent,
    Delivery,
    DeliveryStatus,
    IdempotencyKey,
    Lesson,
    LessonWeek,
    Notice,
    Organization,
    OrganizationKind,
    Person,
    Question,
)
from tests.fakes import FakeWeChat

OA, MP = App.OFFICIAL_ACCOUNT, App.MINI_PROGRAM
PHONES = {"甲": "19900000001", "乙": "19900000002"}


@pytest.fixture
async def branch(ctx: Context) -> Organization:
    return await Organization.create(code="B", name="演示支部", kind=OrganizationKind.BRANCH, path="0001")


@pytest.fixture
async def people(ctx: Context, branch: Organization, wechat: FakeWeChat) -> dict[str, Person]:
    """Two people on the roster; WeChat gives out their numbers for the codes 甲 and 乙."""
    wechat.phones = PHONES | {"stranger": "19900000099", "foreign": "6471234567"}
    secret = ctx.settings.secret_key
    return {
        name: await Person.create(
            name=f"演示{name}", organization=branch, phone_sealed=phones.seal(secret, phone),
            phone_hash=phones.look_up_hash(secret, phone),
        )
        for name, phone in PHONES.items()
    }  # fmt: skip


async def as_user(ctx: Context, wechat: FakeWeChat, user: str, unionid: str | None = None) -> Context:
    """The context of a mini-program user who logs in."""
    wechat.logins[user] = Login(openid=f"m-{user}", unionid=unionid)
    return ctx.on_behalf_of(await accounts.log_in(ctx, code=user))


async def follower(ctx: Context, user: str) -> Caller:
    return await accounts.caller(ctx, app=OA, openid=f"o-{user}")


# Who writes


async def test_the_first_requests_of_a_user_at_once_make_one_identity(ctx: Context) -> None:
    callers = await asyncio.gather(*(accounts.caller(ctx, app=OA, openid="o-new") for _ in range(12)))
    assert len({caller.account.id for caller in callers if caller.account}) == 1
    assert await Account.all().count() == 1
    assert await AuditEntry.filter(action="account.created").count() == 1


async def test_the_same_openid_in_both_apps_is_two_identities(ctx: Context) -> None:
    await accounts.caller(ctx, app=OA, openid="same")
    await accounts.caller(ctx, app=MP, openid="same")
    assert await Account.all().count() == 2


async def test_a_session_of_a_withdrawn_identity_is_over(ctx: Context, wechat: FakeWeChat) -> None:
    mine = await as_user(ctx, wechat, "u")
    account_id = accounts.require_account(mine).id
    await accounts.withdraw(mine)
    with pytest.raises(NotFound):
        await accounts.caller_by_account(ctx, account_id=account_id)
    again = accounts.require_account(await as_user(ctx, wechat, "u"))
    assert again.id != account_id


# Binding


async def test_binding_ties_the_identity_to_the_roster_row_and_is_audited(
    ctx: Context, wechat: FakeWeChat, people: dict[str, Person]
) -> None:
    mine = await as_user(ctx, wechat, "u")
    with pytest.raises(NotBound):
        await accounts.require_person(mine)
    assert (await accounts.bind(mine, phone_code="甲")).id == people["甲"].id
    again = await as_user(ctx, wechat, "u")
    assert (await accounts.require_person(again)).id == people["甲"].id
    entry = await AuditEntry.get(action="account.bound")
    assert entry.details == {"person": people["甲"].id}


async def test_binding_again_changes_nothing(
    ctx: Context, wechat: FakeWeChat, people: dict[str, Person]
) -> None:
    mine = await as_user(ctx, wechat, "u", "U")
    await accounts.bind(mine, phone_code="甲")
    before = await AuditEntry.all().count()
    assert (await accounts.bind(mine, phone_code="甲")).id == people["甲"].id
    assert await AuditEntry.all().count() == before


@pytest.mark.parametrize("code", ["stranger", "foreign"])
async def test_a_number_nobody_on_the_roster_has_is_refused(
    ctx: Context, wechat: FakeWeChat, people: dict[str, Person], code: str
) -> None:
    mine = await as_user(ctx, wechat, "u")
    with pytest.raises(NotOnRoster):
        await accounts.bind(mine, phone_code=code)
    assert not await Account.exclude(person_id=None).exists()


async def test_who_left_can_neither_bind_nor_act(
    ctx: Context, wechat: FakeWeChat, people: dict[str, Person]
) -> None:
    mine = await as_user(ctx, wechat, "u")
    await accounts.bind(mine, phone_code="甲")
    await Person.filter(id=people["甲"].id).update(left_at=ctx.now())
    assert (await as_user(ctx, wechat, "u")).caller.person is None
    with pytest.raises(NotOnRoster):
        await accounts.bind(mine, phone_code="甲")


async def test_another_wechat_user_cannot_take_a_bound_row(
    ctx: Context, wechat: FakeWeChat, people: dict[str, Person]
) -> None:
    await accounts.bind(await as_user(ctx, wechat, "u", "U"), phone_code="甲")
    for other in (await as_user(ctx, wechat, "v", "V"), await as_user(ctx, wechat, "w")):
        with pytest.raises(AlreadyBound):
            await accounts.bind(other, phone_code="甲")
    assert await Account.exclude(person_id=None).count() == 1


async def test_one_wechat_user_cannot_hold_two_rows(
    ctx: Context, wechat: FakeWeChat, people: dict[str, Person]
) -> None:
    mine = await as_user(ctx, wechat, "u")
    await accounts.bind(mine, phone_code="甲")
    with pytest.raises(AlreadyBound):
        await accounts.bind(mine, phone_code="乙")
    assert (await as_user(ctx, wechat, "u")).caller.person == people["甲"]


async def test_ten_users_who_bind_one_row_at_once_leave_one_bound(
    ctx: Context, wechat: FakeWeChat, people: dict[str, Person]
) -> None:
    users = [await as_user(ctx, wechat, f"u{n}") for n in range(10)]
    done = await asyncio.gather(
        *(accounts.bind(user, phone_code="甲") for user in users), return_exceptions=True
    )
    assert sum(isinstance(result, Person) for result in done) == 1
    assert sum(isinstance(result, AlreadyBound) for result in done) == 9
    assert await Account.filter(person=people["甲"]).count() == 1
    assert await AuditEntry.filter(action="account.bound").count() == 1


async def test_the_database_itself_admits_one_identity_per_app_and_person(
    ctx: Context, people: dict[str, Person]
) -> None:
    """The guard behind the check, tried without it."""
    await Account.create(app=MP, openid="a", person=people["甲"])
    with pytest.raises(IntegrityError):
        await Account.create(app=MP, openid="b", person=people["甲"])


async def test_an_officers_release_frees_the_row_for_another_user(
    ctx: Context, wechat: FakeWeChat, people: dict[str, Person]
) -> None:
    mine = await as_user(ctx, wechat, "u")
    await accounts.bind(mine, phone_code="甲")
    with pytest.raises(NotAllowed):
        await accounts.release(await as_user(ctx, wechat, "u"), person=people["甲"])
    assert await accounts.release(ctx, person=people["甲"]) == 1
    await accounts.bind(await as_user(ctx, wechat, "v"), phone_code="甲")


# Two identities of one person


async def test_a_follower_whose_mini_program_is_bound_is_bound_too(
    ctx: Context, wechat: FakeWeChat, people: dict[str, Person]
) -> None:
    await accounts.bind(await as_user(ctx, wechat, "u", "U"), phone_code="甲")
    wechat.union_ids["o-u"] = "U"
    assert (await accounts.follow(ctx, openid="o-u")).person == people["甲"]


async def test_binding_in_the_mini_program_binds_the_follower_who_was_there_first(
    ctx: Context, wechat: FakeWeChat, people: dict[str, Person]
) -> None:
    wechat.union_ids["o-u"] = "U"
    await accounts.follow(ctx, openid="o-u")
    await accounts.bind(await as_user(ctx, wechat, "u", "U"), phone_code="甲")
    assert (await follower(ctx, "u")).person == people["甲"]


async def test_a_unionid_learnt_at_a_later_login_joins(
    ctx: Context, wechat: FakeWeChat, people: dict[str, Person]
) -> None:
    wechat.union_ids["o-u"] = "U"
    await accounts.follow(ctx, openid="o-u")
    await accounts.bind(await as_user(ctx, wechat, "u"), phone_code="甲")
    assert (await follower(ctx, "u")).person is None
    await as_user(ctx, wechat, "u", "U")
    assert (await follower(ctx, "u")).person == people["甲"]


async def test_a_follower_whom_wechat_did_not_name_is_asked_about_again(
    ctx: Context, wechat: FakeWeChat, people: dict[str, Person]
) -> None:
    await accounts.bind(await as_user(ctx, wechat, "u", "U"), phone_code="甲")
    wechat.refuse.append(Busy(-1))
    assert (await accounts.follow(ctx, openid="o-u")).person is None
    wechat.union_ids["o-u"] = "U"
    assert await accounts.learn_unionids(ctx) == 1
    assert (await follower(ctx, "u")).person == people["甲"]
    assert await accounts.learn_unionids(ctx) == 0


async def test_following_and_binding_at_the_same_moment_joins_in_any_order(
    ctx: Context, wechat: FakeWeChat, people: dict[str, Person]
) -> None:
    for n in range(8):
        mine = await as_user(ctx, wechat, f"u{n}", f"U{n}")
        wechat.union_ids[f"o-u{n}"] = f"U{n}"
        await asyncio.gather(accounts.bind(mine, phone_code="甲"), accounts.follow(ctx, openid=f"o-u{n}"))
        assert (await follower(ctx, f"u{n}")).person == people["甲"]
        await accounts.release(ctx, person=people["甲"])


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_unionid_learnt_while_a_binding_is_not_committed_yet_still_joins(
    ctx: Context, wechat: FakeWeChat, people: dict[str, Person]
) -> None:
    """Each would miss the other if learning didn't wait for the binding of the same WeChat user."""
    mine = accounts.require_account(await as_user(ctx, wechat, "u", "U"))
    wechat.union_ids["o-u"] = "U"
    binding = asyncio.Event()

    async def follow() -> Caller:
        await binding.wait()
        return await accounts.follow(ctx, openid="o-u")

    following = asyncio.create_task(follow())  # Made before the transaction, so not in it.
    async with in_transaction() as connection:
        await hold(connection, "union:U")
        await Account.filter(id=mine.id).update(person_id=people["甲"].id)
        binding.set()
        waiting = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        while not following.done() and not (await connection.execute_query_dict(waiting)):
            pass  # Each query lets the other task run; only the database knows who waits.
    assert (await following).person == people["甲"]


async def test_identities_of_different_people_are_never_joined(
    ctx: Context, wechat: FakeWeChat, people: dict[str, Person]
) -> None:
    await accounts.bind(await as_user(ctx, wechat, "u", "U"), phone_code="甲")
    await accounts.bind(await as_user(ctx, wechat, "v", "V"), phone_code="乙")
    wechat.union_ids |= {"o-u": "U", "o-v": "V"}
    assert (await accounts.follow(ctx, openid="o-u")).person == people["甲"]
    assert (await accounts.follow(ctx, openid="o-v")).person == people["乙"]
    assert (await accounts.follow(ctx, openid="o-x")).person is None


# Following, leaving, taking, withdrawing


async def test_following_is_noted_once(ctx: Context) -> None:
    await accounts.follow(ctx, openid="o-u")
    await accounts.follow(ctx, openid="o-u")
    account = await Account.get(openid="o-u")
    assert account.follows
    assert account.last_contact_at == ctx.now()
    assert await AuditEntry.filter(action="account.followed").count() == 1


@pytest.fixture
async def full(ctx: Context, wechat: FakeWeChat, people: dict[str, Person]) -> Context:
    """甲, bound in both apps, with something of every kind tied to the follower."""
    wechat.union_ids["o-u"] = "U"
    mine = await as_user(ctx, wechat, "u", "U")
    await accounts.bind(mine, phone_code="甲")
    account = accounts.require_account(ctx.on_behalf_of(await accounts.follow(ctx, openid="o-u")))
    now = ctx.now()
    await Consent.create(account=account, template_id="T", remaining=2)
    await Question.create(account=account, text="演示问题", kind="none", asked_at=now)
    await Complaint.create(account=account, lookup="LOOKUP", text="演示意见", created_at=now)
    await Notice.create(openid="o-u", content="演示答复", dedupe_key="n1", next_try_at=now, created_at=now)
    await IdempotencyKey.create(
        caller=f"account:{account.id}", key="k", fingerprint="f", body={"a": 1}, created_at=now
    )
    lesson = await Lesson.create(code="L1", title="演示", strand="演示", body={})
    for week, status in ((0, DeliveryStatus.SENT), (1, DeliveryStatus.PLANNED)):
        friday = now.date() + timedelta(days=7 * week)
        await LessonWeek.create(friday=friday, lesson=lesson, sends_at=now)
        await Delivery.create(
            week_id=friday,
            account=account,
            recipient=f"p{people['甲'].id}",
            channel=Channel.MASS,
            status=status,
        )
    return await as_user(ctx, wechat, "u", "U")


async def test_unfollowing_deletes_the_identity_and_cuts_what_stays_loose(
    ctx: Context, full: Context
) -> None:
    await accounts.unfollow(ctx, openid="o-u")
    assert not await Account.filter(app=OA).exists()
    for gone in (Consent, Notice, IdempotencyKey):
        assert await gone.all().count() == 0
    assert (await Question.get(text="演示问题")).account_id is None
    assert (await Complaint.get(lookup="LOOKUP")).account_id is None
    statuses = await Delivery.all().order_by("id").values_list("status", "account_id")
    assert statuses == [(DeliveryStatus.SENT, None), (DeliveryStatus.WITHDRAWN, None)]
    assert await Person.all().count() == 2
    assert await AuditEntry.filter(action="account.unfollowed").count() == 1
    left = json.dumps([entry.details | {"s": entry.subject} for entry in await AuditEntry.all()])
    assert "o-u" not in left


async def test_unfollowing_leaves_the_mini_program_alone(
    ctx: Context, full: Context, wechat: FakeWeChat
) -> None:
    await accounts.unfollow(ctx, openid="o-u")
    assert (await as_user(ctx, wechat, "u", "U")).caller.person is not None


async def test_unfollowing_twice_or_unknown_changes_nothing(ctx: Context, full: Context) -> None:
    await accounts.unfollow(ctx, openid="o-u")
    before = await AuditEntry.all().count()
    await accounts.unfollow(ctx, openid="o-u")
    await accounts.unfollow(ctx, openid="o-nobody")
    assert await AuditEntry.all().count() == before


async def test_who_follows_again_is_recognised(
    ctx: Context, full: Context, people: dict[str, Person]
) -> None:
    await accounts.unfollow(ctx, openid="o-u")
    assert (await accounts.follow(ctx, openid="o-u")).person == people["甲"]


@pytest.mark.parametrize("openid", ["o-u", "m-u"])
async def test_a_revoked_authorization_forgets_the_identity_in_its_app(
    ctx: Context, full: Context, openid: str
) -> None:
    await accounts.forget(ctx, openid=openid)
    assert not await Account.filter(openid=openid).exists()
    assert await Account.all().count() == 1


async def test_withdrawing_deletes_every_identity_and_keeps_the_roster_row(
    ctx: Context, full: Context, wechat: FakeWeChat, people: dict[str, Person]
) -> None:
    await IdempotencyKey.create(
        caller=f"person:{people['甲'].id}", key="k", fingerprint="f", created_at=ctx.now()
    )
    await accounts.withdraw(full)
    for gone in (Account, Consent, Notice, IdempotencyKey):
        assert await gone.all().count() == 0
    assert await Person.all().count() == 2
    assert (await as_user(ctx, wechat, "u", "U")).caller.person is None


async def test_the_export_holds_everything_as_plain_json_and_nothing_of_others(
    ctx: Context, full: Context, people: dict[str, Person]
) -> None:
    text = json.dumps(await holdings.export_mine(full), ensure_ascii=False)
    for mine in (
        "演示甲",
        PHONES["甲"],
        "o-u",
        "m-u",
        "演示问题",
        "演示意见",
        "演示答复",
        "演示支部",
        "account.bound",
    ):
        assert mine in text
    for others in ("演示乙", PHONES["乙"]):
        assert others not in text


async def test_the_export_of_a_stranger_says_what_little_there_is(ctx: Context, wechat: FakeWeChat) -> None:
    held = await holdings.export_mine(await as_user(ctx, wechat, "u"))
    assert held["名册"] is None
    assert "m-u" in json.dumps(held)


async def test_nobody_takes_or_withdraws_without_an_identity(ctx: Context) -> None:
    for refused in (holdings.export_mine(ctx), accounts.withdraw(ctx), accounts.bind(ctx, phone_code="甲")):
        with pytest.raises(NotBound):
            await refused
