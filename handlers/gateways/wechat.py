"""What the use-cases ask of WeChat, and the gateway that asks it over HTTP."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from pydantic import SecretStr
from redis.asyncio import Redis

from handlers.gateways import apis
from handlers.gateways.answers import MASS_SEND_REPEATED, Answer, read_image
from handlers.gateways.client import Client
from handlers.gateways.errors import Ambiguous, BadCall, UserMustRedo, WeChatError
from handlers.gateways.token_store import TokenStore
from handlers.gateways.tokens import Tokens
from handlers.gateways.wire import File, open_wire
from models import App
from settings import Settings

TAGGED_AT_ONCE = 50
CHECKED_AT_ONCE = 2500
WIDEST = 1280
"""The most pixels a mini-program code may have: it is printed."""
LISTED_AT_ONCE = 20
"""Drafts on a page of the draft box (wechat-platform §5.5)."""
NO_SUCH_MEDIA = 40007
"""WeChat's answer to a media id that it doesn't know, or no more."""
FORUM = 3
"""WeChat's number for the scene in which a text is checked: what others will read."""


@dataclass(frozen=True, slots=True)
class Login:
    """What `jscode2session` says about a mini-program user. The session key stays in here."""

    openid: str
    unionid: str | None


@dataclass(frozen=True, slots=True)
class MassReceipt:
    """What a mass send answers. `repeated` when WeChat knew the client message id already (45065)."""

    message_id: str
    repeated: bool


@dataclass(frozen=True, slots=True)
class Article:
    """An article for the draft box (draft/add).

    `title` has at most 32 characters, `digest` 128; `content` is HTML of fewer than 20,000 characters and
    1 MB, `source_url` (what 阅读原文 opens) at most 1 KB; `cover` is a permanent picture's media id.
    """

    title: str
    digest: str
    content: str
    source_url: str
    cover: str


class TextCheck(StrEnum):
    """WeChat's opinion of a text others will read. `REVIEW` is for a person to decide."""

    PASS = "pass"  # noqa: S105  WeChat's word.
    REVIEW = "review"
    RISKY = "risky"


