"""Mass messages: four a month for each follower, counted by the platform, told by an event afterwards."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from simulator.call import App, Call
from simulator.customer_service import Drawn
from simulator.customer_service import render as render_chat
from simulator.envelope import PlatformError
from simulator.followers import Follower
from simulator.quotas import day_of, month_of

if TYPE_CHECKING:
    from simulator.world import World

FOR_EACH_A_MONTH = 4
FEWEST, MOST = 2, 10_000
LONGEST_CLIENT_ID = 64
CLIENT_IDS_KEPT = 24 * 3600
TOO_SOON = 60
WHOLE_AUDIENCE_A_DAY, WHOLE_AUDIENCE_A_MONTH = 1, 4
SENDER = "oSystem-mass-sender-00000001"
SPEEDS = (80, 60, 45, 30, 10)
ACCEPTED = "send job submission success"


@dataclass(slots=True)
class Job:
    """One accepted mass message and its counts."""

    message_id: int
    data_id: int
    total: int
    eligible: int
    status: str = "SEND_SUCCESS"
    draft: str = ""


@dataclass(slots=True)
class ClientId:
    """A clientmsgid that has been accepted."""

    message_id: int
    data_id: int
    at: float


@dataclass(slots=True)
class MassMessages:
    """Jobs, the clientmsgids of the last day, and how often everybody was addressed."""

    jobs: dict[int, Job] = field(default_factory=dict)
    client_ids: dict[str, ClientId] = field(default_factory=dict)
    to_all: dict[str, int] = field(default_factory=dict)
    speed: int = 3


def send_to_list(call: Call) -> dict[str, object]:
    """POST /cgi-bin/message/mass/send."""
    openids = call.body.get("touser")
    if not isinstance(openids, list) or not all(isinstance(openid, str) for openid in openids):
        raise PlatformError(40130)
    if len(openids) < FEWEST:
        raise PlatformError(40130)
    if len(openids) > MOST:
        raise PlatformError(40032)
    world = call.world
    found = (world.followers.get(openid, App.OFFICIAL_ACCOUNT) for openid in dict.fromkeys(openids))
    return _submit(call, [f for f in found if f is not None], total=len(openids), scope=openids)


def send_to_filter(call: Call) -> dict[str, object]:
    """POST /cgi-bin/message/mass/sendall: everybody, or those with a tag."""
    world, wish = call.world, call.member("filter")
    if wish.get("is_to_all") is True:
        everybody = world.followers.following()
        return _submit(call, everybody, total=len(everybody), scope="all", to_all=True)
    tag = world.tags.require(wish.get("tag_id"), 40152)
    tagged = [world.followers.require(openid, App.OFFICIAL_ACCOUNT) for openid in tag.members]
    return _submit(call, tagged, total=len(tagged), scope=f"tag {tag.id}")


def _submit(
    call: Call, followers: list[Follower], *, total: int, scope: object, to_all: bool = False
) -> dict[str, object]:
    world, now = call.world, call.world.time()
    kind, content = _render(call)
    client_id = _client_id(call, scope)
    _refuse_repeat(world.mass, client_id, now)
    if to_all:
        _count_whole_audience(world, now)
    message_id, data_id = world.next_message_id(), world.next_message_id()
    eligible = [] if world.faults.mass_status else _within_cap(followers, month_of(now))
    world.phones.deliver(
        eligible, at=now, channel="mass", kind=kind, content=content, message_id=str(message_id)
    )
    draft = call.member("mpnews")["media_id"] if kind == "news" else ""
    if draft:
        world.drafts.use_up(draft)
    world.mass.client_ids[client_id] = ClientId(message_id, data_id, now)
    job = Job(message_id, data_id, total, len(eligible), draft=draft)
    world.mass.jobs[message_id] = job
    _announce(world, job)
    return {"errcode": 0, "errmsg": ACCEPTED, "msg_id": message_id, "msg_data_id": data_id}


def _within_cap(followers: Iterable[Follower], month: str) -> list[Follower]:
    eligible = []
    for follower in followers:
        if follower.mass_month != month:
            follower.mass_month, follower.mass_count = month, 0
        if follower.follows and follower.mass_count < FOR_EACH_A_MONTH:
            follower.mass_count += 1
            eligible.append(follower)
    return eligible


def _announce(world: World, job: Job) -> None:
    status = world.faults.mass_status or "send success"
    job.status = "SEND_SUCCESS" if status == "send success" else "SEND_FAIL"
    event = {
        "Event": "MASSSENDJOBFINISH",
        "MsgID": job.message_id,
        "Status": status,
        "TotalCount": job.total,
        "FilterCount": job.eligible,
        "SentCount": job.eligible,
        "ErrorCount": 0,
        "CopyrightCheckResult": {"Count": 0, "ResultList": "", "CheckState": 1},
    }
    world.announce(App.OFFICIAL_ACCOUNT, SENDER, event)


def _client_id(call: Call, scope: object) -> str:
    given = call.text("clientmsgid", "")
    if len(given.encode()) > LONGEST_CLIENT_ID:
        raise PlatformError(45067)
    if given:
        return given
    content = {name: value for name, value in call.body.items() if name not in ("touser", "filter")}
    return hashlib.sha256(json.dumps([scope, content], sort_keys=True).encode()).hexdigest()


def _refuse_repeat(mass: MassMessages, client_id: str, now: float) -> None:
    while mass.client_ids:
        oldest = next(iter(mass.client_ids))
        if now - mass.client_ids[oldest].at <= CLIENT_IDS_KEPT:
            break
        del mass.client_ids[oldest]
    known = mass.client_ids.get(client_id)
    if known is None:
        return
    if now - known.at < TOO_SOON:
        raise PlatformError(45066)
    raise PlatformError(45065, msg_id=known.message_id, msg_data_id=known.data_id)


def _count_whole_audience(world: World, now: float) -> None:
    limits = {day_of(now): WHOLE_AUDIENCE_A_DAY, month_of(now): WHOLE_AUDIENCE_A_MONTH}
    counts = world.mass.to_all
    if any(counts.get(period, 0) >= limit for period, limit in limits.items()):
        raise PlatformError(45028)
    for period in limits:
        counts[period] = counts.get(period, 0) + 1


def _render(call: Call) -> Drawn:
    kind = call.text("msgtype", "")
    if kind == "image":
        media_ids = call.member("images").get("media_ids")
        if not isinstance(media_ids, list) or not media_ids:
            raise PlatformError(40007)
        urls = [call.world.drafts.media_url(media_id) for media_id in media_ids]
        return "image", {"media_id": media_ids[0], "url": urls[0]}
    if kind not in ("text", "mpnews", "voice", "mpvideo", "wxcard"):
        raise PlatformError(40008)
    return render_chat(call)


def preview(call: Call) -> dict[str, object]:
    """POST /cgi-bin/message/mass/preview: to one person, outside the monthly count."""
    world = call.world
    if "touser" not in call.body:
        raise PlatformError(40132)
    follower = world.followers.require(call.text("touser", ""), App.OFFICIAL_ACCOUNT)
    if not follower.follows:
        raise PlatformError(43004)
    kind, content = _render(call)
    message_id = world.next_message_id()
    world.phones.deliver(
        [follower], at=world.time(), channel="mass", kind=kind, content=content, message_id=str(message_id)
    )
    return {"errcode": 0, "errmsg": "preview success", "msg_id": message_id}


def get(call: Call) -> dict[str, object]:
    """POST /cgi-bin/message/mass/get."""
    job = _job(call)
    return {"msg_id": job.message_id, "msg_status": job.status}


def delete(call: Call) -> dict[str, object]:
    """POST /cgi-bin/message/mass/delete: takes an article's page away, not the card."""
    job = _job(call)
    if not job.draft:
        raise PlatformError(40008)
    job.status = "DELETE"
    call.world.drafts.sent.pop(job.draft, None)
    return {"errcode": 0, "errmsg": "ok"}


def get_speed(call: Call) -> dict[str, object]:
    """POST /cgi-bin/message/mass/speed/get."""
    speed = call.world.mass.speed
    return {"speed": speed, "realspeed": SPEEDS[speed]}


def set_speed(call: Call) -> dict[str, object]:
    """POST /cgi-bin/message/mass/speed/set."""
    speed = call.integer("speed", -1)
    if not 0 <= speed < len(SPEEDS):
        raise PlatformError(45083)
    call.world.mass.speed = speed
    return {"errcode": 0, "errmsg": "ok"}


def _job(call: Call) -> Job:
    message_id = str(call.body.get("msg_id"))
    number = int(message_id) if message_id.isdecimal() else 0
    if number not in call.world.mass.jobs:
        raise PlatformError(40059)
    return call.world.mass.jobs[number]
