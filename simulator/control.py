"""The control door: for tests, and for people who want to make bad days happen."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from aiohttp import web

from simulator import inbound, mini_program
from simulator.answers import Handler, Refused, find_follower, read_body, seconds, show, word
from simulator.call import App
from simulator.faults import BadFault, Faults
from simulator.followers import Follower, is_numbered
from simulator.keys import WORLD
from simulator.messages import rfc3339
from simulator.qrcodes import MINI_PROGRAM_PREFIX
from simulator.templates import KEY, Template

MOST_NUMBERED = 1_000_000


async def followers(request: web.Request) -> web.Response:
    """GET: the demo's people; with ?all=1 the numbered ones too."""
    everybody = request.app[WORLD].followers
    shown = [_show(f) for f in everybody if request.query.get("all") or not is_numbered(f.openid)]
    return show(shown)


async def add_followers(request: web.Request) -> web.Response:
    """POST {count}: so many numbered followers."""
    world, count = request.app[WORLD], (await read_body(request)).get("count")
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= MOST_NUMBERED:
        raise Refused(400, "bad_count", f"count 应是 1 到 {MOST_NUMBERED} 的整数")
    added = world.followers.add_numbered(count, now=world.time())
    return show({"added": added, "total": len(world.followers)}, status=201)


async def login_code(request: web.Request) -> web.Response:
    """POST {openid}: what wx.login would give."""
    world, follower = request.app[WORLD], await _follower(request)
    return show({"code": world.logins.issue(follower, world.time())}, status=201)


async def phone_code(request: web.Request) -> web.Response:
    """POST {openid}: what the getPhoneNumber button would give."""
    world, follower = request.app[WORLD], await _follower(request)
    return show({"phone_code": world.phone_codes.issue(follower, world.time())}, status=201)


async def oauth_code(request: web.Request) -> web.Response:
    """POST {openid, scope?}: what web authorization would put into the redirect."""
    world, body = request.app[WORLD], await read_body(request)
    follower = find_follower(request, word(body, "openid"))
    scope = word(body, "scope", "snsapi_base")
    if scope not in ("snsapi_base", "snsapi_userinfo"):
        raise Refused(400, "bad_scope", "scope 应是 snsapi_base 或 snsapi_userinfo")
    return show({"code": world.oauth_codes.issue(follower, world.time(), scope=scope)}, status=201)


async def say(request: web.Request) -> web.Response:
    """POST {openid, text, menu_item?, wait?} or {openid, type, fields}: the follower writes."""
    world, body = request.app[WORLD], await read_body(request)
    follower = find_follower(request, word(body, "openid"))
    if "type" in body and body["type"] != "text":
        fields = body.get("fields", {})
        if not isinstance(fields, dict):
            raise Refused(400, "bad_field", "fields 应是一个对象")
        return show({"replies": await inbound.send_other(world, follower, word(body, "type"), fields)})
    replies = await inbound.say(
        world,
        follower,
        word(body, "text"),
        menu_item=word(body, "menu_item", ""),
        wait=seconds(body, "wait"),
    )
    return show({"replies": replies})


async def tap(request: web.Request) -> web.Response:
    """POST {openid, key, code?, wait?}: the follower taps a menu button."""
    world, body = request.app[WORLD], await read_body(request)
    follower = find_follower(request, word(body, "openid"))
    scanned, wait = word(body, "code", ""), seconds(body, "wait")
    return show(
        {"replies": await inbound.tap(world, follower, word(body, "key"), scanned=scanned, wait=wait)}
    )


async def scan(request: web.Request) -> web.Response:
    """POST {openid, code, wait?}: a code of the account, else one that our mini program reads."""
    world, body = request.app[WORLD], await read_body(request)
    follower, content = find_follower(request, word(body, "openid")), word(body, "code")
    code = world.codes.find(content)
    if code is not None:
        replies = await inbound.scan_account_code(world, follower, code, wait=seconds(body, "wait"))
        return show({"replies": replies})
    scene = content.removeprefix(MINI_PROGRAM_PREFIX)
    if not scene:
        raise Refused(400, "empty_code", "要扫的码不能是空的")
    return show({"replies": [await mini_program.check_in(world, follower, scene)]})


async def sent(request: web.Request) -> web.Response:
    """GET ?openid=: all that reached that follower, oldest first; without it, counts by channel."""
    if "openid" not in request.query:
        return show(_counts(request.app[WORLD].followers))
    follower = find_follower(request, request.query["openid"])
    return show([message.tell() for message in follower.history if message.sender != "user"])


def _counts(everybody: Any) -> dict[str, dict[str, int]]:
    by_channel: defaultdict[str, list[int]] = defaultdict(list)
    for follower in everybody:
        counts = Counter(message.channel for message in follower.history if message.sender != "user")
        for channel, count in counts.items():
            by_channel[channel].append(count)
    return {
        channel: {"messages": sum(counts), "followers": len(counts), "most_for_one": max(counts)}
        for channel, counts in by_channel.items()
    }