class WeChat(Protocol):
    """What the use-cases ask of WeChat. Failures raise `WeChatError` subclasses (see errors.py)."""

    async def send_text(self, openid: str, text: str) -> None:
        """A customer-service text message (custom/send)."""

    async def send_mass_text(
        self, openids: Sequence[str], text: str, *, client_message_id: str
    ) -> MassReceipt:
        """A mass message to 2..10,000 followers (mass/send).

        May take two minutes: what is ambiguous is repeated with the same id until WeChat says.
        """

    async def send_mass_text_to_tag(self, tag_id: int, text: str, *, client_message_id: str) -> MassReceipt:
        """A mass message to all who bear a tag (mass/sendall); as `send_mass_text`."""

    async def send_mass_article(
        self, openids: Sequence[str], draft: str, *, client_message_id: str
    ) -> MassReceipt:
        """A draft to 2..10,000 followers (mass/send, mpnews); as `send_mass_text`. It is a draft no more."""

    async def send_mass_article_to_tag(
        self, tag_id: int, draft: str, *, client_message_id: str
    ) -> MassReceipt:
        """A draft to all who bear a tag (mass/sendall, mpnews); as `send_mass_article`."""

    async def delete_mass(self, message_id: str) -> None:
        """Take the pages of a mass message's articles away (mass/delete); the card stays in the chat."""

    async def upload_picture(self, name: str, picture: bytes) -> str:
        """Keep a JPG or PNG for good (material/add_material); its media id."""

    async def add_draft(self, article: Article) -> str:
        """Put an article into the draft box (draft/add); its media id."""

    async def delete_draft(self, draft: str) -> None:
        """Take a draft out of the draft box (draft/delete)."""

    def drafts(self) -> AsyncIterator[tuple[str, str]]:
        """Media id and 阅读原文 address of each draft, of its first article's (draft/batchget)."""

    async def tag_named(self, name: str) -> int:
        """The number of the tag of that name; it is made if there is none (tags/get, tags/create)."""

    def tagged(self, tag_id: int) -> AsyncIterator[str]:
        """The openids of all who bear a tag, a page of 10,000 at a time (user/tag/get)."""

    async def tag_followers(self, openids: Sequence[str], *, tag_id: int) -> None:
        """Give followers a tag, 50 at a time (tags/members/batchtagging)."""

    async def untag_followers(self, openids: Sequence[str], *, tag_id: int) -> None:
        """Take a tag from followers, 50 at a time (tags/members/batchuntagging)."""

    async def send_subscribe_message(
        self, openid: str, template_id: str, values: dict[str, str], *, page: str = ""
    ) -> str:
        """A mini-program subscribe message (subscribe/send); WeChat's id of it, empty if it gave none."""

    async def send_notice(self, openid: str, template_id: str, values: dict[str, str], *, url: str) -> str:
        """A service account's subscribe notice (subscribe/bizsend); WeChat's id of it, if it gave one."""

    async def preview_mass_text(self, openid: str, text: str) -> None:
        """What a mass message would look like, to one follower; it doesn't count (mass/preview)."""

    async def preview_mass_article(self, openid: str, draft: str) -> None:
        """What a draft would look like, to one follower (mass/preview, mpnews); it stays a draft."""

    async def log_in_on_page(self, code: str) -> str | None:
        """The openid behind a page's authorization code; None for a preview page's invented visitor."""

    async def log_in(self, code: str) -> Login:
        """Exchange a wx.login code (sns/jscode2session)."""

    async def phone_number(self, phone_code: str) -> str:
        """The number behind a getPhoneNumber code, digits only, without the country code."""

    async def union_id(self, openid: str) -> str | None:
        """A follower's unionid (user/info), None when the platform gives none."""

    async def create_poster_code(self, scene: str) -> str:
        """A permanent parametric QR (qrcode/create); returns the URL to draw as a QR code."""

    async def create_mini_program_code(self, scene: str, page: str) -> bytes:
        """A mini-program code as a picture (getwxacodeunlimit); `page` without a leading slash."""

    async def check_text(self, openid: str, text: str) -> TextCheck:
        """WeChat's opinion of a text that a mini-program user wrote (msg_sec_check)."""

    async def create_menu(self, menu: dict[str, object]) -> None:
        """Replace the account's menu (menu/create)."""


