"""Template messages and subscription notices: who may get one, and the event that follows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulator.call import App, Call
from simulator.envelope import PlatformError
from simulator.followers import Follower
from simulator.templates import Template, values_of

if TYPE_CHECKING:
    from simulator.world import World

REENTRY_WINDOW = 600
MOST_AT_ONCE = 5
CHOICES = ("accept", "reject")


class CannotAsk(Exception):
    """wx.requestSubscribeMessage fails: its number and sentence."""

    def __init__(self, number: int, sentence: str) -> None:
        super().__init__(sentence)
        self.number = number


@dataclass(frozen=True, slots=True)
class Jump:
    """Where a tap on the card leads."""

    page: str = ""
    url: str = ""
    appid: str = ""


def consent_key(app: App, template_id: str) -> str:
    """Under which name a follower's unspent consents are kept."""
    return f"{app}:{template_id}"


def ask(
    world: World, follower: Follower, template_ids: list[str], choice: str, *, app: App = App.MINI_PROGRAM
) -> dict[str, str]:
    """The follower answers the pop-up: each accept is one more message; the app's server is told.

    Raises:
        CannotAsk: more templates than a pop-up may have, or one the app does not have.
    """
    if not 1 <= len(template_ids) <= MOST_AT_ONCE:
        raise CannotAsk(20003, "模板消息一次最多选五个，最少一个")
    unknown = [id_ for id_ in template_ids if id_ not in world.templates[app]]
    if unknown:
        raise CannotAsk(20001, f"没有这个模板：{'、'.join(unknown)}")
    for id_ in template_ids if choice == "accept" else ():
        key = consent_key(app, id_)
        follower.consents[key] = follower.consents.get(key, 0) + 1
    entries = [_popup(id_, choice, app) for id_ in template_ids]
    world.announce(
        app,
        follower.openid_in(app),
        {"Event": "subscribe_msg_popup_event", "SubscribeMsgPopupEvent": {"List": entries}},
    )
    return dict.fromkeys(template_ids, choice)


def _popup(template_id: str, choice: str, app: App) -> dict[str, Any]:
    entry: dict[str, Any] = {"TemplateId": template_id, "SubscribeStatusString": choice}
    return entry | ({"PopupScene": 1} if app is App.OFFICIAL_ACCOUNT else {})


def send_subscribe(call: Call) -> dict[str, object]:
    """POST /cgi-bin/message/subscribe/send: the mini program's."""
    page = call.text("page", "")
    follower, template = _addressed(call, App.MINI_PROGRAM)
    if page and not call.world.has_page(page.partition("?")[0]):
        raise PlatformError(41030)
    return _send_consented(call, follower, template, "subscribe", Jump(page=page))


def send_notice(call: Call) -> dict[str, object]:
    """POST /cgi-bin/message/subscribe/bizsend: the official account's."""
    follower, template = _addressed(call, App.OFFICIAL_ACCOUNT)
    mini_program = call.body.get("miniprogram") or {}
    jump = Jump(
        page=str(mini_program.get("pagepath", "")),
        appid=str(mini_program.get("appid", "")),
        url=call.text("page", ""),
    )
    return _send_consented(call, follower, template, "notice", jump)


def _addressed(call: Call, app: App) -> tuple[Follower, Template]:
    follower = call.world.followers.require(call.text("touser", ""), app)
    template = call.world.templates[app].get(call.text("template_id", ""))
    if template is None:
        raise PlatformError(40037)
    return follower, template


def _send_consented(
    call: Call, follower: Follower, template: Template, channel: str, jump: Jump
) -> dict[str, object]:
    world, template_id = call.world, call.text("template_id")
    app = App.MINI_PROGRAM if channel == "subscribe" else App.OFFICIAL_ACCOUNT
    values = values_of(call)
    template.check(values)
    key = consent_key(app, template_id)
    if not follower.consents.get(key):
        raise PlatformError(43101)
    follower.consents[key] -= 1
    message_id = world.next_message_id()
    _deliver(world, follower, template, values, channel=channel, jump=jump, message_id=message_id)
    sent = {
        "TemplateId": template_id,
        "MsgID": str(message_id),
        "ErrorCode": 0,
        "ErrorStatus": "success",
    }
    event = {"Event": "subscribe_msg_sent_event", "SubscribeMsgSentEvent": {"List": sent}}
    world.announce(app, follower.openid_in(app), event)
    return {"errcode": 0, "errmsg": "ok", "msgid": message_id}


def send_template(call: Call) -> dict[str, object]:
    """POST /cgi-bin/message/template/send: to a follower, of their own doing."""
    world, now = call.world, call.world.time()
    follower, template = _addressed(call, App.OFFICIAL_ACCOUNT)
    if not follower.follows:
        raise PlatformError(43004)
    values = {key: value for key, value in values_of(call).items() if key not in ("first", "remark")}
    template.check(values)
    own_id = call.text("client_msg_id", "")
    repeat = world.template_sends.get(own_id) if own_id else None
    if repeat is not None and now - repeat[1] < REENTRY_WINDOW:
        return {"errcode": 0, "errmsg": "ok", "msgid": repeat[0]}
    message_id = world.next_message_id()
    if own_id:
        world.template_sends[own_id] = message_id, now
    mini_program = call.body.get("miniprogram") or {}
    jump = Jump(
        str(mini_program.get("pagepath", "")), call.text("url", ""), str(mini_program.get("appid", ""))
    )
    _deliver(world, follower, template, values, channel="template", jump=jump, message_id=message_id)
    event = {"Event": "TEMPLATESENDJOBFINISH", "MsgID": message_id, "Status": "success"}
    world.announce(App.OFFICIAL_ACCOUNT, follower.openid, event)
    return {"errcode": 0, "errmsg": "ok", "msgid": message_id}


def _deliver(
    world: World,
    follower: Follower,
    template: Template,
    values: dict[str, str],
    *,
    channel: str,
    jump: Jump,
    message_id: int,
) -> None:
    content = {
        "title": template.title,
        "description": "",
        "values": values,
        "page": jump.page,
        "url": jump.url,
        "appid": jump.appid,
    }
    world.phones.deliver(
        [follower],
        at=world.time(),
        channel=channel,
        kind="miniprogram" if jump.page else "link",
        content=content,
        message_id=str(message_id),
    )