async def forget_sent(request: web.Request) -> web.Response:
    """DELETE: empty every phone; what the platform counts stays counted."""
    for follower in request.app[WORLD].followers:
        follower.history.clear()
    return show({})


async def calls(request: web.Request) -> web.Response:
    """GET: API calls by path and error code."""
    counted: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for (path, errcode), count in sorted(request.app[WORLD].calls.items()):
        counted[path][str(errcode)] = count
    return show(counted)


async def forget_calls(request: web.Request) -> web.Response:
    """DELETE: count from nought."""
    request.app[WORLD].calls.clear()
    return show({})


async def callbacks(request: web.Request) -> web.Response:
    """GET: how the callbacks to the product went."""
    return show(request.app[WORLD].callbacks.record.show())


async def verify(request: web.Request) -> web.Response:
    """POST: the GET verification that the console does when the URL is saved."""
    return show({"ok": await request.app[WORLD].callbacks.verify()})


async def faults(request: web.Request) -> web.Response:
    """GET: the faults in force."""
    return show(request.app[WORLD].faults.show())


async def set_faults(request: web.Request) -> web.Response:
    """POST: put faults in force; those not named stay."""
    world, body = request.app[WORLD], await read_body(request)
    quota_left = body.get("quota_left", {})
    if not _is_quota_left(quota_left):
        raise Refused(400, "bad_fault", "quota_left 应写成 {接口路径: 剩余次数}")
    try:
        world.faults.set(body)
    except BadFault as error:
        raise Refused(400, "bad_fault", str(error)) from error
    for path, left in quota_left.items():
        world.quotas.set_left(path, left, world.time())
    if body.get("token_death"):
        world.tokens.kill(world.time())
    return show(world.faults.show())


def _is_quota_left(given: Any) -> bool:
    return isinstance(given, Mapping) and all(isinstance(left, int) and left >= 0 for left in given.values())


async def clear_faults(request: web.Request) -> web.Response:
    """DELETE: a good day again; quotas that were cut are whole again."""
    world = request.app[WORLD]
    good_day = Faults()
    for name in Faults.__slots__:  # The sender keeps this very object, so it is emptied, not replaced.
        setattr(world.faults, name, getattr(good_day, name))
    world.quotas.restore()
    return show(world.faults.show())


async def clock(request: web.Request) -> web.Response:
    """GET: the platform's time."""
    world = request.app[WORLD]
    return show({"now": rfc3339(world.time()), "offset_seconds": world.offset.total_seconds()})


async def set_clock(request: web.Request) -> web.Response:
    """POST {now}: move the platform's time; null = back to the wall clock."""
    world, body = request.app[WORLD], await read_body(request)
    wanted = body.get("now")
    if wanted is None:
        wanted = world.clock().isoformat()
    try:
        moment = datetime.fromisoformat(wanted)
    except (TypeError, ValueError) as error:
        raise Refused(400, "bad_time", "now 应是带时区的时间，例如 2026-11-20T15:00:00+08:00") from error
    if moment.tzinfo is None:
        raise Refused(400, "bad_time", "now 要写明时区，例如 2026-11-20T15:00:00+08:00")
    world.offset = moment - world.clock()
    return await clock(request)


async def add_template(request: web.Request) -> web.Response:
    """POST {app, template_id, title, keys?}: a template that the app has; keys = {key: label}."""
    world, body = request.app[WORLD], await read_body(request)
    keys, app = body.get("keys"), word(body, "app")
    if app not in list(App):
        raise Refused(400, "bad_app", "app 应是 oa 或 mp")
    if keys is not None and not (isinstance(keys, dict) and all(KEY.fullmatch(key) for key in keys)):
        raise Refused(400, "bad_keys", 'keys 应写成 {"thing1": "名称"}')
    template = Template(word(body, "title", "服务通知"), keys)
    world.templates[App(app)][word(body, "template_id")] = template
    return show({}, status=201)


async def _follower(request: web.Request) -> Follower:
    return find_follower(request, word(await read_body(request), "openid"))


def _show(follower: Follower) -> dict[str, Any]:
    names = ("openid", "mp_openid", "name", "duty", "organization", "follows")
    return {name: getattr(follower, name) for name in names}


ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/control/followers", followers),
    ("POST", "/control/followers", add_followers),
    ("POST", "/control/login-code", login_code),
    ("POST", "/control/phone-code", phone_code),
    ("POST", "/control/oauth-code", oauth_code),
    ("POST", "/control/say", say),
    ("POST", "/control/tap", tap),
    ("POST", "/control/scan", scan),
    ("GET", "/control/sent", sent),
    ("DELETE", "/control/sent", forget_sent),
    ("GET", "/control/calls", calls),
    ("DELETE", "/control/calls", forget_calls),
    ("GET", "/control/callbacks", callbacks),
    ("POST", "/control/verify", verify),
    ("GET", "/control/faults", faults),
    ("POST", "/control/faults", set_faults),
    ("DELETE", "/control/faults", clear_faults),
    ("GET", "/control/clock", clock),
    ("POST", "/control/clock", set_clock),
    ("POST", "/control/templates", add_template),
)