class WeChatApi:
    """WeChat over HTTP: the `WeChat` of production, and what later use-cases will ask for."""

    def __init__(
        self,
        client: Client,
        *,
        mp_app_id: str,
        mp_secret: SecretStr,
        oa_app_id: str = "",
        oa_secret: SecretStr | None = None,
    ) -> None:
        self._client = client
        self._oa_app_id = oa_app_id
        self._oa_secret = oa_secret or SecretStr("")
        self._mp_app_id = mp_app_id
        self._mp_secret = mp_secret

    async def send_text(self, openid: str, text: str) -> None:
        """A customer-service text message (custom/send)."""
        await self._client.call(apis.SEND_CUSTOM, body={"touser": openid} | _text_message(text))

    async def send_mass_text(
        self, openids: Sequence[str], text: str, *, client_message_id: str
    ) -> MassReceipt:
        """A mass message to 2..10,000 followers (mass/send)."""
        body = {"touser": list(openids)} | _text_message(text)
        return await self._send_mass(apis.SEND_MASS, body, client_message_id)

    async def send_mass_text_to_tag(self, tag_id: int, text: str, *, client_message_id: str) -> MassReceipt:
        """A mass message to all who bear a tag (mass/sendall)."""
        return await self._send_mass(
            apis.SEND_MASS_TO_TAG, _to_tag(tag_id) | _text_message(text), client_message_id
        )

    async def send_mass_article(
        self, openids: Sequence[str], draft: str, *, client_message_id: str
    ) -> MassReceipt:
        """A draft to 2..10,000 followers (mass/send, mpnews)."""
        body = {"touser": list(openids)} | _article_message(draft)
        return await self._send_mass(apis.SEND_MASS, body, client_message_id)

    async def send_mass_article_to_tag(
        self, tag_id: int, draft: str, *, client_message_id: str
    ) -> MassReceipt:
        """A draft to all who bear a tag (mass/sendall, mpnews)."""
        return await self._send_mass(
            apis.SEND_MASS_TO_TAG, _to_tag(tag_id) | _article_message(draft), client_message_id
        )

    async def _send_mass(
        self, api: apis.Api, message: dict[str, object], client_message_id: str
    ) -> MassReceipt:
        return _receipt(await self._client.call(api, body=message | {"clientmsgid": client_message_id}))

    async def delete_mass(self, message_id: str) -> None:
        """Take the pages of a mass message's articles away (mass/delete)."""
        if not message_id.isdecimal():
            raise BadCall(hint="not a message's number")
        await self._client.call(apis.DELETE_MASS, body={"msg_id": int(message_id)})

    async def upload_picture(self, name: str, picture: bytes) -> str:
        """Keep a JPG or PNG for good (material/add_material)."""
        content_type = "image/png" if picture.startswith(b"\x89PNG") else "image/jpeg"
        file = File(name, content_type, picture)
        return _text(
            await self._client.call(apis.ADD_MATERIAL, query={"type": "image"}, body=file), "media_id"
        )

    async def add_draft(self, article: Article) -> str:
        """Put an article into the draft box (draft/add)."""
        body = {
            "article_type": "news",
            "title": article.title,
            "digest": article.digest,
            "content": article.content,
            "content_source_url": article.source_url,
            "thumb_media_id": article.cover,
            "need_open_comment": 0,
        }
        return _text(await self._client.call(apis.ADD_DRAFT, body={"articles": [body]}), "media_id")

    async def delete_draft(self, draft: str) -> None:
        """Take a draft out of the draft box (draft/delete); one that is gone already is as good as that."""
        try:
            await self._client.call(apis.DELETE_DRAFT, body={"media_id": draft})
        except WeChatError as error:
            if error.code != NO_SUCH_MEDIA:
                raise

    async def drafts(self) -> AsyncIterator[tuple[str, str]]:
        """Media id and 阅读原文 address of each draft's first article (draft/batchget)."""
        offset = 0
        while True:
            body = {"offset": offset, "count": LISTED_AT_ONCE, "no_content": 1}
            items = (await self._client.call(apis.LIST_DRAFTS, body=body)).get("item") or []
            for item in items:
                articles = (item.get("content") or {}).get("news_item") or [{}]
                yield str(item.get("media_id", "")), str(articles[0].get("content_source_url", ""))
            if len(items) < LISTED_AT_ONCE:
                return
            offset += len(items)

    async def tag_named(self, name: str) -> int:
        """The number of the tag of that name; it is made if there is none (tags/get, tags/create)."""
        for tag in (await self._client.call(apis.TAGS)).get("tags") or []:
            if tag.get("name") == name:
                return int(tag["id"])
        made = (await self._client.call(apis.CREATE_TAG, body={"tag": {"name": name}})).get("tag") or {}
        if "id" not in made:
            raise BadCall(hint="no tag in the answer")
        return int(made["id"])

    def tagged(self, tag_id: int) -> AsyncIterator[str]:
        """The openids of all who bear a tag, a page of 10,000 at a time (user/tag/get)."""

        def ask(after: str) -> Awaitable[Answer]:
            return self._client.call(apis.TAGGED, body={"tagid": tag_id, "next_openid": after})

        return _pages(ask)

    async def mass_status(self, message_id: str) -> str:
        """Where a mass message stands: SENDING, SEND_SUCCESS, SEND_FAIL or DELETE (mass/get)."""
        answer = await self._client.call(apis.MASS_STATUS, body={"msg_id": message_id})
        return _text(answer, "msg_status")

    async def send_subscribe_message(
        self, openid: str, template_id: str, values: dict[str, str], *, page: str = ""
    ) -> str:
        """A mini-program subscribe message (subscribe/send); WeChat's id of it, empty if it gave none."""
        body: dict[str, object] = {
            "touser": openid,
            "template_id": template_id,
            "data": {name: {"value": value} for name, value in values.items()},
            "miniprogram_state": "formal",
            "lang": "zh_CN",
        }
        if page:
            body["page"] = page
        answer = await self._client.call(apis.SEND_SUBSCRIBE, body=body)
        return str(answer.get("msgid") or "")

    async def send_notice(self, openid: str, template_id: str, values: dict[str, str], *, url: str) -> str:
        """A service account's subscribe notice (subscribe/bizsend); WeChat's id of it, if it gave one."""
        data = {name: {"value": value} for name, value in values.items()}
        body = {"touser": openid, "template_id": template_id, "page": url, "data": data}
        answer = await self._client.call(apis.SEND_NOTICE, body=body)
        return str(answer.get("msgid") or "")

    async def preview_mass_text(self, openid: str, text: str) -> None:
        """What a mass message would look like, to one follower; it doesn't count (mass/preview)."""
        await self._client.call(apis.PREVIEW_MASS, body={"touser": openid} | _text_message(text))

    async def preview_mass_article(self, openid: str, draft: str) -> None:
        """What a draft would look like, to one follower (mass/preview, mpnews)."""
        body = {"touser": openid, "msgtype": "mpnews", "mpnews": {"media_id": draft}}
        await self._client.call(apis.PREVIEW_MASS, body=body)

    async def log_in_on_page(self, code: str) -> str | None:
        """The openid behind a page's authorization code; None for a preview page's invented visitor."""
        query = {
            "appid": self._oa_app_id,
            "secret": self._oa_secret.get_secret_value(),
            "code": code,
            "grant_type": "authorization_code",
        }
        answer = await self._spend(apis.LOG_IN_ON_PAGE, query=query)
        return None if answer.get("is_snapshotuser") else _text(answer, "openid")

    async def log_in(self, code: str) -> Login:
        """Exchange a wx.login code (sns/jscode2session)."""
        query = {
            "appid": self._mp_app_id,
            "secret": self._mp_secret.get_secret_value(),
            "js_code": code,
            "grant_type": "authorization_code",
        }
        answer = await self._spend(apis.LOG_IN, query=query)
        return Login(openid=_text(answer, "openid"), unionid=answer.get("unionid") or None)

    async def phone_number(self, phone_code: str) -> str:
        """The number behind a getPhoneNumber code, digits only, without the country code."""
        answer = await self._spend(apis.PHONE_NUMBER, body={"code": phone_code})
        phone = answer.get("phone_info")
        return _text(phone if isinstance(phone, dict) else {}, "purePhoneNumber")

    async def union_id(self, openid: str) -> str | None:
        """A follower's unionid (user/info), None when the platform gives none."""
        answer = await self._client.call(apis.USER, query={"openid": openid, "lang": "zh_CN"})
        return answer.get("unionid") or None

    def followers(self) -> AsyncIterator[str]:
        """The openids of everybody who follows the account, a page of 10,000 at a time (user/get)."""

        def ask(after: str) -> Awaitable[Answer]:
            return self._client.call(apis.FOLLOWERS, query={"next_openid": after} if after else {})

        return _pages(ask)

    async def tag_followers(self, openids: Sequence[str], *, tag_id: int) -> None:
        """Give followers a tag, 50 at a time (tags/members/batchtagging)."""
        for start in range(0, len(openids), TAGGED_AT_ONCE):
            body = {"openid_list": list(openids[start : start + TAGGED_AT_ONCE]), "tagid": tag_id}
            await self._client.call(apis.TAG_FOLLOWERS, body=body)

    async def untag_followers(self, openids: Sequence[str], *, tag_id: int) -> None:
        """Take a tag from followers, 50 at a time (tags/members/batchuntagging)."""
        for start in range(0, len(openids), TAGGED_AT_ONCE):
            body = {"openid_list": list(openids[start : start + TAGGED_AT_ONCE]), "tagid": tag_id}
            await self._client.call(apis.UNTAG_FOLLOWERS, body=body)

    async def create_poster_code(self, scene: str) -> str:
        """A permanent parametric QR (qrcode/create); returns the URL to draw as a QR code."""
        body = {
            "action_name": "QR_LIMIT_STR_SCENE",
            "action_info": {"scene": {"scene_str": scene}},
        }
        return _text(await self._client.call(apis.POSTER_CODE, body=body), "url")

    async def create_mini_program_code(self, scene: str, page: str) -> bytes:
        """A mini-program code as a picture (getwxacodeunlimit); `page` without a leading slash."""
        body = {"scene": scene, "page": page, "check_path": True, "env_version": "release", "width": WIDEST}
        return await self._client.fetch(apis.MINI_PROGRAM_CODE, read_image, body=body)

    async def check_text(self, openid: str, text: str) -> TextCheck:
        """WeChat's opinion of a text (msg_sec_check), the worst of its pieces.

        Raises:
            UserMustRedo: the person was not in the mini program within two hours (61010).
        """
        worst = TextCheck.PASS
        for start in range(0, len(text), CHECKED_AT_ONCE):
            piece = text[start : start + CHECKED_AT_ONCE]
            body = {"version": 2, "openid": openid, "scene": FORUM, "content": piece}
            opinion = _opinion(await self._client.call(apis.CHECK_TEXT, body=body))
            worst = max(worst, opinion, key=list(TextCheck).index)
        return worst

    async def create_menu(self, menu: dict[str, object]) -> None:
        """Replace the account's menu (menu/create)."""
        await self._client.call(apis.CREATE_MENU, body=menu)

    async def has_menu(self) -> bool:
        """Whether the account has a menu (menu/get)."""
        return bool((await self._client.call(apis.MENU)).get("menu"))

    async def template_ids(self) -> set[str]:
        """The mini program's subscribe templates (newtmpl/gettemplate)."""
        answer = await self._client.call(apis.TEMPLATES)
        return {str(template.get("priTmplId")) for template in answer.get("data") or []}

    async def _spend(
        self, api: apis.Api, *, query: dict[str, str] | None = None, body: object = None
    ) -> Answer:
        """Use up a one-time code; when nobody knows whether that worked, the person needs another."""
        try:
            return await self._client.call(api, query=query, body=body)
        except Ambiguous as error:
            raise UserMustRedo(error.code, error.hint) from error


