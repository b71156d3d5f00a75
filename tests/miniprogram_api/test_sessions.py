"""Logging in, binding, and what one may see, take along and withdraw."""

from datetime import timedelta

from handlers import phones
from handlers.context import Context
from handlers.gateways.errors import Busy, UserMustRedo
from handlers.gateways.wechat import Login
from miniprogram_api import tokens
from models import Account
from settings import Settings
from tests.fakes import Clock, FakeWeChat
from tests.miniprogram_api.conftest import Caller, World

PHONE = "19900000014"


async def test_a_login_gives_a_token_that_works(stranger: Caller, logins: FakeWeChat) -> None:
    answer = await stranger("POST", "/session", {"code": "code-1"})
    assert answer.status == 201
    assert answer.body["person"] is None
    assert answer.body["expires_at"] == "2026-11-27T10:00:00+08:00"
    stranger.token = answer.body["token"]
    assert (await stranger("GET", "/me")).status == 200


async def test_a_known_person_is_told_who_they_are(world: World, wechat: FakeWeChat) -> None:
    wechat.logins["code-2"] = Login(openid="openid-of-keeper", unionid=None)
    person = (await world["stranger"]("POST", "/session", {"code": "code-2"})).body["person"]
    assert person["organization"]["name"] == "甲社区党支部"
    assert person["duties"] == [{"role": "site_keeper", "organization": None, "site_id": "S10"}]


async def test_a_used_login_code_is_refused(stranger: Caller, logins: FakeWeChat) -> None:
    logins.refuse.append(UserMustRedo(40163))
    answer = await stranger("POST", "/session", {"code": "code-1"})
    assert (answer.status, answer.body["code"]) == (401, "login_code_used")


async def test_a_silent_wechat_is_no_error_of_ours(stranger: Caller, logins: FakeWeChat) -> None:
    logins.refuse.append(Busy(-1))
    answer = await stranger("POST", "/session", {"code": "code-1"})
    assert (answer.status, answer.body["code"]) == (503, "wechat_unavailable")


async def test_an_old_token_does_not_stand_in_the_way_of_a_login(
    stranger: Caller, logins: FakeWeChat
) -> None:
    stranger.token = "1.1.1.forged"
    assert (await stranger("POST", "/session", {"code": "code-1"})).status == 201


BAD_HEADERS = [
    *(
        "",
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Bearer 1.1.9999999999.",
        "Basic eDp5",
        "Bearer é.é",
        "Bearer ....",
    ),
    "Bearer 1.1.99999999999999999999999999.x",
]


async def test_without_a_good_token_there_is_no_entry(world: World) -> None:
    for header in BAD_HEADERS:
        answer = await world["stranger"]("GET", "/me", Authorization=header)
        assert (answer.status, answer.body["code"]) == (401, "unauthenticated"), header
        assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_token_altered_anywhere_is_worthless(settings: Settings, clock: Clock) -> None:
    token, _ = tokens.issue(settings, 7, clock.now)
    for place, letter in enumerate(token):
        altered = token[:place] + ("A" if letter != "A" else "B") + token[place + 1 :]
        assert tokens.read(settings, altered, clock.now) is None


def test_a_token_of_another_secret_is_worthless(settings: Settings, clock: Clock) -> None:
    other = settings.model_copy(update={"secret_key": type(settings.secret_key)("another-secret")})
    token, _ = tokens.issue(other, 7, clock.now)
    assert tokens.read(settings, token, clock.now) is None


async def test_a_token_lasts_a_week_and_no_second_longer(world: World, clock: Clock) -> None:
    clock.now += tokens.LIFETIME - timedelta(seconds=1)
    assert (await world["member"]("GET", "/me")).status == 200
    clock.now += timedelta(seconds=1)
    assert (await world["member"]("GET", "/me")).status == 401


async def test_binding_makes_an_account_a_person(world: World, ctx: Context, wechat: FakeWeChat) -> None:
    member = world["member"].person
    assert member is not None
    await Account.filter(person=member).update(person_id=None)
    member.phone_hash = phones.look_up_hash(ctx.settings.secret_key, PHONE)
    await member.save()
    wechat.phones["phone-1"] = PHONE
    answer = await world["unbound"]("POST", "/session/bind", {"phone_code": "phone-1"})
    assert (answer.status, answer.body["person"]["id"]) == (200, member.id)
    assert (await world["unbound"]("GET", "/me")).body["person"]["id"] == member.id


async def test_a_number_on_nobodys_row_is_told(world: World, wechat: FakeWeChat) -> None:
    wechat.phones["phone-1"] = "19900009999"
    answer = await world["unbound"]("POST", "/session/bind", {"phone_code": "phone-1"})
    assert (answer.status, answer.body["code"]) == (404, "not_on_roster")


async def test_a_spent_phone_code_is_told(world: World, wechat: FakeWeChat) -> None:
    wechat.refuse.append(UserMustRedo(40029))
    answer = await world["unbound"]("POST", "/session/bind", {"phone_code": "phone-1"})
    assert (answer.status, answer.body["code"]) == (422, "phone_code_used")


async def test_everything_held_can_be_taken_along(world: World) -> None:
    answer = await world["member"]("GET", "/me/export")
    assert answer.status == 200
    assert answer.body["名册"]["姓名"] == "演示member"


async def test_whoever_withdraws_is_forgotten_and_their_token_stops(world: World) -> None:
    member = world["member"]
    answer = await member("DELETE", "/me")
    assert (answer.status, answer.body) == (204, b"")
    assert not await Account.filter(openid="openid-of-member").exists()
    assert (await member("GET", "/me")).status == 401


async def test_somebody_who_left_the_roster_is_an_account_again(world: World, clock: Clock) -> None:
    member = world["member"]
    assert member.person is not None
    member.person.left_at = clock.now
    await member.person.save()
    assert (await member("GET", "/me")).body["person"] is None
    assert (await member("GET", "/bookings")).body["code"] == "not_bound"


def test_a_session_names_its_account(settings: Settings, clock: Clock) -> None:
    token, expires_at = tokens.issue(settings, 7, clock.now)
    assert tokens.read(settings, token, clock.now) == tokens.Session(7, expires_at)