@asynccontextmanager
async def open_wechat(
    settings: Settings, redis: Redis, *, now: Callable[[], datetime] | None = None
) -> AsyncIterator[WeChatApi]:
    """The gateway for these settings; closes its connections."""
    async with open_wire(settings.wechat_api_base) as wire:
        tokens = {
            app: Tokens(app_id, secret, wire=wire, store=TokenStore(redis, app_id))
            for app, app_id, secret in (
                (App.OFFICIAL_ACCOUNT, settings.oa_app_id, settings.oa_secret),
                (App.MINI_PROGRAM, settings.mp_app_id, settings.mp_secret),
            )
        }
        client = Client(wire, tokens, now=now or (lambda: datetime.now(settings.zone)))
        yield WeChatApi(
            client,
            mp_app_id=settings.mp_app_id,
            mp_secret=settings.mp_secret,
            oa_app_id=settings.oa_app_id,
            oa_secret=settings.oa_secret,
        )


async def _pages(ask: Callable[[str], Awaitable[Answer]]) -> AsyncIterator[str]:
    """The openids of every page of a list; each page is asked for by the last openid of the one before."""
    after = ""
    while True:
        answer = await ask(after)
        page = (answer.get("data") or {}).get("openid") or []
        for openid in page:
            yield openid
        before, after = after, str(answer.get("next_openid") or "")
        if not page or not after or after == before:
            return


def _text_message(text: str) -> dict[str, object]:
    return {"msgtype": "text", "text": {"content": text}}


def _article_message(draft: str) -> dict[str, object]:
    """Our own words: an article that is taken for a reprint goes out all the same."""
    return {"msgtype": "mpnews", "mpnews": {"media_id": draft}, "send_ignore_reprint": 1}


def _to_tag(tag_id: int) -> dict[str, object]:
    return {"filter": {"is_to_all": False, "tag_id": tag_id}}


def _text(answer: Answer, name: str) -> str:
    """A field that a successful answer must have."""
    value = answer.get(name)
    if not isinstance(value, str) or not value:
        raise BadCall(hint=f"no {name} in the answer")
    return value


def _receipt(answer: Answer) -> MassReceipt:
    return MassReceipt(
        message_id=str(answer.get("msg_id", "")), repeated=answer["errcode"] == MASS_SEND_REPEATED
    )


def _opinion(answer: Answer) -> TextCheck:
    result = answer.get("result")
    suggestion = result.get("suggest") if isinstance(result, dict) else None
    # A word we don't know is for a person to decide.
    return TextCheck(suggestion) if suggestion in set(TextCheck) else TextCheck.REVIEW
